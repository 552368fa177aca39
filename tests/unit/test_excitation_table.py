"""The table of modes in the log: what stands in it where they grow."""

from __future__ import annotations

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.running.courses.excitations.document import table_lines

PROBLEM = """
{units}
[grid]
points = [16]
lengths = [8.0]
[[species]]
name = "a"
mass = 1.0
particles = 10
[excitations]
modes = 2
"""
UNITS = """
[units]
length = "1 um"
mass = "86.909 u"
"""


def found(frequency, growth, hertz):
    """excitations.json of two modes of one multiplet; the weight of a growing one is zero but for rounding."""
    entry = {"frequency": frequency, "growth_rate": growth, "residual": 1e-12, "excitations": 0.5,
             "species": {"a": {"weight": -1e-17}}}  # fmt: skip
    group = {"modes": [0, 1], "frequency": frequency, "dipole": None}
    if hertz is not None:
        group["frequency_hertz"] = frequency * hertz
    return {"modes": [entry, entry], "groups": [group]}


@pytest.mark.parametrize(("frequency", "shown"), [(4e-15, "0"), (0.5, "0.5")])
def test_the_rounding_of_a_growing_mode_is_no_frequency(frequency, shown):
    (_, line) = table_lines(parse_problem(PROBLEM.format(units="")), found(frequency, 0.25, None))
    assert line.split() == ["0-1", shown, "1.0e-12", "0.5", "0.000", "growth", "rate", "0.25"]


def test_rates_are_by_the_second_where_frequencies_are_in_hertz():
    problem = parse_problem(PROBLEM.format(units=UNITS))
    (head, line) = table_lines(problem, found(0.5, 0.25, 1000.0))
    assert "hertz" in head and line.split()[1] == "500"
    assert line.endswith(f"growth rate {0.25 / problem.scales.time_si:.6g} / s")
