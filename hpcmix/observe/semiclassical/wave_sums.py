"""Sums of plane waves over points that lie anywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.kernels.processor import fourier
from hpcmix.parallel.transforms.transform import thread_count

TOLERANCE = 1e-8
"""Of sums on a lattice, relative to the sum of the strengths' moduli: they say where ascents begin, and what the
supremum is these say by plain sums."""

TOGETHER = 1 << 13
"""Points whose waves are made at a time: their arrays stay in cache."""


def lattice_sums(places: Sequence[np.ndarray], strengths: np.ndarray, spacing: float, reach: int) -> np.ndarray:
    """sum_i s_i exp(-i k.y_i) for all k on the lattice k_a = spacing * (-reach .. reach), up to :data:`TOLERANCE`.

    places  y, an array (points,) for each of one to three axes; strengths: s, complex, (points,). Local.
    """
    modes = np.zeros((2 * reach + 1,) * len(places), np.complex128)
    if len(strengths):
        coordinates = np.stack([spacing * place for place in places], axis=1)
        fourier().lattice_sums(coordinates, strengths, modes, TOLERANCE, thread_count())
    return modes


def wave_sum_with_slope(places: np.ndarray, strengths: np.ndarray, wave: np.ndarray) -> np.ndarray:
    """sum_i s_i exp(-i k.y_i), then its gradient over k, 1 + axes complex numbers, for one k.

    places  y, (points, axes); strengths: s, (points,). Local.
    """
    total = np.zeros(1 + len(wave), np.complex128)
    for first in range(0, len(strengths), TOGETHER):
        some = places[first : first + TOGETHER]
        terms = strengths[first : first + TOGETHER].astype(np.complex128)
        kernels.rotate_phase(terms, some @ wave, 1.0)
        total[0] += np.sum(terms)
        real, imaginary = (some.T @ terms.view(np.float64).reshape(-1, 2)).T
        total[1:] += imaginary - 1j * real
    return total
