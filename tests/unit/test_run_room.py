"""Runs that no node has the memory for."""

from __future__ import annotations

import pytest

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.planning import room
from hpcmix.running.planning.costs.memory import memory_bytes
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines
from hpcmix.running.planning.preflight import preflight


def test_a_problem_that_needs_far_more_than_the_node_has_is_refused_before_anything_is_allocated(monkeypatch):
    problem = load_problem("rubidium-mixture")
    for ranks in (1, 4):
        division = divide(division_request(problem), ranks)
        needed = memory_bytes(problem, division)
        monkeypatch.setattr(room, "memory_of_node", lambda size=needed * ranks: size)
        room.require_room(problem, division, ranks)
        monkeypatch.setattr(room, "memory_of_node", lambda size=needed * ranks: size / 2)
        with pytest.raises(ProblemError, match=r"grid.points: this problem needs .* and the node has"):
            room.require_room(problem, division, ranks)


def test_the_memory_of_a_node_is_a_number_of_bytes():
    assert 1e8 < room.memory_of_node() < 1e15


@pytest.mark.parametrize("points", [[10**9, 10**9, 10**9], [3000000, 8, 8], [30000, 30000, 4]])
def test_grids_of_any_size_are_planned_and_not_run(points):
    problem = load_problem("boson-star", [f"grid.points={points}", "time.check_step=false", "interaction=[]"])
    preflight(problem)
    division = divide(division_request(problem), 1)
    plan_lines(problem, make_plan(problem, 1), 1)
    if memory_bytes(problem, division) > 2 * room.memory_of_node():
        with pytest.raises(ProblemError, match="use more nodes, or a smaller grid"):
            room.require_room(problem, division, 1)
