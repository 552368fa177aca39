"""Moments of densities: particle number, centre, widths, largest density."""

from __future__ import annotations

import math
from typing import NotRequired, TypedDict

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.markers.averages import MarkerAverages, marker_averages
from hpcmix.observe.measures.spectrum import axis_sums
from hpcmix.observe.measures.unwrapping import axis_lines, in_box, unwrapped

ROUNDED_AMPLITUDE = 1e4
"""Amplitude of a coupled component, in roundings of the whole, that long evolutions leave where there should be
none."""


class OfMarkers(TypedDict):
    """What is known of a species without its density on the grid."""

    particles: float
    centre: list[float]
    rms_width: list[float]


class Moments(OfMarkers):
    """Of one species, as records have them; what the grid itself sees is there where the grid grows."""

    maximum_density: float
    frame_centre: NotRequired[list[float]]
    frame_rms_width: NotRequired[list[float]]


def moments(look: Look) -> list[Moments]:
    """Of every species :func:`density_moments` in the laboratory, of a classical one number, centre and width of its
    markers. Collective over the world; see :meth:`Look.once`."""
    grid, of_markers = look.mixture.grid, look.once(marker_averages)
    on_grid = [density_moments(look.mixture, density) for density in look.particle_densities]
    for a, averages in of_markers.items():
        on_grid[a] |= _of_markers(averages, grid)
    return [in_laboratory(own, grid, look.clock) for own in on_grid] if grid.frame.expanding else on_grid


def per_particle(look: Look, species: int, amount: float) -> float:
    """`amount` by the particles of a species; NaN where it is empty: zero, and of coupled ones what rounding leaves of
    all that they share, whose energy per particle would be a quotient of roundings."""
    mixture, particles, empty = look.mixture, look.once(moments)[species]["particles"], 0.0
    for group in mixture.rabi.groups:
        if species in group:
            empty = mixture.weights[group[0]] * (ROUNDED_AMPLITUDE * float(np.finfo(mixture.real_dtype).eps)) ** 2
    return amount / particles if particles > empty else math.nan


def density_moments(mixture: Mixture, density: np.ndarray) -> Moments:
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
    squares = np.array(spread) * mean
    # a sample of the Wigner function may have a negative density far out, and then no width
    widths = np.sqrt(np.where(squares >= 0.0, squares, np.nan))
    return {
        "particles": float(total * grid.cell_volume),
        "centre": [in_box(x, length) for x, length in zip(centre, grid.lengths, strict=True)],
        "rms_width": widths.tolist(),
        "maximum_density": float(largest[0]),
    }


def principal_widths(mixture: Mixture, density: np.ndarray, axes: list[np.ndarray]) -> tuple[list[float], list[float]]:
    """Roots of the covariance matrix's eigenvalues and the means, of a density over this rank's points whose places
    along the axes are given. Collective over the group."""
    dimensions = len(axes)
    lines = axis_sums(density)
    total, *firsts = mixture.communicators.sum(
        [np.sum(lines[0]), *(np.dot(x, line) for x, line in zip(axes, lines, strict=True))]
    )
    means = np.array(firsts) / total
    local = np.zeros((dimensions, dimensions))
    for a in range(dimensions):
        local[a, a] = np.dot((axes[a] - means[a]) ** 2, lines[a])
        for b in range(a + 1, dimensions):
            others = tuple(c for c in range(dimensions) if c not in (a, b))
            plane = np.sum(density, axis=others, dtype=np.float64)
            local[a, b] = local[b, a] = (axes[a] - means[a]) @ plane @ (axes[b] - means[b])
    covariance = mixture.communicators.sum(local) / total
    return np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0)).tolist(), means.tolist()


def _of_markers(averages: MarkerAverages, grid: Grid) -> OfMarkers:
    whole = averages.whole
    return {
        "particles": whole.particles,
        "centre": [in_box(float(x), length) for x, length in zip(whole.centre, grid.lengths, strict=True)],
        "rms_width": whole.rms_width.tolist(),
    }


def in_laboratory(moments: Moments, grid: Grid, clock: float) -> Moments:
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
