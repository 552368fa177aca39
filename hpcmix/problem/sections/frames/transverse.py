"""``grid.transverse``: the tight trap across the axes of the grid, in whose lowest state all particles stay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from hpcmix.problem.reading.section import Section
from hpcmix.problem.reading.values import integer, quantity
from hpcmix.problem.units.dimensions import FREQUENCY


@dataclass(frozen=True)
class TransversePair:
    """How two particles lie to each other across the grid: their distance s along every frozen axis is distributed like

        exp(-s^2 / (2 w^2)) / (sqrt(2 pi) w),        w^2 = (l_a^2 + l_b^2) / 2

    width  w, code units of length.
    axes   how many axes are frozen.
    """

    width: float
    axes: int

    @property
    def overlap(self) -> float:
        """The density of the distance at zero, (sqrt(2 pi) w)^(-axes): 1/(pi (l_a^2 + l_b^2)) of two axes and
        1/sqrt(pi (l_a^2 + l_b^2)) of one. It is what a coupling in three dimensions is multiplied by."""
        return (math.sqrt(2.0 * math.pi) * self.width) ** -self.axes


class Transverse(Section):
    """A harmonic trap along the axes that the grid does not have. Particles of mass m are in its ground state, whose
    density is exp(-r^2/l^2) / (sqrt(pi) l)^axes with l = sqrt(hbar / (m omega))."""

    frequency: Annotated[float, quantity(FREQUENCY, above=0)]
    """omega, the same for all species and axes."""
    axes: Annotated[int, integer(at_least=1)]
    """How many axes are frozen; with those of the grid they are three."""

    def length(self, mass: float, hbar: float) -> float:
        """l = sqrt(hbar / (m omega))."""
        return math.sqrt(hbar / (mass * self.frequency))

    def pair(self, first: float, second: float, hbar: float) -> TransversePair:
        """Two particles of the masses `first` and `second`."""
        width = math.hypot(self.length(first, hbar), self.length(second, hbar)) / math.sqrt(2.0)
        return TransversePair(width, self.axes)
