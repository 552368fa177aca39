"""A Python program that mpirun started on several ranks: all of them compute one run."""

from __future__ import annotations

import pytest

import hpcmix

TABLES = {
    "grid": {"points": [16, 8], "lengths": [12.0, 12.0]},
    "species": [{"name": "up", "particles": 10, "initial": {"kind": "gaussian", "width": 1.5}}],
    "time": {"final": 0.1, "step": 0.05},
    "output": {"resolution": "ignore"},
}


def test_all_ranks_compute_one_run(comm, shared_tmp_path):
    problem = hpcmix.Problem.from_dict(TABLES)
    run = hpcmix.run(problem, directory=shared_tmp_path / "together")
    assert run.summary["ranks"] == comm.size
    assert comm.allgather(run.summary["digest"]) == [run.summary["digest"]] * comm.size


def test_all_ranks_get_the_exception(comm, shared_tmp_path):
    """Also those that do not speak: with a field that is not finite on one rank only."""
    pole = {"name": "up", "particles": 10, "potential": [{"kind": "expression", "value": "1/(x+6)"}]}
    with pytest.raises(hpcmix.BadInput) as caught:
        hpcmix.run(hpcmix.Problem.from_dict(TABLES | {"species": [pole]}), directory=shared_tmp_path / "pole")
    assert "not finite" in str(caught.value) or comm.rank > 0


@pytest.mark.parametrize("options", [{"ranks": 1000}, {"wait": False}, {"launcher": "srun -n {ranks}"}])
def test_it_starts_no_others(comm, options):
    if comm.size == 1:
        pytest.skip("one rank may")
    with pytest.raises(ValueError, match=f"on {comm.size} ranks itself"):
        hpcmix.run(hpcmix.Problem.from_dict(TABLES), **options)
