"""Functionals of two densities that are homogeneous but for a logarithm.

With G_a = g_a rho_a, a = sqrt(G_1), b = sqrt(G_2), s = b/(a + b),

    e = (a + b)^(2 g) F(s) + Q(G_1, G_2) ln(G_1 + G_2)

Everything is smooth in s, which the densities are not near the edge of a cloud. The derivatives by G_1 and G_2 are
(a + b)^(2 g - 2) V_1(s) and (a + b)^(2 g - 2) V_2(s) beside those of the logarithm, and by Euler
g e = G_1 V_1 + G_2 V_2: the V_a are polynomials on pieces of equal length, one table for energies, potentials and
second derivatives, and for compiled kicks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial import Chebyshev, chebyshev

from hpcmix.kernels.arguments import TABLE_COEFFICIENTS, PointFunction
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.functionals.local import LocalFunctional

PIECES = 128
"""Of the tables: six coefficients over 1/128 of the interval leave less than rounding of functions whose nearest
singularities are a tenth of it away."""
NEGLIGIBLE = 5e-15
"""Of the largest coefficient of a polynomial: its values carry as much rounding."""

CONVERGED = 1e-13
"""Of the largest coefficient: the last ones of a polynomial that holds the function."""
NEAREST, GRADED_NODES = 14, 20
"""Panels that are halved towards both ends, to 2^-14 of the interval, nearer than any node of a table. A singularity
at the end is as far as a panel is wide, and leaves 5.8^-20."""


@dataclass(frozen=True)
class Profile:
    """The tables of V_1 and V_2.

    degree     g.
    tables     shape (2, pieces, coefficients): V_a = sum_n tables[a, j, n] t^n with j + t = s pieces.
    logarithm  symmetric matrix Q; zero where there is none.
    """

    degree: float
    tables: np.ndarray
    logarithm: np.ndarray


def profile_of(
    energy: Callable[[np.ndarray, np.ndarray], np.ndarray], degree: float, logarithm: np.ndarray, nodes: int = 64
) -> Profile:
    """The profile of an energy density by its values e(G_1, G_2) at Chebyshev nodes, of which the degree of its
    polynomial in s is one less."""

    def remainder(places: np.ndarray) -> np.ndarray:
        own = np.array([(1.0 - places) ** 2, places**2])
        return energy(own[0], own[1]) - np.sum(own * (logarithm @ own), axis=0) * np.log(own.sum(axis=0))

    shape = _interpolant(remainder, 0.0, 1.0, nodes)
    if np.max(np.abs(shape.coef[-4:])) > CONVERGED * np.max(np.abs(shape.coef)):
        return Profile(degree, _graded(remainder, degree), np.array(logarithm))
    shape = _smooth(shape)
    slope, s = shape.deriv(), Chebyshev([0.5, 0.5], domain=[0.0, 1.0])
    # de/da = (a + b)^(2 g - 1) (2 g F - s F') = 2 a de/dG_1, and likewise for b
    first = _without_root(2.0 * degree * shape - s * slope, at_end=True) * 0.5
    second = _without_root(2.0 * degree * shape + (1.0 - s) * slope, at_end=False) * 0.5
    places = _places()
    return Profile(degree, np.array([_pieces(first(places)), _pieces(second(places))]), np.array(logarithm))


def _interpolant(function: Callable[[np.ndarray], np.ndarray], low: float, high: float, nodes: int) -> Chebyshev:
    """The polynomial through Chebyshev nodes of an interval."""
    angles = np.pi * (nodes - np.arange(nodes) - 0.5) / nodes
    values = function(low + (high - low) * np.cos(0.5 * angles) ** 2)
    coefficients = 2.0 / nodes * np.cos(np.outer(np.arange(nodes), angles)) @ values
    coefficients[0] *= 0.5
    return Chebyshev(coefficients, domain=[low, high])


def _graded(function: Callable[[np.ndarray], np.ndarray], degree: float) -> np.ndarray:
    """The tables of an energy that has roots of s or 1 - s, by polynomials on panels that become shorter towards the
    ends. Where a coupling G_a passes zero only the other species gives it an energy, like (rho_1 rho_2)^((d + 2)/4)."""
    places = _places()
    first, second = np.empty_like(places), np.empty_like(places)
    ends = 0.5 ** np.arange(NEAREST, 0, -1)
    for low, high in pairwise([*ends, *(1.0 - ends[-2::-1])]):
        shape = _interpolant(function, low, high, GRADED_NODES)
        inside = (places >= low) & (places <= high)
        s = places[inside]
        value, slope = 2.0 * degree * shape(s), shape.deriv()(s)
        first[inside] = 0.5 * (value - s * slope) / (1.0 - s)
        second[inside] = 0.5 * (value + (1.0 - s) * slope) / s
    return np.array([_pieces(first), _pieces(second)])


def _smooth(function: Chebyshev) -> Chebyshev:
    """Without the last coefficients, which are rounding, and which a derivative multiplies by their number squared."""
    size = np.abs(function.coef)
    last = np.flatnonzero(size > NEGLIGIBLE * size.max())[-1]
    return Chebyshev(function.coef[: last + 1], domain=[0.0, 1.0])


def _without_root(function: Chebyshev, at_end: bool) -> Chebyshev:
    """function / (1 - s) or / s, which it vanishes like."""
    divisor = np.array([0.5, -0.5]) if at_end else np.array([0.5, 0.5])
    quotient, _ = chebyshev.chebdiv(function.coef, divisor)
    return Chebyshev(quotient, domain=[0.0, 1.0])


def _within() -> np.ndarray:
    """Chebyshev nodes of a piece."""
    return np.asarray(0.5 * (1.0 - np.cos(np.pi * (np.arange(TABLE_COEFFICIENTS) + 0.5) / TABLE_COEFFICIENTS)))


def _places() -> np.ndarray:
    """s at the nodes of all pieces, a row for each."""
    return np.asarray((np.arange(PIECES)[:, np.newaxis] + _within()) / PIECES)


def _pieces(values: np.ndarray) -> np.ndarray:
    """Coefficients piece by piece of the polynomials through values at :func:`_places`."""
    return np.ascontiguousarray(np.linalg.solve(np.vander(_within(), increasing=True), values.T).T)


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
        rows = point.curvatures()
        cross = rows[1]
        values = [rows[0], cross, rows[2]]
        factors = (self._factors[0] ** 2, self._factors[0] * self._factors[1], self._factors[1] ** 2)
        first, mixed, second = (
            (self._amplitude * factor * value).astype(densities[0].dtype)
            for factor, value in zip(factors, values, strict=True)
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
        self._piece = np.minimum((s * PIECES).astype(np.intp), PIECES - 1)
        self._within = s * PIECES - self._piece
        energy = self.energies[0] + self.energies[1]
        self._energy = energy
        self.logarithm = np.log(energy, out=np.zeros_like(energy), where=energy > 0.0)
        matrix = profile.logarithm
        self._gradient = [row[0] * self.energies[0] + row[1] * self.energies[1] for row in matrix]
        self.form = self.energies[0] * self._gradient[0] + self.energies[1] * self._gradient[1]

    def homogeneous(self) -> list[np.ndarray]:
        """(a + b)^(2 g - 2) V_a."""
        power = self._total ** (2.0 * self._profile.degree - 2.0)
        return [power * self._polynomial(table, 0) for table in self._profile.tables]

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
        first, second = (self._polynomial(table, 0) for table in self._profile.tables)
        first_slope, second_slope = (self._polynomial(table, 1) for table in self._profile.tables)
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

    def _polynomial(self, table: np.ndarray, order: int) -> np.ndarray:
        """V or, of order one, dV/ds."""
        n = np.arange(TABLE_COEFFICIENTS)
        if order == 1:
            table = np.roll(table * n, -1, axis=1) * PIECES
            table[:, -1] = 0.0
        value = table[self._piece, TABLE_COEFFICIENTS - 1]
        for coefficient in range(TABLE_COEFFICIENTS - 2, -1, -1):
            value = value * self._within + table[self._piece, coefficient]
        return np.asarray(value)
