"""One time step: an integrator's table applied to the two flows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcmix.evolve.flows import Flows
from hpcmix.evolve.kick import Kick
from hpcmix.evolve.losses import counted, losing
from hpcmix.evolve.stepping.instants import pending_instant
from hpcmix.frame import Frame
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.splittings import Splitting
from hpcmix.state.state import State


class Stepper:
    """Advances a state by ``state.progress.step_size`` with a splitting K(b_0) D(a_1) K(b_1) ... D(a_s) K(b_s).

    steps  of the run: where they change their size, at switching times, the state takes the new one. None: they stay
           what they are.

    Time is carried by the drifts: the kick after the drifts a_1 .. a_i sees the potentials at t + (a_1 + .. + a_i) dt,
    which keeps the order of the scheme for time-dependent potentials (t becomes one more coordinate that the kinetic
    flow moves).

    The last kick of a step and the first of the next see the same densities and are done as one, always: so that the
    numbers of a run do not depend on when somebody looks at it. The two may belong to steps of different length.
    Looking goes like this::

        stepper.advance(state)      # as often as wanted
        stepper.settle(state)       # now state.orbitals are fields in position space
    """

    def __init__(self, mixture: Mixture, splitting: Splitting, steps: FixedSteps | None = None) -> None:
        self._mixture, self._flows = mixture, Flows(mixture)
        self._frame = mixture.grid.frame
        self._sequence = self._flows.sequence(splitting)
        self._beginning = {one.mark.step: one for one in steps.stretches} if steps is not None else {}

    def advance(self, state: State) -> None:
        """Take one step, in place, but for its last kick, which stays pending; the orbitals are left half way to
        position space (:meth:`settle`). Collective. Raises :class:`FloatingPointError` when a potential is not finite
        somewhere."""
        table, progress = self._sequence.table, state.progress
        duration, mark = progress.step_size, progress.mark
        number = progress.step - mark.step
        times = [mark.time + (number + end) * duration for end in table.drift_ends]
        middle = mark.time + (number + 0.5) * duration
        kicks, drifts = self._sequence.moves(duration, times, middle, self._frame)
        if progress.pending_kick:
            kicks[0] = after_pending(kicks[0], progress.pending_kick, pending_instant(progress, self._frame))
        taken: list[np.ndarray] = []
        leaving = losing(self._mixture, progress.time, duration, middle, taken)
        half_way, state.half_way = state.half_way, True  # also where a potential fails on the way
        state.half_way = self._flows.alternate(state.clouds, kicks, drifts, half_way, state.fluctuations, leaving)
        lost = counted(self._mixture, progress, taken)
        state.progress = replace(
            progress, step=progress.step + 1, pending_kick=self._sequence.last_phase * duration, lost=lost
        )
        if stretch := self._beginning.get(state.step):
            if stretch.size != duration:
                self._flows.forget_factors()
            state.progress = replace(state.progress, mark=stretch.mark, step_size=stretch.size)

    def settle(self, state: State) -> None:
        """Bring the orbitals to position space, in place; their next steps do not change by it, to the bit. Local."""
        if state.half_way:
            self._flows.settle(state.clouds, state.fluctuations)
        state.half_way = False

    def complete(self, state: State) -> None:
        """Do the pending kick, in place: the state is then as a step by itself leaves it. Collective. A run that goes
        on from here differs by rounding from one that does not stop."""
        complete(self._flows, state, self._frame)

    def step(self, state: State) -> None:
        """Take one whole step, in place: what the loop does by :meth:`advance`, for those who want wave functions after
        every step. Collective."""
        self.advance(state)
        self.complete(state)


def complete(flows: Flows, state: State, frame: Frame) -> None:
    """Do the pending kick of a state, in place. Collective."""
    if state.progress.pending_kick:
        kick = Kick(state.progress.pending_kick, pending_instant(state.progress, frame))
        state.half_way = flows.alternate(state.clouds, [kick], [], state.half_way, state.fluctuations)
        state.progress = replace(state.progress, pending_kick=0.0)


def after_pending(kick: Kick, duration: float, instant: Instant) -> Kick:
    """The first kick of a step, done together with the last one of the step before."""
    return replace(kick, earlier=duration, earlier_instant=instant)
