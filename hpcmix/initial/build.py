"""The state at time zero that a problem file asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hpcmix.initial.descent.ground_state import GroundState, Report
from hpcmix.initial.dressed import Dressing, choices_in_words
from hpcmix.initial.excitations.excited import excite
from hpcmix.initial.markers.joint import Gases
from hpcmix.initial.markers.stand_ins import weights_apart, with_stand_ins
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.initial.noise.vacuum import add_vacuum
from hpcmix.initial.orbitals.sets import Say, shake_and_boost, written_set
from hpcmix.initial.searching.search import OrbitalSearch
from hpcmix.initial.searching.starts import Keeper, Talk
from hpcmix.initial.trial.guesses import normalise
from hpcmix.initial.trial.repulsion import NoThomasFermiDensity
from hpcmix.initial.trial.thomas_fermi import thomas_fermi_densities
from hpcmix.initial.written import wave_functions
from hpcmix.initial.written.closed_form import closed_form
from hpcmix.initial.written.given_files import require_files_fit
from hpcmix.initial.written.imprinted import Imprints
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import InitialSection, ThomasFermiInitial
from hpcmix.problem.units.measure_words import MeasureWords
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
    those of :class:`~hpcmix.initial.searching.starts.Talk`. Raises :class:`ProblemError`, or :class:`NotConverged` and
    :class:`~hpcmix.initial.descent.interruption.SearchInterrupted` from the minimisation. Collective.
    """
    require_files_fit(problem, mixture)
    making = _Making(problem, mixture)
    arrays = making.given(say)
    imprints = Imprints(problem, making.uncoupled)
    imprints.on_given(arrays)
    for sentence in choices_in_words(problem):
        say(sentence)
    ground_state, complete = None, [array for array in arrays if array is not None]
    if len(complete) < len(arrays):
        talk = Talk(report, say, alive, keeper, words=MeasureWords(problem.scales))
        ground_state, complete = making.sought(arrays, talk)
    making.divide(complete, say)
    imprints.on_found(arrays, complete)
    excite(problem, mixture, complete, making.populations)
    making.finish(complete)
    return State(making.clouds(complete), _beginning(problem)), ground_state


