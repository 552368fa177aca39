"""``kind = "contact"``: interactions at a point."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Tag, ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import TABLE, VALUE, context_of, value_or_table, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Attraction, Constants, InteractionSection, LongWaves
from hpcmix.problem.times.tables import LengthInTime, TimeTable
from hpcmix.problem.units.dimensions import ENERGY, LENGTH
from hpcmix.problem.units.expressions import Expression


class ContactInteraction(InteractionSection):
    """``G_ab = g delta(x)``, by its coupling ``strength`` = g in the grid's dimensions, or by the scattering length in
    three dimensions or across a tight trap (``grid.transverse``)."""

    kind: Literal["contact"]
    strength: Annotated[float, quantity(lambda dimensions: ENERGY + LENGTH * dimensions)] | None = None
    """The coupling g, an energy times length^d.
    Example: ``1.0``."""
    scattering_length: (
        Annotated[
            Annotated[float, quantity(LENGTH), Tag(VALUE)] | Annotated[LengthInTime, Tag(TABLE)],
            value_or_table(LengthInTime),
        ]
        | None
    ) = None
    """A number, or a table of time.
    Example: ``"95.4 a0"``."""

    @model_validator(mode="after")
    def _one_way_to_say_it(self, info: ValidationInfo) -> Self:
        if self.strength is None and self.scattering_length is None:
            raise wrong("needs strength or scattering_length")
        if self.strength is not None and self.scattering_length is not None:
            raise wrong("contradicts strength; give one of the two", key="scattering_length")
        context = context_of(info)
        if self.scattering_length is not None and context.dimensions not in (3, None) and not context.transverse:
            message = "has a meaning in three dimensions only; give strength here, or the tight trap as grid.transverse"
            raise wrong(message, key="scattering_length")
        if isinstance(self.scattering_length, LengthInTime):
            if self.factor is not None:
                raise wrong("contradicts the table of scattering_length, which says how it changes", key="factor")
            if not any(self.scattering_length.values):
                raise wrong("is zero at all times: there is no interaction", key="scattering_length")
        return self

    @property
    def course(self) -> Expression | TimeTable | None:
        """See :class:`Switching`; a table of scattering lengths in units of :attr:`length`."""
        table, length = self.scattering_length, self.length
        return self.factor if length is None or not isinstance(table, LengthInTime) else table.over(length)

    @property
    def length(self) -> float | None:
        """The scattering length where it is given; of a table the one that is largest in size."""
        table = self.scattering_length
        return max(table.values, key=abs) if isinstance(table, LengthInTime) else table

    def coupling(self, constants: Constants) -> float:
        """The coupling g in code units, without its course in time: ``2 pi hbar^2 a / m_red`` from a scattering length
        (of a table :attr:`length`), ``m_red = m_a m_b / (m_a + m_b)``; in one and two dimensions times the integral of
        the two transverse densities' product, 1/(pi (l_a^2 + l_b^2)) and 1/sqrt(pi (l_a^2 + l_b^2))."""
        if self.strength is not None:
            return self.strength
        if self.length is None:
            raise TypeError("a contact interaction has passed its checks without strength and scattering_length")
        coupling = 2.0 * math.pi * constants.hbar**2 * self.length / constants.reduced_mass(self.between)
        pair = constants.transverse(self.between)
        return coupling if pair is None else coupling * pair.overlap

    @property
    def averaged_across(self) -> bool:
        """See :class:`InteractionSection`: a strength is of the grid's dimensions."""
        return self.strength is None

    @property
    def kernel_boundary(self) -> None:
        return None

    @property
    def several_of_a_pair(self) -> bool:
        """See :class:`InteractionSection`: two would be one with the sum of their couplings."""
        return False

    @property
    def moves_markers(self) -> bool:
        """See :class:`InteractionSection`: the gradient of a delta function."""
        return False

    def round_about(self, axis: int) -> bool:
        return True

    def at_long_waves(self, constants: Constants) -> LongWaves:
        """See :class:`InteractionSection`: across a tight trap the coupling in three dimensions."""
        pair = constants.transverse(self.between)
        return LongWaves(self.coupling(constants) / (1.0 if pair is None else pair.overlap))

    def attraction(self, constants: Constants) -> Attraction:
        return Attraction(more_singular=self.coupling(constants) < 0.0)

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        key = "strength" if self.strength is not None else "scattering_length"
        return (key,), self.coupling(constants) / math.prod(grid.spacings)

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """See :class:`InteractionSection`: it has no range."""
        return iter(())
