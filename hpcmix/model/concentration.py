"""Where a density is: when a state has shrunk to the grid's resolution, a collapse that no grid of this spacing can
follow, and what of it lies at the faces of the box."""

from __future__ import annotations

import math

import numpy as np

from hpcmix.model.mixture import Mixture

KINETIC_FRACTION = 0.05
"""Kinetic energy per particle, in units of that of the grid's shortest wave, from which on a state may be one that the
grid does not resolve."""

FEWEST_POINTS = 8
"""Along the longest axis of a grid on which anything can shrink: fewer are the sites of a lattice, each of which may
hold all of a species."""


def peak_fraction(dimensions: int) -> float:
    """Part of a species at one grid point from which on a state may be one that the grid does not resolve:
    pi^(-d/2), what a Gaussian density of standard deviation h / sqrt(2) holds at its centre (0.56, 0.32, 0.18 in one,
    two, three dimensions).

    The wave function of that Gaussian has exp(-pi^2 / 2) = 0.7 percent of its spectrum's maximum left at the grid's
    largest wave number, and 0.05 (nonrelativistic) to 0.2 (massless) of the kinetic energy T(k_max) of the grid's
    shortest wave; with standard deviation h it would be 5e-5, resolved well enough for most purposes, and the peak
    (2 pi)^(-d/2) = 0.40, 0.16, 0.06. A state on a single point holds all of itself there, and T averaged over all
    modes, T(k_max) / 3 or more.
    """
    return math.pi ** (-0.5 * dimensions)


def concentration(
    mixture: Mixture, species: int, particles: float, at_one_point: float, kinetic_energy: float
) -> str | None:
    """A sentence about a species that has shrunk to the grid's resolution, or None.

    at_one_point  particles at the grid point of the largest density.
    Both must be large: the part of it at one grid point and its kinetic energy (of the whole species, as records give
    it). A fast packet or a turbulent state has the second alone. Markers may meet in a point: they are no waves that a
    grid has to carry.
    """
    model, grid = mixture.species[species], mixture.grid
    if model.markers is not None or not particles > 0.0 or max(grid.points) < FEWEST_POINTS:
        return None
    fraction = at_one_point / particles
    rest = model.kinetic.rest_energy
    share = (kinetic_energy / particles - rest) / (model.kinetic.largest(grid) - rest)
    if not (fraction >= peak_fraction(grid.dimensions) and share >= KINETIC_FRACTION):
        return None
    return (
        f'species "{model.name}" has shrunk to the grid\'s resolution: {100 * fraction:.3g} % of it at one grid point, '
        f"kinetic energy {100 * share:.3g} % of the largest that the grid carries"
    )


def shares_at_faces(mixture: Mixture, density: np.ndarray) -> list[float]:
    """Per axis the largest density on the two planes next to the face, the first x = -L/2 and the last x = L/2 - h,
    relative to the largest everywhere; zeros of a species that is empty. Collective over the group."""
    here = np.zeros(mixture.grid.dimensions + 1)
    for axis, (points, part) in enumerate(zip(mixture.grid.points, mixture.grid.position_block.slices, strict=True)):
        for plane in {0, points - 1}:
            if part.start <= plane < part.stop:
                here[axis] = max(here[axis], float(np.max(np.take(density, plane - part.start, axis=axis))))
    here[-1] = np.max(density)
    *at_faces, everywhere = mixture.communicators.maximum(here)
    return [float(particles / everywhere) if everywhere > 0.0 else 0.0 for particles in at_faces]
