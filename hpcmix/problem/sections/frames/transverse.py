"""``grid.transverse``: the tight trap across the axes of the grid, in whose lowest state all particles stay."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    """omega, the same for all species and axes.
    Example: ``"1 kHz"``."""
    axes: Annotated[int, integer(at_least=1)]
    """How many axes are frozen; with those of the grid they are three.
    Example: ``2``."""

    def length(self, mass: float, hbar: float) -> float:
        """l = sqrt(hbar / (m omega))."""
        return math.sqrt(hbar / (mass * self.frequency))

    def meeting(self, masses: Sequence[float], hbar: float) -> float:
        """The integral over the frozen axes of the product of the densities of particles of these masses, by which a
        rate at which as many meet in three dimensions is multiplied: for n of them, of every axis
        pi^((1 - n)/2) / (l_1 ... l_n sqrt(1/l_1^2 + ... + 1/l_n^2)); of three alike on two axes 1/(3 pi^2 l^4)."""
        inverse = [1.0 / self.length(mass, hbar) for mass in masses]
        along_axis = math.pi ** (0.5 * (1 - len(inverse))) * math.prod(inverse) / math.hypot(*inverse)
        return along_axis**self.axes

    def pair(self, first: float, second: float, hbar: float) -> TransversePair:
        """Two particles of the masses `first` and `second`."""
        width = math.hypot(self.length(first, hbar), self.length(second, hbar)) / math.sqrt(2.0)
        return TransversePair(width, self.axes)
