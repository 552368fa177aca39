"""The methods of ``excitations``: of which states they give modes, and the search that each makes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hpcmix.evolve.monodromy.modes import TangentMapSearch
from hpcmix.evolve.monodromy.tangent_map import TangentMap
from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.dense import DenseSearch
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.modes import Search, search_of
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.excitations import ExcitationsSection
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.running.planning.plan_table import readable
from hpcmix.running.planning.room import MARGIN, memory_of_node
from hpcmix.running.simulation import Simulation

STATIONARY = 1e-6
"""Residual of a state beyond which it counts as not stationary."""


@dataclass(frozen=True)
class Method:
    """A way to modes.

    search          makes the search around the state of a simulation. Collective.
    of_any_state    whether it gives modes of states that are not stationary, too.
    patient         whether it spends long within a library that tells nothing of its progress.
    """

    search: Callable[[Simulation, BogoliubovOperator, ExcitationsSection], Search]
    of_any_state: bool = False
    patient: bool = False


def _of_minimum(simulation: Simulation, operator: BogoliubovOperator, section: ExcitationsSection) -> Search:
    return search_of(operator, section)


def _dense(simulation: Simulation, operator: BogoliubovOperator, section: ExcitationsSection) -> Search:
    communicators, size = simulation.communicators, len(operator.waves) * math.prod(simulation.mixture.grid.points)
    needed, memory = section.matrix_bytes(size) or 0, memory_of_node()
    if communicators.world.bcast(needed > MARGIN * memory):
        raise ProblemError.of(
            "excitations.method",
            f'"dense" needs {readable(needed)} on the first rank for matrices of {2 * size}^2 complex numbers, and its '
            f'node has {readable(memory)}; use a coarser grid, "minimum" or "tangent-map"',
        )
    simulation.log.line(f"excitations: by matrices of {2 * size}^2 complex numbers, about {readable(needed)}")
    return DenseSearch(QuadraticForm(operator), section.modes)


def _of_tangent_map(simulation: Simulation, operator: BogoliubovOperator, section: ExcitationsSection) -> Search:
    """The flow of [time] over excitations.duration, or to its final time."""
    time = simulation.problem.timing
    form = QuadraticForm(operator)
    steps = FixedSteps.planned(section.duration or time.end, time.asked_step, time.switching_times)

    def make(alive: Callable[[], None]) -> TangentMap:
        return TangentMap(form, simulation.state, time.splitting, steps, alive)

    stationary = operator.residual <= STATIONARY and form.mixture.conserves_energy_after(0.0)
    return TangentMapSearch(form, make, section.modes, section.tolerance, section.seed, stationary)


METHODS = {
    "minimum": Method(_of_minimum),
    "dense": Method(_dense, patient=True),
    "tangent-map": Method(_of_tangent_map, of_any_state=True),
}
"""By the word of excitations.method."""
