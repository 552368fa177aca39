"""``potential`` of a species: the kinds of external potential U(t, x)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from hpcmix.problem.dimensions import ENERGY, FREQUENCY, LENGTH, TIME
from hpcmix.problem.expressions import Expression
from hpcmix.problem.section import Section, wrong
from hpcmix.problem.values import angle, existing_file, expression, quantity, vector

_SAMPLES = 17
"""Points along an axis at which an expression is looked at: odd, so that the middle is among them."""


class Switching(Section):
    """What every potential can have: a time to be switched on and off, a ramp for both, and a factor that depends on
    time.

    Its strength is multiplied by ``factor(t) rise(t) fall(t)``. ``rise`` goes from 0 to 1 over [from, from + ramp],
    ``fall`` from 1 to 0 over [until, until + ramp]: linearly, or as ``(1 - cos(pi s)) / 2`` when smooth. Without a
    ramp both are steps (CONVENTIONS.md, Time).
    """

    from_time: Annotated[float, quantity(TIME)] = Field(-math.inf, alias="from")
    """Time from which the potential is on (minus infinity: always was)."""
    until: Annotated[float, quantity(TIME)] = math.inf
    """Time until which it is on (infinity: stays)."""
    ramp: Annotated[float, quantity(TIME, at_least=0)] = 0.0
    """How long the switching takes."""
    ramp_shape: Literal["linear", "smooth"] = "linear"
    factor: Annotated[Expression, expression(position=False, time=True)] | None = None
    """Factor that depends on t, or None for one."""

    @model_validator(mode="after")
    def _switching_makes_sense(self):
        if self.until <= self.from_time:
            raise wrong(
                f"is on from {self.from_time:g} until {self.until:g} in code units, which is never", key="until"
            )
        if self.ramp > 0 and math.isinf(self.from_time) and math.isinf(self.until):
            raise wrong('does nothing without "from" or "until", the times at which to switch', key="ramp")
        return self

    @property
    def switching_times(self) -> tuple[float, ...]:
        """The times at which its strength jumps or bends: where it is switched, and where a ramp begins and ends."""
        return tuple(
            time
            for edge in (self.from_time, self.until)
            if math.isfinite(edge)
            for time in dict.fromkeys((edge, edge + self.ramp))
        )

    @property
    def before_start(self) -> float:
        """What the strength is multiplied by at time 0-, at which ground states are sought."""
        value = self._risen(self.from_time) * (1.0 - self._risen(self.until))
        return value * float(self.factor.evaluate(t=0.0)) if value != 0.0 and self.factor is not None else value

    def _risen(self, edge: float) -> float:
        """How much of the switching at `edge` is over at time 0-."""
        if self.ramp == 0.0 or math.isinf(edge):
            return 1.0 if edge < 0.0 else 0.0
        progress = min(1.0, max(0.0, -edge / self.ramp))
        return 0.5 * (1.0 - math.cos(math.pi * progress)) if self.ramp_shape == "smooth" else progress

    @property
    def switched(self) -> bool:
        """Whether its strength changes in time."""
        return math.isfinite(self.from_time) or math.isfinite(self.until) or self.factor is not None

    @property
    def moves(self) -> bool:
        """Whether its shape in space does."""
        return False

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Whether it is a trap that keeps clouds away from the faces of a box of these lengths along an axis, as far as
        the file tells. What only may - a well, values from a file - is none."""
        return False

    def holds(self, time: float, before_start: bool = False) -> bool:
        """Whether it acts at half its strength or more at a time; at time 0- with `before_start`."""
        begins, ends = self.from_time + self.ramp, self.until
        on = begins <= time < ends if not before_start else (begins < 0.0 <= ends)
        return on and (self.factor is None or float(self.factor.evaluate(t=time)) >= 0.5)


class HarmonicPotential(Switching):
    """``U = m/2 sum_i omega_i^2 (x_i - c_i)^2`` with angular frequencies omega."""

    kind: Literal["harmonic"]
    frequency: vector(quantity(FREQUENCY, at_least=0))
    centre: vector(quantity(LENGTH)) = Field(0.0, validate_default=True)

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Where it has a frequency."""
        return self.frequency[axis] > 0.0


class LatticePotential(Switching):
    """``U = sum_i depth_i sin^2(pi x_i / period_i + phase_i)``. An axis of depth zero has no lattice."""

    kind: Literal["lattice"]
    depth: vector(quantity(ENERGY))
    period: vector(quantity(LENGTH, above=0))
    phase: vector(angle()) = Field(0.0, validate_default=True)


class BoxPotential(Switching):
    """``U = 0`` inside the inner lengths (centred at the origin) and ``height`` outside, smoothed over the length
    ``edge``."""

    kind: Literal["box"]
    height: Annotated[float, quantity(ENERGY)]
    lengths: vector(quantity(LENGTH, above=0))
    edge: Annotated[float, quantity(LENGTH, at_least=0)] = 0.0

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Where its walls stand in the grid's box."""
        return self.height > 0.0 and self.lengths[axis] < lengths[axis]


class GaussianPotential(Switching):
    """``U = height exp(-sum_i (x_i - c_i)^2 / (2 width_i^2))``: a barrier or, when negative, a well."""

    kind: Literal["gaussian"]
    height: Annotated[float, quantity(ENERGY)]
    width: vector(quantity(LENGTH, above=0))
    centre: vector(quantity(LENGTH)) = Field(0.0, validate_default=True)


class ExpressionPotential(Switching):
    """``U = value(x, y, z, t)``, in code units."""

    kind: Literal["expression"]
    value: Annotated[Expression, expression(time=True)]

    @property
    def moves(self) -> bool:
        """Whether t is among its variables."""
        return "t" in self.value.variables_used

    def confines(self, axis: int, lengths: Sequence[float]) -> bool:
        """Where it is higher at the faces than at its bottom, at time zero, and goes on rising beyond the box: by a
        third or more whenever the distance doubles, to values far above those in the box. What is periodic does not."""
        places = [np.linspace(-0.5, 0.5, _SAMPLES) * length for length in lengths]
        inside = self._lowest(axis, places)
        bottom, heights = np.min(inside), []
        for doubling in range(6):
            places[axis] = np.array([-0.5, 0.5]) * 2.0**doubling * lengths[axis]
            heights.append(float(np.min(self._lowest(axis, places)) - bottom))
        if not np.isfinite([bottom, *heights]).all():
            return False
        rises = heights[0] > 0.0 and heights[-1] >= 4.0 * float(np.max(inside) - bottom)
        return rises and all(far >= 4.0 / 3.0 * near for near, far in pairwise(heights))

    def _lowest(self, axis: int, places: Sequence[np.ndarray]) -> np.ndarray:
        """Along an axis the smallest values over the places along the others, at time zero."""
        shape = tuple(len(positions) for positions in places)
        values = self.value.evaluate(**dict(zip("xyz", np.ix_(*places), strict=False)), t=0.0)
        others = tuple(other for other in range(len(places)) if other != axis)
        return np.min(np.broadcast_to(values, shape), axis=others)


class FilePotential(Switching):
    """U on the grid's points, code units, from a dataset of an HDF5 file."""

    kind: Literal["file"]
    path: Annotated[str, existing_file()]
    dataset: str = "potential"


Potential = Annotated[
    HarmonicPotential | LatticePotential | BoxPotential | GaussianPotential | ExpressionPotential | FilePotential,
    Field(discriminator="kind"),
]
