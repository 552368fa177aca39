"""Preconditioned nonlinear conjugate gradients on a manifold of states: what the searches on spheres (condensates) and
on Stiefel manifolds (sets of orbitals) share.

Antoine, Levitt and Tang, J. Comput. Phys. 343 (2017) 92, extended to components: one search direction for all species,
one step length. With R the gradient on the manifold, P the preconditioner and <,> the manifold's metric

    D = -P R + beta D_before,     beta = max(0, <P R, R - R_before> / <P R_before, R_before>)

(Polak and Ribiere, not negative), made tangent; the state then moves along a curve that leaves it in the direction D.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hpcmix.initial.descent.curvature import Stationary, Vector
from hpcmix.initial.descent.ground_state import NotConverged, OutOfIterations, Report


class Curve(Protocol):
    """A curve on the manifold, parameter t, that leaves the present state in a tangent direction. All methods are
    collective.

    slope      first derivative of the energy at t = 0.
    curvature  its second derivative there.
    farthest   the largest t that a step may go to.
    cautious   the part of `farthest` that is tried first where the curvature is not positive.
    """

    @property
    def slope(self) -> float: ...
    @property
    def curvature(self) -> float: ...
    @property
    def farthest(self) -> float: ...
    @property
    def cautious(self) -> float: ...

    def descend(self, step: float) -> bool:
        """Move the state along the curve, by `step` at first; whether the direction is worth remembering."""


class Manifold(Stationary, Protocol):
    """Where a search takes place. All methods are collective.

    gradients  R as of the last :meth:`differentiate`.
    """

    @property
    def gradients(self) -> Vector: ...

    def refresh(self, companions: Sequence[Vector] = ()) -> None: ...
    def apply_kinetic(self, source: Vector, target: Vector) -> None: ...

    def is_refreshed(self, iteration: int) -> bool:
        """Whether a state is refreshed before the iteration of this number."""

    def is_exact(self, iteration: int) -> bool:
        """Whether the residual of this iteration is free of gathered rounding errors."""

    def begins_anew(self, count: int) -> bool:
        """Whether the direction is to be forgotten `count` iterations after the search has begun."""

    def make_tangent(self, directions: Vector) -> None: ...

    def curve(self, directions: Vector, kinetic_directions: Vector) -> Curve: ...


class ConjugateGradients:
    """A search on a manifold: the direction, T of it, and what the next direction takes from the last iteration.

    state  the arrays that the manifold moves, one per species.
    """

    def __init__(self, manifold: Manifold, state: Vector) -> None:
        self.manifold = manifold
        self.state = state
        self.directions = [np.zeros_like(array) for array in state]  # D
        self.kinetic_directions = [np.zeros_like(array) for array in state]  # T D
        self.previous = [np.zeros_like(array) for array in state]  # R of the iteration before
        self.steepest = [np.zeros_like(array) for array in state]  # P R
        self.previous_product = 0.0
        self.fresh = True  # no earlier direction to combine with

    def run(self, spent: int, tolerance: float, max_iterations: int, report: Report) -> int:
        """Iterate until the residual is at most `tolerance`; `spent` iterations are behind. The number of iterations
        afterwards. Raises :class:`NotConverged`. Collective."""
        manifold, best = self.manifold, math.inf
        self.fresh = True
        for iteration in range(spent, max_iterations + 1):
            if iteration == spent or manifold.is_refreshed(iteration):
                manifold.refresh(self.companions)
            manifold.differentiate()
            if manifold.begins_anew(iteration - spent):
                self.fresh = True
            if manifold.residual <= tolerance and not manifold.is_exact(iteration):
                manifold.refresh(self.companions)
                manifold.differentiate()
            report(iteration, manifold.residual, manifold.energy)
            if not math.isfinite(manifold.residual):
                raise NotConverged(
                    f"ground state: the energy is not finite after {iteration} iterations; is an attraction too strong?"
                )
            if manifold.residual <= tolerance:
                return iteration
            best = min(best, manifold.residual)
            if iteration < max_iterations:
                self.move()
        raise OutOfIterations.of_residual(manifold.residual, best, max_iterations, tolerance)

    @property
    def companions(self) -> list[Vector]:
        """What turns with the state where that is turned in itself, so that directions stay conjugate."""
        return [] if self.fresh else [self.directions, self.kinetic_directions, self.previous]

    def workspace(self) -> list[Vector]:
        """Six vectors to work in while the search does not move; it forgets its direction."""
        self.fresh = True
        own = [self.directions, self.kinetic_directions, self.previous, self.steepest, self.manifold.gradients]
        return [*own, [np.empty_like(array) for array in self.state]]

    def move(self) -> None:
        """Choose the direction, find the step length along it, take the step. Collective."""
        curve = self._curve()
        if curve.slope >= 0.0:  # not downhill: forget the past
            self.fresh = True
            curve = self._curve()
        farthest = curve.farthest
        newton = -curve.slope / curve.curvature if curve.curvature > 0.0 else curve.cautious * farthest
        if not curve.descend(min(newton, farthest)):
            self.fresh = True

    def _curve(self) -> Curve:
        """The curve in the next direction, with T of that direction."""
        manifold = self.manifold
        for steepest, gradient in zip(self.steepest, manifold.gradients, strict=True):
            steepest[...] = gradient
        manifold.linearised()
        manifold.precondition(self.steepest)
        product = manifold.metric(manifold.gradients, self.steepest)
        beta = 0.0
        if not self.fresh:
            overlap = manifold.metric(self.previous, self.steepest)
            beta = max(0.0, (product - overlap) / self.previous_product)
        for direction, steepest in zip(self.directions, self.steepest, strict=True):
            direction *= direction.real.dtype.type(beta)
            direction -= steepest
        manifold.make_tangent(self.directions)
        for previous, gradient in zip(self.previous, manifold.gradients, strict=True):
            previous[...] = gradient
        manifold.apply_kinetic(self.directions, self.kinetic_directions)
        self.previous_product = product
        self.fresh = False
        return manifold.curve(self.directions, self.kinetic_directions)
