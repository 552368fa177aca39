"""Which gas a distribution that potentials make is, by its word in the file."""

from __future__ import annotations

from functools import singledispatch

from hpcmix.initial.markers.gases.local_gas import BoltzmannGas, DegenerateGas, FermiDiracGas, LocalGas, ThermalGas
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.problem.sections.species.distributions import GroundStateDistribution, ThermalDistribution

STATISTICS: dict[str, type[ThermalGas]] = {"boltzmann": BoltzmannGas, "fermi-dirac": FermiDiracGas}


@singledispatch
def gas_of(initial: object, kinetic: KineticEnergy, dimensions: int) -> LocalGas:
    """The gas of an ``initial`` for which ``made_in_the_potential`` is true."""
    raise TypeError(f"{type(initial).__name__} is not made in the potential")


@gas_of.register
def _(initial: GroundStateDistribution, kinetic: KineticEnergy, dimensions: int) -> LocalGas:
    return DegenerateGas(kinetic, dimensions)


@gas_of.register
def _(initial: ThermalDistribution, kinetic: KineticEnergy, dimensions: int) -> LocalGas:
    return STATISTICS[initial.statistics](kinetic, dimensions, initial.temperature)
