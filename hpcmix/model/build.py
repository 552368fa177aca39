"""From a validated problem to the model that acts on this rank's part of the grid."""

from __future__ import annotations

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.contact import ContactInteraction
from hpcmix.model.convolution import ConvolutionInteraction
from hpcmix.model.gaussian_kernel import gaussian_multiplier
from hpcmix.model.kinetic import NonrelativisticKineticEnergy
from hpcmix.model.mixture import Mixture, SpeciesModel
from hpcmix.model.potentials import ExternalPotential, make_term
from hpcmix.model.yukawa_kernel import yukawa_multiplier
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.engine import make_transform
from hpcmix.parallel.orbital_groups import OrbitalGroups
from hpcmix.parallel.timers import Timers
from hpcmix.parallel.together import together
from hpcmix.parallel.transform import Transform
from hpcmix.problem.schema import Problem


def build_mixture(
    problem: Problem, communicators: Communicators, timers: Timers, way: str = "sub-array-messages"
) -> Mixture:
    """The model of a problem on this rank; `way` is the exchange that its transforms use. Collective.

    Raises :class:`~hpcmix.problem.errors.ProblemError` on every rank when a potential's file does not fit or a
    potential is not finite.
    """
    dtype = complex_type(problem)
    fields = OrbitalGroups(problem.orbitals, communicators.groups).largest
    transform = make_transform(communicators, False, dtype, timers, way, fields)
    grid = Grid(problem.grid.points, problem.grid.lengths, transform.position_block, transform.wave_block)
    real_dtype = np.empty(0, dtype).real.dtype
    with together(communicators.world):
        species = [
            SpeciesModel(
                name=one.name,
                mass=one.mass,
                weight=weight,
                kinetic=NonrelativisticKineticEnergy(one.mass, problem.hbar),
                external=ExternalPotential(
                    [
                        make_term(f"species.{one.name}.potential.{index}", entry, grid, one.mass)
                        for index, entry in enumerate(one.potential)
                    ],
                    grid,
                    real_dtype,
                ),
                orbitals=one.number_of_orbitals,
            )
            for one, weight in zip(problem.species, problem.prefactors.weights, strict=True)
        ]
    convolution = _convolution(problem, communicators, dtype, grid, timers, way)
    return Mixture(grid, transform, species, _contact(problem), convolution, problem.hbar)


def complex_type(problem: Problem) -> np.dtype:
    """Type of the fields in the precision that the problem asks for."""
    return np.dtype(np.complex128 if problem.parallel.precision == "double" else np.complex64)


def _pair(problem: Problem, between: tuple[str, str]) -> tuple[int, int]:
    names = [one.name for one in problem.species]
    first, second = sorted(names.index(name) for name in between)
    return first, second


def _contact(problem: Problem) -> ContactInteraction:
    couplings = np.zeros((len(problem.species),) * 2)
    for entry in problem.interaction:
        if entry.kind == "contact":
            a, b = _pair(problem, entry.between)
            couplings[a, b] = couplings[b, a] = problem.prefactors.kernel_factor(a, b) * entry.coupling(problem)
    return ContactInteraction(couplings)


def _convolution(
    problem: Problem, communicators: Communicators, dtype: np.dtype, grid: Grid, timers: Timers, way: str
) -> ConvolutionInteraction:
    entries = [entry for entry in problem.interaction if entry.kind != "contact"]
    if not entries:
        return ConvolutionInteraction({}, len(problem.species), None)
    transform: Transform = make_transform(communicators, True, dtype, timers, way, len(problem.species))
    squared = grid.squared_wave_numbers(transform.wave_block, real=True)
    multipliers: dict[tuple[int, int], np.ndarray] = {}
    for entry in entries:
        if entry.kind == "gaussian":
            values = gaussian_multiplier(squared, entry.strength, entry.width, grid.dimensions)
        else:
            values = yukawa_multiplier(squared, entry.strength, entry.screening, grid.dimensions)
        pair = _pair(problem, entry.between)
        values = (problem.prefactors.kernel_factor(*pair) * values).astype(transform.empty_wave().real.dtype)
        multipliers[pair] = multipliers[pair] + values if pair in multipliers else values
    return ConvolutionInteraction(multipliers, len(problem.species), transform)
