"""Kills, full disks, hangs, signals: what a run leaves behind, and that the next job goes on from it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress

import h5py
import pytest
import xarray

from tests.patience import patience
from tests.system.commands import COMMAND, clean_environment, hpcmix, summary
from tests.system.faults import CLOCK, KILL_AT_EACH_CALL, PROBLEM, run_with

WRITERS = ["h5py", "mpi-io"] if h5py.get_config().mpi else ["mpi-io"]
LAYERS = ["ompio", "romio321"]
"""The two MPI-IO implementations of Open MPI."""

MPI_IO = """
import types, h5py, hpcmix.io.checkpoints.blocks
hpcmix.io.checkpoints.blocks.h5py.get_config = lambda: types.SimpleNamespace(mpi=False)
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "waves.toml").write_text(PROBLEM)
    return tmp_path


@pytest.fixture(scope="module")
def long_runs(tmp_path_factory):
    """Digest and series of an uninterrupted run of 400 steps, by the number of ranks: the norm of the initial state is
    a sum over ranks, and rounded differently on one and on two."""
    found = {}
    for ranks in (1, 2):
        folder = tmp_path_factory.mktemp("whole")
        (folder / "waves.toml").write_text(PROBLEM)
        settings = ("--set", "time.final=4.0", "--set", "output.checkpoints={enabled=false}")
        assert hpcmix("run", "waves.toml", *settings, ranks=ranks, folder=folder).returncode == 0
        found[ranks] = summary(folder / "out")["digest"], (folder / "out" / "observables.jsonl").read_bytes()
    return found


@contextmanager
def started(folder, *arguments, ranks=1, environment=None):
    """The command in a process group of its own, which is gone at the end."""
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    process = subprocess.Popen(
        [*launcher, *COMMAND, *arguments], cwd=folder, env=clean_environment() | (environment or {}), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for_records(folder, number, process):
    """Wait until a run has written so many records. Fails at once, with what the run says, when it has ended."""
    path = folder / "out" / "observables.jsonl"
    begin = time.monotonic()
    while not path.exists() or path.read_bytes().count(b"\n") < number:
        if process.poll() is not None:
            raise AssertionError(f"ended with {process.returncode}: {''.join(process.communicate())}")
        assert time.monotonic() - begin < patience(200.0), f"too few records: not {number}"
        time.sleep(0.01)


def ranks_of(process):
    """Process numbers of the ranks that an mpirun has started."""
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return [int(line) for line in children.stdout.split()]


def last_line(folder):
    return (folder / "out" / "run.log").read_text().splitlines()[-1]


# ------------------------------------------------------------------------------------------------------------- kills


@pytest.mark.parametrize(
    ("writer", "stride"),
    [(WRITERS[0], 5), *(pytest.param(writer, 1, marks=pytest.mark.slow) for writer in WRITERS)],
)
def test_a_kill_at_each_call_of_the_protocol(folder, writer, stride):
    """Before or after a call, at every fifth of these places; slowly at all of them."""
    result = run_with(KILL_AT_EACH_CALL.format(writer=writer, stride=stride), folder=folder, timeout=280.0)
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, result.stderr[-3000:]
    calls, digests, whole = json.loads(lines[0].removeprefix("RESULT"))
    assert (
        calls > 40
    )  # opening, reserving, laying out, writing, syncing, sealing, renaming, removing: twice or more each
    assert digests == [whole]


@pytest.mark.parametrize(
    "number", [3, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])], ids=["few", "many"]
)
def test_kill_9_at_random_moments(folder, long_runs, number):
    """Of one rank, of mpirun, of all: every restart succeeds, and the end is that of a run that nobody killed."""
    digest, series = long_runs[2]
    chance = random.Random(number)
    settings = ("--set", "time.final=4.0", "--set", "output.checkpoints={every=3}")
    kills, reached = 0, 0
    while kills < number:
        with started(folder, "run", "waves.toml", *settings, ranks=2) as process:
            before = (folder / "out" / "observables.jsonl").stat().st_size if (folder / "out").exists() else 0
            while process.poll() is None:  # until this job writes, or ends
                path = folder / "out" / "observables.jsonl"
                if (path.exists() and path.stat().st_size > before) or chance.random() < 0.003:
                    break
                time.sleep(0.02)
            time.sleep(chance.uniform(0.0, 0.3))
            ranks = ranks_of(process)
            victim = chance.choice(["rank", "mpirun", "all"])
            with suppress(ProcessLookupError):  # it may have ended meanwhile
                if victim == "rank" and ranks:
                    os.kill(chance.choice(ranks), signal.SIGKILL)
                elif victim == "mpirun":
                    os.kill(process.pid, signal.SIGKILL)
                else:
                    os.killpg(process.pid, signal.SIGKILL)
            ended = process.wait(timeout=patience(60))
            begin = time.monotonic()  # ranks that have lost their mpirun end on their own
            while any(os.path.exists(f"/proc/{rank}") for rank in ranks) and time.monotonic() - begin < 5.0:
                time.sleep(0.05)
        if ended == 0:  # it was quicker than the kill: once more, from the beginning
            assert summary(folder / "out")["digest"] == digest
            shutil.rmtree(folder / "out")
            reached = 0
            continue
        kills += 1
        stored = sorted((folder / "out" / "checkpoints").glob("*.h5")) if (folder / "out").exists() else []
        now = int(stored[-1].stem) if stored else 0
        assert now >= reached  # nothing that was saved is lost
        reached = now
    result = hpcmix("run", "waves.toml", *settings, ranks=2, folder=folder)
    assert result.returncode == 0, result.stderr
    assert summary(folder / "out")["digest"] == digest
    assert (folder / "out" / "observables.jsonl").read_bytes() == series
    verified = hpcmix("verify", "out", folder=folder)
    assert verified.returncode == 0, verified.stdout


