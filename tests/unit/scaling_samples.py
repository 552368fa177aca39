"""Made-up measurements for the tests of scaling studies: the JSON of ``hpcmix bench`` with given parts."""

from __future__ import annotations

from functools import cache
from typing import Any

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.schema import Problem
from hpcmix.studies.scaling.configurations import Configuration
from hpcmix.studies.scaling.measured.outcome import Row

MIXTURE = """
title = "Two components"
[grid]
points = [24, 24, 24]
lengths = [12.0, 12.0, 12.0]
[[species]]
name = "up"
initial = { kind = "gaussian", width = 1.2 }
[[species]]
name = "down"
initial = { kind = "gaussian", width = 1.1 }
[[interaction]]
between = ["up", "down"]
kind = "contact"
strength = 10.0
[time]
final = 1.0
step = 0.01
integrator = "strang"
check_step = false
"""


@cache
def mixture(*overrides: str) -> Problem:
    """Two components in contact on 24^3."""
    return parse_problem(MIXTURE, overrides)


def configuration(ranks: int = 1, threads: int = 1, points=(24, 24, 24), **options: Any) -> Configuration:
    """A configuration, the program's choices left to it."""
    return Configuration(ranks, threads, options.get("groups"), options.get("pencil_grid"), points)


def result(
    one: Configuration,
    compute: float = 0.8,
    exchange: float = 0.1,
    reduction: float = 0.06,
    other: float = 0.04,
    **entries: Any,
) -> dict[str, Any]:
    """A measurement whose parts take so many seconds."""
    step = compute + exchange + reduction + other
    timers = {
        "kick": 0.75 * compute,
        "lines": 0.25 * compute,
        "exchange": exchange,
        "reduction": 0.5 * reduction,
        "vote": 0.5 * reduction,
    }
    phases = {
        name: {"seconds": value, "largest": value, "calls": 1.0, "share": value / step}
        for name, value in timers.items()
    }
    return {
        "ranks": one.ranks,
        "threads": one.threads,
        "nodes": 1,
        "ranks_per_node": one.ranks,
        "cores_of_ranks": 1024,
        "groups": 1,
        "pencil_grid": [one.ranks, 1],
        "exchange": "" if one.ranks == 1 else "packed-messages",
        "load": 0.5,
        "steps": 10,
        "commit": None,
        "machine": {"processor": "P"},
        "seconds_per_step": {"median": step, "lower": step, "upper": step, "count": 10},
        "phases": phases,
        "copy_bytes_per_second": 1e10 * one.ranks,
    } | entries


def row(one: Configuration, *steps: float, **entries: Any) -> Row:
    """A row of repeats with so many seconds a step, nine tenths of them computing."""
    return Row(
        one,
        {number: result(one, 0.9 * step, 0.1 * step, 0.0, 0.0, **entries) for number, step in enumerate(steps)},
    )
