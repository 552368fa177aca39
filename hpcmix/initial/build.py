"""The state at time zero that a problem file asks for."""

from __future__ import annotations

import math

import numpy as np

from hpcmix.initial import wave_functions
from hpcmix.initial.dressed import Dressing, choices_in_words
from hpcmix.initial.ground_state import GroundState, NotConverged, Report, minimise_energy
from hpcmix.initial.imaginary_time import relax
from hpcmix.initial.noise import complex_noise
from hpcmix.initial.orbital_search import minimise_sets
from hpcmix.initial.orbital_sets import (
    Say,
    fill_oscillator,
    normalise_set,
    orthonormalise_set,
    shake_and_boost,
    written_set,
)
from hpcmix.initial.shells import oscillator_filling
from hpcmix.initial.thomas_fermi import NoThomasFermiDensity, start_of_minimisation, thomas_fermi_densities
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.concentration import concentration
from hpcmix.model.envelope import Instant
from hpcmix.model.lanczos import KrylovError
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials import read_block, require_finite
from hpcmix.parallel.together import together
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.state import Adaptation, State

ASYMMETRY = 0.1
"""Relative displacement that breaks the symmetry of a mixture's first guess: an immiscible mixture would otherwise end
at the symmetric saddle point, where both components overlap. A miscible one returns to the symmetric state."""

GUESS_NOISE = 0.05
"""Relative noise on the first guess of a set of orbitals, and of a condensate that may hold vortices: enough to break
every symmetry, little beside the guess."""


