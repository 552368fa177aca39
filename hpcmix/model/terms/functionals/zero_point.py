"""The zero-point energy of the Bogoliubov modes of a uniform mixture of two condensates, of any masses: its
derivatives, of which potentials and by Euler the energy are made.

With eps_a = hbar^2 k^2 / 2 m_a, G_a = g_aa n_a and H = g_12^2 n_1 n_2 the two branches of the spectrum are

    E_+-^2 = (E_1^2 + E_2^2)/2 +- sqrt((E_1^2 - E_2^2)^2/4 + 4 H eps_1 eps_2),     E_a^2 = eps_a^2 + 2 G_a eps_a

and the energy density is that of their zero points, less what the couplings hold of it already,

    e = 1/2 integral d^dk/(2 pi)^d { E_+ + E_- - sum_a (eps_a + G_a) + sum_a G_a^2/(2 eps_a) + 2 H/(eps_1 + eps_2) }

in three dimensions; without the last two terms in one, and with them for |k| > kappa alone in two, which is the same as
k^2 -> k^2 + kappa^2 in their denominators. Where a branch is imaginary its real part counts, which is zero at such a k.

Of a single condensate the integral is known: 8/(15 pi^2) m^(3/2) G^(5/2)/hbar^3 (Lee, Huang and Yang, Phys. Rev. 106
(1957) 1135), m G^2 [ln(m G/(hbar kappa)^2) + 1/2]/(8 pi hbar^2), -2/(3 pi) m^(1/2) G^(3/2)/hbar. Of two with equal
masses it is that of G = Lambda_+-, the eigenvalues of sqrt(n_a n_b) g_ab, for both branches (Larsen, Ann. Phys. 24
(1963) 89). Of other masses the difference to two single ones is integrated here, in the logarithm of k, where the
trapezoidal rule converges exponentially. With s = E_+ + E_-, B = (E_+ E_-)^2, q = E_1 E_2 - sqrt(B) and
delta = s - E_1 - E_2 = -2 q/(s + E_1 + E_2),

    d(s - E_1 - E_2)/dG_1 = eps_1 (E_2 q - sqrt(B) delta)/(sqrt(B) s E_1)         ds/dH = -2 eps_1 eps_2/(sqrt(B) s)

and likewise for G_2: sums of positive numbers, without cancellation. Where a branch begins at a wave number they grow
like the inverse root of the distance from it, which the nodes therefore know.

Units of this module: hbar = 1, m_1 = 1, kappa = 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Values = float | np.ndarray

STEP = 0.3
"""Of ln k: the nearest singularities are at i pi/2, and the error exp(-pi^2/STEP) is below rounding."""
FARTHEST = 38.0
"""|ln k| at which the integrand, which falls like exp(-|ln k|), is below rounding; twice as far beside an inverse root.
"""
PANEL_STEP, PANEL_END = 0.125, 4.0
"""Of the rule of Takahasi and Mori on a finite panel: an inverse root leaves exp(-pi sinh(4)/2) at an end."""

Slopes = tuple[np.ndarray, np.ndarray, np.ndarray]
"""de/dG_1, de/dG_2, de/dH."""


def single(energy: np.ndarray | float, mass: float, dimensions: int) -> np.ndarray:
    """e of one condensate with G = `energy`, the real part where G is negative."""
    if dimensions == 2:
        size = np.abs(energy)
        logarithm = np.log(mass * np.where(size > 0.0, size, 1.0))
        return np.asarray(mass * size**2 * (logarithm + 0.5) / (8.0 * math.pi))
    positive = np.maximum(energy, 0.0)
    if dimensions == 3:
        return np.asarray(8.0 / (15.0 * math.pi**2) * mass**1.5 * positive**2.5)
    return np.asarray(-2.0 / (3.0 * math.pi) * mass**0.5 * positive**1.5)


def slope_of_single(energy: np.ndarray, mass: float, dimensions: int) -> np.ndarray:
    """de/dG of one condensate with G = `energy`, the real part where G is negative."""
    if dimensions == 2:
        size = np.abs(energy)
        logarithm = np.log(mass * np.where(size > 0.0, size, 1.0))
        return np.asarray(mass * energy * (logarithm + 1.0) / (4.0 * math.pi))
    positive = np.maximum(energy, 0.0)
    if dimensions == 3:
        return np.asarray(4.0 / (3.0 * math.pi**2) * (mass * positive) ** 1.5)
    return np.asarray(-np.sqrt(mass * positive) / math.pi)


def slopes_of_two(own: tuple[Values, Values], cross: Values, ratio: float, dimensions: int) -> Slopes:
    """The derivatives of e of two condensates, for numbers or arrays that broadcast together.

    own    G_1, G_2.
    cross  H.
    ratio  m_2/m_1.
    """
    first, second, mixing = (np.asarray(values, dtype=float) for values in np.broadcast_arrays(*own, cross))
    if ratio == 1.0:
        return _of_equal_masses(first, second, mixing, dimensions)
    slopes = [slope_of_single(first, 1.0, dimensions), slope_of_single(second, ratio, dimensions)]
    result = np.array([*(slope.ravel() for slope in slopes), np.zeros(first.size)])
    seen = np.flatnonzero(mixing.ravel() > 0.0)
    rows = [np.ascontiguousarray(values.ravel()[seen])[:, np.newaxis] for values in (first, second, mixing)]
    result[:, seen] += _Pair(rows[0], rows[1], rows[2], ratio, dimensions).integrals()
    by_first, by_second, by_mixing = result.reshape(3, *first.shape)
    return by_first, by_second, by_mixing


def _of_equal_masses(first: np.ndarray, second: np.ndarray, mixing: np.ndarray, dimensions: int) -> Slopes:
    """Those of e(Lambda_+) + e(Lambda_-)."""
    mean, half = 0.5 * (first + second), 0.5 * (first - second)
    root = np.hypot(half, np.sqrt(mixing))
    larger = mean + root
    smaller = np.divide(first * second - mixing, larger, out=np.asarray(mean - root), where=mean > 0.0)
    upper, lower = (slope_of_single(value, 1.0, dimensions) for value in (larger, smaller))
    inverse = np.divide(0.5, root, out=np.zeros_like(root), where=root > 0.0)
    share = half * inverse
    return (
        upper * (0.5 + share) + lower * (0.5 - share),
        upper * (0.5 - share) + lower * (0.5 + share),
        (upper - lower) * inverse,
    )


@dataclass(frozen=True)
class _Nodes:
    """Nodes k of an integral with their weights, between ends of which they know their distances."""

    k: np.ndarray
    weights: np.ndarray
    low: np.ndarray
    above_low: np.ndarray
    high: np.ndarray
    below_high: np.ndarray

    def square_above(self, square: np.ndarray) -> np.ndarray:
        """k^2 - square, to the last digits beside an end that is the root of `square`."""
        place = np.sqrt(np.maximum(square, 0.0))
        from_low = (place == self.low) & (square >= 0.0)
        from_high = (place == self.high) & (square > 0.0)
        plain = self.k**2 - square
        beside = np.where(from_low, self.above_low * (self.k + self.low), plain)
        return np.where(from_high, -self.below_high * (self.k + np.where(from_high, self.high, 0.0)), beside)


def _above(start: np.ndarray) -> _Nodes:
    """From `start` to infinity: k = start + exp(t)."""
    nearest = FARTHEST if not start.any() else 2.0 * FARTHEST
    beyond = np.exp(np.arange(-nearest, FARTHEST, STEP))
    infinite = np.full_like(start, math.inf)
    return _Nodes(start + beyond, STEP * beyond, start, beyond, infinite, infinite)


def _between(low: np.ndarray, high: np.ndarray) -> _Nodes:
    """k = low + (high - low)/(1 + exp(-pi sinh(t)))."""
    t = np.arange(-PANEL_END, PANEL_END + 0.5 * PANEL_STEP, PANEL_STEP)
    inner, wide = math.pi * np.sinh(t), high - low
    weights = PANEL_STEP * math.pi * np.cosh(t) / (4.0 * np.cosh(0.5 * inner) ** 2)
    above, below = wide / (1.0 + np.exp(-inner)), wide / (1.0 + np.exp(inner))
    return _Nodes(low + above, wide * weights, low, above, high, below)


@dataclass(frozen=True)
class _Pair:
    """Two condensates that see each other, columns of G_1, G_2 and H: the slopes of what that adds to their energies,
    1/2 integral of Re(E_+ + E_-) - Re(E_1 + E_2) + 2 H/(eps_1 + eps_2)."""

    first: np.ndarray
    second: np.ndarray
    cross: np.ndarray
    ratio: float
    dimensions: int

    def integrals(self) -> np.ndarray:
        """Three rows: by G_1, G_2 and H."""
        zeros = [*_zeros_of_product(self.first, self.second, self.cross, self.ratio), *self._own_zeros()]
        ends = np.sort(np.sqrt(np.maximum(np.hstack([np.zeros_like(self.first), *zeros]), 0.0)), axis=1)
        total = self._integral(_above(ends[:, -1:]))
        for low, high in pairwise(ends.T):
            wide = np.flatnonzero(high > low)
            if wide.size:
                part = _Pair(self.first[wide], self.second[wide], self.cross[wide], self.ratio, self.dimensions)
                total[:, wide] += part._integral(_between(low[wide, np.newaxis], high[wide, np.newaxis]))
        return total

    def _own_zeros(self) -> tuple[np.ndarray, np.ndarray]:
        """The k^2 where E_1 and E_2 are zero."""
        return -4.0 * self.first, -4.0 * self.ratio * self.second

    def _integral(self, nodes: _Nodes) -> np.ndarray:
        k = nodes.k
        measure = (1.0 / math.pi, k / (2.0 * math.pi), k**2 / (2.0 * math.pi**2))[self.dimensions - 1]
        return np.array([0.5 * np.sum(nodes.weights * measure * value, axis=1) for value in self._integrands(nodes)])

    def _integrands(self, nodes: _Nodes) -> Sequence[np.ndarray]:
        k, ratio = nodes.k, self.ratio
        free = 0.5 * k**2, 0.5 * k**2 / ratio
        squares = tuple(
            0.5 * eps * nodes.square_above(zero) / mass
            for eps, zero, mass in zip(free, self._own_zeros(), (1.0, ratio), strict=True)
        )
        low, high = _zeros_of_product(self.first, self.second, self.cross, ratio)
        product = free[0] * free[1] * nodes.square_above(low) * nodes.square_above(high) / (4.0 * ratio)
        real = (product > 0.0) & (squares[0] > 0.0) & (squares[1] > 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):  # of what is not real
            values = self._without_cancellation(k, free, squares, np.sqrt(np.maximum(product, 0.0)))
        if real.all():
            return values
        directly = self._directly(k, free, squares, product)
        return [np.where(real, value, other) for value, other in zip(values, directly, strict=True)]

    def _without_cancellation(
        self, k: np.ndarray, free: Sequence[np.ndarray], squares: Sequence[np.ndarray], product: np.ndarray
    ) -> list[np.ndarray]:
        """The integrands where all energies are real, by eps_a, E_a^2 and sqrt(B)."""
        (one, two), (e1, e2) = free, (np.sqrt(np.maximum(square, 0.0)) for square in squares)
        both = one * two
        q = 4.0 * self.cross * both / (product + e1 * e2)
        sums = np.sqrt(squares[0] + squares[1] + 2.0 * product)
        delta = -2.0 * q / (sums + e1 + e2)
        common = 1.0 / (product * sums)
        by_first = one * common * (e2 * q - product * delta) / e1
        by_second = two * common * (e1 * q - product * delta) / e2
        plain = -2.0 * both * common
        if self.dimensions == 1:
            return [by_first, by_second, plain]
        # ds/dH + 2/(eps_1 + eps_2), with E_a = eps_a + d_a and E_1 E_2 = eps_1 eps_2 + p
        d1, d2 = 2.0 * self.first * one / (e1 + one), 2.0 * self.second * two / (e2 + two)
        whole, p = 2.0 / (one + two), one * d2 + two * d1 + d1 * d2
        closed = whole * common * ((p - q) * sums + both * (d1 + d2 + delta))
        if self.dimensions == 2:
            closed = np.where(k < 1.0, plain + whole / (1.0 + k**-2.0), closed - whole / (1.0 + k**2))
        return [by_first, by_second, closed]

    def _directly(
        self, k: np.ndarray, free: Sequence[np.ndarray], squares: Sequence[np.ndarray], product: np.ndarray
    ) -> list[np.ndarray]:
        """The integrands from E_+-^2 themselves, of which those count that are positive."""
        one, two = free
        mean, half = 0.5 * (squares[0] + squares[1]), 0.5 * (squares[0] - squares[1])
        root = np.sqrt(half**2 + 4.0 * self.cross * one * two)
        tilt = half / root
        larger = mean + np.copysign(root, mean)  # in size; the other one by the product, without cancellation
        other = np.divide(product, larger, out=np.zeros_like(product), where=larger != 0.0)
        faster, slower = (_inverse_root(np.where((mean >= 0.0) == upper, larger, other)) for upper in (True, False))
        alone = [eps * _inverse_root(square) for eps, square in zip(free, squares, strict=True)]
        counter = 2.0 / (one + two) * (0.0, 1.0 / (1.0 + k**-2.0), 1.0)[self.dimensions - 1]
        return [
            0.5 * one * ((1.0 + tilt) * faster + (1.0 - tilt) * slower) - alone[0],
            0.5 * two * ((1.0 - tilt) * faster + (1.0 + tilt) * slower) - alone[1],
            one * two / root * (faster - slower) + counter,
        ]


def _inverse_root(square: np.ndarray) -> np.ndarray:
    """1/sqrt where it is real, otherwise zero."""
    positive = square > 0.0
    return np.where(positive, 1.0 / np.sqrt(np.where(positive, square, 1.0)), 0.0)


def _zeros_of_product(first: np.ndarray, second: np.ndarray, cross: np.ndarray, ratio: float) -> list[np.ndarray]:
    """The k^2 where (eps_1 + 2 G_1)(eps_2 + 2 G_2) = 4 H."""
    half, product = 2.0 * (first + ratio * second), 16.0 * ratio * (first * second - cross)
    root = np.sqrt(np.maximum(half**2 - product, 0.0))
    large = -half - np.copysign(root, half)
    return [large, np.divide(product, large, out=np.zeros_like(large), where=large != 0.0)]


def panel(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on a panel with roots at its ends."""
    nodes = _between(np.array(low), np.array(high))
    return nodes.k, nodes.weights
