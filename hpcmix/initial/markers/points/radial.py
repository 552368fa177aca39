"""Lengths of vectors from the density of their shells: cumulative integrals and their inverse, for many densities at
once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PANELS = 96
"""Between the two ends of where a density changes: of an edge 1/pF wide, 30 temperatures above the bottom, two to its
width."""
NODES = 5
"""Of Gauss and Legendre in a panel."""
ITERATIONS = 12
"""Of Newton's method within a panel, kept inside by halving: six find all digits of a smooth density."""


class Radial:
    """Densities g(r) >= 0 of lengths on (0, highest).

    density  g, of lengths of shape (number, ...) with one row for each density.
    lowest, highest
             of shape (number,): below `lowest` g is a power, above `highest` nothing.
    total    the integrals, (number,).
    """

    def __init__(self, density: Callable[[np.ndarray], np.ndarray], lowest: np.ndarray, highest: np.ndarray) -> None:
        self._density = density
        steps = np.linspace(0.0, 1.0, PANELS + 1)
        between = lowest[:, np.newaxis] + (highest - lowest)[:, np.newaxis] * steps
        self._ends = np.concatenate([np.zeros_like(between[:, :1]), between], axis=1)
        parts = self._integrals(self._ends[:, :-1], self._ends[:, 1:])
        self._below = np.concatenate([np.zeros_like(parts[:, :1]), np.cumsum(parts, axis=1)], axis=1)
        self.total = self._below[:, -1]

    def inverse(self, share: np.ndarray) -> np.ndarray:
        """The lengths below which lie given shares of the integrals, numbers in (0, 1) of shape (number,), one for each
        density or many for a single one. Zero where there is no density at all."""
        rows = np.zeros(len(share), np.intp) if len(self.total) == 1 else np.arange(len(share))
        target = share * self.total[rows]
        panel = np.sum(self._below[:, 1:-1][rows] < target[:, np.newaxis], axis=1)
        begin, end = self._ends[rows, panel], self._ends[rows, panel + 1]
        target -= self._below[rows, panel]
        low, high, length = begin.copy(), end.copy(), 0.5 * (begin + end)
        for _ in range(ITERATIONS):
            excess = self._integrals(begin, length) - target
            low, high = np.where(excess < 0.0, length, low), np.where(excess > 0.0, length, high)
            with np.errstate(all="ignore"):  # a density of zero: halve
                newton = length - excess / self._density(length[:, np.newaxis])[:, 0]
            inside = (newton >= low) & (newton <= high)
            length = np.where(inside, newton, 0.5 * (low + high))
        return np.where(self.total[rows] > 0.0, length, 0.0)

    def _integrals(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        half = 0.5 * (end - begin)
        lengths = (begin + half)[..., np.newaxis] + half[..., np.newaxis] * nodes
        return half * (self._density(lengths) @ weights)
