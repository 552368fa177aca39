"""Where the time goes: named wall-clock timers of one rank, and their extremes over all ranks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from hpcmix.parallel.process.mpi import MPI


@dataclass
class Timers:
    """Seconds and calls per phase on this rank.

    Phases nest: time spent in an inner phase is not counted again in the outer one, so that the phases add up to the
    total.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    _inner: list[float] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time the body under `name`."""
        self._inner.append(0.0)
        begin = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - begin
            inside = self._inner.pop()
            if self._inner:
                self._inner[-1] += elapsed
            self.seconds[name] = self.seconds.get(name, 0.0) + elapsed - inside
            self.calls[name] = self.calls.get(name, 0) + 1

    def over_ranks(self, comm: MPI.Comm) -> dict[str, dict[str, float]]:
        """Per phase: calls, and the mean and largest number of seconds over the ranks of `comm` (collective)."""
        names = sorted({name for names in comm.allgather(sorted(self.seconds)) for name in names})
        mine = np.array([self.seconds.get(name, 0.0) for name in names])
        largest, total = np.empty_like(mine), np.empty_like(mine)
        comm.Allreduce(mine, largest, op=MPI.MAX)
        comm.Allreduce(mine, total, op=MPI.SUM)
        calls = comm.allreduce({name: self.calls.get(name, 0) for name in names}, op=_larger_counts)
        return {
            name: {"calls": calls[name], "seconds": total[i] / comm.size, "largest": largest[i]}
            for i, name in enumerate(names)
        }


def _larger_counts(left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    return {name: max(left[name], right[name]) for name in left}
