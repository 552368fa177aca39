"""Radial functions with compact support, as the problem file names them: where they are smooth, and their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcmix.problem.sections.species.radial import RadialSection


@dataclass(frozen=True)
class RadialFunction:
    """A function of r >= 0 that is smooth between its edges and zero beyond the last one.

    edges     0 = r_0 < r_1 < ... < r_n, code units of length.
    evaluate  the values at an array of radii within [0, r_n].
    """

    edges: tuple[float, ...]
    evaluate: Callable[[np.ndarray], np.ndarray]

    @property
    def radius(self) -> float:
        """Beyond it the function is zero."""
        return self.edges[-1]

    def cut(self, radius: float) -> RadialFunction:
        """The same function, zero beyond `radius`."""
        if radius >= self.radius:
            return self
        return RadialFunction((*(edge for edge in self.edges if edge < radius), radius), self.evaluate)


def radial_function(described: RadialSection) -> RadialFunction:
    """The function that an entry of the problem file describes."""
    return RadialFunction(described.edges, described.function())
