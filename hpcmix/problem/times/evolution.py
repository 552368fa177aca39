"""``[ground_state]`` and ``[time]``: how stationary states are found and how the state moves."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import PrivateAttr, StrictBool, Tag, ValidationInfo, model_validator

from hpcmix.frame import AT_REST, LARGEST_SCALE, Frame
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.section import TABLE, VALUE, Section, context_of, value_or_table, wrong
from hpcmix.problem.reading.taken import Taken, Value, of_quantity
from hpcmix.problem.reading.values import PairOfNames, described, integer, quantity, quantity_in, real, sequence
from hpcmix.problem.times.adaptive import AdaptiveStep
from hpcmix.problem.times.fixed_steps import SAME_TIME, FixedSteps, Mark
from hpcmix.problem.units.dimensions import TIME
from hpcmix.problem.units.named import names_in
from hpcmix.splittings import INTEGRATORS, Splitting

NEEDS_TIME = "run needs a [time] section with final and step; hpcmix ground does without"


class KernelFactor(Section):
    """The kernels of a pair of species, multiplied by a factor while the ground state is looked for: where the
    evolution begins with a sudden change of that interaction."""

    between: PairOfNames
    """The pair.
    Example: ``["up", "up"]``."""
    factor: Annotated[float, real()]
    """Of its kernels while the ground state is looked for.
    Example: ``0.5``."""


Saddles = Literal["follow", "report", "ignore"]
"""What becomes of a ground state that is no minimum."""


class GroundStateOptions(Section):
    """How far and by which method energies are minimised."""

    tolerance: Annotated[float, real(above=0)] | None = None
    """Relative residual ``|H phi - mu phi| / |mu phi|`` to reach. Left out: 1e-10 in double,
    1e-4 in single.
    Example: ``1e-8``."""
    max_iterations: Annotated[int, integer(at_least=1)] | None = None
    """Of one job and one start; the state is kept when they are spent. Left out: 500, or 5000
    where a rotation or a vector potential may fill the state with vortices.
    Example: ``2000``."""
    method: Literal["conjugate-gradients", "imaginary-time"] = "conjugate-gradients"
    """Preconditioned conjugate gradients; or imaginary time, for comparison, which stalls at a residual proportional to
    its step."""
    step: Annotated[float, quantity(TIME, above=0)] | None = None
    """Step in imaginary time; left out, the method chooses.
    Example: ``"1 us"``."""
    saddles: Saddles = "follow"
    """After convergence the lowest curvature of the energy is looked for. Where it is negative the search goes on
    downhill ("follow"), or the state stays and the log says so ("report"); "ignore" does not look."""
    starts: Annotated[int, integer(at_least=1)] = 1
    """Searches from different first guesses; the lowest state is kept. The second and later ones begin with smooth
    noise on the guess, from the seed of every species and the number of the start.
    Example: ``4``."""
    noise: Annotated[float, real(at_least=0)] | None = None
    """Relative noise on the first guess, from the seed of every species' ``initial``. Left out: 0.05 where symmetries
    of the guess would be kept to (sets of orbitals, vector potentials, rotation), else none.
    Example: ``0.02``."""
    kernel_factors: Annotated[tuple[KernelFactor, ...], sequence()] = ()
    """Pairs whose interactions have another strength in the ground state than in the evolution: a quench."""

    @property
    def limits(self) -> tuple[float, int]:
        """The residual to reach and the most iterations, of a loaded problem."""
        if self.tolerance is None or self.max_iterations is None:
            raise TypeError("the defaults of [ground_state] are filled in when a problem is loaded")
        return self.tolerance, self.max_iterations

    @model_validator(mode="before")
    @classmethod
    def _old_name(cls, table: Any) -> Any:
        """Runs of before `kernel_factors` was called so have an empty `coupling` in their problem.toml."""
        if not isinstance(table, dict) or "coupling" not in table:
            return table
        if table["coupling"] != []:
            raise wrong(
                "is called kernel_factors: it multiplies kernels, and coupling is the coherent one, [[coupling]]",
                key="coupling",
            )
        return {key: value for key, value in table.items() if key != "coupling"}

    @model_validator(mode="after")
    def _tolerance_asks_for_something(self) -> Self:
        if self.tolerance is not None and self.tolerance >= 1.0:
            message = f"must be less than 1, the residual of no solution at all, but is {self.tolerance:g}"
            raise wrong(message, key="tolerance")
        return self

    @model_validator(mode="after")
    def _step_has_a_use(self) -> Self:
        if self.step is not None and self.method != "imaginary-time":
            raise wrong(f'is for method = "imaginary-time"; the method here is "{self.method}"', key="step")
        return self


MOST_STEPS = 2.0**53
"""Beyond it, neighbouring steps have the same time in double precision."""


def _integrator(value: object) -> str:
    if not isinstance(value, str) or value not in INTEGRATORS:
        suggestion = closest(value, INTEGRATORS) if isinstance(value, str) else None
        available = "" if suggestion else f" (available: {', '.join(INTEGRATORS)})"
        raise wrong(f"unknown integrator {described(value)}{available}", suggestion=suggestion)
    return value


def _final(value: object, info: ValidationInfo) -> float:
    """A time, or the word "infinity" where a frame makes it a finite one on the clock."""
    frame = context_of(info).frame
    if value == "infinity":
        if frame is not None and not frame.expanding:
            raise wrong('"infinity" is reached in the expanding frame only: grid.frame = { kind = "expanding", ... }')
        return math.inf
    named = isinstance(value, str) and names_in(value, context_of(info).names)
    if isinstance(value, str) and not named and closest(value, ("infinity",)):
        raise wrong(f"{described(value)} is no time", suggestion="infinity")
    final = quantity_in(value, context_of(info), TIME, above=0)
    if frame is not None and frame.rate * final > LARGEST_SCALE:
        raise wrong(
            f"is beyond what rounding leaves of the clock: the frame has grown by {frame.rate * final:.2g} then, "
            f'and {LARGEST_SCALE:.0e} is the limit; "infinity" is the time beyond'
        )
    return final


class TimeOptions(Section):
    """The time to evolve to and the step (CONVENTIONS.md, Time)."""

    final: Annotated[float, Value(_final, taken=replace(of_quantity(TIME, above=0), example='"20 ms"'))]
    """In the laboratory; infinite in the expanding frame only.
    Example: ``"20 ms"``."""
    step: Annotated[
        Annotated[float, quantity(TIME, above=0), Tag(VALUE)] | Annotated[AdaptiveStep, Tag(TABLE)],
        value_or_table(AdaptiveStep),
    ]
    """The longest step to take: steps are equal and end at switching times; or a table, that says how they adapt. In an
    expanding frame it is one of the frame's clock.
    Example: ``"2 us"``."""
    integrator: Annotated[str, Value(_integrator, taken=Taken("name of a splitting", {"enum": list(INTEGRATORS)}))] = (
        "blanes-moan-4"
    )
    """The splitting into drifts and kicks (docs/methods/time-steps.md compares them).
    Example: ``"strang"``."""
    check_step: StrictBool = True
    """Refuse a step that the grid's fastest modes resonate with."""

    _frame: Frame = PrivateAttr(default=AT_REST)
    _switching: tuple[float, ...] = PrivateAttr(default=())

    @model_validator(mode="after")
    def _step_fits(self, info: ValidationInfo) -> Self:
        self._frame = context_of(info).frame or self._frame  # validated again, without context, in the whole problem
        if isinstance(self.step, AdaptiveStep) or not math.isfinite(self.end):
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
    def asked_step(self) -> float:
        """The length that fixed steps have at most, as asked for."""
        if isinstance(self.step, AdaptiveStep):
            raise TypeError("adaptive steps have no length that was asked for")
        return self.step

    @property
    def splitting(self) -> Splitting:
        """The coefficients of the integrator."""
        return INTEGRATORS[self.integrator]

    def ending_steps_at(self, times: Iterable[float]) -> TimeOptions:
        """The same with steps that end at these times, of which those of the laboratory after time zero count."""
        changed = self.model_copy()
        # pydantic keeps private attributes of a frozen model writable
        changed._switching = tuple(sorted({self._frame.clock(time) for time in times if time > 0.0}))
        return changed

    @property
    def switching_times(self) -> tuple[float, ...]:
        """The times on the clock at which steps have to end because a potential or a coupling jumps or bends there;
        those beyond ``end`` included."""
        return self._switching

    def next_switching_time(self, clock: float) -> float:
        """The first of them after a time; infinity for none."""
        return min((time for time in self._switching if time - clock > SAME_TIME * time), default=math.inf)

    @property
    def fixed_steps(self) -> FixedSteps:
        """The steps from time zero to ``end``, where they are fixed."""
        return FixedSteps.planned(self.end, self.asked_step, self._switching)

    def steps_from(self, mark: Mark, size: float, step: int) -> FixedSteps | None:
        """All steps of a run that has come to `step` by steps of a size from a mark on; None where steps are
        adaptive."""
        if self.adaptive is not None:
            return None
        return FixedSteps.going_on(mark, size, step, self.end, self.asked_step, self._switching)

    @property
    def steps(self) -> int:
        """Number of fixed steps."""
        return self.fixed_steps.steps

    @property
    def first_step(self) -> float:
        """The first step of a run; of adaptive steps the first that is tried."""
        return self.fixed_steps.stretches[0].size if self.adaptive is None else self.adaptive.within(self.end)[1]

    @property
    def step_size(self) -> float:
        """The longest step that is taken, at most the one asked for; of adaptive steps the first that is tried."""
        return self.fixed_steps.largest if self.adaptive is None else self.first_step
