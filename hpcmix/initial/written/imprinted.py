"""Which states get their vortices when: those that are given before anything is looked for beside them, ground states
while they are looked for, or on top of what was found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from hpcmix.initial.orbitals.sets import orthonormalise_set
from hpcmix.initial.trial.guesses import normalise
from hpcmix.initial.trial.tilt import densities_of
from hpcmix.initial.written.imprint import Imprint, relaxed_while_searching
from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem


class Imprints:
    """What the file imprints on all species.

    mixture  with condensates in the place of whatever has no wave functions, each with its own weight.
    """

    def __init__(self, problem: Problem, mixture: Mixture) -> None:
        self._mixture = mixture
        self._species = problem.species
        self._imprints = {
            index: Imprint(mixture, index, species.wave_functions, f"species.{species.name}.initial")
            for index, species in enumerate(problem.species)
            if species.has_orbitals and species.wave_functions.is_imprinted
        }
        self._while_searching = relaxed_while_searching(problem)

    def on_given(self, arrays: Sequence[np.ndarray | None]) -> None:
        """Imprint on the states that are there, in place; their cores are those of each other's mean fields. Raises
        :class:`~hpcmix.problem.mistakes.errors.ProblemError`. Collective."""
        self._multiply(arrays, [index for index in self._imprints if arrays[index] is not None], frozenset())

    def on_found(self, arrays: Sequence[np.ndarray | None], orbitals: list[np.ndarray]) -> None:
        """Imprint on the states that were looked for, those without an entry in `arrays`, what they have not got yet,
        in place. Raises as :meth:`on_given`. Collective."""
        found = [index for index in self._imprints if arrays[index] is None]
        self._multiply(orbitals, found, self._while_searching)

    def _multiply(
        self, orbitals: Sequence[np.ndarray | None], chosen: Sequence[int], with_vortices: frozenset[int]
    ) -> None:
        """Multiply the chosen species by their factors, those `with_vortices` by steps of the phase only."""
        if not chosen:
            return
        mixture, shape = self._mixture, (1, *self._mixture.grid.position_shape)
        known = [np.zeros(shape, np.complex128) if array is None else array for array in orbitals]
        densities = densities_of(mixture, known)
        mean_fields = cache(lambda: mixture.interactions.mean_fields(np.stack(densities)))
        factors = {}
        for index in chosen:
            imprint = self._imprints[index]
            imprint.require_periodic(densities[index])
            factors[index] = imprint.steps()
            if index not in with_vortices:
                factors[index] = factors[index] * imprint.vortices(mean_fields)
        for index, factor in factors.items():
            for orbital in known[index]:
                orbital *= factor
            if self._species[index].is_set:
                orthonormalise_set(mixture, known[index], index, self._imprints[index].where)
            else:
                normalise(mixture, known[index][0], self._imprints[index].where)
