"""External potentials at the places of markers: values and analytic gradients of every kind.

Markers never take a potential from the grid: a trap is not periodic. Places are those of the laboratory, an array (n,
d); values are (n,), gradients (n, d), code units. All is local.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import ClassVar

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.markers.splines import PeriodicSpline
from hpcmix.model.potentials.external import box, file_values, gaussian, harmonic, lattice
from hpcmix.problem.sections.species.potentials import (
    BoxPotential,
    ExpressionPotential,
    FilePotential,
    GaussianPotential,
    HarmonicPotential,
    LatticePotential,
)
from hpcmix.problem.units.derivatives import derivatives
from hpcmix.problem.units.expressions import Expression

Centre = Callable[[float], tuple[float, ...]]
"""Where a potential stands at a time."""


class MarkerPotential(ABC):
    """U(x, t) and its gradient wherever markers are."""

    may_fail: ClassVar[bool] = False
    """Whether there may be places where it is not finite."""

    @abstractmethod
    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        """U at every place."""

    @abstractmethod
    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        """grad U at every place; the array is the caller's."""


@dataclass(frozen=True)
class Harmonic(MarkerPotential):
    """grad U = m omega^2 (x - centre)."""

    mass: float
    frequency: tuple[float, ...]
    centre: Centre

    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        return harmonic(list(position.T), self.mass, self.frequency, self.centre(time))

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        force = np.empty_like(position)
        # an axis at a time: numpy's loops over a last axis of two or three numbers are six times slower
        for axis, (frequency, centre) in enumerate(zip(self.frequency, self.centre(time), strict=True)):
            np.subtract(position[:, axis], centre, out=force[:, axis])
            force[:, axis] *= self.mass * frequency**2
        return force


@dataclass(frozen=True)
class Lattice(MarkerPotential):
    """d/dx U = (pi depth / period) sin(2 (pi x / period + phase)) along every axis."""

    depth: tuple[float, ...]
    period: tuple[float, ...]
    phase: tuple[float, ...]

    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        return lattice(list(position.T), self.depth, self.period, self.phase)

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        force = np.empty_like(position)
        for axis, (period, phase) in enumerate(zip(self.period, self.phase, strict=True)):
            np.multiply(position[:, axis], 2.0 * np.pi / period, out=force[:, axis])
            force[:, axis] += 2.0 * phase
        np.sin(force, out=force)
        for axis, (depth, period) in enumerate(zip(self.depth, self.period, strict=True)):
            force[:, axis] *= depth * np.pi / period
        return force


@dataclass(frozen=True)
class Box(MarkerPotential):
    """With s(d) = (1 + tanh(d / edge)) / 2 of the depth d_i = L_i/2 - |x_i| below every wall, x from the centre on

        d/dx_i U = height sign(x_i) s'(d_i) product over the other axes of s(d_j),    s' = (1 - tanh^2) / (2 edge)

    edge  above zero: a wall without width has no force that markers could follow (problem/checks/markers).
    """

    height: float
    lengths: tuple[float, ...]
    edge: float
    centre: Centre

    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        return box(list(position.T), self.height, self.lengths, self.edge, self.centre(time))

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        seen = position - np.array(self.centre(time))
        steepness = np.tanh((0.5 * np.array(self.lengths) - np.abs(seen)) / self.edge)
        inside = 0.5 * (1.0 + steepness)
        slope = np.sign(seen) * (1.0 - np.square(steepness)) * (0.5 * self.height / self.edge)
        for axis in range(position.shape[1]):
            others = [other for other in range(position.shape[1]) if other != axis]
            slope[:, axis] *= np.prod(inside[:, others], axis=1)
        return slope


@dataclass(frozen=True)
class Gaussian(MarkerPotential):
    """grad U = -U (x - centre) / width^2."""

    height: float
    width: tuple[float, ...]
    centre: Centre

    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        return gaussian(list(position.T), self.height, self.width, self.centre(time))

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        value, force = self.value(position, time), np.empty_like(position)
        for axis, (width, centre) in enumerate(zip(self.width, self.centre(time), strict=True)):
            np.subtract(position[:, axis], centre, out=force[:, axis])
            force[:, axis] *= value
            force[:, axis] *= -1.0 / width**2
        return force


@dataclass(frozen=True)
class Arithmetic(MarkerPotential):
    """The derivatives of an expression in x, y, z and t (problem/units/derivatives.py)."""

    expression: Expression

    may_fail: ClassVar[bool] = True

    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        values = self.expression.evaluate(**dict(zip("xyz", position.T, strict=False)), t=time)
        return np.broadcast_to(values, len(position)).copy()

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        names = "xyz"[: position.shape[1]]
        _, slopes = derivatives(self.expression, names, **dict(zip(names, position.T, strict=True)), t=time)
        gradient = np.empty(position.shape)
        for axis, slope in enumerate(slopes):
            gradient[:, axis] = slope
        return gradient


@dataclass(frozen=True)
class Splined(MarkerPotential):
    """Values at the points of a grid, joined by splines of degree five that repeat with the box."""

    spline: PeriodicSpline

    def value(self, position: np.ndarray, time: float) -> np.ndarray:
        return self.spline.value(position)

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        return self.spline.gradient(position)


@singledispatch
def marker_potential(entry: object, grid: Grid, mass: float) -> MarkerPotential:
    """What a validated ``potential`` entry is at the places of markers.

    Raises :class:`ValueError` with a sentence where a file does not fit the grid, and where there is no force."""
    raise TypeError(f"{type(entry).__name__} has no gradient")


@marker_potential.register
def _(entry: HarmonicPotential, grid: Grid, mass: float) -> MarkerPotential:
    return Harmonic(mass, entry.frequency, entry.centre_at)


@marker_potential.register
def _(entry: LatticePotential, grid: Grid, mass: float) -> MarkerPotential:
    return Lattice(entry.depth, entry.period, entry.phase)


@marker_potential.register
def _(entry: BoxPotential, grid: Grid, mass: float) -> MarkerPotential:
    if entry.edge <= 0.0:
        raise ValueError("has walls without width, which have no force that markers could follow; give an edge")
    return Box(entry.height, entry.lengths, entry.edge, entry.centre_at)


@marker_potential.register
def _(entry: GaussianPotential, grid: Grid, mass: float) -> MarkerPotential:
    return Gaussian(entry.height, entry.width, entry.centre_at)


@marker_potential.register
def _(entry: ExpressionPotential, grid: Grid, mass: float) -> MarkerPotential:
    return Arithmetic(entry.value)


@marker_potential.register
def _(entry: FilePotential, grid: Grid, mass: float) -> MarkerPotential:
    return Splined(PeriodicSpline(file_values(entry, grid, whole=True), grid.lengths))
