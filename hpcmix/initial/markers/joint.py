"""The classical species at time zero: those that are given, and gases in mean fields that they and the ground states of
other species make together.

What a gas in given fields (gases/consistency.py) does to the others is its density; with it held the wave functions
that are looked for go to their ground state; the mean fields of all are the next fields.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from hpcmix.initial.descent.ground_state import FilledGas, GroundState, NotConverged
from hpcmix.initial.descent.interruption import SearchInterrupted
from hpcmix.initial.markers.clouds import given_cloud
from hpcmix.initial.markers.energies import marker_energies, stand_in_energies
from hpcmix.initial.markers.gases.consistency import SelfConsistency
from hpcmix.initial.markers.gases.kinds import gas_of
from hpcmix.initial.markers.gases.surroundings import Arrays, Surroundings
from hpcmix.initial.markers.gases.trapped import TrappedGas
from hpcmix.initial.markers.gases.trapped_cloud import trapped_cloud
from hpcmix.initial.markers.samplers import classical_species, setting_of
from hpcmix.initial.markers.stand_ins import density_of, root_of
from hpcmix.initial.searching.search import OrbitalSearch, ground_state_factors
from hpcmix.initial.searching.starts import Talk, Unfinished
from hpcmix.model.mixture import Mixture
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.distributions import ShiftedDistribution
from hpcmix.state.marker_cloud import MarkerCloud

ENOUGH = 20.0
"""Residual of the gases in tolerances of the file that is taken where none smaller comes: wave functions that are found
to a tolerance shake the fields by some of them where they push the gases hard."""
FOLLOWED = ENOUGH
"""Tolerances by which mean fields may change with the last search: it reaches its own."""
ROUNDS = 12
"""Searches to the tolerance of the file, after each of which the gases may have to follow."""


class Gases:
    """The classical species of a problem.

    clouds  by index, those that are there so far.
    sought  the gases that potentials and mean fields make.
    Raises :class:`ProblemError` where a species is not what its file says. Collective over the world.
    """

    def __init__(self, problem: Problem, mixture: Mixture) -> None:
        self._problem, self._mixture = problem, mixture
        self.clouds: dict[int, MarkerCloud] = {}
        self.sought: list[TrappedGas] = []
        self._densities: dict[int, np.ndarray] = {}
        for index in problem.classical:
            initial = classical_species(problem, index).initial
            setting = setting_of(problem, index)
            if isinstance(initial, ShiftedDistribution) and initial.made_in_the_potential:
                gas = gas_of(initial, setting.kinetic, setting.dimensions)
                self.sought.append(TrappedGas.of(mixture, index, setting, gas, initial.momentum))
            else:
                self.clouds[index] = given_cloud(problem, mixture, index)
                self._densities[index] = density_of(mixture, self.clouds[index])

    def stand_in(self, index: int) -> np.ndarray | None:
        """What stands for a given species where wave functions are looked for, None for one that is sought."""
        density = self._densities.get(index)
        return None if density is None else root_of(density, self._mixture.species[index].particles)

    def settled(
        self, seen: Mixture, search: OrbitalSearch | None, arrays: Arrays, talk: Talk
    ) -> tuple[GroundState, list[np.ndarray]]:
        """Make the clouds of the gases, and the states of all species, those of classical ones stand-ins.

        seen    the mixture with stand-ins, with the weights that the states have, energies counted from rest.
        search  of the species with wave functions whose states are not among `arrays`; None where there are none.
        Raises :class:`NotConverged`, and :class:`ProblemError` where nothing holds a gas. Collective over the world.
        """
        felt = self._mixture.with_kernels_times(ground_state_factors(self._problem))
        surroundings = Surroundings(felt, seen, self.sought, search, arrays, self._problem.ground_state)
        if self.sought:
            result, states = self._agree(surroundings, talk)
        else:
            result, states = surroundings.finish()
        if not self._mixture.carried:
            return result, states
        energy = marker_energies(self._mixture, self.clouds) - stand_in_energies(seen, self._mixture, states)
        return replace(result, energy=result.energy + energy), states

    def _agree(self, surroundings: Surroundings, talk: Talk) -> tuple[GroundState, list[np.ndarray]]:
        """Bring gases and wave functions to where they agree, and make the clouds."""
        loop = SelfConsistency(self.sought, surroundings.respond, self._mixture.communicators)
        surroundings.residual = lambda: loop.residual
        fields, (tolerance, most) = surroundings.alone(), self._problem.ground_state.limits
        keeping = _Keeping(loop, talk)
        if talk.fields is not None:
            talk.fields.load(fields)
        for _ in range(ROUNDS):
            with keeping.when_interrupted():
                most_now = loop.iterations + most
                fields = loop.run(fields, tolerance, ENOUGH * tolerance, most_now, keeping.alive, keeping.keep)
                result, states = surroundings.finish()
            # the last search is closer than those before, or has gone on to another state, and the gases then follow
            if loop.distance(fields, surroundings.mean_fields(states)) <= FOLLOWED * tolerance:
                break
        else:
            raise NotConverged(
                f"ground state: in {ROUNDS} rounds wave functions changed again whenever the gases had followed; "
                'ground_state.saddles = "ignore" stays with the first state that they come to'
            )
        gases = {}
        for gas, field in zip(self.sought, fields, strict=True):
            gas.require_held()
            self.clouds[gas.index] = trapped_cloud(gas, field)
            filled = FilledGas(gas.level + gas.setting.kinetic.rest_energy, loop.residual, loop.iterations)
            level = talk.words.energy(filled.chemical_potential, 9)
            gases[gas.name] = filled
            talk.say(
                f'ground state: species "{gas.name}" fills phase space up to {level}; its mean '
                f"field, the last of {filled.iterations}, is that of its density to {filled.residual:.1e}"
            )
        return replace(result, gases=gases), states

    def boost(self) -> None:
        """Give the gases the momentum of their species. Local."""
        for gas in self.sought:
            self.clouds[gas.index].momentum[...] += gas.momentum


class _Keeping:
    """Keeps the fields that a loop has come to: now and then, and where it does not come to its end."""

    def __init__(self, loop: SelfConsistency, talk: Talk) -> None:
        self._loop, self._talk = loop, talk

    def alive(self) -> None:
        """In every iteration. Collective."""
        self._talk.alive()
        if self._talk.fields is not None and self._talk.fields.due():
            self.keep()

    def keep(self) -> str | None:
        """Keep the nearest fields; where, None where nothing is kept. Collective."""
        if self._talk.fields is None or self._loop.nearest is None:
            return None
        fields, residual = self._loop.nearest
        return self._talk.fields.save(fields, Unfinished((), residual, math.nan))

    @contextmanager
    def when_interrupted(self) -> Iterator[None]:
        """Inside, an order to end is passed on with the place where the fields are kept."""
        try:
            yield
        except SearchInterrupted as interruption:
            interruption.kept = self.keep()
            raise
