"""Kinetic energies: the operator and the exact flow it generates, side by side.

Every one of them is a function T(k) of the wave vector (diagonal in Fourier space) that grows with |k|^2.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels import dispatch as kernels
from hpcmix.kernels.coupled_transforms import Symbol
from hpcmix.parallel.transforms.multipliers import Factors, Turn

if TYPE_CHECKING:
    from hpcmix.parallel.engine import Engine
    from hpcmix.parallel.transforms.transform import Transform

POINTS_TOGETHER = 1 << 14
"""Points of a block that T is tabulated on at a time: 128 KiB."""


class KineticEnergy(ABC):
    """T(k) = f(sum over axes of t(k_axis)), with a growing function f that :meth:`of_terms` is and one-dimensional
    tables t that :meth:`axis_terms` gives: nothing needs a table of the grid's size but what asks for one."""

    diagonal: ClassVar[bool] = True
    """Whether T is a multiplier in k: not so with a vector potential (model/kinetic/magnetic.py)."""
    rotates: ClassVar[bool] = False
    """Whether it is seen from a frame that rotates."""
    may_fail: ClassVar[bool] = False
    hbar: float
    rest_energy: float = 0.0
    """T(0), the smallest kinetic energy."""
    growth: ClassVar[int]
    """q where T grows like |k|^q at large |k|."""

    @abstractmethod
    def axis_terms(self, grid: Grid) -> list[np.ndarray]:
        """t(k) along each axis on this rank's wave-number block."""

    @abstractmethod
    def of_squares(self, squares: float) -> float:
        """T where |k|^2 is `squares`. Code units of energy."""

    @abstractmethod
    def above_rest(self, squares: np.ndarray) -> np.ndarray:
        """T - T(0) at many |k|^2. Code units of energy."""

    @abstractmethod
    def wave_number(self, excitation: np.ndarray) -> np.ndarray:
        """|k| where T - T(0) is `excitation`, which is not negative."""

    @abstractmethod
    def velocity(self, momentum: np.ndarray) -> np.ndarray:
        """dT/dp of classical particles at momenta of shape (n, d)."""

    def of_momenta(self, momentum: np.ndarray) -> np.ndarray:
        """T of classical particles at momenta of shape (n, d), an array (n,). Code units of energy."""
        return self.rest_energy + self.above_rest(np.sum(np.square(momentum / self.hbar), axis=1))

    @property
    @abstractmethod
    def rest_mass(self) -> float | None:
        """m of the velocity p / sqrt(m^2 + p^2); None where the velocity is p / m."""

    @abstractmethod
    def of_terms(self, total: np.ndarray) -> np.ndarray:
        """T where the axes' terms add up to `total`; may be the same array."""

    @abstractmethod
    def flow(self, grid: Grid, duration: float, scale: float, engine: Engine) -> Factors | Turn:
        """scale * exp(-i duration T(k) / hbar) on this rank's block, as :meth:`Transform.multiply_factors` takes it."""

    @abstractmethod
    def symbol(self, grid: Grid, engine: Engine) -> Symbol:
        """T(k) on this rank's block: a table for each axis where T is their sum, else an array in the precision of the
        fields, which is made when first needed and kept."""

    @abstractmethod
    def norm(self, grid: Grid, spectrum: np.ndarray) -> float:
        """sum_k T(k) |spectrum(k)|^2 over this rank's block, in double precision."""

    def from_rest(self) -> KineticEnergy:
        """The same kinetic energy less T(0)."""
        return self

    def planes(self, grid: Grid) -> Iterator[tuple[slice, np.ndarray]]:
        """T(k) on this rank's block some planes along the first axis at a time, as many as fit in a cache, each time
        with their place in the block; a one-dimensional block at once."""
        first, *others = self.axis_terms(grid)
        if not others:
            yield slice(None), self.of_terms(first)
            return
        rest = np.zeros(grid.wave_block.shape[1:])
        for axis, term in enumerate(others):
            rest = rest + term.reshape([-1 if other == axis else 1 for other in range(len(others))])
        together = max(1, POINTS_TOGETHER // max(1, rest.size))
        for start in range(0, len(first), together):
            place = slice(start, min(start + together, len(first)))
            yield place, self.of_terms(first[place].reshape(-1, *(1 for _ in others)) + rest)

    def lowpass(self, field: np.ndarray, alpha: float, grid: Grid, transform: Transform) -> None:
        """field <- [alpha / (alpha + T)] field, in place. Collective over the group."""
        scale = alpha * transform.inverse_points

        def multiplier(spectrum: np.ndarray) -> None:
            for place, symbol in self.planes(grid):
                spectrum[place] *= scale / (alpha + symbol)

        transform.multiply(field, multiplier)

    def mean(self, grid: Grid, spectral: np.ndarray) -> float:
        """sum_k T(k) spectral(k) over this rank's block, for a real density over wave numbers."""
        return float(sum(np.sum(symbol * spectral[place], dtype=np.float64) for place, symbol in self.planes(grid)))

    def smallest_excitation(self, grid: Grid) -> float:
        """T - T(0) of the longest wave of the box: the scale where other energies vanish."""
        return self.of_squares((2.0 * math.pi / max(grid.lengths)) ** 2) - self.rest_energy

    def largest(self, grid: Grid) -> float:
        """T of the shortest wave of the grid, pi / h along every axis."""
        return self.of_squares(sum((math.pi / spacing) ** 2 for spacing in grid.spacings))


@dataclass(frozen=True)
class NonrelativisticKineticEnergy(KineticEnergy):
    """T = -hbar^2 Laplacian / (2 m), in wave numbers T(k) = sum over axes of hbar^2 k^2 / (2 m).

    A sum over axes, so that the flow exp(-i tau T / hbar) is a product of one-dimensional factors and needs no table of
    the grid's size.
    """

    mass: float
    hbar: float

    growth: ClassVar[int] = 2

    def axis_terms(self, grid: Grid) -> list[np.ndarray]:
        """hbar^2 k^2 / (2 m) along each axis; their sum is T(k)."""
        factor = self.hbar**2 / (2.0 * self.mass)
        return [factor * grid.local_wave_numbers(axis) ** 2 for axis in range(grid.dimensions)]

    def of_squares(self, squares: float) -> float:
        return self.hbar**2 * squares / (2.0 * self.mass)

    def above_rest(self, squares: np.ndarray) -> np.ndarray:
        return self.hbar**2 * squares / (2.0 * self.mass)

    def wave_number(self, excitation: np.ndarray) -> np.ndarray:
        return np.sqrt(2.0 * self.mass * excitation) / self.hbar

    def velocity(self, momentum: np.ndarray) -> np.ndarray:
        return momentum / self.mass

    @property
    def rest_mass(self) -> float | None:
        return None

    def of_terms(self, total: np.ndarray) -> np.ndarray:
        return total

    def flow(self, grid: Grid, duration: float, scale: float, engine: Engine) -> Factors:
        """One-dimensional factors, in double precision for single fields too: a phase rounded to single would change
        the norm to one side."""
        factors = [np.exp(-1j * (duration / self.hbar) * term) for term in self.axis_terms(grid)]
        factors[0] = factors[0] * scale
        return factors

    def symbol(self, grid: Grid, engine: Engine) -> Symbol:
        return self.axis_terms(grid)

    def norm(self, grid: Grid, spectrum: np.ndarray) -> float:
        return kernels.weighted_norm(spectrum, self.axis_terms(grid))


class SemirelativisticKineticEnergy(KineticEnergy):
    """T = sqrt(m^2 - hbar^2 Laplacian), in wave numbers T(k) = sqrt(m^2 + hbar^2 k^2) with c = 1; less m if the rest
    mass is subtracted (Anapolitanos, Hott and Hundertmark, equation (8)).

    No sum over axes: the flow needs a table of T, one real number per point, which is made when first needed and kept.
    """

    growth: ClassVar[int] = 1

    def __init__(self, mass: float, hbar: float, subtract_rest_mass: bool) -> None:
        self.mass = mass
        self.hbar = hbar
        self.subtract_rest_mass = subtract_rest_mass
        self.rest_energy = 0.0 if subtract_rest_mass else mass
        self._table: np.ndarray | None = None

    def from_rest(self) -> SemirelativisticKineticEnergy:
        return self if self.subtract_rest_mass else SemirelativisticKineticEnergy(self.mass, self.hbar, True)

    def axis_terms(self, grid: Grid) -> list[np.ndarray]:
        """hbar^2 k^2 along each axis."""
        return [(self.hbar * grid.local_wave_numbers(axis)) ** 2 for axis in range(grid.dimensions)]

    def of_squares(self, squares: float) -> float:
        return float(self.of_terms(np.array(self.hbar**2 * squares)))

    def above_rest(self, squares: np.ndarray) -> np.ndarray:
        """See :meth:`KineticEnergy.above_rest`; without the loss of digits at small momenta."""
        total = self.hbar**2 * squares
        return total / (np.sqrt(self.mass**2 + total) + self.mass)

    def wave_number(self, excitation: np.ndarray) -> np.ndarray:
        """See :meth:`KineticEnergy.wave_number`: (T + m)^2 - m^2 = T (T + 2 m) for T counted from rest."""
        return np.sqrt(excitation * (excitation + 2.0 * self.mass)) / self.hbar

    def velocity(self, momentum: np.ndarray) -> np.ndarray:
        return momentum / np.sqrt(self.mass**2 + np.sum(np.square(momentum), axis=1, keepdims=True))

    @property
    def rest_mass(self) -> float | None:
        return self.mass

    def of_terms(self, total: np.ndarray) -> np.ndarray:
        whole = np.sqrt(self.mass**2 + total)
        # sqrt(m^2 + p^2) - m without the loss of digits at small momenta
        return total / (whole + self.mass) if self.subtract_rest_mass else whole

    def flow(self, grid: Grid, duration: float, scale: float, engine: Engine) -> Turn:
        return Turn(self.symbol(grid, engine), duration / self.hbar, scale)

    def symbol(self, grid: Grid, engine: Engine) -> np.ndarray:
        if self._table is None:
            self._table = engine.empty(grid.wave_block.shape, engine.real_dtype)
            for place, energies in self.planes(grid):
                self._table[place] = energies
        return self._table

    def norm(self, grid: Grid, spectrum: np.ndarray) -> float:
        return float(
            sum(
                np.sum(symbol * (spectrum[place].real ** 2 + spectrum[place].imag ** 2), dtype=np.float64)
                for place, symbol in self.planes(grid)
            )
        )
