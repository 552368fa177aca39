"""A run that Python starts through srun, under a real Slurm on this machine."""

from __future__ import annotations

import pytest
from system import slurm as slurm_of_tests

import hpcmix

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(slurm_of_tests.why_not()), reason=slurm_of_tests.why_not() or "there is one"),
]

TABLES = {
    "grid": {"points": [32], "lengths": [12.0]},
    "species": [{"name": "up", "particles": 10, "initial": {"kind": "gaussian", "width": 1.0}}],
    "time": {"final": 0.2, "step": 0.01},
    "output": {"resolution": "ignore"},
}


def test_srun_starts_the_ranks(tmp_path, monkeypatch):
    (tmp_path / "slurm").mkdir()
    problem = hpcmix.Problem.from_dict(TABLES)
    here = hpcmix.run(problem, directory=tmp_path / "here")
    with slurm_of_tests.Slurm(tmp_path / "slurm") as slurm:
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)
        run = hpcmix.run(problem, ranks=2, launcher="srun -n {ranks}", directory=tmp_path / "there")
        # BadInput, unless srun hides the status of its ranks (seen once, with thirty processes for two cores)
        with pytest.raises(hpcmix.RunFailed, match="is not finite at x = 0"):
            pole = problem.replace({"species.up.potential": [{"kind": "expression", "value": "1/x"}]})
            hpcmix.run(pole, ranks=2, launcher="srun -n {ranks}", directory=tmp_path / "pole")
    assert run.summary["ranks"] == 2
    assert run.summary["digest"] == here.summary["digest"]
