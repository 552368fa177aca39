"""Moments of densities: particle number, centre, widths, largest density."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.mixture import Mixture
from hpcmix.observe.faces import SMALL

LOCALISED = 0.75
"""|<exp(2 pi i x / L)>| from which on a cloud has one place on the ring that the axis is: that of a Gaussian of
standard deviation 0.12 L. A uniform gas, a lattice and two clouds that are far from each other have none."""


def density_moments(mixture: Mixture, density: np.ndarray) -> dict[str, float | list[float]]:
    """Of one species: ``particles`` = integral rho, ``centre`` = <x>, ``rms_width`` = sqrt(<x^2> - <x>^2) per axis,
    ``maximum_density``.

    Averages are over the density, with the positions of :func:`unwrapped`: the periodic box is cut at its faces, or
    opposite to a cloud that lies across them. Collective.
    """
    grid = mixture.grid
    lines = axis_lines(mixture, density)
    total = float(mixture.communicators.sum(np.sum(density, dtype=np.float64)))
    mean = 1.0 / total if total > 0.0 else np.nan  # a species that is empty has no centre
    centre, spread = [], []
    for axis, line in enumerate(lines):
        x = unwrapped(grid, axis, line)
        middle = float(np.dot(x, line)) * mean
        # second moments about the centre, not <x^2> - <x>^2: a narrow cloud far from the origin would lose its digits
        spread.append(float(np.dot((x - middle) ** 2, line)))
        centre.append(middle)
    largest = mixture.communicators.maximum([float(np.max(density))])
    return {
        "particles": float(total * grid.cell_volume),
        "centre": [_in_box(x, length) for x, length in zip(centre, grid.lengths, strict=True)],
        "rms_width": np.sqrt(np.array(spread) * mean).tolist(),
        "maximum_density": float(largest[0]),
    }


def axis_lines(mixture: Mixture, density: np.ndarray) -> list[np.ndarray]:
    """Along each axis of the whole grid the sums of a density over the other axes, in double precision. Collective over
    the group."""
    grid = mixture.grid
    lines = np.zeros(sum(grid.points))
    begin = 0
    for axis, points in enumerate(grid.points):
        others = tuple(other for other in range(grid.dimensions) if other != axis)
        here = grid.position_block.slices[axis]
        lines[begin + here.start : begin + here.stop] = np.sum(density, axis=others, dtype=np.float64)
        begin += points
    return np.split(mixture.communicators.sum(lines), np.cumsum(grid.points)[:-1])


def unwrapped(grid: Grid, axis: int, line: np.ndarray) -> np.ndarray:
    """Positions along an axis of the whole grid, at which a cloud whose density along it is `line` is in one piece.

    They are the grid's own, -L/2 <= x < L/2, unless the cloud lies across the faces of the box: then those within L/2
    of its circular mean L/2pi arg <exp(2 pi i x / L)>. It lies across them when it has one place on the ring
    (LOCALISED), its density at the face is seen beside the largest (SMALL), and is less opposite to the circular mean.
    """
    x, length, points = grid.axis(axis), grid.lengths[axis], grid.points[axis]
    if not line[0] > SMALL * np.max(line):
        return x
    mean = np.dot(np.exp((2j * np.pi / length) * x), line) / np.sum(line)
    if abs(mean) < LOCALISED:
        return x
    circular = float(np.angle(mean)) * length / (2.0 * np.pi)
    opposite = round((circular + length) / grid.spacings[axis]) % points  # the index of the point at circular + L/2
    if not line[opposite] < line[0]:
        return x
    return x + length * np.round((circular - x) / length)


def _in_box(x: float, length: float) -> float:
    """The image of a position in the box; one in it to the bit."""
    if -0.5 * length <= x < 0.5 * length or not np.isfinite(x):
        return x
    return x - length * float(np.floor(x / length + 0.5))


def in_laboratory(moments: dict[str, float | list[float]], grid: Grid, clock: float) -> dict[str, float | list[float]]:
    """Moments of :func:`density_moments` on a grid that grows, as the laboratory sees them; those of the grid itself
    are ``frame_centre`` and ``frame_rms_width``."""
    scale, contraction = grid.frame.scale(clock), grid.frame.contraction(clock)
    return {
        "particles": moments["particles"],
        "centre": [scale * y for y in moments["centre"]],
        "rms_width": [scale * y for y in moments["rms_width"]],
        "maximum_density": moments["maximum_density"] * contraction**grid.dimensions,
        "frame_centre": moments["centre"],
        "frame_rms_width": moments["rms_width"],
    }
