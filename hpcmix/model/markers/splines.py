"""Splines of degree five through values on the periodic grid, for values and gradients anywhere."""

from __future__ import annotations

from itertools import product

import numpy as np

DEGREE = 5
SUPPORT = DEGREE + 1
"""Points along an axis that a value depends on."""


def _pieces() -> np.ndarray:
    """The six pieces of the centred B-spline of degree five as polynomials of the fraction t in [0, 1): rows are the
    points floor(u) - 2 .. floor(u) + 3, columns the coefficients of t^0 .. t^5 of

        beta(x) = 1/120 sum_j (-1)^j binomial(6, j) max(0, x + 3 - j)^5
    """
    binomials = np.array([1, 6, 15, 20, 15, 6, 1], dtype=float)
    table = np.zeros((SUPPORT, DEGREE + 1))
    for row in range(SUPPORT):
        begin = 2.0 - row  # x = t + begin, the distance of u from the point of the row
        for j in range(SUPPORT + 1):
            if begin + 3.0 - j >= 0.0:
                shifted = np.polynomial.Polynomial([begin + 3.0 - j, 1.0]) ** DEGREE
                table[row] += (-1.0) ** j * binomials[j] / 120.0 * shifted.coef
    return table


PIECES = _pieces()
SLOPES = np.array([np.polynomial.polynomial.polyder(piece) for piece in PIECES])


class PeriodicSpline:
    """The spline that takes the given values at the points x_j = -L/2 + j h of every axis and repeats with the box.

    values   of all points of the grid.
    lengths  of the box, code units.
    Raises :class:`ValueError` where an axis has fewer points than a value depends on.
    """

    def __init__(self, values: np.ndarray, lengths: tuple[float, ...]) -> None:
        from scipy.ndimage import spline_filter1d  # only who reads a file waits for scipy

        if min(values.shape) < SUPPORT:
            raise ValueError(f"needs at least {SUPPORT} points along every axis, to be joined by splines for markers")
        coefficients = np.asarray(values, dtype=float)
        for axis in range(coefficients.ndim):
            coefficients = spline_filter1d(coefficients, DEGREE, axis=axis, mode="grid-wrap")
        self._coefficients = coefficients
        self._points = np.array(values.shape)
        self._lengths = np.array(lengths)

    def value(self, position: np.ndarray) -> np.ndarray:
        """The spline at places (n, d), an array (n,). Local."""
        cells, weights, _ = self._weights(position)
        return self._sum(cells, weights)

    def gradient(self, position: np.ndarray) -> np.ndarray:
        """Its gradient at places (n, d). Local."""
        cells, weights, slopes = self._weights(position)
        gradient = np.empty(position.shape)
        for axis in range(position.shape[1]):
            factors = [slopes[other] if other == axis else weights[other] for other in range(position.shape[1])]
            gradient[:, axis] = self._sum(cells, factors) * (self._points[axis] / self._lengths[axis])
        return gradient

    def _weights(self, position: np.ndarray) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray]]:
        """The first point that every place depends on, and by axis the weights (n, 6) of six and their slopes."""
        cells = (position / self._lengths + 0.5) * self._points
        first = np.floor(cells).astype(np.int64)
        fraction = cells - first
        powers = [fraction[:, axis, np.newaxis] ** np.arange(DEGREE + 1) for axis in range(position.shape[1])]
        weights = [power @ PIECES.T for power in powers]
        slopes = [power[:, :DEGREE] @ SLOPES.T for power in powers]
        return first - DEGREE // 2, weights, slopes

    def _sum(self, first: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
        total = np.zeros(len(first))
        for offsets in product(range(SUPPORT), repeat=first.shape[1]):
            places = tuple((first[:, axis] + offset) % self._points[axis] for axis, offset in enumerate(offsets))
            term = self._coefficients[places]
            for factor, offset in zip(factors, offsets, strict=True):
                term = term * factor[:, offset]
            total += term
        return total
