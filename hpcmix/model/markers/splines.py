"""Splines of degree five through values on the periodic grid, for values and gradients anywhere."""

from __future__ import annotations

from itertools import product

import numpy as np

from hpcmix.kernels.markers import MarkerGeometry, gather

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


def _window() -> np.ndarray:
    """The pieces as polynomials of 2 t - 1, which loops over markers take for a window of six cells."""
    middle = np.polynomial.Polynomial([0.5, 0.5])
    return np.ascontiguousarray([np.polynomial.Polynomial(piece)(middle).coef for piece in PIECES])


WINDOW = _window()


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
        ghosts = SUPPORT // 2
        self._patch = np.pad(coefficients, ghosts, mode="wrap")
        self._geometry = MarkerGeometry(tuple(lengths), values.shape, (-ghosts,) * values.ndim, WINDOW)

    def value(self, position: np.ndarray) -> np.ndarray:
        """The spline at places (n, d), an array (n,). Local."""
        cells = (position / self._lengths + 0.5) * self._points
        below = np.floor(cells).astype(np.int64)
        first, fraction = below - DEGREE // 2, cells - below
        powers = [fraction[:, axis, np.newaxis] ** np.arange(DEGREE + 1) for axis in range(position.shape[1])]
        weights = [power @ PIECES.T for power in powers]
        total = np.zeros(len(position))
        for offsets in product(range(SUPPORT), repeat=position.shape[1]):
            places = tuple((first[:, axis] + offset) % self._points[axis] for axis, offset in enumerate(offsets))
            term = self._coefficients[places]
            for weight, offset in zip(weights, offsets, strict=True):
                term = term * weight[:, offset]
            total += term
        return total

    def gradient(self, position: np.ndarray) -> np.ndarray:
        """Its gradient at places (n, d) in the box, in a compiled loop: it is asked for in every kick. Local."""
        gradient = np.empty(position.shape)
        gather(np.ascontiguousarray(position), self._geometry, self._patch, gradient)
        return gradient
