"""Kernels of a finite height and a finite integral."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Attraction, Constants, RadialInteraction
from hpcmix.problem.units.dimensions import ENERGY


class BoundedInteraction(RadialInteraction):
    """``G_ab = strength f(r)`` with f(0) = 1, the largest value, and a finite integral."""

    kind: str
    strength: Annotated[float, quantity(ENERGY)]
    """The value at r = 0; negative attracts.
    Example: ``1.0``."""

    def coefficient(self, constants: Constants) -> float:
        """The height."""
        return self.strength

    def attraction(self, constants: Constants) -> Attraction:
        """Bounded by the height."""
        return Attraction(depth=max(0.0, -self.strength))

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        """The height."""
        return ("strength",), self.strength

    def growth_with_the_frame(self, dimensions: int) -> float:
        """That of a kernel whose integral is finite."""
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """None: on the periodic box the kernel is summed over its images."""
        return iter(())
