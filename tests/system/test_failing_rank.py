"""One rank fails: the whole job ends within seconds, says who failed, and does not report success."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.system.commands import clean_environment, hpcmix, summary

PROGRAM = """
import sys
from hpcmix.parallel.process.mpi import MPI
{patch}
from hpcmix.cli import main
sys.argv = ["hpcmix", "run", "manakov-soliton", "--set", "output.directory=out", "--set", "time.final=2.0"]
main()
"""

IN_SET_UP = """
import hpcmix.initial.written.wave_functions as target
usual = target.expression
def failing(*arguments):
    if MPI.COMM_WORLD.rank == 1:
        raise RuntimeError("injected in set-up")
    return usual(*arguments)
target.expression = failing
"""

IN_A_STEP = """
import hpcmix.evolve.flows as target
usual = target.Flows._drift
calls = []
def failing(*arguments, **options):
    calls.append(1)
    if MPI.COMM_WORLD.rank == 2 and len(calls) == 100:
        raise RuntimeError("injected in a step")
    return usual(*arguments, **options)
target.Flows._drift = failing
"""

IN_OUTPUT = """
import hpcmix.running.output.outputs as target
def failing(*arguments, **more):
    if MPI.COMM_WORLD.rank == 0:
        raise OSError(28, "No space left on device (injected)")
target.SeriesWriter.append = failing
"""

NOT_A_NUMBER = """
import hpcmix.evolve.stepping.stepper as target
usual = target.Stepper.advance
def poisoned(self, state):
    usual(self, state)
    if MPI.COMM_WORLD.rank == 1 and state.step == 30:
        state.orbitals[1][...] = float("nan")
target.Stepper.advance = poisoned
"""


def run_with(patch: str, folder) -> tuple[subprocess.CompletedProcess[str], float]:
    begin = time.monotonic()
    result = subprocess.run(
        ["mpirun", "-n", "3", sys.executable, "-c", PROGRAM.format(patch=patch)],
        cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    return result, time.monotonic() - begin


@pytest.mark.parametrize(
    ("patch", "sentence", "status"),
    [
        (IN_SET_UP, "injected in set-up", 1),
        (IN_A_STEP, "injected in a step", 1),
        (IN_OUTPUT, "injected", 1),
        (NOT_A_NUMBER, 'the solution is not finite: species "right" in step 30', 3),
    ],
    ids=["set-up", "step", "output", "nan"],
)
def test_a_failure_of_one_rank_ends_the_job(patch, sentence, status, tmp_path):
    result, seconds = run_with(patch, tmp_path)
    assert result.returncode == status, result.stderr
    assert sentence in result.stderr
    # and leaves its reason in the directory, for the next who looks
    assert sentence.split(" in step")[0] in summary(tmp_path / "out")["message"]
    assert seconds < 60.0  # start-up of three ranks on a busy machine included; a hang would meet the limit of 90 s


def test_a_grid_beyond_all_memory_is_a_sentence(tmp_path):
    grid = "[grid]\npoints=[100000,100000,100000]\nlengths=[9.0,9.0,9.0]\n"
    text = grid + "[[species]]\nname='a'\ninitial={kind='gaussian',width=1}\n"
    (tmp_path / "huge.toml").write_text(text + "[time]\nfinal=0.1\nstep=0.01\n")
    result = hpcmix("run", "huge.toml", ranks=2, folder=tmp_path)
    assert result.returncode == 2
    assert "and the node has" in result.stderr and "hpcmix plan" in result.stderr
    assert "Traceback" not in result.stderr