# --------------------------------------------------------------------------------------------------------- full disks

LIMIT_AFTER_STEP_10 = """
import resource
import hpcmix.running.output.checkpoints as target
usual = target.Checkpoints.write
def limited(self, state, guard):
    if state.step > 10:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    usual(self, state, guard)
target.Checkpoints.write = limited
"""


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_limit_on_the_size_of_files(folder, writer, layer):
    patch = (MPI_IO if writer == "mpi-io" else "") + LIMIT_AFTER_STEP_10
    settings = (
        "--set",
        "output.observables={every=20}",
        "--set",
        "grid.points=[256]",
        "--set",
        "time.check_step=false",
    )
    result = run_with(patch, "run", "waves.toml", *settings, folder=folder, ranks=2, environment={"OMPI_MCA_io": layer})
    assert result.returncode == 1, result.stderr
    assert "ulimit -f" in result.stderr and "Traceback" not in result.stderr
    assert [path.name for path in sorted((folder / "out" / "checkpoints").iterdir())] == ["000005.h5", "000010.h5"]
    assert "ulimit -f" in summary(folder / "out")["message"] and "ulimit -f" in last_line(folder)
    assert hpcmix("restart", "out", folder=folder).returncode == 0


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small file system needs root")
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk(folder, writer, layer):
    """A file system with room for two checkpoints and not for three."""
    place = folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=5m", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let root mount a file system")
    try:
        settings = ("--set", "output.directory=small/out", "--set", "grid.points=[32000]", "--set", "time.final=0.04")
        more = ("--set", "output.checkpoints={every=1, keep=9}", "--set", "output.snapshots={every=4, slices=false}")
        patch = MPI_IO if writer == "mpi-io" else ""
        result = run_with(
            patch, "run", "waves.toml", *settings, *more, "--set", "time.check_step=false", folder=folder, ranks=2,
            environment={"OMPI_MCA_io": layer},
        )  # fmt: skip
        assert result.returncode == 1, result.stderr
        sentences = [line for line in result.stderr.splitlines() if line.startswith("hpcmix:")]
        assert len(sentences) == 1 and "no space is left" in sentences[0] and "Traceback" not in result.stderr
        directory = place / "out"
        assert not list((directory / "checkpoints").glob("*.partial"))
        assert json.loads((directory / "summary.json").read_text())["status"] == "failed"
        assert "no space is left" in (directory / "run.log").read_text().splitlines()[-1]
        checked = hpcmix("verify", "small/out/checkpoints/000000.h5", folder=folder)
        assert checked.returncode == 0, checked.stdout
        for old in sorted((directory / "checkpoints").iterdir())[:-1]:
            old.unlink()
        assert hpcmix("restart", "small/out", "--until", "0.04", folder=folder).returncode in (0, 1)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


# ------------------------------------------------------------------------------------------------------------ signals


