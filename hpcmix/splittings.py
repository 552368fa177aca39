"""The splitting schemes a problem file can name, as tables of coefficients.

A scheme with s stages is applied as ``K(b_0) D(a_1) K(b_1) ... D(a_s) K(b_s)`` (CONVENTIONS.md, Flows): K the kick
(potential and mean field, a phase in x), D the drift (kinetic energy, a multiplier in k). Both rows of coefficients are
palindromes and sum to one.

Sources: Strang, SIAM J. Numer. Anal. 5 (1968) 506. McLachlan, SIAM J. Sci. Comput. 16 (1995) 151: the two stages whose
error of order three is least. Blanes and Moan, J. Comput. Appl. Math. 142 (2002) 313, tables 2 and
3: S6 (order 4) and S10 (order 6) hold for any pair of flows. SRKN6b (order 4) and SRKN11b (order 6) begin with the kick
and use [K,[K,[K,D]]] = 0, which is true when the kinetic energy is quadratic in the momentum, also with a mean field
that depends on densities only. That commutator is the first to be missed by other kinetic energies; in a symmetric
scheme it enters the error with the fourth power of the step: SRKN6b keeps its order with any, SRKN11b falls to order 4
(measured: tests/physics/test_semirelativistic.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np


@dataclass(frozen=True)
class Splitting:
    """Coefficients of one splitting scheme.

    kicks has one entry more than drifts; ``order`` is the order of the global error; ``quadratic_kinetic_energy`` says
    that the order holds only for kinetic energies quadratic in the momentum (nonrelativistic, with or without a vector
    potential).
    """

    order: int
    kicks: tuple[float, ...]
    drifts: tuple[float, ...]
    quadratic_kinetic_energy: bool = False

    @property
    def largest_drift(self) -> float:
        """Largest part of a step that one drift covers: what the stability limit of the step refers to."""
        return max(abs(a) for a in self.drifts)

    @cached_property
    def largest_oscillation(self) -> float:
        """The omega tau up to which steps of a harmonic oscillator stay bounded.

        In units with p / (m omega) for p a kick is p -= b theta x and a drift x += a theta p, theta = omega tau. The
        step is a matrix of determinant one whose trace is 2 q(theta^2), q a polynomial; its powers are bounded where
        |q| < 1, and the limit is the first theta beyond which |q| > 1. For all but the shortest schemes that is near
        pi, where two steps make a period.
        """
        one, zero = np.polynomial.Polynomial([1.0]), np.polynomial.Polynomial([0.0])
        theta = np.polynomial.Polynomial([0.0, 1.0])
        (xx, xp), (px, pp) = (one, zero), (zero, one)
        for kick, drift in zip(self.kicks, (*self.drifts, 0.0), strict=True):
            px, pp = px - xx * theta * kick, pp - xp * theta * kick
            xx, xp = xx + px * theta * drift, xp + pp * theta * drift
        half_trace = np.polynomial.Polynomial(((xx + pp) * 0.5).coef[::2])
        roots = np.concatenate([(half_trace - 1.0).roots(), (half_trace + 1.0).roots()])
        crossings = sorted(float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > 1e-6)
        for here, there in pairwise([*crossings, 2.0 * crossings[-1]]):
            if abs(half_trace(0.5 * (here + there))) > 1.0:
                return math.sqrt(here)
        raise ValueError("a polynomial is unbounded")

    @cached_property
    def drift_ends(self) -> tuple[float, ...]:
        """Fraction of the step that has passed at each kick (time advances with the drifts)."""
        ends = [0.0]
        for a in self.drifts:
            ends.append(ends[-1] + a)
        ends[-1] = 1.0  # the sum is one up to rounding; the last kick is at the step's end exactly
        return tuple(ends)


def _palindrome(half: tuple[float, ...], length: int) -> tuple[float, ...]:
    """Complete the first coefficients of a symmetric row of given length; the middle one (or pair) makes the sum 1."""
    remainder = 1.0 - 2.0 * sum(half)
    middle = (remainder,) if length % 2 else (remainder / 2.0, remainder / 2.0)
    row = half + middle + half[::-1]
    if len(row) != length:
        raise ValueError(f"{len(half)} coefficients do not make a symmetric row of {length}")
    return row


INTEGRATORS: dict[str, Splitting] = {
    "strang": Splitting(order=2, kicks=(0.5, 0.5), drifts=(1.0,)),
    "mclachlan-2": Splitting(order=2, kicks=_palindrome((0.19318332750378361,), 3), drifts=(0.5, 0.5)),
    "blanes-moan-4": Splitting(
        order=4,
        kicks=_palindrome((0.0792036964311957, 0.353172906049774, -0.0420650803577195), 7),
        drifts=_palindrome((0.209515106613362, -0.143851773179818), 6),
    ),
    "blanes-moan-rkn-4": Splitting(
        order=4,
        kicks=_palindrome((0.0829844064174052, 0.396309801498368, -0.0390563049223486), 7),
        drifts=_palindrome((0.245298957184271, 0.604872665711080), 6),
    ),
    "blanes-moan-6": Splitting(
        order=6,
        kicks=_palindrome(
            (0.0502627644003922, 0.413514300428344, 0.0450798897943977, -0.188054853819569, 0.541960678450780), 11
        ),
        drifts=_palindrome((0.148816447901042, -0.132385865767784, 0.067307604692185, 0.432666402578175), 10),
    ),
    "blanes-moan-rkn-6": Splitting(
        order=6,
        kicks=_palindrome(
            (0.0414649985182624, 0.198128671918067, -0.0400061921041533, 0.0752539843015807, -0.0115113874206879), 12
        ),
        drifts=_palindrome(
            (0.123229775946271, 0.290553797799558, -0.127049212625417, -0.246331761062075, 0.357208872795928), 11
        ),
        quadratic_kinetic_energy=True,
    ),
}
"""Every scheme by the name that ``[time] integrator`` takes."""

_GENERAL = {2: "strang", 4: "blanes-moan-4", 6: "blanes-moan-6"}
"""By order the scheme that holds for any two flows."""


def within_kicks(splitting: Splitting) -> Splitting:
    """The scheme by which a kick is made of phases and of unitaries among species where there are any: one of the
    integrator's order that holds for any two flows."""
    return INTEGRATORS[_GENERAL[splitting.order]]
