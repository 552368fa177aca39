"""``kind = "viverit-giorgini"``: bosons and a spin-polarised Fermi gas beyond their mean field."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.functionals.section import FunctionalSection


class ViveritGiorginiFunctional(FunctionalSection):
    """The energy of second order in the contact interaction of a condensate with fermions of one spin, in three
    dimensions: fermions are lifted out of their sea and phonons made, and neither can be where the sea is full. Its
    numbers are those of the contact interactions; the condensate's own quantum fluctuations are another functional."""

    kind: Literal["viverit-giorgini"]

    of_condensates: ClassVar[bool] = False

    @property
    def energies(self) -> tuple[tuple[str, ...], ...]:
        return (tuple(sorted(self.species)),)

    def misfits(self, gas: PointGas) -> Iterator[Misfit]:
        if sorted(gas.statistics) != ["bosons", "fermions"]:
            yield ("species",), "must name one condensate and one species of fermions"
            return
        if gas.dimensions != 3 or gas.frozen:
            yield ("kind",), "is known in three dimensions, not across a tight trap or in fewer; leave it out"
            return
        if gas.scaled:
            yield ("kind",), "means nothing beside [scaling], whose densities are not those of the particles"
            return
        bosons = gas.statistics.index("bosons")
        for a, b in ((bosons, bosons), (bosons, 1 - bosons)):
            if math.isnan(gas.couplings[a][b]):
                pair = f'["{self.species[a]}", "{self.species[b]}"]'
                yield ("species",), f"needs the contact interaction between = {pair}; add it"
        if gas.couplings[bosons][bosons] < 0.0:
            yield (
                ("species",),
                f'needs bosons that do not attract each other, not a coupling of "{self.species[bosons]}" with itself '
                f"of {gas.couplings[bosons][bosons]:.6g}: a uniform gas of them has no sound",
            )
        if gas.directed:
            yield ("species",), "have dipoles, and the energy is that of contact interactions alone; leave it out"

    def largest_mean_field(self, densities: Sequence[float], gas: PointGas) -> float:
        """About g_bf^2 m_b/hbar^2 times the densities' powers; see the term for the numbers."""
        if sorted(gas.statistics) != ["bosons", "fermions"]:
            return 0.0  # refused for another reason
        bosons = gas.statistics.index("bosons")
        own, cross = gas.couplings[bosons][bosons], gas.couplings[0][1]
        if math.isnan(own) or math.isnan(cross):
            return 0.0  # refused for another reason
        mass, density = gas.masses[bosons], densities[bosons]
        try:
            fermi = (6.0 * math.pi**2 * densities[1 - bosons]) ** (1.0 / 3.0)
            sound = math.sqrt(4.0 * mass * abs(own) * density) / gas.hbar
            amplitude = (cross / gas.hbar) ** 2 * mass / (4.0 * math.pi**4) * (fermi + sound)
            return amplitude * max(fermi**3, 12.0 * math.pi**2 * density)
        except OverflowError:
            return math.inf

    def growth_with_the_frame(self, dimensions: int) -> float:
        """See :class:`FunctionalSection`: thin gases are like rho_b rho_f^(4/3) or rho_b^(3/2) rho_f."""
        return -2.0

    def bounded_below(self, dimensions: int) -> bool:
        return True
