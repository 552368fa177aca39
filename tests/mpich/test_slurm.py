"""Job scripts of MPICH's launchers under a real Slurm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mpich.test_two_libraries import MPICH
from tests.system.commands import hpcmix, summary
from tests.system.slurm import Slurm, why_not
from tests.system.test_slurm import PROBLEM, STEPS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "there is a Slurm"),
    pytest.mark.skipif(not (MPICH / "setup.stamp").exists(), reason="there is no .venv/mpich"),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with Slurm(tmp_path_factory.mktemp("slurm")) as running:
        yield running


def records(folder: Path) -> int:
    path = folder / "out" / "observables.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize("launcher", ["srun", "mpiexec"])
def test_a_job_that_is_told_of_its_limit_goes_on_until_it_is_done(slurm, tmp_path, launcher):
    """Once the signal that Slurm sends before the limit; the second incarnation ends the run."""
    (tmp_path / "waves.toml").write_text(PROBLEM)
    (tmp_path / "site").write_text(f"#SBATCH --overcommit\n. {MPICH}/bin/activate\n")
    options = ["--time", "1h", "--ranks-per-node", "2", "--site", "site", "--launcher", launcher, "--mpi", "mpich"]
    script = hpcmix("job", "waves.toml", *options, folder=tmp_path)
    assert script.returncode == 0, script.stderr
    job = slurm.submit(script.stdout, tmp_path)

    def said() -> str:
        return "\n".join(path.read_text() for path in tmp_path.glob("*.out"))

    slurm.wait_for(lambda: records(tmp_path) >= 3, 200.0, f"records\n{said()}")
    slurm.call("scancel", "--batch", "--signal=USR1", job)
    slurm.wait_for(lambda: slurm.field(job, "Restarts") == "1", 200.0, f"a requeue\n{said()}")
    assert slurm.wait_for_end(job, 400.0) == "COMPLETED", said()
    found = summary(tmp_path / "out")
    assert (found["status"], found["step"], found["ranks"], len(found["ancestors"])) == ("done", STEPS, 2, 1)
    assert found["versions"]["mpi"].startswith("MPICH 4")
