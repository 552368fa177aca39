"""The state at time zero that a problem file asks for."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hpcmix.initial.descent.ground_state import GroundState, NotConverged, Report
from hpcmix.initial.dressed import Dressing, choices_in_words
from hpcmix.initial.excitations.excited import excite
from hpcmix.initial.markers.clouds import given_cloud
from hpcmix.initial.markers.stand_ins import density_of, root_of, weights_apart, with_stand_ins
from hpcmix.initial.noise import complex_noise
from hpcmix.initial.orbitals.sets import Say, shake_and_boost, written_set
from hpcmix.initial.starts import Keeper, Talk, lowest_of_starts
from hpcmix.initial.trial.guesses import Guesses, normalise
from hpcmix.initial.trial.repulsion import NoThomasFermiDensity
from hpcmix.initial.trial.thomas_fermi import thomas_fermi_densities
from hpcmix.initial.written import wave_functions
from hpcmix.initial.written.closed_form import closed_form
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.kinetic.lanczos import KrylovError
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import InitialSection, ThomasFermiInitial
from hpcmix.state.cloud import Cloud
from hpcmix.state.orbital_cloud import OrbitalCloud
from hpcmix.state.progress import Adaptation, Progress
from hpcmix.state.state import State


def initial_state(
    problem: Problem,
    mixture: Mixture,
    report: Report,
    say: Say = lambda sentence: None,
    alive: Callable[[], None] = lambda: None,
    keeper: Keeper | None = None,
) -> tuple[State, GroundState | None]:
    """The orbitals of every species at time zero, and how the ground state was found if one was asked for.

    Species that ask for the ground state are minimised together, those that are dressed as one (dressed.py);
    the others are held as they are given meanwhile, and are part of the mean field. A single orbital is made by every
    orbital group, which then keeps it or not; a set of orbitals in its parts. `report`, `say`, `alive` and `keeper` are
    those of :class:`~hpcmix.initial.starts.Talk`. Raises :class:`ProblemError`, or :class:`NotConverged` and
    :class:`~hpcmix.initial.descent.interruption.SearchInterrupted` from the minimisation. Collective.
    """
    dressing = Dressing.of(problem, mixture)
    carried = {index: given_cloud(problem, mixture, index) for index in problem.classical}
    uncoupled = with_stand_ins(mixture)
    if mixture.rabi.groups:  # orbitals of norm one and a weight per species, but for what is dressed
        uncoupled = uncoupled.coupled_by(None, weights_apart(problem))
    populations = uncoupled.weights.copy()
    arrays: list[np.ndarray | None] = []
    for index, species in enumerate(problem.species):
        if index in carried:
            arrays.append(root_of(density_of(mixture, carried[index]), mixture.species[index].particles))
        elif species.particles == 0.0 and index not in dressing.members:
            arrays.append(np.full((1, *mixture.grid.position_shape), mixture.grid.volume**-0.5, np.complex128))
        elif species.initial.is_ground_state:
            arrays.append(None)
        elif species.is_set:
            arrays.append(written_set(problem, uncoupled, index, say))
        else:
            arrays.append(_written_down(problem, uncoupled, index)[np.newaxis])
    ground_state = None
    for sentence in choices_in_words(problem):
        say(sentence)
    complete = [array for array in arrays if array is not None]
    if len(complete) < len(arrays):
        talk = Talk(report, say, alive, keeper)
        try:
            ground_state, complete = _with_ground_states(problem, uncoupled, dressing, arrays, talk)
        except KrylovError as error:
            raise NotConverged(f"ground state: {error}") from error
    for group in dressing.groups:
        _tell_populations(problem, mixture, complete, populations, group, say)
    excite(problem, mixture, complete, populations)
    for index, species in enumerate(problem.species):
        where = f"species.{species.name}.initial"
        if index in carried:
            continue
        if species.is_set:
            shake_and_boost(uncoupled, complete[index], species.wave_functions, index, where)
            continue
        _boost_and_shake(uncoupled, complete[index][0], species.wave_functions, index)
        normalise(uncoupled, complete[index][0], where)
        if not mixture.held(index):
            complete[index] = complete[index][:0]
    for group in mixture.rabi.groups:
        for index in group:  # of one weight for all, the orbital's norm is the species' part
            complete[index] *= math.sqrt(populations[index] / mixture.weights[index])
    dtype = mixture.transform.wave_dtype
    clouds: list[Cloud] = [
        carried[index] if index in carried else OrbitalCloud(np.ascontiguousarray(array, dtype))
        for index, array in enumerate(complete)
    ]
    return State(clouds, _beginning(problem)), ground_state


def _beginning(problem: Problem) -> Progress:
    """Time zero, before the first step."""
    if problem.time is None:
        return Progress()
    adaptation = None if problem.time.adaptive is None else Adaptation()
    return Progress(step_size=problem.time.first_step, adaptation=adaptation)


def _written_down(problem: Problem, mixture: Mixture, index: int) -> np.ndarray:
    """A state in closed form or from a file, normalised."""
    species = problem.species[index]
    initial, where = species.initial, f"species.{species.name}.initial"
    if isinstance(initial, ThomasFermiInitial):
        try:
            density = thomas_fermi_densities(mixture, Instant.before_start())[index]
        except NoThomasFermiDensity as error:
            raise ProblemError.of(where, str(error)) from error
        field = np.sqrt(density).astype(np.complex128)
    else:
        with together(mixture.communicators.world):
            field = closed_form(initial, where, species.mass, mixture.hbar, mixture.grid)
    normalise(mixture, field, where)
    return field


def _with_ground_states(
    problem: Problem, mixture: Mixture, dressing: Dressing, arrays: list[np.ndarray | None], talk: Talk
) -> tuple[GroundState, list[np.ndarray]]:
    """Fill the missing arrays with the ground state of the potentials and couplings of time 0-. Of coupled species the
    norm is the part of the group's particles."""
    guesses = Guesses(problem, mixture, dressing, arrays, talk.say)
    dressed = dressing.dressed(problem, mixture.with_kernels_times(_ground_state_factors(problem)))
    # a rest mass does not change the states: residuals are relative to what is left of the energies without it
    searched = dressed.counted_from_rest()
    if any(
        index not in guesses.held and not species.kinetic.diagonal for index, species in enumerate(searched.species)
    ):
        talk.say(
            "ground state: where a rotation or a vector potential makes vortices the search takes hundreds to "
            f"thousands of iterations (at most {problem.ground_state.max_iterations} now)"
            + (", and what it comes to is kept" if talk.keeper is not None else "")
            + "; states with other vortices may be lower: ground_state.starts"
        )
    result, fields = lowest_of_starts(searched, guesses, problem.ground_state, talk)
    for name, levels in (result.levels or {}).items():
        if levels.gap == 0.0:
            talk.say(
                f'species "{name}": the orbitals do not close a shell, the next level has the energy of the '
                "highest filled one; the ground state is not unique, and its density has less symmetry than H"
            )
    if not searched.has_sets:
        fields = [orbitals.astype(np.complex128, copy=False) for orbitals in fields]
    for index in dressing.members:
        fields[index] = fields[index] * np.exp(1j * dressing.phases[index])
    result = result.counted_with(dressing.at_rest, searched)
    if result.starts:
        energies = ", ".join("not converged" if start is None else f"{start:.12g}" for start in result.starts)
        talk.say(f"ground state: the lowest of {len(result.starts)} starts is kept; their energies: {energies}")
    return result, fields


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


def _ground_state_factors(problem: Problem) -> dict[tuple[int, int], float]:
    """By pairs of species, lower index first, what the kernels are multiplied by while the ground state is looked
    for."""
    return {problem.pair(entry.between): entry.factor for entry in problem.ground_state.kernel_factors}


def _boost_and_shake(mixture: Mixture, field: np.ndarray, initial: InitialSection, index: int) -> None:
    """Give the state its momentum and its noise, phi -> phi (1 + amplitude * complex normal numbers), in place."""
    if any(initial.momentum):
        field *= wave_functions.boost(mixture.grid, initial.momentum, mixture.hbar)
    if initial.noise is not None:
        field *= 1.0 + initial.noise.amplitude * complex_noise(mixture.grid, initial.noise.seed, index)
