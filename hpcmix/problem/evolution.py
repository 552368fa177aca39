"""``[ground_state]`` and ``[time]``: how stationary states are found and how the state moves."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import PlainValidator, PrivateAttr, StrictBool, ValidationInfo, model_validator

from hpcmix.problem.adaptive import AdaptiveStep, number_or_table
from hpcmix.problem.dimensions import TIME
from hpcmix.problem.errors import closest
from hpcmix.problem.frame import AT_REST, LARGEST_SCALE, Frame
from hpcmix.problem.integrators import INTEGRATORS, Splitting
from hpcmix.problem.section import Section, context_of, wrong
from hpcmix.problem.values import described, integer, quantity, real, sequence

NEEDS_TIME = "run needs a [time] section with final and step; hpcmix ground does without"


def _pair(value: object) -> tuple:
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(isinstance(name, str) for name in value):
        raise wrong(f'must be a list of two species names, such as ["up", "down"], not {described(value)}')
    return tuple(value)


class GroundStateCoupling(Section):
    """The kernels of a pair of species, multiplied by a factor while the ground state is looked for: where the
    evolution begins with a sudden change of that coupling."""

    between: Annotated[tuple[str, str], PlainValidator(_pair)]
    factor: Annotated[float, real()]


Saddles = Literal["follow", "report", "ignore"]
"""What becomes of a ground state that is no minimum."""


class GroundStateOptions(Section):
    """How far and by which method energies are minimised."""

    tolerance: Annotated[float, real(above=0)] | None = None
    """Relative residual ``|H phi - mu phi| / |mu phi|`` to reach. Never None in a loaded problem: 1e-10 in double,
    1e-4 in single."""
    max_iterations: Annotated[int, integer(at_least=1)] | None = None
    """Of one job and one start; the state is kept when they are spent. Never None in a loaded problem: 500, or 5000
    where a rotation or a vector potential may fill the state with vortices."""
    method: Literal["conjugate-gradients", "imaginary-time"] = "conjugate-gradients"
    step: Annotated[float, quantity(TIME, above=0)] | None = None
    """Step in imaginary time; None lets the method choose."""
    saddles: Saddles = "follow"
    """After convergence the lowest curvature of the energy is looked for. Where it is negative the search goes on
    downhill ("follow"), or the state stays and the log says so ("report"); "ignore" does not look."""
    starts: Annotated[int, integer(at_least=1)] = 1
    """Searches from different first guesses; the lowest state is kept. The second and later ones begin with smooth
    noise on the guess, from the seed of every species and the number of the start."""
    noise: Annotated[float, real(at_least=0)] | None = None
    """Relative noise on the first guess, from the seed of every species' ``initial``. None: 0.05 where symmetries of
    the guess would be kept to (sets of orbitals, vector potentials, rotation), else none."""
    coupling: Annotated[tuple[GroundStateCoupling, ...], sequence()] = ()
    """Pairs whose interactions have another strength in the ground state than in the evolution: a quench."""

    @model_validator(mode="after")
    def _tolerance_asks_for_something(self):
        if self.tolerance is not None and self.tolerance >= 1.0:
            message = f"must be less than 1, the residual of no solution at all, but is {self.tolerance:g}"
            raise wrong(message, key="tolerance")
        return self

    @model_validator(mode="after")
    def _step_has_a_use(self):
        if self.step is not None and self.method != "imaginary-time":
            raise wrong(f'is for method = "imaginary-time"; the method here is "{self.method}"', key="step")
        return self


def steps_to(final: float, step: float) -> int:
    """How many steps reach `final`; a quotient that is whole up to rounding counts as whole."""
    quotient = final / step
    nearest = round(quotient)
    # the two numbers and their quotient carry three roundings of 1e-16 each; a factor of a thousand above that is still
    # no real part of a step
    return nearest if abs(quotient - nearest) <= 1e-12 * quotient else math.ceil(quotient)


MOST_STEPS = 2.0**53
"""Beyond it, neighbouring steps have the same time in double precision."""


def _integrator(value: object) -> str:
    if not isinstance(value, str) or value not in INTEGRATORS:
        suggestion = closest(value, INTEGRATORS) if isinstance(value, str) else None
        available = "" if suggestion else f" (available: {', '.join(INTEGRATORS)})"
        raise wrong(f"unknown integrator {described(value)}{available}", suggestion=suggestion)
    return value


_positive_time = quantity(TIME, above=0).func


def _final(value: object, info: ValidationInfo) -> float:
    """A time, or the word "infinity" where a frame makes it a finite one on the clock."""
    frame = context_of(info).frame
    if value == "infinity":
        if frame is not None and not frame.expanding:
            raise wrong('"infinity" is reached in the expanding frame only: grid.frame = { kind = "expanding", ... }')
        return math.inf
    if isinstance(value, str) and closest(value, ("infinity",)):
        raise wrong(f"{described(value)} is no time", suggestion="infinity")
    final = _positive_time(value, info)
    if frame is not None and frame.rate * final > LARGEST_SCALE:
        raise wrong(
            f"is beyond what rounding leaves of the clock: the frame has grown by {frame.rate * final:.2g} then, "
            f'and {LARGEST_SCALE:.0e} is the limit; "infinity" is the time beyond'
        )
    return final


class TimeOptions(Section):
    """The time to evolve to and the step (CONVENTIONS.md, Time)."""

    final: Annotated[float, PlainValidator(_final)]
    """In the laboratory; infinite in the expanding frame only."""
    step: number_or_table(float, quantity(TIME, above=0), AdaptiveStep)
    """The step as asked for, on the clock (problem/frame.py), ``step_size`` is what is used; or how it is adapted."""
    integrator: Annotated[str, PlainValidator(_integrator)] = "blanes-moan-4"
    check_step: StrictBool = True
    """Refuse a step that the grid's fastest modes resonate with (checks.py)."""

    _frame: Frame = PrivateAttr(default=AT_REST)

    @model_validator(mode="after")
    def _step_fits(self, info: ValidationInfo):
        self._frame = context_of(info).frame or self._frame  # validated again, without context, in the whole problem
        if self.adaptive is not None or not math.isfinite(self.end):
            return self  # a frame without an end is refused itself
        if self.step > self.end:
            final = f"final = {self.final:g}" if self.end == self.final else f"{self.end:g} of the frame's clock"
            raise wrong(f"is longer than the whole evolution: {self.step:g} > {final} in code units", key="step")
        if self.end / self.step > MOST_STEPS:
            raise wrong(f"makes {self.end / self.step:.2g} steps of the evolution, too many to count", key="step")
        return self

    @property
    def frame(self) -> Frame:
        """Between the laboratory's time and the clock that steps are counted by."""
        return self._frame

    @property
    def end(self) -> float:
        """``final`` on the clock; the same number where the grid is at rest."""
        return self._frame.clock(self.final)

    @property
    def adaptive(self) -> AdaptiveStep | None:
        """How the step is adapted, None where it is fixed."""
        return self.step if isinstance(self.step, AdaptiveStep) else None

    @property
    def splitting(self) -> Splitting:
        """The coefficients of the integrator."""
        return INTEGRATORS[self.integrator]

    @property
    def steps(self) -> int:
        """Number of fixed steps: ``ceil(end / step)``; a quotient that is whole up to rounding counts as whole."""
        return steps_to(self.end, self.step)

    @property
    def step_size(self) -> float:
        """The step that is used: ``end / steps``, at most the one asked for, so that the last step ends at
        ``final``; of adaptive steps the first that is tried."""
        return self.end / self.steps if self.adaptive is None else self.adaptive.within(self.end)[1]
