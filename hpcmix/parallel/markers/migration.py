"""Markers that move to the ranks they belong to: records by alltoallv, in rounds of bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hpcmix.parallel.markers.arrays import Markers
from hpcmix.parallel.process.mpi import MPI

RECORDS_IN_A_ROUND = 1 << 17
"""That a rank sends at most, and receives, up to a factor of two: 16 MB each in three dimensions."""

FEWEST_AT_A_TIME = 256
"""Rows that are looked at in one go; with more than 512 ranks rounds may grow beyond :data:`RECORDS_IN_A_ROUND`."""

Leavers = Callable[[slice], tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Which of some rows belong to other ranks, counted from the first of them, and to which ranks."""


def elsewhere(ranks: NDArray[np.int64], here: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of the ranks that rows belong to: the rows that do not belong here, and their ranks."""
    rows = np.flatnonzero(ranks != here)
    return rows, ranks[rows]


def migrate(comm: MPI.Comm, markers: Markers, leavers: Leavers, records: int = RECORDS_IN_A_ROUND) -> None:
    """Send every marker to its owner; in place. Collective over `comm`.

    Rows are looked at piece by piece until so many leave that a round is full. Arrivals take the rows that have become
    free, or new ones at the end; rows that are free in the end are filled with the last ones. So nothing moves but
    markers that leave, and as many others. A rank that is done takes part until all are.
    """
    together = max(FEWEST_AT_A_TIME, records // comm.size)
    examined, given = 0, markers.count
    end, free = given, np.empty(0, np.int64)
    leaving_to = np.zeros(comm.size, np.int64)
    while True:
        leaving: list[NDArray[np.float64]] = []
        targets: list[NDArray[np.int64]] = []
        freed: list[NDArray[np.int64]] = [free]
        leaving_to[:] = 0
        # no rank gets more than twice `together` from any other
        while examined < given and leaving_to.max() <= together:
            piece = slice(examined, min(examined + together, given))
            rows, ranks = leavers(piece)
            if len(rows):
                freed.append(rows + examined)
                leaving.append(markers.records(freed[-1]))
                targets.append(ranks)
                leaving_to += np.bincount(ranks, minlength=comm.size)
            examined = piece.stop
        arrivals = _exchanged(comm, markers.record_length, leaving, targets, leaving_to)
        free = np.concatenate(freed)
        inside = min(len(arrivals), len(free))
        markers.put(free[:inside], arrivals[:inside])
        free = free[inside:]
        more = len(arrivals) - inside
        markers.make_room(end + more, end)
        markers.put(slice(end, end + more), arrivals[inside:])
        end += more
        if comm.allreduce(examined == given, op=MPI.LAND):
            break
    markers.count = end - len(free)
    taken = np.ones(len(free), np.bool_)
    taken[free[free >= markers.count] - markers.count] = False
    markers.move_rows(free[free < markers.count], np.flatnonzero(taken) + markers.count)


def _exchanged(
    comm: MPI.Comm,
    length: int,
    leaving: list[NDArray[np.float64]],
    targets: list[NDArray[np.int64]],
    leaving_to: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The records that other ranks have for this one. Collective."""
    arriving_from = np.empty_like(leaving_to)
    comm.Alltoall(leaving_to, arriving_from)
    sent = np.concatenate([np.empty((0, length)), *leaving])
    leaving.clear()
    sent = sent[np.argsort(np.concatenate([np.empty(0, np.int64), *targets]), kind="stable")]
    arriving = np.empty((int(arriving_from.sum()), length))
    comm.Alltoallv([sent, leaving_to * length, MPI.DOUBLE], [arriving, arriving_from * length, MPI.DOUBLE])
    return arriving
