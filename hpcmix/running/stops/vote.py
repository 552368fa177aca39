"""The vote at the end of every step: what any rank knows or wants, all ranks do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.parallel.process.mpi import MPI


@dataclass(frozen=True)
class Vote:
    """What the ranks agreed on.

    lost        per species: one where some rank found it not finite.
    stop        why the run is to stop (:class:`~hpcmix.running.stops.requests.StopRequests`), 0 to go on.
    checkpoint  whether one is to be written.
    """

    lost: np.ndarray
    stop: int
    checkpoint: bool

    @classmethod
    def cast(cls, world: MPI.Comm, lost: np.ndarray, stop: int, checkpoint: bool) -> Vote:
        """Give this rank's vote; the outcome is the largest of each entry. One Allreduce."""
        ballot = np.array([*lost, stop, checkpoint], np.float64)
        world.Allreduce(MPI.IN_PLACE, ballot, op=MPI.MAX)
        return cls(ballot[:-2], int(ballot[-2]), bool(ballot[-1]))
