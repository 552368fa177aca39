"""The correlation w = 1 - f_l that the Neumann problem of two particles leaves in a gas
(docs/systems/interactions.md), as a function of the distance in V's own coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre

from hpcmix.model.pair_kernels.neumann import NeumannSolution
from hpcmix.model.pair_kernels.radial.quadrature import STAGES, Panels, collocation
from hpcmix.model.pair_kernels.radial.transform import WAVE_PER_PANEL, RadialTransform

GRADING = 1.5
"""Outside of the potential w falls like 1/r: every panel ends this many times farther out than it begins. Its square
times a wave is then integrated to rounding by 16 nodes."""


class Correlation:
    """w(r) and its derivative, from u = r f_l: on every panel of the solution u is a polynomial.

    u is what the solver finds with its full accuracy, outside of V too, where f itself bends as 1/r: hence

        w = (r - u) / r,      w' = (f - u') / r

    radius  of the ball; beyond it w is zero.
    """

    def __init__(self, solution: NeumannSolution) -> None:
        panels = solution.panels
        self._edges = panels.edges
        self.radius = float(panels.edges[-1])
        self._support = float(panels.edges[solution.inside])
        self._core = panels.edges[: solution.inside + 1]
        nodes, weights, _ = collocation()
        degrees = np.arange(STAGES)
        series = (2 * degrees + 1)[:, np.newaxis] * legendre.legvander(2.0 * nodes - 1.0, STAGES - 1).T * weights
        self._coefficients = (panels.radii * solution.values) @ series.T
        self._slopes = legendre.legder(self._coefficients, axis=1) * (2.0 / panels.lengths)[:, np.newaxis]

    def __call__(self, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """w and w' at radii within (0, radius]."""
        r = np.asarray(radii, dtype=float)
        panel = np.clip(np.searchsorted(self._edges, r, side="right") - 1, 0, self._edges.size - 2)
        begins, ends = self._edges[panel], self._edges[panel + 1]
        place = 2.0 * (r - begins) / (ends - begins) - 1.0
        u = _series(self._coefficients, panel, place)
        slope = _series(self._slopes, panel, place)
        return (r - u) / r, (u / r - slope) / r

    def nodes(self, largest: float = 0.0) -> Panels:
        """Nodes and weights that integrate functions of w and w' over (0, radius], multiplied by waves up to the wave
        number `largest`."""
        count = max(1, math.ceil(math.log(self.radius / self._support) / math.log(GRADING)))
        outside = self._support * (self.radius / self._support) ** (np.arange(1, count + 1) / count)
        longest = WAVE_PER_PANEL / largest if largest > 0.0 else math.inf
        return Panels.between([*self._core, *outside[:-1], self.radius], longest)

    def transform(self, largest: float) -> RadialTransform:
        """The Fourier transform of w in three dimensions, for wave numbers up to `largest`."""
        w, _, transform = self._at_nodes(largest)
        return transform(w)

    def squares(self, largest: float) -> tuple[RadialTransform, RadialTransform]:
        """The Fourier transforms in three dimensions of w^2 and of |grad w|^2, for wave numbers up to `largest`."""
        w, slope, transform = self._at_nodes(largest)
        return transform(w**2), transform(slope**2)

    def _at_nodes(self, largest: float) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], RadialTransform]]:
        """w and w' at the nodes, and the transform of a function by its values there."""
        panels = self.nodes(largest)
        radii, weights = panels.radii.ravel(), panels.weights.ravel()
        w, slope = self(radii)
        return w, slope, lambda values: RadialTransform(radii, weights, values, 3, largest)


def _series(coefficients: np.ndarray, panel: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The Legendre series of every radius' own panel."""
    powers = legendre.legvander(place, coefficients.shape[1] - 1)
    return np.sum(powers * coefficients[panel], axis=-1)
