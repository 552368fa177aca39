"""A short timed trial at the start of a run: which exchange between the ranks is the quickest here, on this grid.

All exchanges deliver the same bits, so that the choice changes the time of a run and nothing else.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.exchange import EXCHANGES
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.pencil_transform import PencilTransform
from hpcmix.parallel.shared_memory import shares_memory
from hpcmix.parallel.timers import Timers
from hpcmix.problem.errors import ProblemError

ROUNDS = 3
"""Timed rounds of each candidate, in turns; the best of them counts."""


@dataclass(frozen=True)
class Trial:
    """What was chosen, and the seconds that a drift of one field took with each exchange (empty: nothing to choose)."""

    way: str
    seconds: dict[str, float]

    @property
    def description(self) -> str:
        """For the log."""
        times = ", ".join(f"{way.replace('-', ' ')} {1e3 * taken:.3g} ms" for way, taken in self.seconds.items())
        return f"exchange chosen by a trial: {times}" if times else ""


def choose_exchange(communicators: Communicators, dtype: np.dtype, fields: int, asked: str = "auto") -> Trial:
    """The quickest exchange for `fields` fields at a time, or the one asked for. Collective over the world.

    Raises :class:`ProblemError` on every rank when shared memory is asked for and not to be had.
    """
    decomposition = communicators.decomposition
    if decomposition.ranks == 1 or decomposition.dimensions == 1:
        return Trial(asked if asked != "auto" else EXCHANGES[-1], {})
    size = (fields + 1) * decomposition.position_block(0).size * dtype.itemsize
    shared = bool(communicators.world.allreduce(shares_memory(communicators.group, size), op=MPI.LAND))
    if asked != "auto":
        if asked == "shared-memory" and not shared:
            raise ProblemError.of(
                "parallel.exchange",
                "there is no shared memory for all ranks that share a grid: they are on several nodes, or /dev/shm is "
                'too small, or HPCMIX_SHARED_MEMORY=no; use "auto"',
            )
        return Trial(asked, {})
    candidates = [way for way in EXCHANGES if shared or way != "shared-memory"]
    seconds = _measure(communicators, dtype, fields, candidates)
    return Trial(min(seconds, key=seconds.__getitem__), seconds)


def _measure(communicators: Communicators, dtype: np.dtype, fields: int, ways: list[str]) -> dict[str, float]:
    """Seconds of a drift of one field by each way: the slowest rank's, the best of some rounds."""
    transforms = {way: PencilTransform(communicators, False, dtype, Timers(), way, fields) for way in ways}
    best = dict.fromkeys(ways, np.inf)
    arrays = {way: transform.empty_fields(1)[0] for way, transform in transforms.items()}
    factors = {way: [np.ones(n) for n in transform.wave_block.shape] for way, transform in transforms.items()}
    for round_number in range(ROUNDS + 1):
        for way, transform in transforms.items():
            communicators.group.Barrier()
            begin = time.perf_counter()
            transform.multiply_factors([arrays[way]], [factors[way]])
            taken = float(communicators.world.allreduce(time.perf_counter() - begin, op=MPI.MAX))
            if round_number > 0:  # the first one makes the exchange and touches its memory
                best[way] = min(best[way], taken)
    arrays.clear()
    for transform in transforms.values():
        transform.free()
    return best