@pytest.mark.parametrize(
    "name", ["SIGUSR1", *(pytest.param(name, marks=pytest.mark.slow) for name in ("SIGTERM", "SIGINT"))]
)
def test_a_signal_stops_after_a_checkpoint(folder, long_runs, name):
    with started(folder, "run", "waves.toml", "--set", "time.final=4.0") as process:
        wait_for_records(folder, 3, process)
        process.send_signal(getattr(signal, name))
        process.send_signal(signal.SIGUSR1)  # a second one, as from an impatient user, is harmless
        assert process.wait(timeout=patience(60)) == 75
    found = summary(folder / "out")
    assert found["status"] == "stopped" and 0 < found["step"] < 400
    assert "hpcmix restart out goes on" in last_line(folder)
    with xarray.open_dataset(folder / "out" / "observables.h5") as series:
        assert len(series["time"]) == (folder / "out" / "observables.jsonl").read_bytes().count(b"\n")
    assert hpcmix("verify", "out", folder=folder).returncode == 0
    assert hpcmix("restart", "out", folder=folder).returncode == 0
    assert (folder / "out" / "observables.jsonl").read_bytes() == long_runs[1][1]


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2", "SIGTERM", pytest.param("SIGINT", marks=pytest.mark.slow)])
def test_signals_reach_the_ranks_through_mpirun(folder, long_runs, name):
    """mpirun passes USR1 and USR2 on. After TERM and INT it ends the ranks itself, with TERM and a while later for
    good: the run may stop in time or not, and goes on from a checkpoint either way."""
    settings = ("run", "waves.toml", "--set", "time.final=4.0", "--set", "output.checkpoints={every=150}")
    with started(folder, *settings, ranks=2) as process:
        wait_for_records(folder, 3, process)
        process.send_signal(getattr(signal, name))
        status = process.wait(timeout=patience(100))
        log = (folder / "out" / "run.log").read_text()
        if name == "SIGUSR2":
            assert status == 0 and summary(folder / "out")["digest"] == long_runs[2][0]
            assert (
                "4 checkpoints of" in log or "5 checkpoints of" in log
            )  # steps 0, 400, 800, 1000 and the one asked for
            return
        assert status == 75 if name == "SIGUSR1" else status != 0
        if name == "SIGUSR1":
            assert "stopped by SIGUSR1" in log
        time.sleep(2.0)
    assert hpcmix("restart", "out", ranks=2, folder=folder).returncode == 0
    assert summary(folder / "out")["digest"] == long_runs[2][0]
    assert (folder / "out" / "observables.jsonl").read_bytes() == long_runs[2][1]


def test_a_stop_file_and_the_wall_clock(folder):
    with started(folder, "run", "waves.toml", "--set", "time.final=100.0") as process:
        wait_for_records(folder, 3, process)
        (folder / "out" / "STOP").touch()
        assert process.wait(timeout=patience(60)) == 75
    assert not (folder / "out" / "STOP").exists() and "the file out/STOP" in summary(folder / "out")["message"]
    result = run_with(CLOCK, "restart", "out", "--max-wall", "3s", folder=folder)
    assert result.returncode == 75 and "stopped by --max-wall" in result.stdout
    end = CLOCK + 'os.environ["SLURM_JOB_END_TIME"] = str(int(time.time()) + 33)'
    result = run_with(end, "restart", "out", folder=folder)
    assert result.returncode == 75 and "SLURM_JOB_END_TIME" in result.stdout
    assert len(summary(folder / "out")["ancestors"]) == 2
    shorter = hpcmix("restart", "out", "--until", str(summary(folder / "out")["step"] * 0.01 + 0.1), folder=folder)
    assert shorter.returncode == 0, shorter.stderr


def test_a_checkpoint_file_asks_for_one_and_is_removed(folder, long_runs):
    """As SIGUSR2 does, but under every launcher: MPICH's and Intel's mpiexec end when they get that signal."""
    settings = ("run", "waves.toml", "--set", "time.final=4.0", "--set", "output.checkpoints={every=399, keep=9}")
    with started(folder, *settings, ranks=2) as process:
        wait_for_records(folder, 3, process)
        (folder / "out" / "CHECKPOINT").touch()
        assert process.wait(timeout=patience(100)) == 0
    assert not (folder / "out" / "CHECKPOINT").exists()
    steps = [int(path.stem) for path in sorted((folder / "out" / "checkpoints").glob("*.h5"))]
    assert steps[0] == 0 and steps[-2:] == [399, 400] and len(steps) == 4 and steps[1] < 399
    assert summary(folder / "out")["digest"] == long_runs[2][0]


TRAP = """
[[species]]
name = "up"
particles = 100.0
potential = [{ kind = "harmonic", frequency = 1.0 }]
[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 1.0
"""


