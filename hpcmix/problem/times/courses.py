"""Coordinates that may change in time: a length, an expression in t, or a table of time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, Tag, ValidationInfo

from hpcmix.problem.reading.section import TABLE, VALUE, Section, context_of, value_or_table, wrong
from hpcmix.problem.reading.taken import Value, of_quantity
from hpcmix.problem.reading.values import expression_in, per_axis, quantity_in
from hpcmix.problem.times.tables import LengthInTime
from hpcmix.problem.units.dimensions import LENGTH, TIME
from hpcmix.problem.units.expressions import Expression
from hpcmix.problem.units.named import names_in


def _coordinate(value: Any, info: ValidationInfo) -> float | Expression:
    """A length, with its unit where it is text, or an expression in t, in code units."""
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str) or not _names_time(value):
        return 0.0 if value in ("0", "0.0", "-0.0") else quantity_in(value, context_of(info), LENGTH)
    expression = expression_in(value, context_of(info), {"t": TIME}, LENGTH)
    if not math.isfinite(float(expression.evaluate(t=0.0))):
        raise wrong("is not finite at t = 0")
    return expression


def _names_time(text: str) -> bool:
    """Whether a text is about t: "5 um" is not."""
    return names_in(text, ("t",))


Coordinate = Annotated[
    Annotated[
        float | Expression,
        Value(_coordinate, taken=replace(of_quantity(LENGTH), words="length, or expression in t")),
        Tag(VALUE),
    ]
    | Annotated[LengthInTime, Tag(TABLE)],
    value_or_table(LengthInTime),
]
MovingPosition = Annotated[tuple[Coordinate, ...], per_axis()]
"""A coordinate per axis, each of which may change in time."""


class Centred(Section):
    """What stands around a centre, which may move."""

    centre: MovingPosition = Field(0.0, validate_default=True)
    """Where its middle is, per axis; an expression in t or a table of time where it moves.
    Example: ``["0.5 um * sin(20 Hz * t)", 0, 0]``."""

    @property
    def centre_moves(self) -> bool:
        """Whether it does."""
        return not all(isinstance(place, float) for place in self.centre)

    @property
    def centre_corners(self) -> tuple[float, ...]:
        """The times at which a table of it begins and ends."""
        return tuple(time for place in self.moving for time in place.corners)

    @property
    def centre_rests_after(self) -> float:
        """The time after which it stays where it is, as far as it is known."""
        return max((place.last_change for place in self.moving), default=-math.inf)

    @property
    def moving(self) -> list[Expression | LengthInTime]:
        """The coordinates that change."""
        return [place for place in self.centre if not isinstance(place, float)]

    def centre_at(self, time: float) -> tuple[float, ...]:
        """Where it is at a time of the laboratory, code units; not finite where an expression has no value."""
        return tuple(place if isinstance(place, float) else float(place.evaluate(t=time)) for place in self.centre)
