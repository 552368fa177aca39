"""What species need whose kinetic energy is no multiplier in k: memory and Fourier pairs. Imports no MPI."""

from __future__ import annotations

import math

from hpcmix.model.kinetic.krylov_size import LARGEST, LARGEST_EXPONENTIAL, PASSING, stored_vectors
from hpcmix.parallel.decomposition import Decomposition
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.species import Species

PAIRS_PER_DIMENSION = 4.0
"""Cost of a dimension of a Krylov space in Fourier pairs of the grid: the kinetic energy applied once, two scalar
products and a sum. Measured at 64^3: 3.3 (Landau gauge) to 5.1 (a vector potential along every axis)."""

SQUARE_ROOT_DIMENSIONS = 100
"""Dimensions that sqrt(m^2 + Pi^2) takes, about: measured 9 to 210, the more the smaller m is beside the largest
momentum of the grid."""


def krylov_fields(problem: Problem, decomposition: Decomposition, number_bytes: int) -> float:
    """Complex fields of species with a vector potential or in a rotating frame, in units of a rank's block: what their
    kinetic energies work in, the basis vectors that they share, and the vector potentials, half a complex field per
    component where they are not uniform.

    number_bytes  size of a complex number.
    """
    turned = [species for species in problem.species if turns(problem, species)]
    if not turned:
        return 0.0
    field = number_bytes * decomposition.position_block(0).size
    vectors = 0
    for entry in turned:
        space = LARGEST if entry.kinetic == "semirelativistic" else exponential_dimensions(problem, entry)
        vectors = max(vectors, min(space, stored_vectors(field)) + PASSING)
    whole = [
        species for species in turned if species.vector_potential is not None and species.vector_potential.full_fields
    ]
    potentials = 0.5 * decomposition.dimensions * len(whole)
    return vectors + 2.0 * len(turned) + potentials


def exponential_dimensions(problem: Problem, species: Species) -> int:
    """Dimensions of the Krylov space of the longest drift: the first m for which (tau T_max / 4 hbar)^m / m! is below
    the tolerance of 1e-13, as a spectrum of width T_max has off-diagonal elements of a quarter of it."""
    if problem.time is None:
        return 0
    square = problem.hbar * sum((math.pi / spacing) ** 2 for spacing in problem.grid.spacings) / (2.0 * species.mass)
    angle = 0.25 * problem.time.splitting.largest_drift * problem.time.step_size * square
    bound, dimensions = 1.0, 0
    while bound > 1e-13 and dimensions < LARGEST_EXPONENTIAL:
        dimensions += 1
        bound *= angle / dimensions
    return dimensions


def turns(problem: Problem, species: Species) -> bool:
    """Whether the kinetic energy of a species is no multiplier in k."""
    return problem.rotation is not None or species.vector_potential is not None


def pairs_per_drift(problem: Problem, species: Species) -> float:
    """Fourier pairs of a drift of one orbital: one where it is a multiplier in k, else those of a Krylov space."""
    if not turns(problem, species):
        return 1.0
    if species.kinetic == "semirelativistic":
        return PAIRS_PER_DIMENSION * SQUARE_ROOT_DIMENSIONS
    return PAIRS_PER_DIMENSION * exponential_dimensions(problem, species)