@pytest.fixture
def trap(folder):
    text = PROBLEM[: PROBLEM.index("[[species]]")] + TRAP + PROBLEM[PROBLEM.index("[time]") :]
    (folder / "trap.toml").write_text(text.replace("step = 0.01", "step = 0.001"))
    return folder


def test_a_stop_while_the_ground_state_is_sought_is_told(trap):
    """A residual that is never reached; the iteration is slowed down so that the signal comes in time."""
    patch = """
import time
import hpcmix.initial.descent.conjugate_gradients as target
usual = target.ConjugateGradients.move
def slow(self):
    time.sleep(0.2)
    if left.pop():
        os.kill(os.getpid(), signal.SIGINT)
    usual(self)
left = [False] * 1000 + [True, False]
target.ConjugateGradients.move = slow
"""
    result = run_with(patch, "run", "trap.toml", "--set", "ground_state.tolerance=1e-15", folder=trap, ranks=2)
    assert result.returncode == 75, result.stderr
    for text in (result.stderr, summary(trap / "out")["message"], last_line(trap)):
        assert "stopped by SIGINT (Ctrl-C) while the ground state was sought; how far it came is kept in" in text
    again = hpcmix("run", "trap.toml", folder=trap)
    assert again.returncode == 0
    assert "left no more than a search for the ground state" in again.stdout.splitlines()[0]
    assert "ground state: going on from out/ground-state-search.h5" in again.stdout


def test_a_ground_state_that_does_not_converge_leaves_a_summary(trap):
    result = hpcmix("run", "trap.toml", "--set", "ground_state.max_iterations=2", folder=trap)
    assert result.returncode == 1
    found = summary(trap / "out")
    assert found["status"] == "failed" and "after 2 iterations" in found["message"] and found["ranks"] == 1
    assert "after 2 iterations" in last_line(trap)
    assert hpcmix("run", "trap.toml", "--set", "time.final=0.01", folder=trap).returncode == 0
    evolved = summary(trap / "out")
    assert hpcmix("restart", "out", "--until", "0.02", folder=trap).returncode == 0
    # the ground state is the first job's, and is not sought again
    assert summary(trap / "out")["ground_state"] == evolved["ground_state"]
    assert (trap / "out" / "run.log").read_text().count("transforms (conjugate-gradients)") == 1


def test_a_defect_leaves_a_summary(folder):
    patch = """
from hpcmix.evolve.stepping.stepper import Stepper
def failing(self, state):
    raise RuntimeError("injected")
Stepper.advance = failing
"""
    result = run_with(patch, "run", "waves.toml", folder=folder)
    assert result.returncode == 1 and "injected" in result.stderr
    assert "RuntimeError: injected" in summary(folder / "out")["message"] and "injected" in last_line(folder)


def test_a_run_that_hangs_prints_every_stack_and_ends(folder):
    patch = """
import time
from hpcmix.parallel.process.mpi import MPI
from hpcmix.evolve.stepping.stepper import Stepper
usual = Stepper.advance
def hanging(self, state):
    if state.step == 12 and MPI.COMM_WORLD.rank == 1:
        time.sleep(1000)
    usual(self, state)
Stepper.advance = hanging
"""
    environment = {"HPCMIX_HANG_SECONDS": "8"}  # longer than any part of the start on a busy machine
    result = run_with(patch, "run", "waves.toml", folder=folder, ranks=2, environment=environment)
    assert result.returncode != 0
    for rank in (0, 1):
        assert f"rank {rank} of 2 on" in result.stderr
    assert result.stderr.count("in evolve") >= 2  # one asleep, one waiting for it
    assert "no progress for 8 s" in summary(folder / "out")["message"]
    assert hpcmix("restart", "out", folder=folder).returncode == 0
    refused = run_with("", "run", "waves.toml", folder=folder, environment={"HPCMIX_HANG_SECONDS": "soon"})
    assert refused.returncode == 2 and "HPCMIX_HANG_SECONDS" in refused.stderr


# --------------------------------------------------------------------------------------------------------------- lock


def test_two_jobs_do_not_share_a_directory(folder):
    with started(folder, "run", "waves.toml", "--set", "time.final=100.0") as process:
        wait_for_records(folder, 3, process)
        for arguments in (["run", "waves.toml"], ["run", "waves.toml", "--restart", "never"], ["restart", "out"]):
            refused = hpcmix(*arguments, folder=folder)
            assert refused.returncode == 1
            assert f"out is in use by process {process.pid} on" in refused.stderr
        process.send_signal(signal.SIGUSR1)
        assert process.wait(timeout=patience(60)) == 75
    assert not (folder / "out" / ".lock").exists()
