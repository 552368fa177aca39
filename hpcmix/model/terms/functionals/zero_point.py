"""The zero-point energy of the Bogoliubov modes of a uniform mixture of two condensates, of any masses.

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
trapezoidal rule converges exponentially.

Units of this module: hbar = 1, m_1 = 1, kappa = 1.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

Values = float | np.ndarray

STEP = 0.3
"""Of ln k: the nearest singularities are at i pi/2, and the error exp(-pi^2/STEP) is below rounding."""
FARTHEST = 38.0
"""|ln k| at which the integrand, which falls like exp(-|ln k|), is below rounding."""
PANEL_STEP, PANEL_END = 0.125, 3.5
"""Of the rule of Takahasi and Mori on a finite panel."""


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


def of_two(own: tuple[Values, Values], cross: Values, ratio: float, dimensions: int) -> np.ndarray:
    """e of two condensates, for numbers or arrays that broadcast together.

    own    G_1, G_2.
    cross  H.
    ratio  m_2/m_1.
    """
    first, second, mixing = np.broadcast_arrays(*own, cross)
    if ratio == 1.0:
        mean, root = 0.5 * (first + second), np.hypot(0.5 * (first - second), np.sqrt(mixing))
        larger = mean + root
        # the smaller one without cancellation
        smaller = np.divide(first * second - mixing, larger, out=np.asarray(mean - root), where=mean > 0.0)
        return single(larger, 1.0, dimensions) + single(smaller, 1.0, dimensions)
    alone = single(first, 1.0, dimensions) + single(second, ratio, dimensions)
    seen = np.flatnonzero(mixing.ravel() > 0.0)
    result = np.array(alone, dtype=float).ravel()
    rows = [np.ascontiguousarray(value.ravel()[seen])[:, np.newaxis] for value in (first, second, mixing)]
    result[seen] += _by_each_other(rows[0], rows[1], rows[2], ratio, dimensions)
    return result.reshape(np.shape(alone))


def _by_each_other(
    first: np.ndarray, second: np.ndarray, cross: np.ndarray, ratio: float, dimensions: int
) -> np.ndarray:
    """e less that of two condensates that do not see each other, 1/2 integral of
    Re(E_+ + E_-) - Re(E_1 + E_2) + 2 H/(eps_1 + eps_2), for columns of numbers."""
    # E_+ E_- and E_a are zero where these are
    roots = [*_zeros_of_product(first, second, cross, ratio), -4.0 * first, -4.0 * ratio * second]
    ends = np.sort(np.sqrt(np.maximum(np.hstack([np.zeros_like(first), *roots]), 0.0)), axis=1)
    total = _integral(*_above(ends[:, -1:]), first, second, cross, ratio, dimensions)
    for low, high in pairwise(ends.T):
        wide = np.flatnonzero(high > low)
        if wide.size:
            k, weights = panel(low[wide, np.newaxis], high[wide, np.newaxis])
            total[wide] += _integral(k, weights, first[wide], second[wide], cross[wide], ratio, dimensions)
    return total


def _integral(
    k: np.ndarray,
    weights: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    cross: np.ndarray,
    ratio: float,
    dimensions: int,
) -> np.ndarray:
    """The part of the integral that these nodes are for."""
    measure = (1.0 / math.pi, k / (2.0 * math.pi), k**2 / (2.0 * math.pi**2))[dimensions - 1]
    return np.asarray(0.5 * np.sum(weights * measure * _difference(k, first, second, cross, ratio, dimensions), axis=1))


def _zeros_of_product(first: np.ndarray, second: np.ndarray, cross: np.ndarray, ratio: float) -> list[np.ndarray]:
    """The k^2 where (eps_1 + 2 G_1)(eps_2 + 2 G_2) = 4 H."""
    half, product = 2.0 * (first + ratio * second), 16.0 * ratio * (first * second - cross)
    root = np.sqrt(np.maximum(half**2 - product, 0.0))
    large = -half - np.copysign(root, half)
    return [large, np.divide(product, large, out=np.zeros_like(large), where=large != 0.0)]


def _difference(
    k: np.ndarray, first: np.ndarray, second: np.ndarray, cross: np.ndarray, ratio: float, dimensions: int
) -> np.ndarray:
    """The integrand of :func:`_by_each_other`."""
    one, two = 0.5 * k**2, 0.5 * k**2 / ratio
    squares = one**2 + 2.0 * first * one, two**2 + 2.0 * second * two
    low, high = _zeros_of_product(first, second, cross, ratio)
    product = one * two * (k**2 - low) * (k**2 - high) / (4.0 * ratio)
    real = (product > 0.0) & (squares[0] > 0.0) & (squares[1] > 0.0)
    e1, e2 = (np.sqrt(np.maximum(square, 0.0)) for square in squares)
    whole = 2.0 * cross / (one + two)
    counter = whole if dimensions == 3 else whole / (1.0 + k**-2.0) if dimensions == 2 else np.zeros_like(k)
    with np.errstate(invalid="ignore", divide="ignore"):  # of what is not real
        delta, closed = _without_cancellation(
            (one, two), (e1, e2), np.sqrt(np.maximum(product, 0.0)), (first, second), cross
        )
    if dimensions == 1:
        result = delta
    elif dimensions == 2:  # above kappa the counter-term is that of three dimensions, less what it lacks
        result = np.where(k < 1.0, delta + counter, closed - whole / (1.0 + k**2))
    else:
        result = closed
    if real.all():
        return result
    return np.where(real, result, _directly(*squares, product, cross * one * two) + counter - e1 - e2)


def _directly(first: np.ndarray, second: np.ndarray, product: np.ndarray, mixing: np.ndarray) -> np.ndarray:
    """Re(E_+ + E_-) from E_1^2, E_2^2, E_+^2 E_-^2 and H eps_1 eps_2, where k is of the order of one."""
    mean, half = 0.5 * (first + second), 0.5 * (first - second)
    root = np.sqrt(half**2 + 4.0 * mixing)
    upper = mean + root
    positive = upper > 0.0
    lower = np.where(positive, product / np.where(positive, upper, 1.0), mean - root)
    return np.sqrt(np.maximum(upper, 0.0)) + np.sqrt(np.maximum(lower, 0.0))


def _without_cancellation(
    free: tuple[np.ndarray, np.ndarray],
    own: tuple[np.ndarray, np.ndarray],
    product: np.ndarray,
    energies: tuple[np.ndarray, np.ndarray],
    cross: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """delta = E_+ + E_- - E_1 - E_2, and delta + 2 H/(eps_1 + eps_2), which is of the order of k^-4.

    With s = E_+ + E_- and B = (E_+ E_-)^2, delta = -8 H eps_1 eps_2/[(sqrt(B) + E_1 E_2)(s + E_1 + E_2)]. With
    E_a = eps_a + d_a, E_1 E_2 = eps_1 eps_2 + p and sqrt(B) = E_1 E_2 - q, the common numerator of the second is
    2 eps_1 eps_2 [2 (d_1 + d_2) + delta] + (2 p - q)(s + E_1 + E_2).

    free      eps_a.
    own       E_a.
    product   sqrt(B).
    energies  G_a.
    """
    (one, two), (e1, e2) = free, own
    d1, d2 = 2.0 * energies[0] * one / (e1 + one), 2.0 * energies[1] * two / (e2 + two)
    sums = np.sqrt(e1**2 + e2**2 + 2.0 * product) + e1 + e2
    denominator = (product + e1 * e2) * sums
    delta = -8.0 * cross * one * two / denominator
    p = one * d2 + two * d1 + d1 * d2
    q = 4.0 * cross * one * two / (product + e1 * e2)
    numerator = 2.0 * one * two * (2.0 * (d1 + d2) + delta) + (2.0 * p - q) * sums
    return delta, 2.0 * cross * numerator / (denominator * (one + two))


def _above(start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the integral over k from `start` to infinity: k = start + exp(t)."""
    beyond = np.exp(np.arange(-FARTHEST, FARTHEST, STEP))
    return start + beyond, STEP * beyond


def panel(low: Values, high: Values) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on a panel with roots at its ends: k = low + (high - low)/(1 + exp(-pi sinh(t)))."""
    t = np.arange(-PANEL_END, PANEL_END + 0.5 * PANEL_STEP, PANEL_STEP)
    inner = math.pi * np.sinh(t)
    part = 1.0 / (1.0 + np.exp(-inner))
    slope = math.pi * np.cosh(t) / (4.0 * np.cosh(0.5 * inner) ** 2)
    return low + (high - low) * part, (high - low) * PANEL_STEP * slope
