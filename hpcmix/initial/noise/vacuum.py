"""Samples of the Wigner function of modes, added to a condensate."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.random_numbers import fill_complex_normals
from hpcmix.model.mixture import Mixture
from hpcmix.problem.sections.species.noise import WignerNoise

FIRST_STREAM = 1 << 59
"""Of the random numbers: apart from those of relative noise, guesses and searches."""


def add_vacuum(mixture: Mixture, orbital: np.ndarray, noise: WignerNoise, index: int) -> None:
    """Add sum_k alpha_k exp(i k x) / sqrt(nu V) to the orbital of a species, in place, so that psi = sqrt(nu) phi is a
    sample: alpha_k complex normal with the mean square

        coth(hbar^2 k^2 / 4 m T) / 2,    1/2 for T = 0 and for k = 0, the condensate's own mode.

    Collective over the group.
    """
    vacuum, grid, transform = mixture.species[index].vacuum, mixture.grid, mixture.transform
    if vacuum is None:
        raise TypeError(f"{mixture.species[index].name} has no noise of this kind")
    energies = vacuum.energies(grid)
    squares = vacuum.half_quanta(grid)
    if noise.temperature > 0.0:
        excited = energies > 0.0
        squares[excited] /= np.tanh(energies[excited] / (2.0 * noise.temperature))
    reach = tuple(int(math.sqrt(noise.cutoff / vacuum.to_energy) * length / (2.0 * math.pi)) for length in grid.lengths)
    spectrum = amplitudes(grid, reach, noise.seed, FIRST_STREAM + index) * np.sqrt(squares)
    spectrum *= math.prod(grid.points) / math.sqrt(mixture.species[index].weight * grid.volume)
    field = np.empty(grid.position_shape, transform.wave_dtype)
    orbital += transform.backward(_shifted(grid, spectrum).astype(transform.wave_dtype), field)


def _shifted(grid: Grid, spectrum: np.ndarray) -> np.ndarray:
    """The first point of the grid lies at -L/2, that of a transform at zero: exp(-i k L/2) = (-1)^m along each axis."""
    for axis, wave_numbers in enumerate(grid.broadcast_wave_numbers(grid.wave_block)):
        spectrum *= np.cos(0.5 * grid.lengths[axis] * wave_numbers)
    return spectrum


def amplitudes(grid: Grid, reach: tuple[int, ...], seed: int, stream: int) -> np.ndarray:
    """Complex normal numbers of mean square one on this rank's block of modes -reach .. reach along each axis, zero on
    others. They depend on seed, stream, the mode and the reach: not on the rank, and not on the number of points."""
    block = np.zeros(grid.wave_block.shape, np.complex128)
    extents = tuple(2 * most + 1 for most in reach)
    for runs in product(*(_runs(grid, axis, most) for axis, most in enumerate(reach))):
        shape = tuple(places.stop - places.start for places, _ in runs)
        drawn = np.empty(shape, np.complex128)
        start = tuple(first for _, first in runs)
        fill_complex_normals(drawn, seed, stream, extents, start)
        block[tuple(places for places, _ in runs)] = drawn
    return block


def _runs(grid: Grid, axis: int, reach: int) -> list[tuple[slice, int]]:
    """Where the modes 0 .. reach and -reach .. -1 of an axis lie in this rank's block, each with the place of the first
    among -reach .. reach."""
    part, points = grid.wave_block.slices[axis], grid.points[axis]
    found = []
    for first, last, shift in ((0, reach, reach), (points - reach, points - 1, reach - points)):
        begin, end = max(first, part.start), min(last + 1, part.stop)
        if begin < end:
            found.append((slice(begin - part.start, end - part.start), begin + shift))
    return found