class _Making:
    """The wave functions of time zero on their way: one array (orbitals, *block) for each species.

    uncoupled    the mixture with condensates in the place of whatever has no wave functions; where species are coupled
                 with orbitals of norm one and a weight for each of them, but for what is dressed.
    populations  how many particles of every species its weight stands for.
    """

    def __init__(self, problem: Problem, mixture: Mixture) -> None:
        self._problem, self._mixture = problem, mixture
        self._dressing, self._gases = Dressing.of(problem, mixture), Gases(problem, mixture)
        uncoupled = with_stand_ins(mixture)
        self.uncoupled = uncoupled.coupled_by(None, weights_apart(problem)) if mixture.rabi.groups else uncoupled
        self.populations = self.uncoupled.weights.copy()

    def given(self, say: Say) -> list[np.ndarray | None]:
        """What the file gives; None of species whose ground state is looked for. Collective."""
        problem, mixture = self._problem, self._mixture
        arrays: list[np.ndarray | None] = []
        for index, species in enumerate(problem.species):
            if not species.has_orbitals:
                arrays.append(self._gases.stand_in(index))
            elif species.particles == 0.0 and index not in self._dressing.members:
                arrays.append(np.full((1, *mixture.grid.position_shape), mixture.grid.volume**-0.5, np.complex128))
            elif species.initial.is_ground_state:
                arrays.append(None)
            elif species.is_set:
                arrays.append(written_set(problem, self.uncoupled, index, say))
            else:
                arrays.append(_written_down(problem, self.uncoupled, index)[np.newaxis])
        return arrays

    def sought(self, arrays: list[np.ndarray | None], talk: Talk) -> tuple[GroundState, list[np.ndarray]]:
        """The ground state beside what is given, and all arrays. Collective."""
        problem, gases, search = self._problem, self._gases, None
        if gases.sought:  # beside gases that are looked for too it is their mean fields that the search goes by
            names = [gas.name for gas in gases.sought]
            fields = None if talk.keeper is None else talk.keeper.of_mean_fields(names)
            talk = replace(talk, keeper=None, fields=fields)
        if any(array is None and species.has_orbitals for array, species in zip(arrays, problem.species, strict=True)):
            search = OrbitalSearch(problem, self.uncoupled, self._dressing, talk)
        seen = self.uncoupled.counted_from_rest() if search is None else search.searched
        ground_state, complete = gases.settled(seen, search, arrays, talk)
        if search is None:
            ground_state = ground_state.counted_with(self._dressing.at_rest, seen)
        else:
            ground_state, complete = search.complete(ground_state, complete)
        gases.boost()
        return ground_state, complete

    def divide(self, complete: list[np.ndarray], say: Say) -> None:
        """Take the populations of dressed species from their states, and say them. Collective."""
        for group in self._dressing.groups:
            _tell_populations(self._problem, self._mixture, complete, self.populations, group, say)
            for index in group:
                if self.populations[index] == 0.0:  # the form of what is empty has no meaning
                    complete[index] = np.full_like(complete[index], self._mixture.grid.volume**-0.5)

    def finish(self, complete: list[np.ndarray]) -> None:
        """Give the states their momenta, noise and norms, and leave this rank what its group holds. Collective."""
        problem, mixture, carried = self._problem, self._mixture, self._gases.clouds
        for index, species in enumerate(problem.species):
            where = f"species.{species.name}.initial"
            if index in carried:
                continue
            if species.is_set:
                shake_and_boost(self.uncoupled, complete[index], species.wave_functions, index, where)
                continue
            _boost_and_shake(self.uncoupled, complete[index][0], species.wave_functions, index)
            normalise(self.uncoupled, complete[index][0], where)
            if not mixture.held(index):
                complete[index] = complete[index][:0]
        for group in mixture.rabi.groups:
            for index in group:  # of one weight for all, the orbital's norm is the species' part
                complete[index] *= math.sqrt(self.populations[index] / mixture.weights[index])
        for index, species in enumerate(problem.species):
            noise = species.wave_functions.vacuum_noise if species.has_orbitals else None
            if noise is not None and len(complete[index]):
                add_vacuum(mixture, complete[index][0], noise, index)

    def clouds(self, complete: Sequence[np.ndarray]) -> list[Cloud]:
        """What evolves, in the precision of the run."""
        carried, dtype = self._gases.clouds, self._mixture.transform.wave_dtype
        return [
            carried[index] if index in carried else OrbitalCloud(np.ascontiguousarray(array, dtype))
            for index, array in enumerate(complete)
        ]


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
            field = closed_form(initial, where, species.mass, mixture.hbar, mixture.grid, problem.scales.length_si)
    normalise(mixture, field, where)
    return field


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
    choice = "dressed = false in their [[coupling]] keeps the particles given"
    for spin in (spin for spin in mixture.rabi.spins if spin.members[0] in group):
        given = spin.magnetisation
        choice = "any magnetisation" if given is None else f"at the magnetisation {given:g} of their [[spinor]]"
    say(f"species {names} are coupled at time 0-: of their {total:g} particles the ground state has {parts} ({choice})")


def _boost_and_shake(mixture: Mixture, field: np.ndarray, initial: InitialSection, index: int) -> None:
    """Give the state its momentum and its noise, phi -> phi (1 + amplitude * complex normal numbers), in place."""
    if any(initial.momentum):
        field *= wave_functions.boost(mixture.grid, initial.momentum, mixture.hbar)
    if (noise := initial.relative_noise) is not None:
        field *= 1.0 + noise.amplitude * complex_noise(mixture.grid, noise.seed, index)
