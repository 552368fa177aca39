"""The exponential of a Hermitian operator for one short step, in a small Krylov space (Lanczos' method).

    exp(-i t H) psi ~ |psi| V_m exp(-i t T_m) e_1,        error <= |psi| (t^m / m!) beta_1 .. beta_m

with V_m an orthonormal basis of psi, H psi, .. and T_m a real tridiagonal matrix. The bound is rigorous and sharp for
short steps (Jawecki, Auzinger and Koch, BIT 60 (2020) 157); where :data:`LARGEST` vectors do not reach the tolerance
the step is cut.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.linalg import eigh_tridiagonal

from hpcmix.evolve.many_body.vectors import Apply, Space, Vector

LARGEST = 20
"""Vectors of a basis, at most."""


class Krylov:
    """Exponentials of changing operators; the basis is kept for the next one."""

    def __init__(self, space: Space, largest: int = LARGEST) -> None:
        self._space, self._largest = space, largest
        self._vectors: list[Vector] = []

    def advance(self, apply: Apply, psi: Vector, duration: float, tolerance: float) -> None:
        """psi <- exp(-i duration H) psi, in place, with an error below tolerance |psi|. Collective.

        `duration` is a time over hbar.
        """
        left = duration
        while left != 0.0:
            left -= self._part(apply, psi, left, tolerance * abs(left / duration))

    def _part(self, apply: Apply, psi: Vector, duration: float, tolerance: float) -> float:
        """The whole duration, or as much of it as the largest basis gives; returns how much."""
        norm = self._space.norm(psi)
        if norm == 0.0 or not math.isfinite(norm):
            return duration  # what is not finite stays: whoever watches the run finds it
        np.multiply(psi, 1.0 / norm, out=self._vector(0))
        alphas: list[float] = []
        betas: list[float] = []
        product = 0.0  # logarithm of beta_1 .. beta_m / m!
        while True:
            self._extend(apply, alphas, betas)
            m = len(alphas)
            if betas[-1] == 0.0:
                break
            product += math.log(betas[-1] / m)
            if m * math.log(abs(duration)) + product <= math.log(tolerance):
                break
            if m == self._largest:
                # t^m product <= tolerance t / duration, with a tenth to spare
                ratio = (math.log(tolerance) - product - math.log(abs(duration))) / (m - 1)
                duration = math.copysign(min(abs(duration), 0.9 * math.exp(ratio)), duration)
                break
        self._combine(psi, norm, duration, alphas, betas)
        return duration

    def _extend(self, apply: Apply, alphas: list[float], betas: list[float]) -> None:
        """One dimension more; a beta of zero ends the space."""
        m = len(alphas)
        current, following = self._vector(m), self._vector(m + 1)
        apply(current, following)
        alpha = self._space.inner(current, following).real
        self._space.add(-alpha, current, following)
        if m:
            self._space.add(-betas[-1], self._vector(m - 1), following)
        alphas.append(alpha)
        beta = self._space.norm(following)
        scale = max(map(abs, (*alphas, *betas)))
        betas.append(beta if beta > 1e-14 * scale else 0.0)
        if betas[-1] > 0.0:
            following *= 1.0 / beta

    def _combine(self, psi: Vector, norm: float, duration: float, alphas: list[float], betas: list[float]) -> None:
        if len(alphas) == 1:
            values, states = np.array(alphas), np.ones((1, 1))
        else:
            values, states = eigh_tridiagonal(np.array(alphas), np.array(betas[:-1]))
        factors = states @ (np.exp(-1j * duration * values) * states[0])
        psi[...] = 0.0
        for number, factor in enumerate(factors):
            self._space.add(norm * complex(factor), self._vector(number), psi)

    def _vector(self, number: int) -> Vector:
        while len(self._vectors) <= number:
            self._vectors.append(self._space.vector())
        return self._vectors[number]

    def free(self) -> None:
        """The basis is not needed any more."""
        while self._vectors:
            self._space.give_back(self._vectors.pop())
