"""Which vortex of a record is which of the one before: linked in time.

A vortex is expected where its velocity between the two records before takes it. Of all pairs of a vortex that is
expected and one of the same charge that is there the closest are linked, then the closest of the rest, across the faces
of the periodic box; a pair farther apart than :data:`FARTHEST` is none. Who is not linked is new, and has the next
number: numbers are those of births, in their order. Lines are linked by the mean distance of their points to those of
the other line. Records must be dense enough that vortices move less between them than they are apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FARTHEST = 0.125
"""Largest distance between where a vortex is expected and where it is, in units of the box's longest edge."""
MOST_POINTS = 64
"""Of a line are looked at, spread evenly, where two are compared."""


@dataclass
class _Thing:
    """A vortex or a line: its points, shape (n, axes), charge, time, number, and the velocity it came with."""

    points: np.ndarray
    charge: int
    time: float
    number: int = -1
    velocity: np.ndarray = field(default_factory=lambda: np.zeros(1))


def numbered(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records with ``number`` among the entries of vortices and of lines, for every species; the others as they
    are. What is said of boxes is taken from ``box``, the lengths of the periodic box in the record's entries."""
    before: dict[tuple[str, str], list[_Thing]] = {}
    born: dict[tuple[str, str], int] = {}
    result: list[Mapping[str, Any]] = []
    for record in records:
        species: dict[str, Any] = {}
        for name, entries in record.get("species", {}).items():
            changed = dict(entries)
            for key, things_of in (("vortices", _points), ("vortex_lines", _lines)):
                if "x" not in changed.get(key, {}):
                    continue
                place, box = (name, key), np.array(changed[key]["box"])
                things = things_of(changed[key], len(box), _finite(record["time"]))
                born[place] = _link(before.get(place, []), things, box, born.get(place, 0))
                before[place] = things
                changed[key] = changed[key] | {"number": [thing.number for thing in things]}
            species[name] = changed
        result.append({**record, "species": species} if species else record)
    return result


def _points(entries: Mapping[str, Any], axes: int, time: float) -> list[_Thing]:
    places = np.stack([entries[axis] for axis in "xyz"[:axes]], axis=-1)
    return [_Thing(place[np.newaxis], charge, time) for place, charge in zip(places, entries["charge"], strict=True)]


def _lines(entries: Mapping[str, Any], axes: int, time: float) -> list[_Thing]:
    places = np.stack([entries[axis] for axis in "xyz"[:axes]], axis=-1)
    owner = np.array(entries["line"], int)
    return [_Thing(_spread(places[owner == line]), 0, time) for line in range(len(entries["length"]))]


def _spread(points: np.ndarray) -> np.ndarray:
    return points[np.unique(np.linspace(0, len(points) - 1, min(len(points), MOST_POINTS)).round().astype(int))]


def _link(before: Iterable[_Thing], now: Sequence[_Thing], box: np.ndarray, born: int) -> int:
    """Give what is there now its numbers. How many there have been."""
    earlier = list(before)
    pairs = sorted(
        (distance, first, second)
        for first, old in enumerate(earlier)
        for second, new in enumerate(now)
        if old.charge == new.charge and (distance := _distance(old, new, box)) <= FARTHEST * float(np.max(box))
    )
    taken: set[int] = set()
    for _, first, second in pairs:
        old, new = earlier[first], now[second]
        if first in taken or new.number >= 0:
            continue
        taken.add(first)
        new.number = old.number
        if len(old.points) == len(new.points) == 1:  # of a line, points do not correspond
            new.velocity = _nearest(new.points - old.points, box) / max(new.time - old.time, 1e-300)
    for thing in now:
        if thing.number < 0:
            thing.number, born = born, born + 1
    return born


def _distance(old: _Thing, new: _Thing, box: np.ndarray) -> float:
    """The mean distance from the points of each, where the earlier is expected, to the nearest of the other."""
    expected = old.points + old.velocity * _finite(new.time - old.time)
    apart = _nearest(new.points[:, np.newaxis] - expected[np.newaxis], box)
    distances = np.sqrt(np.sum(apart**2, axis=-1))
    return float(np.mean(np.min(distances, axis=0)) + np.mean(np.min(distances, axis=1))) / 2.0


def _finite(time: float | None) -> float:
    """A time; zero where it is infinite, at the end of a frame that expands."""
    return time if time is not None and np.isfinite(time) else 0.0


def _nearest(displacement: np.ndarray, box: np.ndarray) -> np.ndarray:
    return displacement - box * np.rint(displacement / box)
