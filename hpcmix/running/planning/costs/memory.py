"""The memory that a rank needs: the largest block, what is kept at each of its points, and the program."""

from __future__ import annotations

from hpcmix.parallel.decomposition import Decomposition
from hpcmix.parallel.sharing.division import Division
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.problem.checks.discretisation.kernel_costs import kernel_cost
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import coupled_groups, dressed_groups
from hpcmix.running.planning.costs.fields import (
    kernel_fields,
    potential_fields,
    real_bytes,
    resident_share,
    transform_fields,
)
from hpcmix.running.planning.costs.kicks import density_fields, turning_fields
from hpcmix.running.planning.costs.krylov import krylov_fields, turns
from hpcmix.running.planning.costs.losses import loss_fields
from hpcmix.running.planning.costs.markers import even_marker_bytes
from hpcmix.running.planning.costs.pairs import passing_fields, plan_of_pairs

PROGRAM_BYTES = 117_000_000
"""Resident memory of a rank with fields of no size at the end of a run: Python, numpy, HDF5, MPI with its buffers, and
scipy where it is used. Measured 114 MB at the end of a run of condensates, 136 MB with sets of orbitals and their
ground state."""

SERIES_BYTES = 5_000_000
"""What the first rank needs in addition once it writes observables.h5 (h5netcdf). Measured 5 MB."""

LEVELS_OUTSIDE = 4
"""States beside a set of orbitals that the search for its ground state may keep (initial/orbitals/complement.py)."""


def evolving_bytes(problem: Problem, division: Division) -> int:
    """Peak of the first rank while the problem evolves, markers dealt evenly."""
    points = _largest_block(division)
    pairs = plan_of_pairs(problem, division)
    per_point = evolution_bytes(problem, division.decomposition, division.groups)
    if pairs is not None:
        fields = pairs.fields * resident_share(division.decomposition) + passing_fields(problem)
        per_point += round(2 * real_bytes(problem) * fields)
    return PROGRAM_BYTES + SERIES_BYTES + points * per_point + even_marker_bytes(problem, division)


def memory_bytes(problem: Problem, division: Division) -> int:
    """Peak of the first rank, the ground state and the set-up of the kernels included."""
    points, kernels = _largest_block(division), 0.0
    for entry in problem.interaction:
        if entry.kernel_boundary is not None:
            kernels = max(kernels, kernel_cost(entry, problem.grid).bytes)
    seeking = PROGRAM_BYTES + points * ground_state_bytes(problem, division.decomposition, division.groups)
    seeking += even_marker_bytes(problem, division)
    return max(seeking, evolving_bytes(problem, division), PROGRAM_BYTES + round(kernels))


def _largest_block(division: Division) -> int:
    """Points of the rank that has most."""
    decomposition = division.decomposition
    return max(decomposition.position_block(rank).size for rank in range(min(decomposition.ranks, 64)))


def evolution_bytes(problem: Problem, decomposition: Decomposition, groups: int) -> int:
    """Bytes per grid point of a rank's block while the problem evolves and is observed.

    Complex: the orbitals of the first group, what is kept or made of them for further observables, one orbital with its
    pending kick done, and what the transform works in; of adaptive steps also the copies to go back to and to take the
    step by another way from. Real: external potentials, a density and a mean field per species and a product when
    observing, what convolutions keep, and a table of every kinetic energy that is no sum over axes. In a frame that
    expands, when observing, a spectrum and the momentum along each axis.
    """
    species, names = len(problem.species), [species.name for species in problem.species]
    requests = problem.output.observables.requests
    sets = 1 + sum(request.from_start + request.orbital_sets for request in requests)
    orbitals = OrbitalGroups(problem.orbitals, groups).largest
    complex_fields: float = orbitals * (sets - 1 + resident_share(decomposition)) + 1 + transform_fields(decomposition)
    complex_fields += turning_fields(problem)
    complex_fields += krylov_fields(problem, decomposition, 2 * real_bytes(problem))
    if problem.grid.frame.map.expanding:
        complex_fields += 1 + problem.grid.dimensions
    if problem.time is not None and problem.time.adaptive is not None:
        complex_fields += orbitals * (1 + resident_share(decomposition))
    real_fields: float = 2 * species + 1 + max((request.real_fields for request in requests), default=0)
    real_fields += potential_fields(problem) + kernel_fields(problem, decomposition) + loss_fields(problem)
    real_fields += density_fields(problem, groups)
    # coupled components are completed together, and come to the lines along the first axis together
    exchanges = 1 if decomposition.dimensions == 1 else sum(ranks > 1 for ranks in decomposition.pencil_grid)
    complex_fields += (1 + exchanges) * sum(len(group) for group in coupled_groups(names, problem.exchanges))
    real_fields += len(
        {(species.mass, species.rest_mass) for species in problem.species if species.kinetic == "semirelativistic"}
    )
    return round(real_bytes(problem) * (2 * complex_fields + real_fields))


def ground_state_bytes(problem: Problem, decomposition: Decomposition, groups: int) -> int:
    """Bytes per grid point of a rank's block while the ground state is sought; 0 if no species asks for it.

    Eight complex fields per orbital (phi, T phi, d, T d, the gradient, the gradient before, the preconditioned
    gradient, and one that the look at the curvature needs beside these), one to work in (for sets an eighth per
    orbital: combinations are not made in place, and the lowest levels outside), and what the transform works in;
    condensates are whole in every orbital group; of several starts the best state; with coherent coupling its product
    with a field. Real: density and W, the preconditioner's p (p + 1) / 2
    factors, change and response of the densities, a few in passing, and what convolutions keep. In a frame that
    rotates the preconditioner has a phase for every axis, the field's own, the field turned
    about every axis, and its factors twice.
    """
    if not any(species.initial.is_ground_state for species in problem.species):
        return 0
    species = len(problem.species)
    single = sum(number == 1 for number in problem.orbitals)
    dealt = OrbitalGroups(tuple(number for number in problem.orbitals if number > 1), groups).largest
    looks = problem.ground_state.saddles != "ignore"
    kept = problem.ground_state.starts > 1
    complex_fields = (7.0 + looks + kept) * single + (8 + looks + kept) * dealt + 1 + transform_fields(decomposition)
    turning = any(turns(problem, species) for species in problem.species)
    complex_fields += 3.0 * turning
    factors = species * (species + 1) // 2
    if problem.rotation is not None:
        axes = decomposition.dimensions
        complex_fields += single * (axes + 2 + axes * (axes - 1) // 2)
        factors *= 2
    complex_fields += LEVELS_OUTSIDE * sum(number > 1 for number in problem.orbitals)
    complex_fields += bool(dressed_groups(problem.species, problem.exchanges))
    real_fields: float = 4 * species + factors + 2 + potential_fields(problem)
    real_fields += kernel_fields(problem, decomposition)
    real_fields += 2.0 * species if problem.functional else density_fields(problem, groups)
    return round(real_bytes(problem) * (2 * complex_fields + real_fields))
