"""Where a cloud on the periodic box is cut open, so that its centre and its width are those of the cloud in one
piece."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.mixture import Mixture
from hpcmix.observe.measures.spectrum import axis_sums

SMALL = 1e-6
"""Density at the faces, relative to the largest, up to which nothing is said: a thousandth of the amplitude."""

LOCALISED = 0.75
"""|<exp(2 pi i x / L)>| from which on a cloud has one place on the ring that the axis is: that of a Gaussian of
standard deviation 0.12 L. A uniform gas, a lattice and two clouds that are far from each other have none."""


def axis_lines(mixture: Mixture, density: np.ndarray) -> list[np.ndarray]:
    """Along each axis of the whole grid the sums of a density over the other axes, in double precision. Collective over
    the group."""
    grid = mixture.grid
    lines = np.zeros(sum(grid.points))
    begin = 0
    for points, here, own in zip(grid.points, grid.position_block.slices, axis_sums(density), strict=True):
        lines[begin + here.start : begin + here.stop] = own
        begin += points
    return np.split(mixture.communicators.sum(lines), np.cumsum(grid.points)[:-1])


def middle_across_faces(grid: Grid, axis: int, line: np.ndarray) -> float | None:
    """The circular mean L/2pi arg <exp(2 pi i x / L)> of a cloud that lies across the faces of the box, whose density
    along an axis of the whole grid is `line`; None of one that does not.

    It lies across them when it has one place on the ring (LOCALISED), its density at the face is seen beside the
    largest (SMALL), and is less opposite to the circular mean.
    """
    x, length, points = grid.axis(axis), grid.lengths[axis], grid.points[axis]
    if not line[0] > SMALL * np.max(line):
        return None
    mean = np.dot(np.exp((2j * np.pi / length) * x), line) / np.sum(line)
    if abs(mean) < LOCALISED:
        return None
    circular = float(np.angle(mean)) * length / (2.0 * np.pi)
    opposite = round((circular + length) / grid.spacings[axis]) % points  # the index of the point at circular + L/2
    return circular if line[opposite] < line[0] else None


def in_piece(x: np.ndarray, length: float, middle: float | None) -> np.ndarray:
    """The images of positions -L/2 <= x < L/2 within L/2 of the `middle` of :func:`middle_across_faces`; where there is
    none themselves."""
    return x if middle is None else x + length * np.round((middle - x) / length)


def unwrapped(grid: Grid, axis: int, line: np.ndarray) -> np.ndarray:
    """Positions along an axis of the whole grid, at which a cloud whose density along it is `line` is in one piece: the
    grid's own, unless it lies across the faces of the box."""
    return in_piece(grid.axis(axis), grid.lengths[axis], middle_across_faces(grid, axis, line))


def in_box(x: float, length: float) -> float:
    """The image of a position in the box; one in it to the bit."""
    if -0.5 * length <= x < 0.5 * length or not np.isfinite(x):
        return x
    return x - length * float(np.floor(x / length + 0.5))
