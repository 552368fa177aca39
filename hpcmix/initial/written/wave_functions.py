"""States written down in closed form, before normalisation. Every function returns a complex array on this rank's
block."""

from __future__ import annotations

import math

import numpy as np

from hpcmix.grid import Grid
from hpcmix.problem.units.expressions import Expression


def gaussian(grid: Grid, centre: tuple[float, ...], width: tuple[float, ...]) -> np.ndarray:
    """exp(-sum over axes of (x - centre)^2 / (2 width^2)); the density's standard deviation is width / sqrt(2)."""
    exponent = sum(((x - c) / w) ** 2 for x, c, w in zip(grid.coordinates, centre, width, strict=True))
    return np.exp(-0.5 * exponent).astype(np.complex128)


def oscillator(
    grid: Grid,
    mass: float,
    hbar: float,
    frequency: tuple[float, ...],
    numbers: tuple[int, ...],
    centre: tuple[float, ...],
) -> np.ndarray:
    """Product of the oscillator's eigenfunctions H_n(s) exp(-s^2/2), s = (x - centre) sqrt(m omega / hbar), along the
    axes."""
    field = np.ones(grid.position_shape, np.complex128)
    for x, omega, n, c in zip(grid.coordinates, frequency, numbers, centre, strict=True):
        field *= oscillator_level(n, (x - c) * math.sqrt(mass * omega / hbar))
    return field


def oscillator_level(n: int, s: np.ndarray) -> np.ndarray:
    """h_n(s) = H_n(s) exp(-s^2/2) / sqrt(2^n n!), by

        h_(k+1) = sqrt(2/(k+1)) s h_k - sqrt(k/(k+1)) h_(k-1)

    for the polynomials, whose size is kept apart as a logarithm: exp(-s^2/2) may be no number where h_n is one of the
    order of one.
    """
    before, now = np.zeros_like(s), np.ones_like(s)
    logarithm = -0.5 * s * s
    for k in range(n):
        before, now = now, math.sqrt(2.0 / (k + 1)) * s * now - math.sqrt(k / (k + 1)) * before
        large = np.maximum(np.abs(now), np.abs(before))
        large = np.where(large > 1e100, large, 1.0)
        before, now, logarithm = before / large, now / large, logarithm + np.log(large)
    return now * np.exp(logarithm)


def plane_wave(grid: Grid, numbers: tuple[int, ...]) -> np.ndarray:
    """exp(2 pi i sum over axes of n x / L): a wave of the periodic box."""
    phase = sum(n * x / length for n, x, length in zip(numbers, grid.coordinates, grid.lengths, strict=True))
    return np.exp(2j * np.pi * phase) * np.ones(grid.position_shape)


def expression(grid: Grid, amplitude: Expression, phase: Expression) -> np.ndarray:
    """amplitude(x, y, z) exp(i phase(x, y, z))."""
    with np.errstate(all="ignore"):  # who asked for it checks that it is finite, and says where it is not
        values = amplitude.evaluate(**grid.named_coordinates) * np.exp(1j * phase.evaluate(**grid.named_coordinates))
        return values * np.ones(grid.position_shape)


def boost(grid: Grid, momentum: tuple[float, ...], hbar: float) -> np.ndarray:
    """exp(i p.x / hbar): a factor that gives every particle the momentum p."""
    phase = sum(p * x for p, x in zip(momentum, grid.coordinates, strict=True))
    return np.exp(1j * phase / hbar)
