"""Densities in phase space whose transform is known in closed form."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import eval_genlaguerre, jv

from hpcmix.observe.semiclassical.characteristic import Characteristic, Sheet


class Ball(Characteristic):
    """The uniform ball x^2 + p^2 <= R^2 of R^2d, R^2 = 2 (d!)^(1/d): f^ = d! (2/(R z))^d J_d(R z), the limit of closed
    shells of the oscillator of frequency and mass one."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self.radius = math.sqrt(2.0) * math.factorial(dimensions) ** (0.5 / dimensions)
        self.widths = np.full(2 * dimensions, self.radius / math.sqrt(2.0 * dimensions + 2.0))

    def value(self, length):
        """f^ at |zeta|."""
        d, argument = self.dimensions, self.radius * np.maximum(np.asarray(length, dtype=float), 1e-8)
        return math.factorial(d) * (2.0 / argument) ** d * jv(d, argument)

    def on_sheet(self, sheet: Sheet) -> np.ndarray:
        return self.value(sheet.lengths).astype(np.complex128)

    def with_slope(self, zeta: np.ndarray) -> tuple[complex, np.ndarray]:
        d, length = self.dimensions, float(np.linalg.norm(zeta))
        argument = self.radius * length
        derivative = -math.factorial(d) * self.radius * (2.0 / argument) ** d * jv(d + 1, argument)
        return complex(self.value(length)), derivative / length * zeta + 0j


def shells(dimensions: int, orbitals: int, length):
    """f^ of closed shells at |zeta|: M = C(K + d - 1, d) orbitals, hbar = M^(-1/d), mass and frequency one."""
    hbar, level = orbitals ** (-1.0 / dimensions), 1
    while math.comb(level + dimensions - 1, dimensions) < orbitals:
        level += 1
    assert math.comb(level + dimensions - 1, dimensions) == orbitals, "no closed shell"
    square = hbar * np.asarray(length, dtype=float) ** 2
    return eval_genlaguerre(level - 1, dimensions, 0.5 * square) * np.exp(-0.25 * square) / orbitals
