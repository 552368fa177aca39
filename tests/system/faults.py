"""Faults for the tests of whole runs: a program that runs the real command with one function of the system replaced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.patience import patience
from tests.system.commands import clean_environment

# One-dimensional, no ground state: a run of a second that checkpoints often.
PROBLEM = """
title = "Two packets"
[grid]
points = [24]
lengths = [20.0]
[[species]]
name = "left"
initial = { kind = "gaussian", width = 1.5, centre = -3.0, momentum = 0.5 }
[[species]]
name = "right"
initial = { kind = "gaussian", width = 1.5, centre = 3.0, noise = { amplitude = 1e-3, seed = 1 } }
[[interaction]]
between = ["left", "right"]
kind = "contact"
strength = -0.5
[time]
final = 0.4
step = 0.01
[output]
directory = "out"
observables = { every = 2 }
snapshots = { every = 20, slices = false }
checkpoints = { every = 5, keep = 2 }
"""

CLOCK = """
import time
import hpcmix.running.launch, hpcmix.running.stops.requests
hpcmix.running.stops.requests._program_start = time.time  # on a busy machine importing alone takes long
"""

_PROGRAM = """
import os, signal, sys
sys.argv = ["hpcmix", *{arguments!r}]
{patch}
from hpcmix.cli import main
main()
"""

KILL_AT_EACH_CALL = """
# Fork a run for every place before or after a call of the system that its checkpoints make, or one in {stride}, kill it
# there, and go on with it in another fork. Prints how many places there were, and the digests that were reached.
import json, pathlib, shutil, types
import h5py, xarray
import hpcmix.io.documents.atomic, hpcmix.io.checkpoints.blocks, hpcmix.parallel.files
import hpcmix.running.output.checkpoints, hpcmix.running.output.outputs
from hpcmix.running.launch import Request, launch

hpcmix.running.output.outputs.write_dataset = lambda *arguments: None
if {writer!r} == "mpi-io":
    hpcmix.io.checkpoints.blocks.h5py.get_config = lambda: types.SimpleNamespace(mpi=False)

def kill_at(number):
    left, inside = [number], [False]
    def tick():
        left[0] -= inside[0]
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def counted(owner, name):
        usual = getattr(owner, name)
        def replaced(*arguments, **options):
            tick()
            result = usual(*arguments, **options)
            tick()
            return result
        setattr(owner, name, replaced)
    for owner, name in [
        (os, "open"), (os, "close"), (os, "fsync"), (os, "pwrite"), (os, "replace"), (os, "ftruncate"),
        (hpcmix.io.documents.atomic, "_fallocate"), (h5py.h5d, "create"), (hpcmix.parallel.files, "_write_piece"),
        (h5py.Dataset, "__setitem__"), (h5py.File, "close"), (pathlib.Path, "unlink"), (pathlib.Path, "mkdir"),
    ]:
        counted(owner, name)
    usual_write = hpcmix.running.output.checkpoints.Checkpoints.write
    def write(self, state, guard):
        inside[0] = state.step >= 15  # with two kept before, as all that follow; and the last one
        usual_write(self, state, guard)
        inside[0] = False
    hpcmix.running.output.checkpoints.Checkpoints.write = write

def in_a_fork(work):
    child = os.fork()
    if child == 0:
        try:
            os._exit(work())
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def run(number):
    kill_at(number)
    return launch(Request("waves.toml", ["time.final=0.16", "output.checkpoints={{every=5,keep=2}}"]))

digests, calls = set(), 0
while True:
    shutil.rmtree("out", ignore_errors=True)
    status = in_a_fork(lambda: run(calls + 1))
    if status == 0:
        break
    assert status == -signal.SIGKILL, status
    calls += {stride}
    stored = sorted(pathlib.Path("out/checkpoints").glob("*.h5"))
    assert stored, "no checkpoint is left"
    assert in_a_fork(lambda: launch(Request.to_go_on(pathlib.Path("out"), None))) == 0, (calls, stored)
    digests.add(json.loads(pathlib.Path("out/summary.json").read_text())["digest"])
    assert not list(pathlib.Path("out/checkpoints").glob("*.partial")), "a leftover stays"
whole = json.loads(pathlib.Path("out/summary.json").read_text())["digest"]
print("RESULT", json.dumps([calls, sorted(digests), whole]), flush=True)
os._exit(0)
"""


def run_with(patch: str, *arguments: str, folder: Path, ranks: int = 1, environment: dict[str, str] | None = None,
             timeout: float = 100.0) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run ``hpcmix ARGUMENTS`` after a patch, on so many ranks."""
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    program = _PROGRAM.format(arguments=list(arguments), patch=patch)
    return subprocess.run(
        [*launcher, sys.executable, "-c", program], cwd=folder, env=clean_environment() | (environment or {}),
        capture_output=True, text=True, timeout=patience(timeout), check=False,
    )  # fmt: skip