def initial_state(
    problem: Problem, mixture: Mixture, report: Report, say: Say = lambda sentence: None
) -> tuple[State, GroundState | None]:
    """The orbitals of every species at time zero, and how the ground state was found if one was asked for.

    Species that ask for the ground state are minimised together, those that are dressed as one (dressed.py);
    the others are held as they are given meanwhile, and are part of the mean field. A single orbital is made by every
    orbital group, which then keeps it or not; a set of orbitals in its parts. `say` gets sentences for the log. Raises
    :class:`ProblemError`, or :class:`NotConverged` from the minimisation. Collective.
    """
    coupled, dressing = mixture, Dressing.of(problem, mixture)
    if mixture.rabi.groups:  # orbitals of norm one and a weight per species, but for what is dressed
        mixture = mixture.coupled_by(None, problem.prefactors.weights)
    populations = mixture.weights.copy()
    arrays: list[np.ndarray | None] = []
    for index, species in enumerate(problem.species):
        if species.particles == 0.0 and index not in dressing.members:
            arrays.append(np.full((1, *mixture.grid.position_shape), mixture.grid.volume**-0.5, np.complex128))
        elif species.initial.kind == "ground-state":
            arrays.append(None)
        elif species.number_of_orbitals > 1:
            arrays.append(written_set(problem, mixture, index, say))
        else:
            arrays.append(_written_down(problem, mixture, index)[np.newaxis])
    ground_state = None
    for sentence in choices_in_words(problem):
        say(sentence)
    if any(array is None for array in arrays):
        try:
            ground_state, arrays = _with_ground_states(problem, mixture, dressing, arrays, report, say)
        except KrylovError as error:
            raise NotConverged(f"ground state: {error}") from error
    for group in dressing.groups:
        _tell_populations(problem, coupled, arrays, populations, group, say)
    for index, species in enumerate(problem.species):
        where = f"species.{species.name}.initial"
        if species.number_of_orbitals > 1:
            shake_and_boost(mixture, arrays[index], species.initial, index, where)
            continue
        _boost_and_shake(mixture, arrays[index][0], species.initial, index)
        _normalise(mixture, arrays[index][0], where)
        if not mixture.held(index):
            arrays[index] = arrays[index][:0]
    for group in coupled.rabi.groups:
        for index in group:  # of one weight for all, the orbital's norm is the species' part
            arrays[index] *= math.sqrt(populations[index] / coupled.weights[index])
    dtype = mixture.transform.wave_dtype
    orbitals = [np.ascontiguousarray(array, dtype) for array in arrays]
    state = State(orbitals, 0, problem.time.first_step if problem.time else 0.0)
    if problem.time is not None and problem.time.adaptive is not None:
        state.adaptation = Adaptation()
    return state, ground_state


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
    numbers = getattr(initial, "numbers", None) or (0,) * grid.dimensions  # of a single fermion: the lowest level
    match initial.kind:
        case "gaussian":
            return wave_functions.gaussian(grid, initial.centre, initial.width)
        case "oscillator":
            return wave_functions.oscillator(grid, mass, mixture.hbar, initial.frequency, numbers, initial.centre)
        case "plane-waves":
            return wave_functions.plane_wave(grid, numbers)
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
    problem: Problem,
    mixture: Mixture,
    dressing: Dressing,
    arrays: list[np.ndarray | None],
    report: Report,
    say: Say,
) -> tuple[GroundState, list[np.ndarray]]:
    """Fill the missing arrays with the ground state of the potentials and couplings of time 0-. Of coupled species the
    norm is the part of the group's particles."""
    instant = Instant.before_start()
    held = frozenset(index for index, array in enumerate(arrays) if array is not None)
    starts = start_of_minimisation(mixture.coupled_by(None, dressing.populations), instant)
    dtype = mixture.transform.wave_dtype
    guesses = []
    for index, species in enumerate(problem.species):
        if index in held:
            guesses.append(np.ascontiguousarray(arrays[index], dtype))
            continue
        if species.number_of_orbitals > 1:
            guesses.append(_set_guess(problem, mixture, index))
            continue
        density = starts[index] if species.initial.start == "thomas-fermi" else None
        field = _gaussian_guess(problem, mixture, index) if density is None else np.sqrt(density).astype(np.complex128)
        _displace(mixture, field, index)
        if not mixture.species[index].kinetic.diagonal:
            _shake_guess(mixture, field, species.initial.seed, index, 0)
        _normalise(mixture, field, f"species.{species.name}.initial")
        guesses.append(np.ascontiguousarray(field[np.newaxis], dtype))
    options = problem.ground_state
    mixture = dressing.dressed(problem, mixture.with_kernels_times(_ground_state_factors(problem)))
    for index in dressing.members:
        norm = math.sqrt(dressing.populations[index] / mixture.weights[index])
        guesses[index] *= guesses[index].real.dtype.type(norm)
    # a rest mass does not change the states: residuals are relative to what is left of the energies without it
    mixture = mixture.counted_from_rest()
    arguments = (instant, options.tolerance, options.max_iterations)
    if mixture.has_sets:
        result = minimise_sets(mixture, guesses, *arguments, report=report, held=held)
        for name, levels in result.levels.items():
            if levels.gap == 0.0:
                say(
                    f'species "{name}": the orbitals do not close a shell, the next level has the energy of the '
                    "highest filled one; the ground state is not unique, and its density has less symmetry than H"
                )
        return result.counted_with(dressing.at_rest, mixture), guesses
    fields = [guess[0] for guess in guesses]
    failure = None
    try:
        if options.method == "imaginary-time":
            result = relax(mixture, fields, *arguments, step=options.step, report=report, held=held)
        else:
            result = minimise_energy(mixture, fields, *arguments, report=report, held=held)
    except NotConverged as error:
        failure = error
    _require_resolved(mixture, fields, held)
    if failure is not None:
        raise failure
    found = [field.astype(np.complex128, copy=False)[np.newaxis] for field in fields]
    for index in dressing.members:
        found[index] *= np.exp(1j * dressing.phases[index])
    return result.counted_with(dressing.at_rest, mixture), found


def _tell_populations(
    problem: Problem,
    mixture: Mixture,
    arrays: list[np.ndarray],
    populations: np.ndarray,
    group: tuple[int, ...],
    say: Say,
) -> None:
    """Write into `populations` how the particles of a dressed group are divided, and say it. Collective."""
    norms = mixture.communicators.sum([kernels.squared_norm(arrays[index][0]) for index in group])
    total = math.fsum(problem.species[index].particles for index in group)
    populations[list(group)] = total * norms / np.sum(norms)
    names = " and ".join(f'"{problem.species[index].name}"' for index in group)
    parts = " and ".join(f"{populations[index]:.8g}" for index in group)
    say(
        f"species {names} are coupled at time 0-: of their {total:g} particles the ground state has {parts} "
        "(dressed = false in their [[coupling]] keeps the particles given)"
    )


