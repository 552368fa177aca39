"""A classical gas at a point: how many particles there are, and how they move, where the potential leaves them a level.

With the level nu = mu - U - W (both counted from the rest energy) the distribution at a point is f(p) = n(T(p) - nu) /
(2 pi hbar)^d and the density rho(nu) = integral f dp, which grows with nu.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from hpcmix.initial.markers.points.balls import ball_volume, isotropic, radial_part, unit_ball
from hpcmix.initial.markers.points.radial import Radial
from hpcmix.model.kinetic.free import KineticEnergy

DEEP, HIGH = 30.0, 42.0
"""In temperatures: so far below the level all states are filled, so far above it none, to rounding."""
LARGEST_EXPONENT = 600.0
"""Beyond it densities are as good as infinite to who looks for a level, and their sums are still numbers."""


@dataclass(frozen=True)
class LocalGas(ABC):
    """What a kind of gas answers.

    kinetic     T, which knows hbar.
    dimensions  d.
    """

    kinetic: KineticEnergy
    dimensions: int

    @property
    def cell(self) -> float:
        """(2 pi hbar)^d."""
        return (2.0 * math.pi * self.kinetic.hbar) ** self.dimensions

    def momentum_of(self, excitation: np.ndarray) -> np.ndarray:
        """|p| where T - T(0) is `excitation`, which is not negative."""
        return self.kinetic.hbar * self.kinetic.wave_number(excitation)

    must_be_held: ClassVar[bool]
    """Whether it has no state but in a potential that holds it."""

    @abstractmethod
    def spread(self, mean_level: float) -> float:
        """What errors of potentials are small beside, for a mean of the level over the particles: an energy."""

    @abstractmethod
    def density(self, level: np.ndarray) -> np.ndarray:
        """rho at some levels, of any shape."""

    @abstractmethod
    def momenta(self, level: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Momenta (number, d) at some levels (number,), made of points in the cube (0, 1)^d. Where there are no
        particles they are zero."""


@dataclass(frozen=True)
class DegenerateGas(LocalGas):
    """At temperature zero: n = 1 where T(p) <= nu, rho = v_d (p_F / 2 pi hbar)^d, T(p_F) = nu."""

    must_be_held: ClassVar[bool] = True

    def spread(self, mean_level: float) -> float:
        return mean_level

    def density(self, level: np.ndarray) -> np.ndarray:
        filled = self.momentum_of(np.maximum(level, 0.0))
        return ball_volume(self.dimensions) / self.cell * filled**self.dimensions

    def momenta(self, level: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        return self.momentum_of(np.maximum(level, 0.0))[:, np.newaxis] * unit_ball(uniform)


@dataclass(frozen=True)
class ThermalGas(LocalGas):
    """A gas with a temperature; energies in its units are eta = nu / temperature and T / temperature."""

    temperature: float

    @abstractmethod
    def occupation(self, excitation: np.ndarray) -> np.ndarray:
        """n at (T(p) - nu) / temperature."""

    must_be_held: ClassVar[bool] = False

    def spread(self, mean_level: float) -> float:
        return self.temperature

    def momenta(self, level: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        length = self._radial(level / self.temperature).inverse(radial_part(uniform))
        return isotropic(uniform, length)

    def _radial(self, eta: np.ndarray) -> Radial:
        """Of |p| at some levels."""
        lowest = self.temperature * np.maximum(eta - DEEP, 0.0)
        highest = self.temperature * (np.maximum(eta, 0.0) + HIGH)
        power = self.dimensions - 1

        def shells(momentum: np.ndarray) -> np.ndarray:
            energy = self.kinetic.above_rest((momentum / self.kinetic.hbar) ** 2) / self.temperature
            extra = energy.ndim - eta.ndim
            return momentum**power * self.occupation(energy - eta.reshape(eta.shape + (1,) * extra))

        return Radial(shells, self.momentum_of(lowest), self.momentum_of(highest))

    def _density_at(self, eta: np.ndarray) -> np.ndarray:
        """The integral over momenta at levels of shape (number,)."""
        surface = self.dimensions * ball_volume(self.dimensions)
        return surface / self.cell * self._radial(eta).total


@dataclass(frozen=True)
class BoltzmannGas(ThermalGas):
    """n = exp(-(T - nu) / temperature): momenta are the same everywhere."""

    def occupation(self, excitation: np.ndarray) -> np.ndarray:
        return np.exp(-excitation)

    @cached_property
    def _at_zero(self) -> float:
        return float(self._density_at(np.zeros(1))[0])

    def density(self, level: np.ndarray) -> np.ndarray:
        return self._at_zero * np.exp(np.minimum(level / self.temperature, LARGEST_EXPONENT))

    def momenta(self, level: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        return isotropic(uniform, self._radial(np.zeros(1)).inverse(radial_part(uniform)))


@dataclass(frozen=True)
class FermiDiracGas(ThermalGas):
    """n = 1 / (exp((T - nu) / temperature) + 1)."""

    _splines: dict[int, object] = field(default_factory=dict, compare=False, repr=False)

    KNOTS_IN_A_TEMPERATURE = 16
    """Of the logarithm of the density, which is interpolated by cubic splines: to 1e-8 relative."""
    DILUTE = -40.0
    """Levels in temperatures below which the gas is Boltzmann's, to rounding."""

    def occupation(self, excitation: np.ndarray) -> np.ndarray:
        from scipy.special import expit  # only who uses it waits for scipy

        return expit(-excitation)

    def density(self, level: np.ndarray) -> np.ndarray:
        eta = np.asarray(level, np.float64) / self.temperature
        highest = max(float(np.max(eta, initial=0.0)), 1.0)
        logarithm = self._logarithm(1 << math.ceil(math.log2(highest)))
        inside = np.maximum(eta, self.DILUTE)
        return np.exp(logarithm(inside) + (eta - inside))

    def _logarithm(self, highest: int):  # type: ignore[no-untyped-def] # a spline of scipy, which is imported late
        """ln rho between DILUTE and `highest`."""
        from scipy.interpolate import CubicSpline

        if highest not in self._splines:
            count = int(self.KNOTS_IN_A_TEMPERATURE * min(highest - self.DILUTE, 4096)) + 1
            knots = np.linspace(self.DILUTE, highest, count)
            self._splines[highest] = CubicSpline(knots, np.log(self._density_at(knots)))
        return self._splines[highest]
