"""How far a cloud's spectrum reaches: what of it lies near the largest wave number of the grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture

TAIL_BEGINS = 2.0 / 3.0
"""Of the largest wave number pi / h. In a resolved cloud nothing but rounding and noise is beyond."""


def tail_of_spectrum(mixture: Mixture, spectrum: np.ndarray) -> np.ndarray:
    """Per axis this rank's part of the integral of |phi|^2 that lies in modes with |k_axis| > 2/3 pi / h, from the
    transform of one orbital; of the norm, which is one, it is the share. Local."""
    grid = mixture.grid
    tails = []
    for axis in range(grid.dimensions):
        weights = [np.zeros(n) for n in grid.wave_block.shape]
        weights[axis] = _in_tail(grid, axis).astype(np.float64)
        tails.append(kernels.weighted_norm(spectrum, weights))
    return np.array(tails) * (grid.cell_volume * mixture.transform.inverse_points)


def tail_of_orbitals(mixture: Mixture, orbitals: Iterable[np.ndarray]) -> np.ndarray:
    """The same, added up over orbitals in position space. Collective over the group."""
    total = np.zeros(mixture.grid.dimensions)
    for orbital in orbitals:
        total += tail_of_spectrum(mixture, mixture.transform.forward(orbital, mixture.transform.work))
    return total


def axis_sums(density: np.ndarray) -> list[np.ndarray]:
    """Along each axis of an array its sums over the other axes, in double precision. Local."""
    axes = range(density.ndim)
    return [np.asarray(np.sum(density, axis=tuple(b for b in axes if b != a), dtype=np.float64)) for a in axes]


def tails_of_sums(mixture: Mixture, modes: Sequence[np.ndarray]) -> np.ndarray:
    """The same from the particles in this rank's modes along each axis, particles in place of norms
    (:class:`hpcmix.observe.measures.averages.Averages`). Local."""
    return np.array([np.sum(line[_in_tail(mixture.grid, axis)]) for axis, line in enumerate(modes)])


def _in_tail(grid: Grid, axis: int) -> np.ndarray:
    """Which of this rank's modes along an axis lie beyond TAIL_BEGINS."""
    return np.abs(grid.local_wave_numbers(axis)) > TAIL_BEGINS * np.pi / grid.spacings[axis] * (1.0 + 1e-12)