def _require_resolved(mixture: Mixture, fields: list[np.ndarray], held: frozenset[int]) -> None:
    """Raises :class:`NotConverged` for a condensate that has shrunk to the grid's resolution, where an attraction
    without a ground state has one on any grid. Collective."""
    for a, (field, one) in enumerate(zip(fields, mixture.species, strict=True)):
        if a in held:
            continue
        density = one.weight * (field.real**2 + field.imag**2)
        at_one_point = float(mixture.communicators.maximum([np.max(density)])[0]) * mixture.grid.cell_volume
        kinetic = one.weight * float(mixture.communicators.sum(mixture.spectral_averages(field, a)[:1])[0])
        norm = float(mixture.communicators.sum([kernels.squared_norm(field)])[0]) * mixture.grid.cell_volume
        sentence = concentration(mixture, a, one.weight * norm, at_one_point, kinetic)
        if sentence is not None:
            raise NotConverged(
                f"ground state: {sentence}; the attraction has no ground state, or none that this grid resolves: "
                "weaken it, put in fewer particles, use a finer grid, or begin closer to a metastable state"
            )


def _ground_state_factors(problem: Problem) -> dict[tuple[int, int], float]:
    """By pairs of species, lower index first, what the kernels are multiplied by while the ground state is looked
    for."""
    names = [one.name for one in problem.species]
    return {
        tuple(sorted(names.index(name) for name in entry.between)): entry.factor
        for entry in problem.ground_state.coupling
    }


def _set_guess(problem: Problem, mixture: Mixture, index: int) -> np.ndarray:
    """The lowest oscillator orbitals of the trap, or of a cloud of a quarter of the box; a little noise on them, so
    that the search is not kept to the symmetries of the guess."""
    species = problem.species[index]
    centre, widths = _guessed_shape(problem, mixture, index)
    frequency = tuple(mixture.hbar / (species.mass * widths**2))
    orbitals = np.empty((len(mixture.held(index)), *mixture.grid.position_shape), mixture.transform.wave_dtype)
    filling = oscillator_filling(frequency, species.number_of_orbitals)
    fill_oscillator(mixture, index, orbitals, filling, frequency, tuple(centre))
    for orbital, number in zip(orbitals, mixture.held(index), strict=True):
        _shake_guess(mixture, orbital, species.initial.seed, index, number)
    normalise_set(mixture, orbitals)
    orthonormalise_set(mixture, orbitals, index, f"species.{species.name}.initial")
    return orbitals


def _shake_guess(mixture: Mixture, orbital: np.ndarray, seed: int, index: int, number: int) -> None:
    orbital *= 1.0 + GUESS_NOISE * complex_noise(mixture.grid, seed, (1 << 62) + (index << 32) + number)


def _gaussian_guess(problem: Problem, mixture: Mixture, index: int) -> np.ndarray:
    """The trap's oscillator state where a harmonic trap is on at time 0-, on the other axes a Gaussian of a quarter of
    the box."""
    centre, widths = _guessed_shape(problem, mixture, index)
    return wave_functions.gaussian(mixture.grid, tuple(centre), tuple(widths))


def _guessed_shape(problem: Problem, mixture: Mixture, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Centre and oscillator length per axis of the harmonic traps that are on at time 0-; where there is none, the
    origin and, for a set of M orbitals, what lets the highest of them fill half of the box."""
    species, grid = problem.species[index], mixture.grid
    squares = np.zeros(grid.dimensions)
    centre = np.zeros(grid.dimensions)
    for entry, term_on in zip(
        species.potential, mixture.species[index].external.on(Instant.before_start()), strict=True
    ):
        if entry.kind == "harmonic" and term_on:
            squares += np.square(entry.frequency)
            centre = np.where(np.array(entry.frequency) > 0.0, entry.centre, centre)
    # M = number of oscillator states up to a radius of sqrt(2 n + d) lengths with n + 1 = (M d!)^(1/d)
    axes = grid.dimensions
    shells = (species.number_of_orbitals * math.factorial(axes)) ** (1.0 / axes)
    widths = np.array(grid.lengths) / (4.0 * math.sqrt(max(1.0, 2.0 * shells + axes - 2.0) / axes))
    if species.number_of_orbitals == 1:
        widths = np.array(grid.lengths) / 4.0
    trapped = squares > 0.0
    widths[trapped] = np.sqrt(mixture.hbar / (species.mass * np.sqrt(squares[trapped])))
    return centre, widths


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
    width = max(math.sqrt(spreads[axis] / total), grid.spacings[axis])  # of a cloud at one point, no width
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
