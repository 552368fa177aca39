"""Kinetic energies: the operator and the exact flow it generates, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hpcmix.grid import Grid


@dataclass(frozen=True)
class NonrelativisticKineticEnergy:
    """T = -hbar^2 Laplacian / (2 m), in wave numbers T(k) = sum over axes of hbar^2 k^2 / (2 m).

    A sum over axes, so that the flow exp(-i tau T / hbar) is a product of one-dimensional factors and needs no table of
    the grid's size.
    """

    mass: float
    hbar: float
    diagonal: ClassVar[bool] = True
    """Whether T is a multiplier in k."""
    may_fail: ClassVar[bool] = False

    def axis_symbols(self, grid: Grid) -> list[np.ndarray]:
        """hbar^2 k^2 / (2 m) along each axis on this rank's wave-number block; their sum is T(k). Code units of
        energy."""
        factor = self.hbar**2 / (2.0 * self.mass)
        return [factor * grid.local_wave_numbers(axis) ** 2 for axis in range(grid.dimensions)]

    def flow_factors(self, grid: Grid, duration: float, scale: float) -> list[np.ndarray]:
        """One-dimensional factors whose product is scale * exp(-i duration T(k) / hbar)."""
        factors = [np.exp(-1j * (duration / self.hbar) * symbol) for symbol in self.axis_symbols(grid)]
        factors[0] = factors[0] * scale
        return factors
