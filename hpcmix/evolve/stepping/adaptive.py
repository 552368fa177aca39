"""Steps whose size follows their error: two steps of an integrator, compared with one of twice the length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.evolve.flows import Flows
from hpcmix.evolve.kick import Kick
from hpcmix.evolve.losses import counted, losing
from hpcmix.evolve.stepping.controller import Controller
from hpcmix.evolve.stepping.instants import pending_instant
from hpcmix.evolve.stepping.stepper import after_pending, complete
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.words.times import PLAIN, TimeWords
from hpcmix.state.cloud import Cloud
from hpcmix.state.progress import Adaptation, Progress
from hpcmix.state.state import State


class StepTooSmall(ArithmeticError):
    """The tolerance asks for a step below the smallest one.

    step      that was to be taken, from `time`, in the laboratory.
    size      that it needs; the smallest is `smallest`.
    """

    def __init__(self, step: int, time: float, size: float, smallest: float) -> None:
        self.step, self.time, self.size, self.smallest = step, time, size, smallest
        super().__init__(self.told(PLAIN))

    def told(self, words: TimeWords) -> str:
        """The sentence, with times in these words."""
        size, smallest = (words.of_step(size, 3) for size in (self.size, self.smallest))
        return (
            f"in step {self.step}, t = {words(self.time)}, the tolerance needs a step of {size}, "
            f"below the smallest of {smallest} (time.step.smallest)"
        )


@dataclass(frozen=True)
class _Start:
    """Where a step begins and what a state has there beside its fields, and where it ends.

    size     the length it would have if nothing shortened it.
    instant  what the pending kick is evaluated at.
    """

    progress: Progress
    size: float
    end: float
    instant: Instant

    @property
    def begin(self) -> float:
        """The time on the clock at which it begins."""
        return self.progress.time


class AdaptiveStepper:
    """Advances a state by adaptive steps, each of two equal steps of the integrator.

    The same way is taken once more by a single step of the whole length, from a copy. For a scheme of order p the two
    results f and c differ by ``(2^p - 1)`` times the error of f, to leading order:

        e = max over species of |f - c| / (2^p - 1),      |f - c|^2 = 1/M sum_j integral |f_j - c_j|^2

    for orbitals; for markers |f - c|^2 is the mean of (|dx|^2 / X^2 + |dp|^2 / P^2) / 2, where X and P are the rms
    widths of their cloud.

    The result of the two steps is kept as it is: it is a composition of symmetric, unitary steps, which the
    extrapolated one would not be. Any scheme that a problem file can name is estimated so. Pairs with an embedded
    scheme would need sums of intermediate results instead, at each of which the fields pass through memory about as
    often as in a stage.

    The last kick stays pending as in fixed steps, and costs the estimate nothing: what f and c lack is one kick, of
    different durations, so that c gets the difference of the two before they are compared.

    Steps end where a potential is switched and at the final time. Other times are looked at by :meth:`landed`, from a
    copy: when a run writes output changes none of its numbers.
    """

    def __init__(self, mixture: Mixture, options: TimeOptions) -> None:
        self._mixture, self._table, self._final = mixture, options.splitting, options.end
        self._frame, self._next_switching_time = mixture.grid.frame, options.next_switching_time
        self._flows = Flows(mixture)
        self._sequence = self._flows.sequence(options.splitting)
        if options.adaptive is None:
            raise TypeError("the steps of this problem are fixed")
        # losses are of second order in every scheme
        self._order = options.splitting.order if mixture.losses is None else min(2, options.splitting.order)
        self._controller = Controller(options.adaptive, self._order, options.end)
        self._kept: list[Cloud] = []
        self._trial: list[Cloud] = []
        self._start: _Start | None = None
        self._length = 0.0

    def advance(self, state: State) -> None:
        """Try one step: take it, in place, or leave the state as it was but for the size of the next attempt. The
        orbitals are in position space afterwards. Collective.

        Raises :class:`FloatingPointError` when a potential is not finite somewhere, and :class:`StepTooSmall`.
        """
        if state.fluctuations is not None:
            raise TypeError("pairs of fluctuations move by fixed steps: an attempt that is rejected must not move them")
        progress = state.progress
        if progress.step_size < self._controller.smallest:
            time = self._frame.laboratory_time(progress.time)
            raise StepTooSmall(progress.step + 1, time, progress.step_size, self._controller.smallest)
        begin, corner = progress.time, self._next_switching_time(progress.time)
        if self._final > begin:
            corner = min(corner, self._final)
        size = min(progress.step_size, self._controller.largest)
        end, cut = (corner, True) if begin + size >= corner else (begin + size, False)
        self._start = start = _Start(progress, size, end, pending_instant(progress, self._frame))
        self._keep(state.clouds)
        taken: list[np.ndarray] = []
        error = self._estimate(state.clouds, start, taken)
        decision = self._controller.decide(_adaptation(progress), size, end, error, cut)
        progress = replace(progress, step_size=decision.next_size, adaptation=decision.adaptation)
        if decision.accepted:
            pending_kick = 0.5 * (end - begin) * self._sequence.last_phase
            lost = counted(self._mixture, progress, taken)
            progress = replace(progress, step=progress.step + 1, pending_kick=pending_kick, lost=lost)
        else:
            _assign(state.clouds, self._kept)
        state.progress = progress

    def settle(self, state: State) -> None:
        """The orbitals are in position space already; for those who step without knowing how."""

    def complete(self, state: State) -> None:
        """Do the pending kick, in place (:meth:`hpcmix.evolve.stepping.stepper.Stepper.complete`). Collective."""
        complete(self._flows, state, self._frame)

    def landed(self, state: State, time: float) -> State:
        """The state at a time within the last step, which `state` stands at the end of; in arrays that the next attempt
        or landing overwrites. By one step of the integrator or two, none longer than those that were taken.
        Collective."""
        start = self._start
        if start is None:
            raise ValueError("no step has been taken that a time could lie within")
        _assign(self._trial, self._kept)
        length, self._length = time - start.begin, 0.0
        pieces = 1 if length <= 0.5 * (start.end - start.begin) else 2
        self._flows.forget_factors()
        taken: list[np.ndarray] = []
        if self._move(self._trial, replace(start, end=time), pieces, taken):
            self._flows.settle(self._trial)
        progress = replace(
            start.progress,
            step_size=start.size,
            pending_kick=length / pieces * self._sequence.last_phase,
            adaptation=replace(_adaptation(state.progress), time=time, previous=start.begin),
            lost=counted(self._mixture, start.progress, taken),
        )
        return State(self._trial, progress)

    def _keep(self, clouds: Sequence[Cloud]) -> None:
        """Copies to go back to, and to take the single step from."""
        if not self._kept:
            self._kept = [cloud.laid_out(self._mixture.transform) for cloud in clouds]
            self._trial = [cloud.laid_out(self._mixture.transform) for cloud in clouds]
        with self._mixture.engine.timers.phase("error estimate"):
            _assign(self._kept, clouds)
            _assign(self._trial, clouds)

    def _estimate(self, clouds: Sequence[Cloud], start: _Start, taken: list[np.ndarray]) -> float:
        """Take the step, the last kick excepted, and estimate its error; what it loses is added to `taken`.
        Collective."""
        length = start.end - start.begin
        if length != self._length:
            self._flows.forget_factors()
            self._length = length
        half_way = self._move(self._trial, start, 1, [])
        middle = 0.5 * (start.begin + start.end)
        rest = Kick(0.5 * length * self._sequence.last_phase, Instant.on_clock(self._frame, start.end, middle))
        self._flows.alternate(self._trial, [rest], [], half_way)
        if self._move(clouds, start, 2, taken):
            self._flows.settle(clouds)
        with self._mixture.engine.timers.phase("error estimate"):
            return self._distance(clouds) / (2.0**self._order - 1.0)

    def _move(self, clouds: Sequence[Cloud], start: _Start, pieces: int, taken: list[np.ndarray]) -> bool:
        """Take so many equal steps of the integrator from the start to the end, the last kick excepted; whether the
        orbitals are left half way. What they lose is added to `taken`. Collective."""
        table, duration = self._table, (start.end - start.begin) / pieces
        middle = 0.5 * (start.begin + start.end)  # no switch lies within, so that any time between will do
        pending, instant, half_way = start.progress.pending_kick, start.instant, False
        for piece in range(pieces):
            begin = start.begin + piece * duration
            times = [begin + end * duration for end in table.drift_ends]
            kicks, drifts = self._sequence.moves(duration, times, middle, self._frame)
            if pending:
                kicks[0] = after_pending(kicks[0], pending, instant)
            leaving = losing(self._mixture, begin, duration, middle, taken)
            half_way = self._flows.alternate(clouds, kicks, drifts, half_way, losing=leaving)
            pending = self._sequence.last_phase * duration
            instant = Instant.on_clock(self._frame, start.begin + (piece + 1) * duration, middle)
        return half_way

    def _distance(self, clouds: Sequence[Cloud]) -> float:
        """max over species of |f - c|; the same number on every rank. Collective."""
        mixture = self._mixture
        squares = [cloud.squared_distance(trial) for cloud, trial in zip(clouds, self._trial, strict=True)]
        sums = mixture.communicators.sum_all(squares) * [species.volume(mixture.grid) for species in mixture.species]
        largest = float(np.max(sums / [species.members for species in mixture.species]))
        return float(np.sqrt(mixture.communicators.world.bcast(largest)))


def _adaptation(progress: Progress) -> Adaptation:
    """Where adaptive steps have come to."""
    if progress.adaptation is None:
        raise TypeError("the state was moved by fixed steps; Progress.adaptive is where adaptive ones go on")
    return progress.adaptation


def _assign(targets: Sequence[Cloud], sources: Sequence[Cloud]) -> None:
    for target, source in zip(targets, sources, strict=True):
        target.assign(source)
