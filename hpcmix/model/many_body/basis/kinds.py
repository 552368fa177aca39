"""Which family a species of a run has."""

from __future__ import annotations

from hpcmix.model.many_body.basis.bosons import BosonConfigurations, ExcitedBosons, Fluctuations
from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.basis.fermions import FermionConfigurations
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.problem.mistakes.errors import ProblemError


def configurations_of(
    statistics: Statistics, particles: int, modes: int, excitations: int | None = None, coherent: bool = False
) -> Configurations:
    """The family that a species of a run needs; see :func:`count_configurations` for the arguments. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a coherent state is none of theirs."""
    if statistics is Statistics.FERMIONS:
        if coherent:
            raise ProblemError.of("many_body.state", "coherent states are for bosons; fermions start factorised")
        return FermionConfigurations(particles, modes, excitations)
    if coherent:
        if excitations is None:
            raise ProblemError.of("many_body.state", 'coherent states need picture = "excitations"')
        return Fluctuations(particles, modes, excitations)
    if excitations is None:
        return BosonConfigurations(particles, modes)
    return ExcitedBosons(particles, modes, excitations)
