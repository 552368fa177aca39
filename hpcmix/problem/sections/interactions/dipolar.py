"""``kind = "dipolar"``: dipoles that all point the same way."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from typing import Annotated, Literal, Self

from pydantic import PrivateAttr, ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import context_of, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import quantity, real, sequence
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import (
    Attraction,
    Boundary,
    Constants,
    KernelInteraction,
    LongWaves,
)
from hpcmix.problem.units.dimensions import ENERGY, LENGTH


class DipolarInteraction(KernelInteraction):
    """``G_ab = strength (1 - 3 cos^2 theta) / r^3`` of dipoles along ``direction``, by the strength mu_0 mu_a mu_b / 4
    pi or by the dipolar length, a_dd = m mu_0 mu^2 / (12 pi hbar^2) for one species. Where a tight trap freezes axes
    (``grid.transverse``), its average over the positions across the grid; strength and direction stay those of three
    dimensions, the frozen axes coming last."""

    kind: Literal["dipolar"]
    strength: Annotated[float, quantity(ENERGY + LENGTH * 3)] | None = None
    """mu_0 mu_a mu_b / 4 pi, an energy times a volume.
    Example: ``0.2``."""
    dipolar_length: Annotated[float, quantity(LENGTH)] | None = None
    """a_dd, in place of the strength.
    Example: ``"131 a0"``."""
    direction: Annotated[tuple[Annotated[float, real()], ...], sequence()] = (0.0, 0.0, 1.0)
    """Need not be of length one.
    Example: ``[0, 0, 1]``."""
    boundary: Boundary = "free"
    _axes: int = PrivateAttr(default=3)

    @model_validator(mode="after")
    def _complete(self, info: ValidationInfo) -> Self:
        if self.strength is None and self.dipolar_length is None:
            raise wrong("needs strength or dipolar_length")
        if self.strength is not None and self.dipolar_length is not None:
            raise wrong("contradicts strength; give one of the two", key="dipolar_length")
        context = context_of(info)
        if context.dimensions not in (3, None) and not context.transverse:
            raise wrong(
                "dipolar has a meaning in three dimensions only: 1/r^3 cannot be integrated over a plane or a line; "
                "give the tight trap that freezes the others as grid.transverse",
                key="kind",
            )
        self._axes = context.dimensions or 3
        if len(self.direction) != 3 or not any(self.direction):
            raise wrong("must be three numbers that are not all zero", key="direction")
        return self

    @property
    def unit_direction(self) -> tuple[float, float, float]:
        """The direction with length one."""
        largest = max(map(abs, self.direction))
        scaled = [component / largest for component in self.direction]
        length = math.hypot(*scaled)
        x, y, z = (component / length for component in scaled)
        return x, y, z

    def coupling(self, constants: Constants) -> float:
        """The strength in code units: ``3 hbar^2 a_dd / (2 m_red)`` from a dipolar length, 1/3 of 4 pi strength being
        the contact coupling of the same length."""
        if self.strength is not None:
            return self.strength
        if self.dipolar_length is None:
            raise TypeError("a dipolar interaction has passed its checks without strength and dipolar_length")
        return 1.5 * constants.hbar**2 * self.dipolar_length / constants.reduced_mass(self.between)

    def shape(self, constants: Constants) -> Hashable:
        return self.kind, self.unit_direction, constants.transverse(self.between)

    def coefficient(self, constants: Constants) -> float:
        return self.coupling(constants)

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """See :class:`InteractionSection`: that of the average of 1/r, cut, where axes are frozen."""
        return (diagonal, 1) if dimensions < 3 and self.boundary == "free" else None

    @property
    def parts(self) -> int:
        """See :class:`InteractionSection`: one more for every pair of components of the direction; each is no function
        of |k| and costs as much as two that are."""
        components = sum(map(bool, self.direction[: self._axes]))
        return 2 * (1 + components * (components - 1) // 2)

    @property
    def even_along_axes(self) -> bool:
        """See :class:`InteractionSection`: of dipoles along an axis, or across the grid."""
        return sum(map(bool, self.direction[: self._axes])) <= 1

    @property
    def moves_markers(self) -> bool:
        """See :class:`InteractionSection`: 1/r^3 and a delta function."""
        return False

    def round_about(self, axis: int) -> bool:
        """See :class:`InteractionSection`: about the dipoles."""
        return all(component == 0.0 for other, component in enumerate(self.direction) if other != axis)

    def at_long_waves(self, constants: Constants) -> LongWaves:
        x, y, z = self.unit_direction
        sign = math.copysign(1.0, x or y or z)
        return LongWaves(dipoles=self.coupling(constants), direction=(sign * x + 0.0, sign * y + 0.0, sign * z + 0.0))

    def attraction(self, constants: Constants) -> Attraction:
        """See :class:`InteractionSection`: one behind the other dipoles attract like 1/r^3, side by side where the
        strength is negative."""
        return Attraction(more_singular=True)

    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        key = "strength" if self.strength is not None else "dipolar_length"
        pair = constants.transverse(self.between)
        return (key,), self.coupling(constants) / math.prod(grid.spacings) * (1.0 if pair is None else pair.overlap)

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """See :class:`InteractionSection`: on the periodic box it is summed over its images."""
        return iter(())
