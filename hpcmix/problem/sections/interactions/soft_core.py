"""``kind = "soft-core"``: a plateau that falls like 1/r^6, as between atoms dressed with Rydberg states."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Annotated, Literal

from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Attraction, Constants, Finding, RadialInteraction
from hpcmix.problem.units.dimensions import ENERGY, LENGTH

SOFT_CORE_NEGLIGIBLE = 500.0
"""Radii after which 1/(1 + (r/radius)^6) is 6e-17, below the rounding of a sum."""


class SoftCoreInteraction(RadialInteraction):
    """``G_ab = strength / (1 + (r/radius)^6)``: C_6 = strength radius^6."""

    kind: Literal["soft-core"]
    strength: Annotated[float, quantity(ENERGY)]
    radius: Annotated[float, quantity(LENGTH, above=0)]

    def shape(self, constants: Constants) -> Hashable:
        """That of kernels of one radius."""
        return self.kind, self.radius

    def factor(self, constants: Constants) -> float:
        """The height of the plateau."""
        return self.strength

    def reach(self, diagonal: float) -> float:
        """The box's diagonal, unless the kernel is very short."""
        return min(diagonal, SOFT_CORE_NEGLIGIBLE * self.radius)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """That of the cut kernel; the whole one has a closed form."""
        return (self.reach(diagonal), 1) if self.boundary == "free" else None

    def attraction(self, constants: Constants) -> Attraction:
        """Bounded by the plateau."""
        return Attraction(depth=max(0.0, -self.strength))

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        """The plateau."""
        return ("strength",), self.strength

    def growth_with_the_frame(self, dimensions: int) -> float:
        """That of a kernel whose integral is finite."""
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Finding]:
        """None: on the periodic box the kernel is summed over its images."""
        return iter(())
