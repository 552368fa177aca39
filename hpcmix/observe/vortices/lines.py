"""Vortex lines: the plaquettes of a three-dimensional grid that follow each other through its cubes.

A line comes into a cube through one face and leaves it through another, and goes on in the cube behind that. It points
where the circulation about it is positive. In a cube that several lines pass they are told apart by distance: of all
pairs of an entry and an exit the closest belong together, then the closest of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Cube = tuple[int, ...]


@dataclass(frozen=True)
class Line:
    """A line as the numbers of its points in order. A closed one goes on from the last to the first."""

    points: tuple[int, ...]
    closed: bool


def vortex_lines(
    points: Sequence[int], normals: np.ndarray, corners: np.ndarray, winding: np.ndarray, places: np.ndarray
) -> list[Line]:
    """The lines through pierced plaquettes of a periodic grid of so many points, in the order of their first points;
    of open ones that is their beginning.

    normals, corners, winding
            of the plaquettes.
    places  where each is pierced, shape (n, 3), in units of the spacings.
    """
    entries: dict[Cube, list[int]] = {}
    exits: dict[Cube, list[int]] = {}
    for number, (normal, corner, turns) in enumerate(zip(normals, corners, winding, strict=True)):
        beyond = tuple(int(place) for place in corner)
        before = tuple((place - (axis == normal)) % points[axis] for axis, place in enumerate(beyond))
        into, out_of = (beyond, before) if turns > 0 else (before, beyond)
        entries.setdefault(into, []).append(number)
        exits.setdefault(out_of, []).append(number)
    following: dict[int, int] = {}
    for cube, coming in entries.items():
        following |= _paired(coming, exits.get(cube, []), places, np.array(points))
    return _followed(len(normals), following)


def _paired(coming: list[int], leaving: list[int], places: np.ndarray, points: np.ndarray) -> dict[int, int]:
    """Which exit of a cube belongs to which entry."""
    if len(coming) == 1 and len(leaving) == 1:
        return {coming[0]: leaving[0]}
    distances = sorted(
        (float(np.sum(nearest(places[last] - places[first], points) ** 2)), first, last)
        for first in coming
        for last in leaving
    )
    pairs: dict[int, int] = {}
    for _, first, last in distances:
        if first not in pairs and last not in pairs.values():
            pairs[first] = last
    return pairs


def _followed(count: int, following: dict[int, int]) -> list[Line]:
    """The chains and cycles of a map."""
    lines, seen = [], np.zeros(count, bool)
    beginnings = sorted(set(range(count)) - set(following.values()))
    for start in (*beginnings, *range(count)):
        if seen[start]:
            continue
        chain, place = [start], following.get(start)
        seen[start] = True
        while place is not None and not seen[place]:
            chain.append(place)
            seen[place] = True
            place = following.get(place)
        lines.append(Line(tuple(chain), place == start))
    return sorted(lines, key=lambda line: line.points[0])


def nearest(displacement: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The shortest of the displacements that differ by whole lengths of the periodic box."""
    return displacement - lengths * np.rint(displacement / lengths)
