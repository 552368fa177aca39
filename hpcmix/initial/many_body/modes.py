"""The modes of every species, on the file's own grid: orthonormal fields, complex (m, *this rank's block).

kinds  eigenstates of T + U at time 0-, plane waves of the box, oscillator states, or one mode for every grid point
       (problem/sections/calculation/many_body.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import singledispatch

import numpy as np

from hpcmix.initial.descent.ground_state import Report
from hpcmix.initial.many_body.eigenstates import lowest_eigenstates
from hpcmix.initial.trial.shells import oscillator_filling
from hpcmix.initial.written import wave_functions
from hpcmix.model.many_body.modes.overlaps import orthonormal
from hpcmix.model.mixture import Mixture
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.modes import EigenstateModes, GridModes, OscillatorModes, PlaneWaveModes

Say = Callable[[str], None]
"""Called with sentences for the log."""


def unheard(iteration: int, residual: float, energy: float) -> None:
    """The report of a search that nobody follows."""


def modes_of(
    problem: Problem, mixture: Mixture, say: Say = lambda sentence: None, report: Report = unheard
) -> list[np.ndarray]:
    """The modes of every species of a problem with ``[many_body]``. Species of the same entry, mass, kinetic energy and
    potentials share one array, so that they are made once. Collective over the group.

    report  called in every iteration of a search for eigenstates; what it raises ends the search.

    Raises :class:`ProblemError` where the grid does not hold so many, and
    :class:`~hpcmix.initial.descent.ground_state.NotConverged` from the search for eigenstates.
    """
    chosen: list[np.ndarray] = []
    alike: dict[tuple, np.ndarray] = {}
    for index, species in enumerate(problem.species):
        number, entry = problem.bodies.entry_of(species.name)
        key = (number, species.mass, species.kinetic, species.rest_mass, species.potential, species.vector_potential)
        if key not in alike:
            fields = make_modes(entry, problem, mixture, index, say, report)
            try:
                alike[key] = orthonormal(mixture, fields)
            except np.linalg.LinAlgError as error:
                key_of_number = f"many_body.modes.{number}.{entry.number_key}"
                message = (
                    f"{len(fields)} modes are linearly dependent on this grid; use a finer grid, a larger box or fewer"
                )
                raise ProblemError.of(key_of_number, message) from error
        chosen.append(alike[key])
    return chosen


@singledispatch
def make_modes(entry: object, problem: Problem, mixture: Mixture, index: int, say: Say, report: Report) -> np.ndarray:
    """The fields of an entry of ``[[many_body.modes]]`` for the species with an index. Collective over the group."""
    raise TypeError(f"{type(entry).__name__} makes no modes")


@make_modes.register
def _(entry: EigenstateModes, problem: Problem, mixture: Mixture, index: int, say: Say, report: Report) -> np.ndarray:
    return lowest_eigenstates(problem, mixture, index, entry.count, say, report)


@make_modes.register
def _(entry: PlaneWaveModes, problem: Problem, mixture: Mixture, index: int, say: Say, report: Report) -> np.ndarray:
    grid = mixture.grid
    waves = [wave_functions.plane_wave(grid, numbers) for numbers in entry.waves(grid.dimensions)]
    return np.array(waves) / math.sqrt(grid.volume)


@make_modes.register
def _(entry: OscillatorModes, problem: Problem, mixture: Mixture, index: int, say: Say, report: Report) -> np.ndarray:
    grid, species = mixture.grid, problem.species[index]
    frequency, centre = (grid.frame.rate,) * grid.dimensions, (0.0,) * grid.dimensions
    if not grid.frame.expanding:
        trap = species.oscillator
        if trap is None:
            raise TypeError("oscillator modes without a trap come through no check")
        frequency, centre = trap.frequency, trap.centre_at(0.0)
    filling = oscillator_filling(frequency, entry.count)
    if not filling.closes_a_shell:
        say(f"modes: {filling.sentence(species.name)}")
    fields = [
        wave_functions.oscillator(grid, species.mass, problem.hbar, frequency, numbers, centre)
        for numbers in filling.numbers
    ]
    return np.array(fields) * oscillator_norm(species.mass, problem.hbar, frequency)


@make_modes.register
def _(entry: GridModes, problem: Problem, mixture: Mixture, index: int, say: Say, report: Report) -> np.ndarray:
    grid = mixture.grid
    number = np.arange(math.prod(grid.points)).reshape(grid.points)[grid.position_block.slices]
    fields = np.zeros((math.prod(grid.points), *grid.position_shape), np.complex128)
    for place in np.ndindex(grid.position_shape):
        fields[(number[place], *place)] = 1.0 / math.sqrt(grid.cell_volume)
    return fields


def oscillator_norm(mass: float, hbar: float, frequency: tuple[float, ...]) -> float:
    """What makes an oscillator state of norm one of a product of h_n(s) (wave_functions.oscillator_level): per axis
    (m omega / (pi hbar))^(1/4)."""
    return math.prod((mass * omega / (math.pi * hbar)) ** 0.25 for omega in frequency)
