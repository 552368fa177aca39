"""What a run wants of a problem before it begins (hpcmix/running/courses/fields.py)."""

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.courses.fields import RunTask

TEXT = """
[grid]
points = [16]
lengths = [8.0]
[[species]]
name = "up"
particles = 10.0
potential = [{ kind = "expression", value = "1/x" }]
initial = { kind = "gaussian", width = 1.0 }
"""


def test_a_missing_time_hides_nothing_else():
    with pytest.raises(ProblemError) as refused:
        RunTask().taken(parse_problem(TEXT))
    missing, pole = refused.value.complaints
    assert "needs a [time] section" in missing.message
    assert "is not finite at x = 0" in pole.message and pole.line == 8
