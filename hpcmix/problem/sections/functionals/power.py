"""``kind = "power"``: a power of the density."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ValidationInfo

from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.taken import Value
from hpcmix.problem.reading.values import real
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.functionals.section import STRENGTH_OF_POWER, FunctionalSection, strength_of_power

LARGEST_EXPONENT = 10.0
"""Of a power of the density: beyond it a number of the file to this power may be no float."""


def _moderate(exponent: float) -> float:
    if exponent > LARGEST_EXPONENT:
        raise wrong(f"must be at most {LARGEST_EXPONENT:g}, but is {exponent:g}")
    return exponent


def _strength(value: Any, info: ValidationInfo) -> float:
    exponent = info.data.get("exponent")
    return 1.0 if exponent is None else strength_of_power(value, info, exponent)  # without, refused for another reason


class PowerFunctional(FunctionalSection):
    """``e = strength rho^exponent``, rho the sum of the named species' densities: three-body repulsion
    ``K rho^3 / 6``, a Skyrme force's ``t_3``."""

    kind: Literal["power"]
    exponent: Annotated[float, real(above=1), AfterValidator(_moderate)]
    """Of the density, above 1 and at most 10.
    Example: ``3``."""
    strength: Annotated[float, Value(_strength, taken=STRENGTH_OF_POWER)]
    """The coefficient: an energy times a length to the power d (exponent - 1).
    Example: ``0.02``."""

    of_condensates: ClassVar[bool] = False
    of_the_sum: ClassVar[bool] = True

    def largest_mean_field(self, densities: Sequence[float], gas: PointGas) -> float:
        try:
            return abs(self.strength) * self.exponent * sum(densities) ** (self.exponent - 1.0)
        except OverflowError:
            return math.inf

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions * (self.exponent - 1.0)

    def bounded_below(self, dimensions: int) -> bool:
        return self.strength >= 0.0
