"""Gauss-Legendre panels: quadrature along r, and the collocation matrix of the same nodes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import legendre

STAGES = 16
"""Nodes per panel: exact for polynomials of degree 31, and as a collocation method of order 32."""


@dataclass(frozen=True)
class Panels:
    """An interval cut into panels with Gauss-Legendre nodes in each.

    edges    ends of the panels, one more than there are panels.
    radii    nodes, shape (panels, STAGES).
    weights  such that sum(weights * f(radii)) is the integral of f.
    """

    edges: np.ndarray
    radii: np.ndarray
    weights: np.ndarray

    @classmethod
    def between(cls, edges: Sequence[float], longest: Sequence[float] | float) -> Panels:
        """Panels that respect the `edges` and are not longer than `longest` (a number, or one for every interval)."""
        starts = np.asarray(edges, dtype=float)
        limits = np.broadcast_to(longest, starts.size - 1)
        cut = [
            np.linspace(first, last, max(1, math.ceil((last - first) / limit - 1e-12)) + 1)[:-1]
            for first, last, limit in zip(starts[:-1], starts[1:], limits, strict=True)
        ]
        ends = np.append(np.concatenate(cut), starts[-1])
        nodes, weights, _ = collocation()
        lengths = np.diff(ends)[:, np.newaxis]
        return cls(ends, ends[:-1, np.newaxis] + lengths * nodes, lengths * weights)

    @property
    def lengths(self) -> np.ndarray:
        """Length of every panel."""
        return np.diff(self.edges)


@lru_cache(maxsize=1)
def collocation() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes c, weights b and the matrix A of the Gauss method on [0, 1]: integral_0^{c_i} f = sum_j A_ij f(c_j) for
    polynomials of degree below STAGES.

    A integrates the Legendre series of f: P_k = (P_{k+1} - P_{k-1})' / (2k + 1).
    """
    nodes, weights = legendre.leggauss(STAGES)
    values = legendre.legvander(nodes, STAGES)
    degrees = np.arange(STAGES)
    integrals = np.empty((STAGES, STAGES))
    integrals[:, 0] = nodes + 1.0
    integrals[:, 1:] = (values[:, 2:] - values[:, : STAGES - 1]) / (2 * degrees[1:] + 1)
    series = (degrees[:, np.newaxis] + 0.5) * values[:, :STAGES].T * weights
    return 0.5 * (nodes + 1.0), 0.5 * weights, 0.5 * integrals @ series
