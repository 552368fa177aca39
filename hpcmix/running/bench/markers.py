"""What a marker costs in a step: put onto the grid, and moved by what it feels there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpcmix.model.mixture import Mixture

_ROWS = ("spread", "gather")


def marker_costs(mixture: Mixture, phases: Mapping[str, Mapping[str, float]]) -> dict[str, Any] | None:
    """Of all classical species together; None without one.

    count        of markers, on all ranks.
    nanoseconds  of a core, for a marker in a kick: ``spread`` is its deposit on the grid, ``gather`` its force, kick
                 and drift.

    phases  seconds of a step, mean over the ranks, and calls of every row.
    """
    numbers = [laws.number for _, laws in mixture.carried]
    if not numbers:
        return None
    ranks, costs = mixture.communicators.size, {}
    for row in _ROWS:
        timer = phases.get(row)
        if timer is not None and timer["calls"] > 0:
            # every call is one species: as many of each
            marker_kicks = timer["calls"] * sum(numbers) / len(numbers) / ranks
            costs[row] = 1e9 * timer["seconds"] / marker_kicks
    return {"count": sum(numbers), "nanoseconds": costs}


def marker_line(costs: Mapping[str, Any]) -> str:
    """The same in words."""
    parts = ", ".join(f"{row} {nanoseconds:.3g} ns" for row, nanoseconds in costs["nanoseconds"].items())
    return f"{costs['count']}: {parts} of a core, for each and every kick"
