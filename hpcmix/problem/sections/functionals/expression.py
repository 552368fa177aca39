"""``kind = "expression"``: any energy density in the names of the species."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import ValidationInfo

from hpcmix.problem.reading.section import context_of, wrong
from hpcmix.problem.reading.taken import Value, of_expression
from hpcmix.problem.reading.values import described, expression_in
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.functionals.section import FunctionalSection
from hpcmix.problem.units.derivatives import derivatives
from hpcmix.problem.units.dimensions import DIMENSIONLESS, ENERGY, LENGTH
from hpcmix.problem.units.expressions import Expression

SAMPLES = np.geomspace(1e-12, 1.0, 13)
"""Of the largest density, for a look at an expression before there is a model."""


def _expression(value: Any, info: ValidationInfo) -> Expression:
    names = info.data.get("species", ())
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise wrong(f"must be an expression in quotes, not {described(value)}")
    unusable = [name for name in names if not name.isidentifier()]
    if unusable:
        raise wrong(
            f'cannot name "{unusable[0]}": give species names of letters, digits and _ that begin with a letter'
        )
    context = context_of(info)
    clash = next((name for name in names if name in context.parameters), None)
    if clash is not None:
        raise wrong(f'"{clash}" is a species and a parameter of the file; rename the parameter')
    lengths = LENGTH * (context.dimensions or 1)
    expression = expression_in(value, context, dict.fromkeys(names, DIMENSIONLESS - lengths), ENERGY - lengths)
    nothing = dict.fromkeys(names, 0.0)
    energy, slopes = derivatives(expression, names, **nothing)
    if names and not (np.isfinite(energy) and all(np.isfinite(slope) for slope in slopes)):
        raise wrong(
            "has no finite value or derivative where the densities are zero, and they are at the edge of a cloud"
        )
    return expression


class ExpressionFunctional(FunctionalSection):
    """``e = value``, an expression in the densities, which have the names of the species; in code units where no unit
    stands in it."""

    kind: Literal["expression"]
    value: Annotated[Expression, Value(_expression, taken=of_expression("the names of the species"))]
    """The energy density e, in densities by the names of the species.
    Example: ``"0.5*up**2.5"``."""

    of_condensates: ClassVar[bool] = False

    def _slopes(self, densities: Sequence[float]) -> np.ndarray:
        """The derivatives along the diagonal up to these densities, one row for each species."""
        values = {name: density * SAMPLES for name, density in zip(self.species, densities, strict=True)}
        _, slopes = derivatives(self.value, self.species, **values)
        return np.array([np.broadcast_to(slope, SAMPLES.shape) for slope in slopes])

    def largest_mean_field(self, densities: Sequence[float], gas: PointGas) -> float:
        largest = float(np.max(np.abs(self._slopes(densities))))
        return largest if math.isfinite(largest) else math.inf

    def growth_with_the_frame(self, dimensions: int) -> float:
        """See :class:`FunctionalSection`; from its slopes at small densities, which decide where the frame is large."""
        low, high = np.max(np.abs(self._slopes([1e-9] * len(self.species)))[:, [0, 3]], axis=0)
        if low == 0.0 or high == 0.0:
            return -math.inf
        power = math.log(high / low) / math.log(SAMPLES[3] / SAMPLES[0])
        return 2.0 - dimensions * power

    def bounded_below(self, dimensions: int) -> bool:
        """Nobody knows of an expression."""
        return False
