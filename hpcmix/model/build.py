"""From a validated problem to the model that acts on this rank's part of the grid."""

from __future__ import annotations

import math

from hpcmix.grid import Grid
from hpcmix.model.components.local import LocalCouplings
from hpcmix.model.components.losses import Losses
from hpcmix.model.components.rabi import RabiCouplings
from hpcmix.model.components.vacuum import Vacuum
from hpcmix.model.kinetic.free import KineticEnergy, SemirelativisticKineticEnergy
from hpcmix.model.kinetic.given import free_kinetic_energy
from hpcmix.model.kinetic.kinetic_momentum import KineticMomentum
from hpcmix.model.kinetic.lanczos import Lanczos
from hpcmix.model.kinetic.magnetic import (
    KrylovKineticEnergy,
    MagneticKineticEnergy,
    MagneticSemirelativisticKineticEnergy,
    rotation_energy,
)
from hpcmix.model.kinetic.vector_potentials import cross, make_vector_potential
from hpcmix.model.markers.build import marker_model
from hpcmix.model.mean_field.species import SpeciesModel
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.external import ExternalPotential, confinement, make_term, share_equal
from hpcmix.model.terms.build import correlations_of, terms_of
from hpcmix.model.terms.marked_pairs import require_grid_for_markers
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.process.together import together
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import group_weights
from hpcmix.problem.sections.species.species import Species


def build_mixture(problem: Problem, engine: Engine) -> Mixture:
    """The model of a problem on this rank. Collective.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` on every rank when a potential's file does not fit, a
    potential or a loss is not finite, a scattering problem has no solution, or the grid does not carry the markers.
    """
    most = OrbitalGroups(problem.orbitals, engine.communicators.groups).largest
    transform = engine.complex_transform(max(1, most))
    frame = problem.grid.frame.map
    grid = Grid(problem.grid.points, problem.grid.lengths, transform.position_block, transform.wave_block, frame)
    rabi = RabiCouplings.of(problem)
    weights = group_weights(problem.prefactors.weights, [species.particles for species in problem.species], rabi.groups)
    kinetic = {
        (species.kinetic, species.mass, species.rest_mass): free_kinetic_energy(species, problem.hbar)
        for species in problem.species
    }
    require_grid_for_markers(problem)
    with together(engine.communicators.world):
        lanczos = Lanczos(transform)
        species = [
            _species_model(
                problem, index, weight, kinetic[entry.kinetic, entry.mass, entry.rest_mass], grid, engine, lanczos
            )
            for index, (entry, weight) in enumerate(zip(problem.species, weights, strict=True))
        ]
        for entry in species:
            entry.external.require_start()
        losses = Losses.of(problem, grid, engine)
        local = LocalCouplings.of(problem, grid)
        share_equal([each.external for each in species])
    terms = terms_of(problem, engine, grid)
    correlations = correlations_of(problem, engine, grid)
    return Mixture(grid, engine, species, terms, problem.hbar, rabi, correlations, losses, local)


def _species_model(
    problem: Problem,
    index: int,
    weight: float,
    kinetic: KineticEnergy,
    grid: Grid,
    engine: Engine,
    lanczos: Lanczos,
) -> SpeciesModel:
    """What one species brings. Local.

    kinetic  without vector potential and rotation; shared with species that have the same: it may keep a table.
    """
    species, rotation = problem.species[index], problem.rotation
    acting: KineticEnergy | KrylovKineticEnergy = kinetic
    where, transform = f"species.{species.name}", engine.complex_transform()
    frame_energy = None
    if rotation is not None or species.vector_potential is not None:
        own = make_vector_potential(f"{where}.vector_potential", species.vector_potential, grid)
        if isinstance(kinetic, SemirelativisticKineticEnergy):
            momentum = KineticMomentum(grid, transform, problem.hbar, own)
            first = engine.communicators.group.rank == 0
            acting = MagneticSemirelativisticKineticEnergy(momentum, lanczos, kinetic, first)
        else:
            frame = None
            if rotation is not None:
                frame = cross(tuple(-species.mass * part for part in rotation.vector), grid)
                frame_energy = rotation_energy(grid, species.mass, rotation.vector, own)
            momentum = KineticMomentum(grid, transform, problem.hbar, own, frame, 1.0 / math.sqrt(2.0 * species.mass))
            acting = MagneticKineticEnergy(momentum, lanczos, kinetic)
    terms = [
        make_term(f"{where}.potential.{place}", entry, grid, species.mass)
        for place, entry in enumerate(species.potential)
    ]
    markers = marker_model(species, kinetic, grid)
    confining = confinement(grid, species.mass) if markers is None else None  # markers have it in their forces
    return SpeciesModel(
        name=species.name,
        mass=species.mass,
        weight=weight,
        kinetic=acting,
        external=ExternalPotential(terms, grid, engine.real_dtype, frame_energy, engine.zeros),
        particles=weight * species.number_of_orbitals if markers is None else problem.integrals[index],
        orbitals=species.number_of_orbitals,
        confinement=None if confining is None else engine.holding(confining, engine.real_dtype),
        markers=markers,
        vacuum=_vacuum_of(species, problem.hbar, grid, engine),
    )


def _vacuum_of(species: Species, hbar: float, grid: Grid, engine: Engine) -> Vacuum | None:
    """What noise of the Wigner function adds to the particles of a species. Collective over the group."""
    noise = species.wave_functions.vacuum_noise if species.has_orbitals else None
    return None if noise is None else Vacuum.of(noise, grid, engine.communicators, hbar, species.mass)
