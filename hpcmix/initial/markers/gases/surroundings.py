"""What gases live among: species that are given, wave functions that go to their ground state beside the gases, and the
gases themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from hpcmix.initial.descent.ground_state import GroundState
from hpcmix.initial.descent.landscape import Landscape
from hpcmix.initial.markers.gases.consistency import Fields
from hpcmix.initial.markers.gases.trapped import TrappedGas
from hpcmix.initial.markers.stand_ins import root_of, whole_density
from hpcmix.initial.orbitals.landscape import OrbitalLandscape
from hpcmix.initial.searching.search import OrbitalSearch
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.evolution import GroundStateOptions

Arrays = list[np.ndarray | None]

LOOSE = 1e-4
"""Residual at which wave functions are good enough for the first mean fields of gases."""
BELOW = 0.03
"""Residual of wave functions in units of the gases': what the gases' fields are wrong by must not be theirs."""

METHOD = "self-consistent field"


class Surroundings:
    """All species of a mixture around some gases.

    mixture  whose terms make the mean fields.
    seen     the same with stand-ins, with the weights that the states have.
    gases    those that are sought.
    search   of the wave functions that are sought, None where there are none.
    arrays   states of all species, None of what is sought.
    options  of the search, with the tolerance of the file.
    """

    def __init__(
        self,
        mixture: Mixture,
        seen: Mixture,
        gases: Sequence[TrappedGas],
        search: OrbitalSearch | None,
        arrays: Arrays,
        options: GroundStateOptions,
    ) -> None:
        self._mixture, self._seen, self._gases, self._search = mixture, seen, gases, search
        self._arrays, self._options = list(arrays), options
        self._iterations = self._transforms = 0
        self.residual: Callable[[], float] = lambda: 1.0

    def alone(self) -> Fields:
        """The mean fields that what is given makes, before there is anything else. Collective."""
        return self._mean_fields(self._arrays)

    def respond(self, fields: Fields) -> Fields:
        """Fill the gases by fields, let the wave functions follow, and take the mean fields of all. Collective."""
        for gas, field in zip(self._gases, fields, strict=True):
            gas.fill(field)
            self._arrays[gas.index] = root_of(gas.density, gas.setting.particles)
        if self._search is None:
            return self._mean_fields(self._arrays)
        tolerance, _ = self._options.limits
        wanted = max(tolerance, min(LOOSE, BELOW * self.residual()))
        update = {"tolerance": wanted, "saddles": "ignore"}
        return self.mean_fields(self._searched(self._options.model_copy(update=update))[1])

    def finish(self) -> tuple[GroundState, list[np.ndarray]]:
        """The ground state of the wave functions beside the gases as they are, and the states of all species.
        Collective."""
        if self._search is None:
            states = [array for array in self._arrays if array is not None]
            return GroundState(METHOD, 0, 0.0, 0, _energy(self._seen, states)), states
        result, states = self._searched(self._options)
        return replace(result, iterations=self._iterations, transforms=self._transforms), states

    def mean_fields(self, states: Sequence[np.ndarray]) -> Fields:
        """The mean fields of the gases as they are filled, beside states of all species. Collective."""
        return self._mean_fields(list(states))

    def _searched(self, options: GroundStateOptions) -> tuple[GroundState, list[np.ndarray]]:
        if self._search is None:
            raise TypeError("nothing is searched for")
        result, states = self._search.run(self._arrays, options)
        self._iterations += result.iterations
        self._transforms += result.transforms
        return result, states

    def _mean_fields(self, states: Arrays) -> Fields:
        grid, engine = self._mixture.grid, self._mixture.engine
        densities = engine.zeros((len(states), *grid.position_shape), self._mixture.real_dtype)
        for index, (state, density) in enumerate(zip(states, densities, strict=True)):
            if state is not None:
                whole_density(self._seen, index, state, density)
        for gas in self._gases:  # not the square of its stand-in, which cannot be negative
            if gas.density.size:
                densities[gas.index] = gas.density
        felt = self._mixture.interactions.mean_fields(densities)
        return [felt[gas.index].astype(np.float64) for gas in self._gases]


def _energy(seen: Mixture, states: Sequence[np.ndarray]) -> float:
    """The energy of states that are given. Collective."""
    everything = frozenset(range(len(states)))
    copies = [np.array(state, seen.transform.wave_dtype) for state in states]
    if seen.has_sets:
        sets = OrbitalLandscape(seen, copies, Instant.before_start(), everything)
        sets.refresh()
        return sets.energy
    single = Landscape(seen, [copy[0] for copy in copies], Instant.before_start(), everything)
    single.refresh()
    return single.energy
