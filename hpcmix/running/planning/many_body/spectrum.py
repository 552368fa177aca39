"""How wide the spectrum of N bodies in their modes is, about, as a problem file tells it: products are counted by it.

The kinetic and potential energies of modes are those of an oscillator or a box; an interaction of N_a with N_b
particles has the size of its mean field, f_ab N_a N_b V^(k) / volume at the longest wave. Half the width is the radius.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.initial.trial.shells import oscillator_filling, plane_wave_filling
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.model.many_body.prefactors import Populations, pair_factors
from hpcmix.model.terms.entry_kernels import coupling_at_a_point, kernel_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.modes import ModesSection
from hpcmix.running.planning.many_body.configuration_tables import Space

LEAST_RADIUS = 1e-3
"""In units of hbar over the whole duration there is always something to do."""


def levels_of(problem: Problem, index: int, entry: ModesSection, modes: int) -> list[float]:
    """The energies of the modes of a species, ascending, code units: of an oscillator or of a periodic box."""
    species, grid = problem.species[index], problem.grid
    kinetic = 0.5 * problem.hbar**2 / species.mass
    if entry.every_point:
        highest = kinetic * sum((math.pi / spacing) ** 2 for spacing in grid.spacings)
        return list(np.linspace(0.0, highest, modes))
    frequency = None if species.oscillator is None else species.oscillator.frequency
    if grid.frame.map.expanding:
        frequency = (grid.frame.map.rate,) * grid.dimensions
    if frequency is not None and not entry.of_the_box:
        return [problem.hbar * energy for energy in oscillator_filling(tuple(frequency), modes).energies]
    if modes > math.prod(grid.points):
        return [0.0] * modes
    return [kinetic * energy for energy in plane_wave_filling(grid.points, grid.lengths, modes).energies]


def energy_radius(problem: Problem, spaces: Sequence[Space], entries: Sequence[ModesSection]) -> float:
    """Half the width of the spectrum, code units of energy."""
    total = 0.0
    for index, (space, entry) in enumerate(zip(spaces, entries, strict=True)):
        levels = levels_of(problem, index, entry, space.modes)
        if space.fermions:
            total += 0.5 * (sum(levels[-space.particles :]) - sum(levels[: space.particles]))
        else:
            total += 0.5 * space.particles * (levels[-1] - levels[0])
    return total + interaction_radius(problem, spaces, entries, [space.particles for space in spaces])


def turning_rate(
    problem: Problem, spaces: Sequence[Space], entries: Sequence[ModesSection], outside: Sequence[int]
) -> float:
    """How quickly a state with few particles outside the condensates changes, and the Hamiltonian of the frame that
    moves with these, a frequency: channels turn with differences of two levels."""
    pairs = enumerate(zip(spaces, entries, strict=True))
    levels = [levels_of(problem, index, entry, space.modes) for index, (space, entry) in pairs]
    spread = max(own[-1] - own[0] for own in levels)
    return (2.0 * spread + interaction_radius(problem, spaces, entries, outside)) / problem.hbar


def interaction_radius(
    problem: Problem, spaces: Sequence[Space], entries: Sequence[ModesSection], moved: Sequence[int]
) -> float:
    """The interactions' part of it, where so many particles of every species move about."""
    statistics = tuple(Statistics.FERMIONS if space.fermions else Statistics.BOSONS for space in spaces)
    populations = Populations(tuple(space.particles for space in spaces), statistics)
    scaling = None if problem.scaling is None else problem.scaling.kind
    total = LEAST_RADIUS * problem.hbar / problem.timing.end
    for number, interaction in enumerate(problem.interaction):
        first, second = sorted(problem.pair(interaction.between))
        factor = pair_factors(scaling, populations, first, second, problem.prefactors.coupling).factor
        pairs = 0.5 * (moved[first] * spaces[second].particles + spaces[first].particles * moved[second])
        pairs *= 0.5 if first == second else 1.0
        volume = min(_volume(problem, index, entries[index]) for index in (first, second))
        total += 0.5 * abs(factor) * pairs * _strength(problem, number) / volume
    return total


def _volume(problem: Problem, index: int, entry: ModesSection) -> float:
    """What the modes spread over: an oscillator's ground state, or the box."""
    grid, species = problem.grid, problem.species[index]
    if entry.every_point:
        return math.prod(grid.lengths) / math.prod(grid.points)
    rates = () if species.oscillator is None else species.oscillator.frequency
    if grid.frame.map.expanding:
        rates = (grid.frame.map.rate,) * grid.dimensions
    if not rates or entry.of_the_box:
        return math.prod(grid.lengths)
    return math.prod(math.sqrt(2.0 * math.pi * problem.hbar / (species.mass * rate)) for rate in rates)


def _strength(problem: Problem, number: int) -> float:
    """|V^| of an interaction at the longest wave of the box."""
    entry = problem.interaction[number]
    if entry.kernel_boundary is None:
        return abs(coupling_at_a_point(entry, problem, number))
    grid = problem.grid
    largest = math.hypot(*(math.pi / spacing for spacing in grid.spacings))
    kernel = kernel_of(entry, problem, number, largest)
    waves = [np.full((1,) * grid.dimensions, 2.0 * math.pi / grid.lengths[0])]
    waves += [np.zeros((1,) * grid.dimensions) for _ in grid.lengths[1:]]
    return float(np.max(np.abs(kernel.multiplier(waves, waves))))
