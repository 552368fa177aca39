"""``[rotation]``: a frame that rotates with a constant angular velocity."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.section import Section, context_of, wrong
from hpcmix.problem.reading.taken import Widened, limited
from hpcmix.problem.reading.values import described, quantity, real
from hpcmix.problem.units.dimensions import FREQUENCY


def _axis(value: Any, info: ValidationInfo) -> Any:
    if value is None:
        return value
    if context_of(info).dimensions == 2:
        raise wrong("is for three dimensions; in two the axis is z, leave it out")
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise wrong(f"must be three numbers, such as [0, 0, 1], not {described(value)}")
    return tuple(value)


def _rate(value: Any, info: ValidationInfo) -> Any:
    if context_of(info).dimensions == 1:
        raise wrong("a rotation needs two or three dimensions, and the grid has one")
    return value


class Rotation(Section):
    """The term -Omega.L of every species, L = r x p about the origin: everything is seen from a frame that turns with
    Omega = rate axis / |axis| against the laboratory."""

    rate: Annotated[float, quantity(FREQUENCY), Widened(_rate)]
    """Angular velocity; positive is counter-clockwise, seen from the axis' tip.
    Example: ``"30 Hz"``."""
    axis: Annotated[tuple[Annotated[float, real()], ...] | None, Widened(_axis, widens=limited(3, 3))] = None
    """Direction in three dimensions; z unless given.
    Example: ``[0, 0, 1]``."""

    @model_validator(mode="after")
    def _has_a_direction(self) -> Self:
        if self.axis is not None and not any(self.axis):
            raise wrong("must not be zero: it is a direction", key="axis")
        return self

    @property
    def vector(self) -> tuple[float, float, float]:
        """Omega."""
        if self.axis is None:
            return (0.0, 0.0, self.rate)
        length = math.hypot(*self.axis)
        x, y, z = (self.rate * part / length for part in self.axis)
        return (x, y, z)
