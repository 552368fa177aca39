"""Terms of functionals of two densities that are homogeneous but for a logarithm (profiles.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.kernels.arguments import PointFunction
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.functionals.local import LocalFunctional
from hpcmix.model.terms.functionals.profiles import Profile


class TwoDensities(LocalFunctional):
    """An energy density of two species with a :class:`Profile`.

    species    the two, by index.
    factors    g_a in G_a = g_a rho_a.
    amplitude  what the profile's energy is multiplied by.
    """

    def __init__(self, species: Sequence[int], factors: Sequence[float], amplitude: float, profile: Profile) -> None:
        homogeneous = not profile.logarithm.any()
        super().__init__(species, degree=profile.degree if homogeneous else None)
        self._factors = tuple(map(float, factors))
        self._amplitude = amplitude
        self._profile = profile

    def energy_density(self, densities: Sequence[np.ndarray]) -> np.ndarray:
        point = _Point(self._profile, self._factors, densities)
        own, potentials = point.energies, point.homogeneous()
        total = (own[0] * potentials[0] + own[1] * potentials[1]) / self._profile.degree
        return (self._amplitude * (total + point.form * point.logarithm)).astype(densities[0].dtype)

    def derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        point = _Point(self._profile, self._factors, densities)
        slopes = point.slopes()
        return [
            (self._amplitude * factor * slope).astype(densities[0].dtype)
            for factor, slope in zip(self._factors, slopes, strict=True)
        ]

    def second_derivatives(self, densities: Sequence[np.ndarray]) -> Sequence[Sequence[np.ndarray]]:
        point = _Point(self._profile, self._factors, densities)
        factors = (self._factors[0] ** 2, self._factors[0] * self._factors[1], self._factors[1] ** 2)
        first, mixed, second = (
            (self._amplitude * factor * value).astype(densities[0].dtype)
            for factor, value in zip(factors, point.curvatures(), strict=True)
        )
        return [[first, mixed], [mixed, second]]

    def point_functions(
        self, species: int, dimensions: int, instant: Instant = BEFORE_START
    ) -> Sequence[PointFunction] | None:
        """See :class:`~hpcmix.model.terms.term.Term`: where there is no logarithm."""
        profile = self._profile
        if profile.logarithm.any():
            return None
        measures, weights = np.zeros((2, species)), np.zeros((species, 2))
        factor = self._amplitude * instant.contraction ** (dimensions * (profile.degree - 1.0) - 2.0)
        for row, (a, own) in enumerate(zip(self._species, self._factors, strict=True)):
            measures[row, a], weights[a, row] = own, factor * own
        return [PointFunction(measures, round(2.0 * profile.degree) - 2, weights, profile.tables)]


NEAR_ZERO = 1e-6
"""Of the smaller amplitude over the sum: below it a second derivative is that at it, where rounding still leaves ten
digits."""


class _Point:
    """Points of two densities, in double precision: a, b, s and what is made of them."""

    def __init__(self, profile: Profile, factors: Sequence[float], densities: Sequence[np.ndarray]) -> None:
        self._profile = profile
        self.energies = [
            factor * density.astype(np.float64) for factor, density in zip(factors, densities, strict=True)
        ]
        a, b = (np.sqrt(energy) for energy in self.energies)
        self._total = a + b
        self._empty = self._total == 0.0
        self._amplitudes = a, b
        s = np.divide(b, self._total, out=np.zeros_like(b), where=~self._empty)
        self._s = s
        energy = self.energies[0] + self.energies[1]
        self._energy = energy
        self.logarithm = np.log(energy, out=np.zeros_like(energy), where=energy > 0.0)
        matrix = profile.logarithm
        self._gradient = [row[0] * self.energies[0] + row[1] * self.energies[1] for row in matrix]
        self.form = self.energies[0] * self._gradient[0] + self.energies[1] * self._gradient[1]

    def homogeneous(self) -> list[np.ndarray]:
        """(a + b)^(2 g - 2) V_a."""
        power = self._total ** (2.0 * self._profile.degree - 2.0)
        return [power * value for value in self._profile.values(self._s)]

    def slopes(self) -> list[np.ndarray]:
        """de/dG_a, that of the logarithm among them: with d(Q ln R) = 2 (Q G)_a ln R + Q/R."""
        values = self.homogeneous()
        if not self._profile.logarithm.any():
            return values
        ratio = np.divide(self.form, self._energy, out=np.zeros_like(self.form), where=~self._empty)
        return [value + 2.0 * own * self.logarithm + ratio for value, own in zip(values, self._gradient, strict=True)]

    def curvatures(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """d2e/dG_1 dG_1, d2e/dG_1 dG_2, d2e/dG_2 dG_2, finite everywhere."""
        power, total = 2.0 * self._profile.degree - 2.0, self._total
        floor = np.maximum(NEAR_ZERO * total, np.finfo(float).tiny)
        a, b = (np.maximum(amplitude, floor) for amplitude in self._amplitudes)
        common = np.where(self._empty, 0.0, np.where(self._empty, 1.0, total) ** (power - 1.0))
        first, second = self._profile.values(self._s)
        first_slope, second_slope = self._profile.values(self._s, order=1)
        by_a, by_b = -self._s, 1.0 - self._s  # (a + b) ds/da, (a + b) ds/db
        own = common * (power * first + by_a * first_slope) / (2.0 * a)
        other = common * (power * second + by_b * second_slope) / (2.0 * b)
        mixed = np.where(
            b > a,
            common * (power * first + by_b * first_slope) / (2.0 * b),
            common * (power * second + by_a * second_slope) / (2.0 * a),
        )
        if not self._profile.logarithm.any():
            return own, mixed, other
        ratio = np.divide(1.0, self._energy, out=np.zeros_like(self._energy), where=~self._empty)
        q, gradient = self._profile.logarithm, self._gradient
        curve = [
            2.0 * q[i, j] * self.logarithm + 2.0 * (gradient[i] + gradient[j]) * ratio - self.form * ratio**2
            for i, j in ((0, 0), (0, 1), (1, 1))
        ]
        return own + curve[0], mixed + curve[1], other + curve[2]
