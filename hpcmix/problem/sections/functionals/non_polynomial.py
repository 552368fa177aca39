"""``kind = "non-polynomial"``: a condensate along a line that its own density widens across."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.values import quantity
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.functionals.section import FunctionalSection
from hpcmix.problem.units.dimensions import LENGTH


class NonPolynomialFunctional(FunctionalSection):
    """``e = hbar omega n sqrt(1 + 2 a n)`` of one condensate on a grid of one dimension, omega the frequency of
    ``grid.transverse``: in place of the contact interaction of the species with itself, and with the energy
    hbar omega of every particle across the line."""

    kind: Literal["non-polynomial"]
    scattering_length: Annotated[float, quantity(LENGTH)]
    """a, in three dimensions."""

    of_condensates: ClassVar[bool] = True

    @property
    def energies(self) -> tuple[tuple[str, ...], ...]:
        return tuple((name,) for name in self.species)

    def misfits(self, gas: PointGas) -> Iterator[Misfit]:
        if len(self.species) > 1:
            yield ("species",), "names several species, and each has a width of its own: give one of them"
        elif gas.frozen != 2:
            yield (
                ("kind",),
                "is the equation of a line across which a tight trap holds the particles: it needs a grid of one "
                "dimension and grid.transverse = { frequency = ..., axes = 2 }",
            )
        elif gas.scaled:
            yield ("kind",), "means nothing beside [scaling], whose densities are not those of the particles"
        elif not math.isnan(gas.couplings[0][0]):
            yield (
                ("species",),
                f'has the contact interaction of "{self.species[0]}" with itself in it already; leave that '
                "[[interaction]] out",
            )

    def largest_mean_field(self, densities: Sequence[float], gas: PointGas) -> float:
        if gas.frozen != 2:
            return 0.0  # refused for another reason
        quantum = gas.hbar**2 / (gas.masses[0] * gas.lengths[0] ** 2)
        return quantum * (1.0 + 3.0 * math.sqrt(abs(self.scattering_length) * densities[0]))

    def growth_with_the_frame(self, dimensions: int) -> float:
        """See :class:`FunctionalSection`: b^2 hbar omega."""
        return 2.0

    def bounded_below(self, dimensions: int) -> bool:
        return self.scattering_length >= 0.0
