"""Fourier transforms of radial functions of compact support, by one-dimensional quadrature.

    3D   F(k) = 4 pi integral g(r) r^2 sin(kr)/(kr) dr
    2D   F(k) = 2 pi integral g(r) r J_0(kr) dr
    1D   F(k) = 2 integral g(r) cos(kr) dr

F is an entire function of k that oscillates no faster than cos(kR), R the radius of the support. It is therefore
computed at the nodes of Chebyshev panels of length 4/R in k and interpolated between them: with DEGREE = 19 the
coefficients left out are below J_20(2) = 4e-19 of the first.
"""

from __future__ import annotations

import math
from copy import copy

import numpy as np
from numpy.polynomial import chebyshev

from hpcmix.model.pair_kernels.radial.functions import RadialFunction
from hpcmix.model.pair_kernels.radial.quadrature import Panels

DEGREE = 19

WAVE_PER_PANEL = 6.0
"""Phase k h across one quadrature panel at the largest wave number; 16 nodes integrate it to rounding."""


class RadialTransform:
    """F(k) of a radial function given by its values at quadrature nodes, for 0 <= k <= `largest`.

    radii, weights, values  flat arrays: integral g(r) h(r) dr = sum weights values h(radii) for the waves h up to
                            `largest`. Values of several functions in columns give several transforms, to be
                            :meth:`combined`.
    """

    def __init__(
        self, radii: np.ndarray, weights: np.ndarray, values: np.ndarray, dimensions: int, largest: float
    ) -> None:
        from scipy.special import j0

        self._length = 4.0 / float(np.max(radii))
        count = max(1, math.ceil(largest / self._length * (1.0 + 1e-12)))
        points = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
        to_coefficients = np.linalg.inv(chebyshev.chebvander(points, DEGREE))
        shell = {1: 2.0, 2: 2.0 * np.pi * radii, 3: 4.0 * np.pi * radii**2}[dimensions] * weights
        measure = (shell * values.T).T
        wave = {1: np.cos, 2: j0, 3: lambda phase: np.sinc(phase / np.pi)}[dimensions]
        self._coefficients = np.empty((DEGREE + 1, count, *measure.shape[1:]))
        for panel in range(count):
            nodes = self._length * (panel + 0.5 + 0.5 * points)
            self._coefficients[:, panel] = to_coefficients @ (wave(np.multiply.outer(nodes, radii)) @ measure)

    @classmethod
    def of(cls, function: RadialFunction, dimensions: int, largest: float) -> RadialTransform:
        """The transform of a function that is smooth between its edges."""
        longest = WAVE_PER_PANEL / largest if largest > 0.0 else math.inf
        limits = [min(longest, 0.5 * (b - a)) for a, b in zip(function.edges, function.edges[1:], strict=False)]
        panels = Panels.between(function.edges, limits)
        radii = panels.radii.ravel()
        return cls(radii, panels.weights.ravel(), function.evaluate(radii), dimensions, largest)

    def combined(self, shares: np.ndarray) -> RadialTransform:
        """The sum of several transforms, each times its share."""
        sum_of = copy(self)
        sum_of._coefficients = self._coefficients @ shares
        return sum_of

    def __call__(self, wave_numbers: np.ndarray) -> np.ndarray:
        """F at an array of wave numbers."""
        scaled = np.asarray(wave_numbers) / self._length
        panel = np.minimum(scaled.astype(np.intp), self._coefficients.shape[1] - 1)
        argument = 2.0 * (scaled - panel) - 1.0
        # Clenshaw's recurrence with the coefficients of every point's own panel
        second, first = np.zeros_like(argument), np.zeros_like(argument)
        for coefficient in self._coefficients[:0:-1]:
            first, second = coefficient[panel] + 2.0 * argument * first - second, first
        return self._coefficients[0][panel] + argument * first - second
