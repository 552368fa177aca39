"""``kind = "gaussian"``: a smooth kernel of a given width."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Literal

from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.interactions.bounded import BoundedInteraction
from hpcmix.problem.sections.interactions.section import Constants, cut
from hpcmix.problem.units.dimensions import LENGTH

GAUSSIAN_NEGLIGIBLE = 9.0
"""Widths after which a Gaussian is 3e-18 of its maximum, below the rounding of a sum."""


class GaussianInteraction(BoundedInteraction):
    """``G_ab = strength exp(-r^2 / (2 width^2))``."""

    kind: Literal["gaussian"]
    width: Annotated[float, quantity(LENGTH, above=0)]
    """sigma of exp(-r^2 / (2 sigma^2)).
    Example: ``0.7``."""

    def shape(self, constants: Constants) -> Hashable:
        return self.kind, self.width

    def reach(self, diagonal: float) -> float:
        return min(diagonal, GAUSSIAN_NEGLIGIBLE * self.width)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :class:`InteractionSection`: of a wide Gaussian that is cut."""
        return cut(diagonal) if self.boundary == "free" and self.reach(diagonal) == diagonal else None
