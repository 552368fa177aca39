"""The search for the ground state of all species with wave functions that ask for it, once or again beside densities
that have changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.descent.ground_state import GroundState, NotConverged
from hpcmix.initial.descent.held_phases import FREE, Phases
from hpcmix.initial.dressed import Dressing
from hpcmix.initial.searching.starts import FirstStates, Talk, lowest_of_starts
from hpcmix.initial.trial.guesses import Guesses
from hpcmix.model.kinetic.lanczos import KrylovError
from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.evolution import GroundStateOptions


class OrbitalSearch:
    """The search in the potentials and couplings of time 0-, of coupled species with the norm that is their part of the
    group's particles.

    mixture   with condensates in the place of whatever has no wave functions.
    searched  what the search sees: dressed, with the kernels of the ground state, energies counted from rest.
    """

    def __init__(self, problem: Problem, mixture: Mixture, dressing: Dressing, talk: Talk) -> None:
        self._problem, self._mixture, self._dressing, self._talk = problem, mixture, dressing, talk
        dressed = dressing.dressed(problem, mixture.with_kernels_times(ground_state_factors(problem)))
        # a rest mass does not change the states: residuals are relative to what is left of the energies without it
        self.searched = dressed.counted_from_rest()
        self._fields: list[np.ndarray] | None = None
        self._phases: Phases = FREE

    def run(
        self, arrays: Sequence[np.ndarray | None], options: GroundStateOptions
    ) -> tuple[GroundState, list[np.ndarray]]:
        """Fill the missing arrays, from guesses, or from where the search before ended; what is given is held. Raises
        :class:`NotConverged`. Collective."""
        first: FirstStates
        if self._fields is None:
            guesses = Guesses(self._problem, self._mixture, self._dressing, list(arrays), self._talk.say)
            self._announce(guesses)
            first, self._phases = guesses, guesses.phases
        else:
            first = _Before(arrays, self._fields, self._phases)
            options = options.model_copy(update={"starts": 1})
        try:
            result, self._fields = lowest_of_starts(self.searched, first, options, self._talk)
        except KrylovError as error:
            raise NotConverged(f"ground state: {error}") from error
        return result, self._fields

    def complete(self, result: GroundState, fields: list[np.ndarray]) -> tuple[GroundState, list[np.ndarray]]:
        """The result with what is to be said of it, and the states with the phases of their couplings."""
        talk, dressing = self._talk, self._dressing
        for name, levels in (result.levels or {}).items():
            if levels.gap == 0.0:
                talk.say(
                    f'species "{name}": the orbitals do not close a shell, the next level has the energy of the '
                    "highest filled one; the ground state is not unique, and its density has less symmetry than H"
                )
        if not self.searched.has_sets:
            fields = [orbitals.astype(np.complex128, copy=False) for orbitals in fields]
        for index in dressing.members:
            fields[index] = fields[index] * np.exp(1j * dressing.phases[index])
        result = result.counted_with(dressing.at_rest, self.searched)
        if result.starts:
            told = ("not converged" if start is None else talk.words.energy(start, 12) for start in result.starts)
            energies = ", ".join(told)
            talk.say(f"ground state: the lowest of {len(result.starts)} starts is kept; their energies: {energies}")
        return result, fields

    def _announce(self, guesses: Guesses) -> None:
        """Say what is held, and what takes long."""
        held = guesses.held
        for index in sorted(guesses.imprinted):
            name = self._problem.species[index].name
            if index in guesses.phases:
                self._talk.say(
                    f'ground state: species "{name}" keeps the phase of its vortices, and the density beside them is '
                    "found; residuals are those of the density (a core in each of the vortices puts them on the ground "
                    "state without them)"
                )
            else:
                self._talk.say(
                    f'ground state: species "{name}" begins with its vortices; where a rotation or a vector potential '
                    "turns it the search may move them, let them go and find others"
                )
        if any(
            index not in held and not species.kinetic.diagonal for index, species in enumerate(self.searched.species)
        ):
            self._talk.say(
                "ground state: where a rotation or a vector potential makes vortices the search takes hundreds to "
                f"thousands of iterations (at most {self._problem.ground_state.max_iterations} now)"
                + (", and what it comes to is kept" if self._talk.keeper is not None else "")
                + "; states with other vortices may be lower: ground_state.starts"
            )


class _Before:
    """States of a search before, beside what is given now."""

    def __init__(self, arrays: Sequence[np.ndarray | None], fields: Sequence[np.ndarray], phases: Phases) -> None:
        self._states = [
            field if array is None else array.astype(field.dtype) for array, field in zip(arrays, fields, strict=True)
        ]
        self.held = frozenset(index for index, array in enumerate(arrays) if array is not None)
        self.phases = phases

    def make(self, start: int) -> list[np.ndarray]:
        """The states, whatever the start."""
        return [np.array(state) for state in self._states]


def ground_state_factors(problem: Problem) -> dict[tuple[int, int], float]:
    """By pairs of species, lower index first, what the kernels are multiplied by while the ground state is looked
    for."""
    return {problem.pair(entry.between): entry.factor for entry in problem.ground_state.kernel_factors}
