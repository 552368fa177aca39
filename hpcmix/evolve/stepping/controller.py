"""The choice of adaptive steps by the error of those before.

A step of length h of a scheme of order p makes the relative L2 error e = h^(p+1) / tau^(p+1), where tau is a time of
the solution itself. It is allowed ``e <= tolerance^((p+1)/p)``: then h = tau tolerance^(1/p), and over a time t the
errors of t/h steps add up to (t / tau) tolerance at most. The tolerance is thus the error that may be made in a time in
which the solution changes as much as the scheme can see; it needs no unit of time, and the error at the end is
proportional to it.

The factor from one step to the next is that of a proportional-integral controller: with E = e / e_allowed, and
r = 0.9 E^(-1/(p+1)) the factor that would bring h to nine tenths of what is allowed,

    h_next = h r^0.7 r_before^-0.4

(Gustafsson, ACM Trans. Math. Softw. 17 (1991) 533; Hairer, Norsett and Wanner, Solving Ordinary Differential
Equations I, section II.4), r alone after the first step and after a rejected one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from hpcmix.problem.times.adaptive import AdaptiveStep, largest_local_error
from hpcmix.state.progress import Adaptation

SAFETY, LEAST_FACTOR, LARGEST_FACTOR = 0.9, 0.2, 5.0
"""The usual ones."""

UNCHANGED = 1.1
"""A step that is right by this factor stays: multipliers of the kinetic energy are made anew for each length."""

LEAST_ERROR = 1e-8
"""Smaller E (a free particle has no error at all) count as this: they ask for the largest factor all the same."""


@dataclass(frozen=True)
class Decision:
    """What the controller makes of an attempt: whether it stands, the next step to try, and what it remembers."""

    accepted: bool
    next_size: float
    adaptation: Adaptation


class Controller:
    """Accepts or rejects steps and chooses the next.

    order     p of the integrator.
    smallest, initial, largest
              the range of steps, and the first.
    """

    def __init__(self, options: AdaptiveStep, order: int, final: float) -> None:
        self._allowed = largest_local_error(options.tolerance, order)
        self._power = 1.0 / (order + 1.0)
        self.smallest, self.initial, self.largest = options.within(final)

    def decide(self, before: Adaptation, size: float, end: float, error: float, cut: bool) -> Decision:
        """Judge an attempt to step from ``before.time`` to `end`.

        size   the step that was to be tried; `cut`: it was shortened to end at a certain time, and tells nothing of the
               steps after it unless it fails.
        error  its estimated relative L2 error. One that is not finite is accepted: the guard of the loop then says
               which species is lost.
        """
        length, quotient = end - before.time, _rounded(error / self._allowed)
        if quotient > 1.0:
            failed = replace(before, retrying=True, rejected=before.rejected + 1)
            return Decision(False, min(size, self._ratio(quotient) * length), failed)
        estimate = before.estimate + (error if math.isfinite(error) else 0.0)
        after = replace(before, time=end, previous=before.time, retrying=False, estimate=estimate)
        if cut:
            return Decision(True, size, after)
        after = replace(
            after,
            error=quotient,
            smallest=min(length, before.smallest or length),
            largest=max(length, before.largest or length),
        )
        return Decision(True, self._next_size(before, size, quotient), after)

    def _ratio(self, quotient: float) -> float:
        """r, by which a step is too short for its E; within the usual bounds."""
        ratio = SAFETY * max(quotient, LEAST_ERROR) ** -self._power
        return min(LARGEST_FACTOR, max(LEAST_FACTOR, ratio))

    def _next_size(self, before: Adaptation, size: float, quotient: float) -> float:
        """The step after one that stands."""
        ratio = self._ratio(quotient)
        if 1.0 <= ratio < UNCHANGED:
            return size
        factor = ratio
        if before.retrying:
            factor = min(factor, 1.0)  # what has just failed is not tried again at once
        elif before.error is not None:
            factor = ratio**0.7 * self._ratio(before.error) ** -0.4
        return min(self.largest, size * min(LARGEST_FACTOR, max(LEAST_FACTOR, factor)))


def _rounded(value: float) -> float:
    """Ten binary digits of a positive number. Sums over ranks are rounded in an order that depends on their number;
    decisions should not (but where a number lies within that rounding of the middle between two of these)."""
    if not math.isfinite(value):
        return 0.0
    mantissa, exponent = math.frexp(value)
    return math.ldexp(round(mantissa * 1024.0), exponent - 10)
