"""``kind = "soft-core"``: a plateau that falls like 1/r^6, as between atoms dressed with Rydberg states."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, Literal

from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.interactions.bounded import BoundedInteraction
from hpcmix.problem.sections.interactions.section import Constants
from hpcmix.problem.units.dimensions import LENGTH

SOFT_CORE_NEGLIGIBLE = 500.0
"""Radii after which 1/(1 + (r/radius)^6) is 6e-17, below the rounding of a sum."""


class SoftCoreInteraction(BoundedInteraction):
    """``G_ab = strength / (1 + (r/radius)^6)``: C_6 = strength radius^6."""

    kind: Literal["soft-core"]
    radius: Annotated[float, quantity(LENGTH, above=0)]
    """At which it has fallen to a half.
    Example: ``2.0``."""

    def shape(self, constants: Constants) -> Hashable:
        """That of kernels of one radius."""
        return self.kind, self.radius

    def reach(self, diagonal: float) -> float:
        """The box's diagonal, unless the kernel is very short."""
        return min(diagonal, SOFT_CORE_NEGLIGIBLE * self.radius)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """That of the cut kernel; the whole one has a closed form."""
        return (self.reach(diagonal), 1) if self.boundary == "free" else None
