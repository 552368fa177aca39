"""``kind = "table"``: a kernel that is given at some radii."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Literal

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Attraction, Constants, RadialInteraction
from hpcmix.problem.sections.species.radial import RadialTable


class TableInteraction(RadialInteraction, RadialTable):
    """``G_ab`` as a radial table: lists of radii and values or a text file with these two columns, code units."""

    kind: Literal["table"]

    def shape(self, constants: Constants) -> Hashable:
        """See :class:`InteractionSection`: that of equal tables."""
        return self.kind, self.radii, self.values

    def coefficient(self, constants: Constants) -> float:
        return 1.0

    def reach(self, diagonal: float) -> float:
        return min(diagonal, self.radius)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        return (self.reach(diagonal) if self.boundary == "free" else self.radius), 1

    def attraction(self, constants: Constants) -> Attraction:
        return Attraction(depth=max(0.0, -self.lowest))

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        return ("values",), self.highest

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        half = min(grid.lengths) / 2.0
        if self.boundary == "periodic" and self.radius > half:
            message = (
                f"reach to {self.radius:.6g}, beyond half the box ({half:.6g}), and the kernel would act on its own "
                'images; cut the table, enlarge the box or set boundary = "free"'
            )
            yield ("radii",), message
