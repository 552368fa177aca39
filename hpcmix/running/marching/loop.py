"""The time loop: systems that march by one clock, and what is done between their steps.

What marches (:class:`Marching`) is whatever can take steps of its own. Simulations do (running/marching/evolution.py);
a state of another kind, such as one vector of a many-body problem, needs these five and nothing else:

    step        how many steps are taken
    advance     try one more
    settle      make something of the state that can be looked at
    not_finite  what of it this rank finds lost
    lost        the error for what the ranks found

What is due between steps (:class:`Duties`) is another matter: a run writes outputs and checkpoints
(running/marching/duties.py), a track of a claim measures and saves (studies/tracks/following.py), a benchmark takes
times (running/bench/bench.py). The loop decides when they come: after every step that is taken all ranks vote once, and
what any of them wants, all do."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.timers import Timers
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.vote import Vote


class Marching(Protocol):
    """A system that takes steps. Its ranks are those of the loop."""

    @property
    def step(self) -> int:
        """How many steps are taken."""

    def advance(self) -> None:
        """Try one step. Where the attempt is rejected `step` is what it was, and so is the state, but for what the next
        attempt is to be. Nobody need be able to look at the state afterwards (:meth:`settle`). Collective. Raises
        :class:`~hpcmix.running.stops.guard.BlowUp`, on every rank."""

    def settle(self) -> None:
        """Make something of the state that can be looked at; its further steps do not change by it, to the bit.
        Collective. Raises :class:`~hpcmix.running.stops.guard.BlowUp`, on every rank."""

    def not_finite(self) -> np.ndarray:
        """Which of its parts this rank finds not finite, as ones and zeros; as many on every rank. After every step, so
        that it has to be cheap. Local."""

    def lost(self, parts: np.ndarray) -> BlowUp:
        """The error for what the ranks together found not finite."""


class Duties(ABC):
    """What is done between steps. Nothing, unless a subclass says otherwise. What is not said to be of this rank alone
    is collective, and the same on every rank."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether all steps are taken."""

    def wants_checkpoint(self) -> bool:
        """Whether this rank wants the state to be saved after the last step."""
        return False

    def wants_stop(self, seconds: float) -> int:
        """Why this rank wants to stop, 0 to go on: the largest of all ranks counts. `seconds`: that the last step took
        it."""
        return 0

    def attempted(self, seconds: float) -> None:  # noqa: B027 - nothing, unless a subclass says otherwise
        """A step was taken, with the vote, or an attempt was rejected. `seconds`: that it took this rank."""

    @property
    def due(self) -> bool:
        """Whether anybody wants to look at the state after the last step."""
        return False

    def look_within(self) -> None:  # noqa: B027 - nothing, unless a subclass says otherwise
        """Look at times within the last step, before its end: where steps are adaptive."""

    def save(self) -> None:  # noqa: B027 - nothing, unless a subclass says otherwise
        """Save the state, which is settled."""

    def look(self) -> None:  # noqa: B027 - nothing, unless a subclass says otherwise
        """Look at the state, which is settled."""

    def tell(self) -> None:  # noqa: B027 - nothing, unless a subclass says otherwise
        """Say how far it is."""


def march(marching: Sequence[Marching], duties: Duties, world: MPI.Comm, timers: Timers) -> int:
    """Step all systems until the duties are over, 0, or some rank wants to stop: why. Collective.

    marching  with one clock: several where they have the same fixed steps.
    timers    the phase "vote" is what ranks wait for each other after a step.

    After a step what is due comes in this order: looks at times within it, the checkpoint, the look at its end; so that
    who goes on from a checkpoint begins with the look at that step. A stop saves, and does not look. Fields are settled
    only where somebody saves or looks, also at the end.

    Raises :class:`~hpcmix.running.stops.guard.BlowUp` on every rank where the solution is lost; what is not finite is
    neither saved nor looked at.
    """
    first = marching[0]
    while not duties.over:
        begin, step = time.perf_counter(), first.step
        for system in marching:
            system.advance()
        if first.step == step:  # rejected: the state is where it was, and what is due there has been done
            duties.attempted(time.perf_counter() - begin)
            continue
        save, stop = duties.wants_checkpoint(), duties.wants_stop(time.perf_counter() - begin)
        with timers.phase("vote"):
            lost = [system.not_finite() for system in marching]
            vote = Vote.cast(world, np.concatenate(lost), stop, save)
        duties.attempted(time.perf_counter() - begin)
        _require_finite(marching, [len(parts) for parts in lost], vote.lost)
        stopping = 0 if duties.over else vote.stop
        saving, looking = vote.checkpoint or stopping > 0, duties.due
        duties.look_within()
        if saving or looking:
            for system in marching:
                system.settle()
        if saving:
            duties.save()
        if stopping:
            return stopping
        if looking:
            duties.look()
        duties.tell()
    return 0


def _require_finite(marching: Sequence[Marching], counts: Sequence[int], lost: np.ndarray) -> None:
    """Raise the error of the first system of which a part was found lost; `counts`: the parts of each."""
    for system, parts in zip(marching, np.split(lost, np.cumsum(counts)[:-1]), strict=True):
        if parts.any():
            raise system.lost(parts)
