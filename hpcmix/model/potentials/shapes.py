"""The shapes of external potentials in space: U and grad U of every kind, wherever they are asked for.

The grid asks for values at its points, markers of classical species for values and gradients where they are. Places are
those of the laboratory, all numbers are in code units, and all is local.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import ClassVar

import numpy as np

from hpcmix.problem.sections.species.potentials import (
    BoxPotential,
    ExpressionPotential,
    GaussianPotential,
    HarmonicPotential,
    LatticePotential,
)
from hpcmix.problem.units.derivatives import derivatives
from hpcmix.problem.units.expressions import Expression

Coordinates = Sequence[np.ndarray]
"""Positions along each axis, shaped to broadcast against each other."""

Centre = Callable[[float], tuple[float, ...]]
"""Where a potential stands at a time."""


class PotentialShape(ABC):
    """U(t, x) of one entry of ``potential``, without its envelope in time."""

    may_fail: ClassVar[bool] = False
    """Whether there may be places where it is not finite."""

    @abstractmethod
    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        """U at places that broadcast together; its shape may be that of some of them only."""

    @abstractmethod
    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        """grad U at places (n, d), an array (n, d) of the caller's."""


def harmonic(
    coordinates: Coordinates, mass: float, frequency: tuple[float, ...], centre: tuple[float, ...]
) -> np.ndarray:
    """U = m/2 sum over axes of omega^2 (x - centre)^2."""
    axes = zip(coordinates, frequency, centre, strict=True)
    return sum((0.5 * mass * omega**2 * (x - c) ** 2 for x, omega, c in axes), np.zeros(()))


@dataclass(frozen=True)
class Harmonic(PotentialShape):
    """U = m/2 sum over axes of omega^2 (x - centre)^2, grad U = m omega^2 (x - centre)."""

    mass: float
    frequency: tuple[float, ...]
    centre: Centre

    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        return harmonic(coordinates, self.mass, self.frequency, self.centre(time))

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        force = np.empty_like(position)
        # an axis at a time: numpy's loops over a last axis of two or three numbers are six times slower
        for axis, (frequency, centre) in enumerate(zip(self.frequency, self.centre(time), strict=True)):
            np.subtract(position[:, axis], centre, out=force[:, axis])
            force[:, axis] *= self.mass * frequency**2
        return force


@dataclass(frozen=True)
class Lattice(PotentialShape):
    """U = sum over axes of depth sin^2(pi x / period + phase), dU/dx = (pi depth / period) sin(2 (pi x / period +
    phase)) along every axis."""

    depth: tuple[float, ...]
    period: tuple[float, ...]
    phase: tuple[float, ...]

    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        axes = zip(coordinates, self.depth, self.period, self.phase, strict=True)
        return sum((d * np.sin(np.pi * x / p + shift) ** 2 for x, d, p, shift in axes), np.zeros(()))

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
class Box(PotentialShape):
    """U = height outside a box of `lengths` around its centre, 0 inside; walls smoothed over `edge` by tanh:

        U = height (1 - product over axes of s(d_i)),    d_i = L_i/2 - |x_i|,    x from the centre on

    with s the step function, or (1 + tanh(d / edge)) / 2, and then

        dU/dx_i = height sign(x_i) s'(d_i) product over the other axes of s(d_j),    s' = (1 - tanh^2) / (2 edge)

    A wall without width has no gradient that markers could follow: problem/checks/markers refuses it.
    """

    height: float
    lengths: tuple[float, ...]
    edge: float
    centre: Centre

    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        inside = np.ones(())
        for x, length, c in zip(coordinates, self.lengths, self.centre(time), strict=True):
            depth = 0.5 * length - np.abs(x - c)
            inside = inside * (0.5 * (1.0 + np.tanh(depth / self.edge)) if self.edge > 0.0 else (depth >= 0.0))
        return self.height * (1.0 - inside)

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
class Gaussian(PotentialShape):
    """U = height exp(-sum over axes of (x - centre)^2 / (2 width^2)), grad U = -U (x - centre) / width^2.

    moves  whether its centre does: what is made anew for every kick is a product of one factor for each axis, which
           takes no exponential at every point of the grid.
    """

    height: float
    width: tuple[float, ...]
    centre: Centre
    moves: bool

    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        if not self.moves:
            return self._exponential(coordinates, time)
        value: np.ndarray = np.full((), self.height)
        for x, w, c in zip(coordinates, self.width, self.centre(time), strict=True):
            value = value * np.exp(-0.5 * ((x - c) / w) ** 2)
        return value

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        value, force = self._exponential(list(position.T), time), np.empty_like(position)
        for axis, (width, centre) in enumerate(zip(self.width, self.centre(time), strict=True)):
            np.subtract(position[:, axis], centre, out=force[:, axis])
            force[:, axis] *= value
            force[:, axis] *= -1.0 / width**2
        return force

    def _exponential(self, coordinates: Coordinates, time: float) -> np.ndarray:
        axes = zip(coordinates, self.width, self.centre(time), strict=True)
        return self.height * np.exp(-0.5 * sum(((x - c) / w) ** 2 for x, w, c in axes))


@dataclass(frozen=True)
class Arithmetic(PotentialShape):
    """An expression in x, y, z and t, and its derivatives (problem/units/derivatives.py)."""

    expression: Expression

    may_fail: ClassVar[bool] = True

    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        return np.asarray(self.expression.evaluate(**dict(zip("xyz", coordinates, strict=False)), t=time))

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        names = "xyz"[: position.shape[1]]
        _, slopes = derivatives(self.expression, names, **dict(zip(names, position.T, strict=True)), t=time)
        gradient = np.empty(position.shape)
        for axis, slope in enumerate(slopes):
            gradient[:, axis] = slope
        return gradient


@singledispatch
def shape_of(entry: object, mass: float) -> PotentialShape:
    """The shape of a validated ``potential`` entry that is known everywhere; `mass`: of the species, code units. One
    that is known at the grid's points only has its values instead (:func:`~hpcmix.model.potentials.external.make_term`,
    :func:`~hpcmix.model.markers.potentials.marker_potential`)."""
    raise TypeError(f"{type(entry).__name__} has no shape")


@shape_of.register
def _(entry: HarmonicPotential, mass: float) -> PotentialShape:
    return Harmonic(mass, entry.frequency, entry.centre_at)


@shape_of.register
def _(entry: LatticePotential, mass: float) -> PotentialShape:
    return Lattice(entry.depth, entry.period, entry.phase)


@shape_of.register
def _(entry: BoxPotential, mass: float) -> PotentialShape:
    return Box(entry.height, entry.lengths, entry.edge, entry.centre_at)


@shape_of.register
def _(entry: GaussianPotential, mass: float) -> PotentialShape:
    return Gaussian(entry.height, entry.width, entry.centre_at, entry.moves)


@shape_of.register
def _(entry: ExpressionPotential, mass: float) -> PotentialShape:
    return Arithmetic(entry.value)
