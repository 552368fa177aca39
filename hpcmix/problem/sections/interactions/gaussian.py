"""``kind = "gaussian"``: a smooth kernel of a given width."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Annotated, Literal

from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Attraction, Constants, Finding, RadialInteraction, cut
from hpcmix.problem.units.dimensions import ENERGY, LENGTH

GAUSSIAN_NEGLIGIBLE = 9.0
"""Widths after which a Gaussian is 3e-18 of its maximum, below the rounding of a sum."""


class GaussianInteraction(RadialInteraction):
    """``G_ab = strength exp(-r^2 / (2 width^2))``."""

    kind: Literal["gaussian"]
    strength: Annotated[float, quantity(ENERGY)]
    width: Annotated[float, quantity(LENGTH, above=0)]

    def shape(self, constants: Constants) -> Hashable:
        return self.kind, self.width

    def factor(self, constants: Constants) -> float:
        return self.strength

    def reach(self, diagonal: float) -> float:
        return min(diagonal, GAUSSIAN_NEGLIGIBLE * self.width)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :class:`InteractionSection`: of a wide Gaussian that is cut."""
        return cut(diagonal) if self.boundary == "free" and self.reach(diagonal) == diagonal else None

    def attraction(self, constants: Constants) -> Attraction:
        return Attraction(depth=max(0.0, -self.strength))

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        return ("strength",), self.strength

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Finding]:
        """See :class:`InteractionSection`: on the periodic box it is summed over its images."""
        return iter(())
