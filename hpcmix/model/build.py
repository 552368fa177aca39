"""From a validated problem to the model that acts on this rank's part of the grid."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.interactions import contact_interaction, finite_range_interaction
from hpcmix.model.kinetic import KineticEnergy, NonrelativisticKineticEnergy, SemirelativisticKineticEnergy
from hpcmix.model.mixture import Mixture, SpeciesModel
from hpcmix.model.potentials import ExternalPotential, confinement, make_term
from hpcmix.model.rabi import RabiCouplings
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.orbital_groups import OrbitalGroups
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.together import together
from hpcmix.problem.coupling import group_weights
from hpcmix.problem.schema import Problem
from hpcmix.problem.species import Species


def build_mixture(
    problem: Problem, communicators: Communicators, timers: Timers, way: str = "sub-array-messages"
) -> Mixture:
    """The model of a problem on this rank; `way` is the exchange that its transforms use. Collective.

    Raises :class:`~hpcmix.problem.errors.ProblemError` on every rank when a potential's file does not fit, a
    potential is not finite, or a scattering problem has no solution.
    """
    dtype = complex_type(problem)
    fields = OrbitalGroups(problem.orbitals, communicators.groups).largest
    transform = make_transform(communicators, False, dtype, timers, way, fields)
    frame = problem.grid.frame.map
    grid = Grid(problem.grid.points, problem.grid.lengths, transform.position_block, transform.wave_block, frame)
    real_dtype = np.empty(0, dtype).real.dtype
    rabi = RabiCouplings.of(problem)
    weights = group_weights(problem.prefactors.weights, [one.particles for one in problem.species], rabi.groups)
    kinetic = {(one.kinetic, one.mass, one.rest_mass): _kinetic_energy(one, problem.hbar) for one in problem.species}
    with together(communicators.world):
        species = [
            SpeciesModel(
                name=one.name,
                mass=one.mass,
                weight=weight,
                kinetic=kinetic[one.kinetic, one.mass, one.rest_mass],  # shared: it may keep a table
                external=ExternalPotential(
                    [
                        make_term(f"species.{one.name}.potential.{index}", entry, grid, one.mass)
                        for index, entry in enumerate(one.potential)
                    ],
                    grid,
                    real_dtype,
                ),
                orbitals=one.number_of_orbitals,
                confinement=confinement(grid, one.mass, real_dtype),
            )
            for one, weight in zip(problem.species, weights, strict=True)
        ]
    contact = contact_interaction(problem)
    convolution = finite_range_interaction(problem, communicators, dtype, grid, timers, way)
    return Mixture(grid, transform, species, contact, convolution, problem.hbar, rabi)


def _kinetic_energy(species: Species, hbar: float) -> KineticEnergy:
    if species.kinetic == "semirelativistic":
        return SemirelativisticKineticEnergy(species.mass, hbar, species.rest_mass == "subtracted")
    return NonrelativisticKineticEnergy(species.mass, hbar)


def complex_type(problem: Problem) -> np.dtype:
    """Type of the fields in the precision that the problem asks for."""
    return np.dtype(np.complex128 if problem.parallel.precision == "double" else np.complex64)
