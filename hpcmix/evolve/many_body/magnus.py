"""The Schroedinger equation with a Hamiltonian that changes in time: a commutator-free Magnus integrator of order 4.

    psi(t + h) ~ exp(-i h (b H_1 + a H_2) / hbar) exp(-i h (a H_1 + b H_2) / hbar) psi(t)
    H_1,2 = H(t + (1/2 -+ sqrt(3)/6) h),       a = 1/4 + sqrt(3)/6,   b = 1/4 - sqrt(3)/6

Both exponents are Hermitian: the norm is kept whatever h is. A step of h is compared with two of h/2; the two are kept,
whose error is about a sixteenth of the difference's 16/15. Steps follow from it as usual for order 4.

Blanes and Moan, Appl. Numer. Math. 56 (2006) 1519; Alvermann and Fehske, J. Comput. Phys. 230 (2011) 5930.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hpcmix.evolve.many_body.krylov import Krylov
from hpcmix.evolve.many_body.vectors import Apply, Space, Vector

NODES = (0.5 - math.sqrt(3.0) / 6.0, 0.5 + math.sqrt(3.0) / 6.0)
LARGER, SMALLER = 0.25 + math.sqrt(3.0) / 6.0, 0.25 - math.sqrt(3.0) / 6.0

SHORTEST = 1e-9
"""Steps below this part of the whole duration end the run: no Hamiltonian that is smooth asks for them."""

Combine = Callable[[Sequence[tuple[float, float]]], Apply]
"""``combine([(weight, time), ..])`` is the operator sum_k weight_k H(time_k), valid until the next call. Collective."""


class StepTooShort(FloatingPointError):
    """The Hamiltonian changes too quickly, or jumps, at the time that the text says."""


class Magnus:
    """One state vector, from time to time.

    step   that is tried next; the last one that was good
    steps  taken, each of them two halves
    tried  steps, those that were refused among them
    """

    def __init__(
        self, combine: Combine, space: Space, hbar: float, tolerance: float = 1e-12, step: float | None = None
    ) -> None:
        """`tolerance`: of a whole :meth:`advance`, relative to |psi|, shared out evenly over its time."""
        self._combine, self._space, self._hbar, self._tolerance = combine, space, hbar, tolerance
        self._krylov = Krylov(space)
        self._whole, self._start = space.vector(), space.vector()
        self.step, self.steps, self.tried = step, 0, 0

    def advance(self, psi: Vector, start: float, end: float) -> None:
        """psi from time `start` to `end`, in place, with steps as the tolerance asks for. Collective.

        Raises :class:`StepTooShort`.
        """
        duration = end - start
        time, step = start, self.step or 0.05 * abs(duration)
        while time != end:
            left = end - time
            if abs(left) <= 1.001 * step:
                step, last = abs(left), True
            else:  # no crumb at the end
                step, last = min(step, 0.5 * abs(left)) if abs(left) < 2.0 * step else step, False
            error = self._try(psi, time, math.copysign(step, duration), 0.1 * self._tolerance * step / abs(duration))
            allowed = self._tolerance * self._space.norm(psi) * step / abs(duration)
            factor = 0.9 * (allowed / error) ** 0.25 if error > 0.0 else 4.0  # per time: error / step ~ step^4
            self.tried += 1
            if error <= allowed:
                self.steps += 1
                time = end if last else time + math.copysign(step, duration)
                if not last or factor < 1.0:
                    self.step = step * min(4.0, max(0.2, factor))
                step = step * min(4.0, max(0.2, factor))
                continue
            psi[...] = self._start
            step *= min(0.9, max(0.1, factor))
            if step < SHORTEST * abs(duration):
                raise StepTooShort(f"the Hamiltonian changes too quickly at t = {time:.10g} for the asked tolerance")

    def fixed(self, psi: Vector, start: float, end: float, steps: int) -> None:
        """The same with that many equal steps and no look at the error, one exponential after the other. Collective."""
        size = (end - start) / steps
        for number in range(steps):
            self._one(psi, start + number * size, size, 0.05 * self._tolerance / steps)

    def _try(self, psi: Vector, time: float, step: float, tolerance: float) -> float:
        """Two halves of a step, and their estimated error; `tolerance` is what Krylov spaces may miss."""
        self._start[...] = psi
        self._whole[...] = psi
        self._one(self._whole, time, step, tolerance)
        self._one(psi, time, 0.5 * step, 0.5 * tolerance)
        self._one(psi, time + 0.5 * step, 0.5 * step, 0.5 * tolerance)
        self._space.add(-1.0, psi, self._whole)
        return self._space.norm(self._whole) / 15.0

    def _one(self, psi: Vector, time: float, step: float, tolerance: float) -> None:
        first, second = (time + node * step for node in NODES)
        for weights in ((LARGER, SMALLER), (SMALLER, LARGER)):
            apply = self._combine([(weights[0], first), (weights[1], second)])
            self._krylov.advance(apply, psi, step / self._hbar, tolerance)
