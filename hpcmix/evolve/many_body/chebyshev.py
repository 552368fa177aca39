"""The exponential of a Hermitian operator that does not change in time, by Chebyshev polynomials.

    exp(-i t H) psi = exp(-i t c) sum_n (2 - delta_n0) (-i)^n J_n(t r) T_n((H - c) / r) psi

The spectrum lies in [c - r, c + r], which 40 steps of Lanczos' method find. Three vectors, whatever t is, and about
t r + 20 products: the Bessel functions J_n fall faster than exponentially once n exceeds t r. The sum is cut where the
rest of the coefficients, which bounds its error relative to |psi|, is below the tolerance.

Tal-Ezer and Kosloff, J. Chem. Phys. 81 (1984) 3967; bound of the spectrum: Zhou and Li, Linear Algebra Appl. 435 (2011)
480.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import jv

from hpcmix.evolve.many_body.vectors import Apply, Space, Vector

STEPS = 40
"""Steps of Lanczos' method that find the spectrum's ends."""

MARGIN = 0.01
"""Of the found interval's length, added at each end."""


@dataclass(frozen=True)
class Interval:
    """Numbers between which all eigenvalues lie."""

    lowest: float
    highest: float

    @property
    def centre(self) -> float:
        """c"""
        return 0.5 * (self.lowest + self.highest)

    @property
    def radius(self) -> float:
        """r"""
        return 0.5 * (self.highest - self.lowest)


def spectral_interval(apply: Apply, space: Space, vectors: tuple[Vector, Vector], steps: int = STEPS) -> Interval:
    """An interval that holds the spectrum of H, from a random vector that is the same on any number of ranks.

    The ends are the extreme Ritz values and their residuals, and a margin. Two `vectors` do, and are overwritten: they
    hold b_j v_j, and the next one takes the place of the one before,

        b_{j+1} v_{j+1} = H v_j - b_j v_{j-1} - alpha_j v_j.

    Collective.
    """
    current, before = vectors
    space.fill_random(current, 1)
    alphas: list[float] = []
    norms = [1.0, space.norm(current)]  # b_{j-1}, b_j
    keep = 0.0
    while len(alphas) < steps:
        apply(current, before, scale=1.0 / norms[-1], keep=keep)
        alphas.append(space.inner(current, before).real / norms[-1])
        space.add(-alphas[-1] / norms[-1], current, before)
        norms.append(space.norm(before))
        keep = -norms[-1] / norms[-2]
        current, before = before, current
        if norms[-1] <= 1e-13 * max(map(abs, (*alphas, *norms[2:-1]))):
            norms[-1] = 0.0
            break
    betas = np.array(norms[2:])
    if len(alphas) == 1:
        values, last = np.array(alphas), np.ones(1)
    else:
        values, states = eigh_tridiagonal(np.array(alphas), betas[:-1])
        last = np.abs(states[-1])
    lowest, highest = values[0] - betas[-1] * last[0], values[-1] + betas[-1] * last[-1]
    margin = MARGIN * (highest - lowest)
    return Interval(float(lowest - margin), float(highest + margin))


def coefficients(size: float, tolerance: float) -> NDArray[np.float64]:
    """(2 - delta_n0) J_n(size), as many as are needed: the rest adds up to less than the tolerance."""
    orders = np.arange(int(size + 30.0 + 20.0 * (size + 1.0) ** (1.0 / 3.0)))
    values = 2.0 * jv(orders, size)
    values[0] *= 0.5
    rest = np.cumsum(np.abs(values[::-1]))[::-1]
    needed = int(np.count_nonzero(rest > tolerance))
    return values[: max(1, needed)]


class Chebyshev:
    """exp(-i t H / hbar) for any t.

    interval  of the spectrum; found at the first use unless given.
    """

    def __init__(
        self, apply: Apply, space: Space, hbar: float, tolerance: float = 1e-12, interval: Interval | None = None
    ) -> None:
        """`tolerance`: of one :meth:`advance`, relative to |psi|."""
        self._apply, self._space, self._hbar, self._tolerance = apply, space, hbar, tolerance
        self._work = (space.vector(), space.vector())
        self._interval = interval

    @property
    def interval(self) -> Interval:
        """Of the spectrum of H. Collective when it is asked for the first time."""
        if self._interval is None:
            self._interval = spectral_interval(self._apply, self._space, self._work)
        return self._interval

    def products(self, duration: float) -> int:
        """Products that :meth:`advance` takes."""
        return len(coefficients(abs(duration) / self._hbar * self.interval.radius, self._tolerance)) - 1

    def advance(self, psi: Vector, duration: float) -> None:
        """psi <- exp(-i duration H / hbar) psi, in place. Collective."""
        angle = duration / self._hbar
        centre, radius = self.interval.centre, max(self.interval.radius, np.finfo(float).tiny)
        factors = coefficients(abs(angle) * radius, self._tolerance)
        turn = -1j * math.copysign(1.0, angle)
        turns = (1.0, turn, -1.0, -turn)  # its powers
        current, before = self._work
        current[...] = psi
        phase = complex(np.exp(-1j * angle * centre))
        psi[...] = 0.0
        self._space.add(phase * factors[0], current, psi)
        for order in range(1, len(factors)):
            if order == 1:
                self._apply(current, before, scale=1.0 / radius, shift=-centre / radius)
            else:
                self._apply(current, before, scale=2.0 / radius, shift=-2.0 * centre / radius, keep=-1.0)
            current, before = before, current
            self._space.add(phase * turns[order % 4] * factors[order], current, psi)
