"""The words of a plan."""

from __future__ import annotations

from hpcmix.problem.files.load import parse_problem
from hpcmix.running.planning.plan import make_plan
from hpcmix.running.planning.plan_table import plan_lines

GROUND_STATE = """
[grid]
points = [16]
lengths = [8.0]

[[species]]
name = "atoms"
potential = [{ kind = "harmonic", frequency = 1.0 }]
"""


def test_one_of_something_is_not_called_many():
    """A file without [time] has one snapshot and one record."""
    problem = parse_problem(GROUND_STATE)
    (files,) = [line for line in plan_lines(problem, make_plan(problem, 1), 1) if line.startswith("files")]
    assert " 1 snapshot of " in files and " 1 record and " in files
