"""From the ``kinetic`` of a species to its T. Imports no MPI."""

from __future__ import annotations

from hpcmix.model.kinetic.free import KineticEnergy, NonrelativisticKineticEnergy, SemirelativisticKineticEnergy
from hpcmix.problem.sections.species.section import SpeciesSection


def free_kinetic_energy(species: SpeciesSection, hbar: float) -> KineticEnergy:
    """T without vector potential and rotation."""
    if species.kinetic == "semirelativistic":
        return SemirelativisticKineticEnergy(species.mass, hbar, species.rest_mass == "subtracted")
    return NonrelativisticKineticEnergy(species.mass, hbar)
