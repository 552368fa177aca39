"""The state at time zero that a problem file asks for."""

from __future__ import annotations

import numpy as np

from hpcmix.initial import wave_functions
from hpcmix.initial.ground_state import GroundState, Report, minimise_energy
from hpcmix.initial.imaginary_time import relax
from hpcmix.initial.noise import complex_noise
from hpcmix.initial.thomas_fermi import NoThomasFermiDensity, start_of_minimisation, thomas_fermi_densities
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials import read_block, require_finite
from hpcmix.parallel.together import together
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.state import State

ASYMMETRY = 0.1
"""Relative displacement that breaks the symmetry of a mixture's first guess: an immiscible mixture would otherwise end
at the symmetric saddle point, where both components overlap. A miscible one returns to the symmetric state."""


def initial_state(problem: Problem, mixture: Mixture, report: Report) -> tuple[State, GroundState | None]:
    """The orbitals of every species at time zero, and how the ground state was found if one was asked for.

    Species that ask for the ground state are minimised together; the others are held as they are given meanwhile, and
    are part of the mean field. Raises :class:`ProblemError`, or :class:`NotConverged` from the minimisation.
    Collective.
    """
    fields: list[np.ndarray | None] = []
    for index, species in enumerate(problem.species):
        fields.append(None if species.initial.kind == "ground-state" else _written_down(problem, mixture, index))
    ground_state = None
    if any(field is None for field in fields):
        ground_state, fields = _with_ground_states(problem, mixture, fields, report)
    for index, species in enumerate(problem.species):
        _boost_and_shake(mixture, fields[index], species.initial, index)
        _normalise(mixture, fields[index], f"species.{species.name}.initial")
    dtype = mixture.transform.wave_dtype
    orbitals = [np.ascontiguousarray(field[np.newaxis], dtype) for field in fields]
    return State(orbitals, 0, problem.time.step_size if problem.time else 0.0), ground_state


def _written_down(problem: Problem, mixture: Mixture, index: int) -> np.ndarray:
    """A state in closed form or from a file, normalised."""
    species = problem.species[index]
    initial, where = species.initial, f"species.{species.name}.initial"
    if initial.kind == "thomas-fermi":
        try:
            density = thomas_fermi_densities(mixture, Instant.before_start())[index]
        except NoThomasFermiDensity as error:
            raise ProblemError.of(where, str(error)) from error
        field = np.sqrt(density).astype(np.complex128)
    else:
        with together(mixture.communicators.world):
            field = _closed_form(initial, where, species.mass, mixture)
    _normalise(mixture, field, where)
    return field


def _closed_form(initial, where: str, mass: float, mixture: Mixture) -> np.ndarray:
    grid = mixture.grid
    match initial.kind:
        case "gaussian":
            return wave_functions.gaussian(grid, initial.centre, initial.width)
        case "oscillator":
            return wave_functions.oscillator(
                grid, mass, mixture.hbar, initial.frequency, initial.numbers, initial.centre
            )
        case "plane-waves":
            return wave_functions.plane_wave(grid, initial.numbers)
    try:
        if initial.kind == "expression":
            field = wave_functions.expression(grid, initial.amplitude, initial.phase)
        else:
            field = read_block(initial.path, initial.dataset, grid).astype(np.complex128)
        require_finite(where, grid, field, 0.0)
    except (ValueError, FloatingPointError) as error:
        raise ProblemError.of(where, str(error)) from error
    return field


def _with_ground_states(
    problem: Problem, mixture: Mixture, fields: list[np.ndarray | None], report: Report
) -> tuple[GroundState, list[np.ndarray]]:
    """Fill the missing fields with the ground state of the potentials of time 0-."""
    instant = Instant.before_start()
    held = frozenset(index for index, field in enumerate(fields) if field is not None)
    starts = start_of_minimisation(mixture, instant)
    dtype = mixture.transform.wave_dtype
    guesses = []
    for index, species in enumerate(problem.species):
        if index in held:
            guesses.append(np.ascontiguousarray(fields[index], dtype))
            continue
        density = starts[index] if species.initial.start == "thomas-fermi" else None
        field = _gaussian_guess(problem, mixture, index) if density is None else np.sqrt(density).astype(np.complex128)
        _displace(mixture, field, index)
        _normalise(mixture, field, f"species.{species.name}.initial")
        guesses.append(np.ascontiguousarray(field, dtype))
    options = problem.ground_state
    arguments = (mixture, guesses, instant, options.tolerance, options.max_iterations)
    if options.method == "imaginary-time":
        result = relax(*arguments, step=options.step, report=report, held=held)
    else:
        result = minimise_energy(*arguments, report=report, held=held)
    return result, [guess.astype(np.complex128, copy=False) for guess in guesses]


def _gaussian_guess(problem: Problem, mixture: Mixture, index: int) -> np.ndarray:
    """The trap's oscillator state where a harmonic trap is on at time 0-, on the other axes a Gaussian of a quarter of
    the box."""
    species, grid = problem.species[index], mixture.grid
    squares = np.zeros(grid.dimensions)
    centre = np.zeros(grid.dimensions)
    for entry, term_on in zip(
        species.potential, mixture.species[index].external.on(Instant.before_start()), strict=True
    ):
        if entry.kind == "harmonic" and term_on:
            squares += np.square(entry.frequency)
            centre = np.where(np.array(entry.frequency) > 0.0, entry.centre, centre)
    widths = np.array(grid.lengths) / 4.0
    trapped = squares > 0.0
    widths[trapped] = np.sqrt(mixture.hbar / (species.mass * np.sqrt(squares[trapped])))
    return wave_functions.gaussian(grid, tuple(centre), tuple(widths))


def _displace(mixture: Mixture, field: np.ndarray, index: int) -> None:
    """Tilt a first guess along the cloud's longest axis, to one side for even species and to the other for odd ones."""
    if len(mixture.species) == 1:
        return
    grid = mixture.grid
    density = field.real**2 + field.imag**2
    spreads = []
    for axis in range(grid.dimensions):
        spreads.append(np.sum(density * grid.coordinates[axis] ** 2))
    total, *spreads = mixture.communicators.sum([np.sum(density), *spreads])
    axis = int(np.argmax(spreads))
    width = np.sqrt(spreads[axis] / total)
    sign = 1.0 if index % 2 == 0 else -1.0
    field *= 1.0 + sign * ASYMMETRY * np.tanh(grid.coordinates[axis] / width)


def _boost_and_shake(mixture: Mixture, field: np.ndarray, initial, index: int) -> None:
    """Give the state its momentum and its noise, phi -> phi (1 + amplitude * complex normal numbers), in place."""
    if any(initial.momentum):
        field *= wave_functions.boost(mixture.grid, initial.momentum, mixture.hbar)
    if initial.noise is not None:
        field *= 1.0 + initial.noise.amplitude * complex_noise(mixture.grid, initial.noise.seed, index)


def _normalise(mixture: Mixture, field: np.ndarray, where: str) -> None:
    """Give the field norm one. Raises :class:`ProblemError` when it vanishes. Collective."""
    norm = float(mixture.communicators.sum([kernels.squared_norm(field)])[0]) * mixture.grid.cell_volume
    if not norm > 0.0:
        raise ProblemError.of(where, "this state is zero everywhere on the grid; check centre, width and expressions")
    field /= np.sqrt(norm)
