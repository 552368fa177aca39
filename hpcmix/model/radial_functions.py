"""Radial functions with compact support, as the problem file names them: where they are smooth, and their values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from hpcmix.problem.radial import GaussianBump, RadialTable, SoftSphere, SquareBarrier


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


@singledispatch
def radial_function(described: object) -> RadialFunction:
    """The function that an entry of the problem file describes."""
    raise TypeError(f"{type(described).__name__} describes no radial function")


@radial_function.register
def _(barrier: SquareBarrier) -> RadialFunction:
    return RadialFunction((0.0, barrier.radius), lambda r: np.full_like(r, barrier.height))


@radial_function.register
def _(bump: GaussianBump) -> RadialFunction:
    return RadialFunction((0.0, bump.radius), lambda r: bump.height * np.exp(-0.5 * (r / bump.width) ** 2))


@radial_function.register
def _(sphere: SoftSphere) -> RadialFunction:
    return RadialFunction((0.0, sphere.radius), lambda r: sphere.height * (1.0 - r / sphere.radius) ** 2)


@radial_function.register
def _(table: RadialTable) -> RadialFunction:
    from scipy.interpolate import CubicSpline  # only who uses it waits for it

    return RadialFunction(table.radii, CubicSpline(table.radii, table.values))
