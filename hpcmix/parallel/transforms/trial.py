"""A short timed trial at the start of a run: which exchange between the ranks is the quickest here, on this grid.

All exchanges deliver the same bits, so that the choice changes the time of a run and nothing else. Others may be at
work on the machine meanwhile: then the times of a way scatter, it is tried for longer, and what remains in doubt is
decided for shared memory, which copies least and sends nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.shared_memory import obstacle
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.transforms.exchange import EXCHANGES
from hpcmix.parallel.transforms.pencil import PencilTransform
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.problem.mistakes.errors import ProblemError

SHARED = "shared-memory"

ROUNDS = 3
"""Timed rounds of each candidate, in turns, where their times agree; the best of them counts."""

MOST_ROUNDS = 24
"""Where they do not."""

WIDE = 0.1
"""Spread of the times, relative to them, from which on they are said to disagree: on a machine of one's own it is a few
per cent, less than what separates the ways."""

LONGEST_SECONDS = 2.0
"""Time after which nothing is repeated, however the times scatter."""


@dataclass(frozen=True)
class Trial:
    """What was chosen, and why.

    seconds   what a drift of one field took with each exchange, round by round (empty: nothing to choose).
    obstacle  why there is no shared memory; empty where there is, or where nothing is exchanged.
    """

    way: str
    seconds: Mapping[str, Sequence[float]] = field(default_factory=dict)
    obstacle: str = ""

    @property
    def description(self) -> list[str]:
        """Lines for the log."""
        lines = [without_shared_memory(self.obstacle)] if self.obstacle else []
        if self.seconds:
            times = ", ".join(f"{_spoken(way)} {1e3 * min(taken):.3g} ms" for way, taken in self.seconds.items())
            lines.append(f"exchange chosen by a trial: {times}")
            if self.way != quickest(self.seconds):
                lines[-1] += f"; they vary by {spread(self.seconds):.0%} here, and {_spoken(self.way)} is preferred"
        return lines


def _spoken(way: str) -> str:
    return way.replace("-", " ")


def without_shared_memory(obstacle: str) -> str:
    """The line of the log that says why there is none."""
    return f"no shared memory ({obstacle}): ranks exchange messages"


def choose_exchange(communicators: Communicators, precision: Precision, fields: int, asked: str = "auto") -> Trial:
    """The quickest exchange for `fields` fields at a time, or the one asked for. Collective over the world.

    Raises :class:`ProblemError` on every rank when shared memory is asked for and not to be had.
    """
    decomposition, world = communicators.decomposition, communicators.world
    if decomposition.ranks == 1 or decomposition.dimensions == 1:
        return Trial(asked if asked != "auto" else EXCHANGES[-1])
    size = (fields + 1) * decomposition.position_block(0).size * precision.complex_type.itemsize
    reasons = world.allgather(obstacle(communicators.group, size))
    reason = next(filter(None, reasons), "")
    if asked != "auto":
        if asked == SHARED and reason:
            raise ProblemError.of(
                "parallel.exchange", f'there is no shared memory for all ranks that share a grid: {reason}; use "auto"'
            )
        return Trial(asked)
    candidates = [way for way in EXCHANGES if not reason or way != SHARED]
    drifts = _Drifts(communicators, precision, fields, candidates)
    seconds = measured(candidates, drifts)
    if late := drifts.obstacle():
        reason, seconds = late, {way: taken for way, taken in seconds.items() if way != SHARED}
    drifts.free()
    return Trial(choice(seconds), seconds, reason)


def measured(ways: Sequence[str], drift: Callable[[str], float]) -> dict[str, list[float]]:
    """Seconds of each way, round by round, until they agree well enough for a choice, or it takes too long.

    drift(way)  does it once and says what it took, the same on every rank.
    """
    for way in ways:  # the first time makes the exchange and touches its memory
        drift(way)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(MOST_ROUNDS):
        taken = sum(map(sum, seconds.values()))
        if number >= ROUNDS and (spread(seconds) < WIDE or taken > LONGEST_SECONDS):
            break
        for way in ways:
            seconds[way].append(drift(way))
    return seconds


def spread(seconds: Mapping[str, Sequence[float]]) -> float:
    """By how much more than its best time the typical one of a way is, relative to it; the largest of all ways."""
    return max(float(np.median(taken)) / min(taken) - 1.0 for taken in seconds.values())


def choice(seconds: Mapping[str, Sequence[float]]) -> str:
    """The way with the best time; or shared memory, if its own best is above that by no more than the times of the two
    scatter."""
    way = quickest(seconds)
    if SHARED in seconds:
        both = {SHARED: seconds[SHARED], way: seconds[way]}
        if min(seconds[SHARED]) <= (1.0 + spread(both)) * min(seconds[way]):
            return SHARED
    return way


def quickest(seconds: Mapping[str, Sequence[float]]) -> str:
    """The way with the best time."""
    return min(seconds, key=lambda way: min(seconds[way]))


class _Drifts:
    """Drifts of one field by each of the ways, timed. Collective over the world, as its methods are."""

    def __init__(self, communicators: Communicators, precision: Precision, fields: int, ways: Sequence[str]) -> None:
        self._communicators = communicators
        timers = Timers()  # of no interest
        self._transforms = {
            way: PencilTransform(Resources(communicators, precision, timers, way), False) for way in ways
        }
        for transform in self._transforms.values():
            transform.make_room_for(fields)
        self._arrays = {way: transform.empty_fields(1)[0] for way, transform in self._transforms.items()}
        self._factors = {
            way: [np.ones(n) for n in transform.wave_block.shape] for way, transform in self._transforms.items()
        }

    def __call__(self, way: str) -> float:
        """Do one; the slowest rank's seconds."""
        self._communicators.group.Barrier()
        begin = time.perf_counter()
        self._transforms[way].multiply_factors([self._arrays[way]], [self._factors[way]])
        return float(self._communicators.world.allreduce(time.perf_counter() - begin, op=MPI.MAX))

    def obstacle(self) -> str:
        """Why some ranks found no shared memory when they tried; empty where all did."""
        mine = self._transforms[SHARED].obstacle if SHARED in self._transforms else ""
        return next(filter(None, self._communicators.world.allgather(mine)), "")

    def free(self) -> None:
        """Give everything back."""
        self._arrays.clear()
        for transform in self._transforms.values():
            transform.free()
