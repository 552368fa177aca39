"""One time step: an integrator's table applied to the two flows."""

from __future__ import annotations

from hpcmix.evolve.fused_flows import make_flows
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.problem.integrators import Splitting
from hpcmix.state import State


class Stepper:
    """Advances a state by ``state.step_size`` with a splitting K(b_0) D(a_1) K(b_1) ... D(a_s) K(b_s).

    Time is carried by the drifts: the kick after the drifts a_1 .. a_i sees the potentials at t + (a_1 + .. + a_i) dt,
    which keeps the order of the scheme for time-dependent potentials (t becomes one more coordinate that the kinetic
    flow moves).
    """

    def __init__(self, mixture: Mixture, splitting: Splitting) -> None:
        self._flows = make_flows(mixture)
        self._splitting = splitting

    def step(self, state: State) -> None:
        """Take one step, in place. Collective. Raises :class:`FloatingPointError` when a potential is not finite
        somewhere."""
        table, duration = self._splitting, state.step_size
        middle = (state.step + 0.5) * duration
        instants = [Instant((state.step + end) * duration, middle) for end in table.drift_ends]
        self._flows.alternate(
            state.orbitals,
            [coefficient * duration for coefficient in table.kicks],
            [coefficient * duration for coefficient in table.drifts],
            instants,
        )
        state.step += 1
