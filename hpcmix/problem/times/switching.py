"""Strengths that change in time: what every potential, interaction, coherent coupling and loss can have."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, Tag, model_validator

from hpcmix.problem.reading.section import TABLE, VALUE, Section, value_or_table, wrong
from hpcmix.problem.reading.values import expression, quantity
from hpcmix.problem.times.tables import TimeTable
from hpcmix.problem.units.dimensions import DIMENSIONLESS, TIME
from hpcmix.problem.units.expressions import Expression

SAMPLES = 4097
"""Times at which a factor is looked at. A pulse between two of them is missed: what is compared with its largest value
then seems larger beside the rest."""

Factor = Annotated[
    Annotated[Expression, expression(position=False, time=True, dimension=DIMENSIONLESS), Tag(VALUE)]
    | Annotated[TimeTable, Tag(TABLE)],
    value_or_table(TimeTable),
]
"""A factor that depends on t: an expression, or a table."""


class Switching(Section):
    """What potentials, interactions, couplings and losses can have: a time to be switched on and off, a ramp for both,
    and a factor that depends on time.

    Its strength is multiplied by ``factor(t) rise(t) fall(t)``. ``rise`` goes from 0 to 1 over [from, from + ramp],
    ``fall`` from 1 to 0 over [until, until + ramp]: linearly, or as ``(1 - cos(pi s)) / 2`` when smooth. Without a
    ramp both are steps (CONVENTIONS.md, Time).
    """

    from_time: Annotated[float, quantity(TIME)] = Field(-math.inf, alias="from")
    """Time from which it is on. Left out: it always was.
    Example: ``"5 ms"``."""
    until: Annotated[float, quantity(TIME)] = math.inf
    """Time until which it is on. Left out: it stays.
    Example: ``"0 s"``."""
    ramp: Annotated[float, quantity(TIME, at_least=0)] = 0.0
    """How long the switching takes.
    Example: ``"10 ms"``."""
    ramp_shape: Literal["linear", "smooth"] = "linear"
    """A straight line, or (1 - cos(pi s)) / 2."""
    factor: Factor | None = None
    """A factor that depends on t: an expression, or a table of time.
    Example: ``"1 + 0.1*sin(20 Hz * t)"``."""

    lowest_factor: ClassVar[float] = -math.inf
    """What its factor must not be below."""

    @property
    def course(self) -> Expression | TimeTable | None:
        """The strength as a function of t, beside rise and fall; None where it has none."""
        return self.factor

    @model_validator(mode="after")
    def _switching_makes_sense(self) -> Self:
        if self.until <= self.from_time:
            raise wrong(
                f"is on from {self.from_time:g} until {self.until:g} in code units, which is never", key="until"
            )
        if self.ramp > 0 and math.isinf(self.from_time) and math.isinf(self.until):
            raise wrong('does nothing without "from" or "until", the times at which to switch', key="ramp")
        if "ramp_shape" in self.model_fields_set and "ramp" not in self.model_fields_set:
            raise wrong('does nothing without "ramp", how long the switching takes', key="ramp_shape")
        return self

    @property
    def in_time(self) -> tuple[Expression | TimeTable, ...]:
        """All functions of t that it has."""
        return () if self.course is None else (self.course,)

    @property
    def switching_times(self) -> tuple[float, ...]:
        """The times at which its strength jumps or bends: where it is switched, and where a ramp or a table begins and
        ends."""
        switched = tuple(
            time
            for edge in (self.from_time, self.until)
            if math.isfinite(edge)
            for time in dict.fromkeys((edge, edge + self.ramp))
        )
        return switched if self.course is None else (*switched, *self.course.corners)

    @property
    def before_start(self) -> float:
        """What the strength is multiplied by at time 0-, at which ground states are sought."""
        value = self._risen(self.from_time) * (1.0 - self._risen(self.until))
        return value * float(self.course.evaluate(t=0.0)) if value != 0.0 and self.course is not None else value

    def _risen(self, edge: float) -> float:
        """How much of the switching at `edge` is over at time 0-."""
        if self.ramp == 0.0 or math.isinf(edge):
            return 1.0 if edge < 0.0 else 0.0
        progress = min(1.0, max(0.0, -edge / self.ramp))
        return 0.5 * (1.0 - math.cos(math.pi * progress)) if self.ramp_shape == "smooth" else progress

    def largest_until(self, final: float) -> float:
        """The largest size that its course has from time zero until `final`, as far as looking at some times finds
        that; one without a course."""
        if self.course is None:
            return 1.0
        last = min(final, self.until + self.ramp)
        times = np.linspace(0.0, max(0.0, last) if math.isfinite(last) else 0.0, SAMPLES)
        with np.errstate(all="ignore"):
            values = np.abs(np.broadcast_to(self.course.evaluate(t=times), times.shape))
        return float(np.max(values, where=np.isfinite(values), initial=0.0))

    def too_low(self, value: float, time: float) -> str:
        """A sentence about a factor below :attr:`lowest_factor`."""
        return f"is {value:g} at t = {time:g}, and must be at least {self.lowest_factor:g}"

    @property
    def switched(self) -> bool:
        """Whether its strength changes in time."""
        return math.isfinite(self.from_time) or math.isfinite(self.until) or self.course is not None

    @property
    def moves(self) -> bool:
        """Whether its shape in space does."""
        return False

    def holds(self, time: float, before_start: bool = False) -> bool:
        """Whether it acts at half its strength or more at a time; at time 0- with `before_start`."""
        begins, ends = self.from_time + self.ramp, self.until
        on = begins <= time < ends if not before_start else (begins < 0.0 <= ends)
        return on and (self.course is None or float(self.course.evaluate(t=time)) >= 0.5)
