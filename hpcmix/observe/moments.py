"""Moments of densities: particle number, centre, widths, largest density."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.mixture import Mixture


def density_moments(mixture: Mixture, density: np.ndarray) -> dict[str, float | list[float]]:
    """Of one species: ``particles`` = integral rho, ``centre`` = <x>, ``rms_width`` = sqrt(<x^2> - <x>^2) per axis,
    ``maximum_density``.

    Averages are over the density. The box is periodic: centre and width have their usual meaning while the cloud keeps
    away from its edges. Collective.
    """
    grid = mixture.grid
    sums = [float(np.sum(density, dtype=np.float64))]
    lines = []
    for axis in range(grid.dimensions):
        others = tuple(other for other in range(grid.dimensions) if other != axis)
        line = np.sum(density, axis=others, dtype=np.float64)
        x = grid.coordinates[axis].ravel()
        lines.append((x, line))
        sums.append(float(np.dot(x, line)))
    total, *first = mixture.communicators.sum(sums)
    mean = 1.0 / total if total > 0.0 else np.nan  # a species that is empty has no centre
    centre = np.array(first) * mean
    # second moments about the centre, not <x^2> - <x>^2: a narrow cloud far from the origin would lose its digits
    spread = mixture.communicators.sum(
        [float(np.dot((x - c) ** 2, line)) for (x, line), c in zip(lines, centre, strict=True)]
    )
    largest = mixture.communicators.maximum([float(np.max(density))])
    return {
        "particles": float(total * grid.cell_volume),
        "centre": centre.tolist(),
        "rms_width": np.sqrt(spread * mean).tolist(),
        "maximum_density": float(largest[0]),
    }


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
