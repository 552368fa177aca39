"""``kind = "yukawa"`` and ``kind = "coulomb"``: kernels that are like 1/r where r is small."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Annotated, Literal, Self

from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import context_of, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import (
    Attraction,
    Boundary,
    Constants,
    RadialInteraction,
    cut,
)
from hpcmix.problem.units.dimensions import ENERGY, INVERSE_LENGTH, LENGTH

YUKAWA_NEGLIGIBLE = 40.0
"""Screening lengths after which exp(-mu r) is 4e-18, below the rounding of a sum."""


class InverseDistanceInteraction(RadialInteraction):
    """``G_ab = strength / r`` where r is small, and less far away."""

    kind: str
    strength: Annotated[float, quantity(ENERGY + LENGTH)]
    """Of 1/r, an energy times a length; negative attracts.
    Example: ``-1.0``."""

    @property
    def has_pole(self) -> bool:
        """1/r."""
        return True

    def coefficient(self, constants: Constants) -> float:
        return self.strength

    def attraction(self, constants: Constants) -> Attraction:
        return Attraction(inverse_distance=max(0.0, -self.strength))

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        return ("strength",), self.strength / min(grid.spacings)

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """See :class:`InteractionSection`: on the periodic box it is summed over its images."""
        return iter(())


class YukawaInteraction(InverseDistanceInteraction):
    """``G_ab = strength exp(-screening r) / r`` in two or three dimensions; in one it is not integrable."""

    kind: Literal["yukawa"]
    screening: Annotated[float, quantity(INVERSE_LENGTH, above=0)]
    """mu of exp(-mu r)/r.
    Example: ``0.5``."""

    @model_validator(mode="after")
    def _integrable(self, info: ValidationInfo) -> Self:
        if context_of(info).dimensions == 1:
            raise wrong("yukawa has no meaning in one dimension: exp(-mu r)/r cannot be integrated there", key="kind")
        return self

    def shape(self, constants: Constants) -> Hashable:
        return self.kind, self.screening

    def reach(self, diagonal: float) -> float:
        return min(diagonal, YUKAWA_NEGLIGIBLE / self.screening)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :class:`InteractionSection`: in the plane, where the cut transform has no closed form."""
        is_cut = self.boundary == "free" and dimensions == 2 and self.reach(diagonal) == diagonal
        return cut(diagonal) if is_cut else None

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions


class CoulombInteraction(InverseDistanceInteraction):
    """``G_ab = strength / r`` in two or three dimensions: charges, or with a negative strength gravity.

    On the periodic box a neutralising background is added: the mean density exerts no force.
    """

    kind: Literal["coulomb"]
    boundary: Boundary = "free"

    @model_validator(mode="after")
    def _integrable(self, info: ValidationInfo) -> Self:
        if context_of(info).dimensions == 1:
            raise wrong("coulomb has no meaning in one dimension: 1/r cannot be integrated there", key="kind")
        return self

    def shape(self, constants: Constants) -> Hashable:
        return self.kind

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :class:`InteractionSection`: in the plane, where the cut transform has no closed form."""
        return cut(diagonal) if self.boundary == "free" and dimensions == 2 else None

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 1.0
