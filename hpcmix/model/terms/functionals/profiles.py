"""Shapes of energies of two densities that are homogeneous but for a logarithm.

With G_a = g_a rho_a, a = sqrt(G_1), b = sqrt(G_2), s = b/(a + b),

    e = (a + b)^(2 g) F(s) + Q(G_1, G_2) ln(G_1 + G_2)

Everything is smooth in s, which the densities are not near the edge of a cloud. The derivatives by G_1 and G_2 are
(a + b)^(2 g - 2) V_1(s) and (a + b)^(2 g - 2) V_2(s) beside those of the logarithm, and by Euler
g e = G_1 V_1 + G_2 V_2. The V_a are one polynomial for all ratios of the densities where one of few coefficients holds
them, which a kick computes without looking anything up; otherwise polynomials on pieces of equal length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial.chebyshev import cheb2poly, chebval

from hpcmix.kernels.arguments import TABLE_COEFFICIENTS

NODES = (32, 64, 192)
"""At which the derivatives are taken, the more the harder they are to hold."""
NEGLIGIBLE = 1e-13
"""Of the largest coefficient of a polynomial: what is left out of it."""
CONVERGED = 1e-9
"""Of the largest coefficient: the last ones of a polynomial that a table is made of. Where there is a logarithm they
fall slowly, for it leaves terms like b^2 ln b."""
MOST_COEFFICIENTS = 48
"""Of one polynomial for all s: with more of them the table is as quick."""
LARGEST_POWERS = 1e3
"""Of the sum of the sizes of all powers of 2 s - 1 over the largest coefficient: three digits that cancel."""

PIECES = 128
"""Of the tables: six coefficients over 1/128 of the interval leave less than rounding of functions whose nearest
singularities are a tenth of it away."""
NEAREST, GRADED_NODES = 14, 20
"""Panels that are halved towards both ends, to 2^-14 of the interval, nearer than any node of a table. A singularity
at the end is as far as a panel is wide, and leaves 5.8^-20."""

Slopes = Callable[[np.ndarray, np.ndarray], Sequence[np.ndarray] | np.ndarray]
"""de/dG_1 and de/dG_2 by G_1 and G_2."""


@dataclass(frozen=True)
class Profile:
    """V_1 and V_2.

    degree     g.
    tables     shape (2, pieces, coefficients): V_a = sum_n tables[a, j, n] t^n with t = s pieces - j - 1/2.
    logarithm  symmetric matrix Q; zero where there is none.
    """

    degree: float
    tables: np.ndarray
    logarithm: np.ndarray

    def values(self, s: np.ndarray, order: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """V_1 and V_2 or, of order one, their derivatives by s."""
        pieces, coefficients = self.tables.shape[1:]
        place = s * pieces
        piece = np.minimum(place.astype(np.intp), pieces - 1)
        t = place - piece - 0.5
        tables = self.tables
        if order == 1:
            tables = tables[:, :, 1:] * (np.arange(1, coefficients) * float(pieces))
        first, second = (_sum_of_powers(table, piece, t) for table in tables)
        return first, second


def _sum_of_powers(table: np.ndarray, piece: np.ndarray, t: np.ndarray) -> np.ndarray:
    """sum_n table[piece, n] t^n."""
    if len(table) == 1:
        value = np.full_like(t, table[0, -1])
        for coefficient in table[0, -2::-1]:
            value *= t
            value += coefficient
        return value
    value = table[piece, -1]
    for n in range(table.shape[1] - 2, -1, -1):
        value = value * t + table[piece, n]
    return np.asarray(value)


def profile_of(slopes: Slopes, degree: float, logarithm: np.ndarray) -> Profile:
    """The profile of an energy density by its derivatives at Chebyshev nodes of s."""

    def remainder(places: np.ndarray) -> np.ndarray:
        own = np.array([(1.0 - places) ** 2, places**2])
        total, gradient = own.sum(axis=0), logarithm @ own
        of_logarithm = 2.0 * gradient * np.log(total) + np.sum(own * gradient, axis=0) / total
        return np.array(slopes(own[0], own[1])) - of_logarithm

    for nodes in NODES:
        series = chebyshev_coefficients(remainder, 0.0, 1.0, nodes)
        if _last(series) <= NEGLIGIBLE:
            break
    tables = _powers(series) if _last(series) <= NEGLIGIBLE else None
    if tables is None:
        places = _places()
        smooth = _last(series) <= CONVERGED
        values = chebval(2.0 * places - 1.0, series.T) if smooth else _graded(remainder, places)
        tables = np.array([_pieces(value) for value in values])
    return Profile(degree, tables, np.array(logarithm))


def chebyshev_coefficients(
    function: Callable[[np.ndarray], np.ndarray], low: float, high: float, nodes: int
) -> np.ndarray:
    """Of the polynomials through the values of some functions at Chebyshev nodes of an interval, a row for each."""
    odd = 2 * (nodes - np.arange(nodes)) - 1
    values = function(low + (high - low) * np.cos(0.25 * np.pi * odd / nodes) ** 2)
    # angles of less than a turn: multiples of them are exact, and the last coefficients no rounding of large angles
    turns = np.outer(odd, np.arange(nodes)) % (4 * nodes)
    coefficients = values @ (2.0 / nodes * np.cos(0.5 * np.pi / nodes * turns))
    coefficients[:, 0] *= 0.5
    return np.asarray(coefficients)


def _last(series: np.ndarray) -> float:
    """The size of the last coefficients over that of the largest."""
    size = np.abs(series)
    return float(np.max(size[:, -4:].max(axis=1) / np.maximum(size.max(axis=1), np.finfo(float).tiny)))


def _powers(series: np.ndarray) -> np.ndarray | None:
    """The tables of one piece: coefficients of the powers of s - 1/2; None where they are too many or too large."""
    size = np.abs(series)
    left_out = np.cumsum(size[:, ::-1], axis=1)[:, ::-1] <= NEGLIGIBLE * size.max(axis=1, keepdims=True)
    count = max(1, int(np.max(np.sum(~left_out, axis=1))))
    if count > MOST_COEFFICIENTS:
        return None
    # T_n(2 s - 1) in powers of 2 s - 1, and these of s - 1/2
    powers = np.array([np.pad(cheb2poly(row), (0, count)) for row in series[:, :count]])[:, :count]
    if np.any(np.sum(np.abs(powers), axis=1) > LARGEST_POWERS * size.max(axis=1)):
        return None
    return np.ascontiguousarray(powers * 2.0 ** np.arange(count))[:, np.newaxis]


def _graded(function: Callable[[np.ndarray], np.ndarray], places: np.ndarray) -> np.ndarray:
    """Values of functions that have roots of s or 1 - s, by polynomials on panels that become shorter towards the ends.
    Where a coupling G_a passes zero only the other species gives it an energy, like (rho_1 rho_2)^((d + 2)/4)."""
    values = np.empty((2, *places.shape))
    ends = 0.5 ** np.arange(NEAREST, 0, -1)
    for low, high in pairwise([*ends, *(1.0 - ends[-2::-1])]):
        series = chebyshev_coefficients(function, low, high, GRADED_NODES)
        inside = (places >= low) & (places <= high)
        values[:, inside] = chebval(2.0 * (places[inside] - low) / (high - low) - 1.0, series.T)
    return values


def _within() -> np.ndarray:
    """Chebyshev nodes of a piece."""
    return np.asarray(0.5 * (1.0 - np.cos(np.pi * (np.arange(TABLE_COEFFICIENTS) + 0.5) / TABLE_COEFFICIENTS)))


def _places() -> np.ndarray:
    """s at the nodes of all pieces, a row for each."""
    return np.asarray((np.arange(PIECES)[:, np.newaxis] + _within()) / PIECES)


def _pieces(values: np.ndarray) -> np.ndarray:
    """Coefficients piece by piece of the polynomials through values at :func:`_places`."""
    return np.ascontiguousarray(np.linalg.solve(np.vander(_within() - 0.5, increasing=True), values.T).T)
