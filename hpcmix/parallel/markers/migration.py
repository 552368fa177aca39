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

Owners = Callable[[slice], NDArray[np.int64]]
"""The rank that each of some rows belongs to."""


def migrate(comm: MPI.Comm, markers: Markers, owners: Owners, records: int = RECORDS_IN_A_ROUND) -> None:
    """Send every marker to its owner; in place. Collective over `comm`.

    Rows are looked at piece by piece until so many leave that a round is full, the markers that stay close the gaps,
    and arrivals take the rows that have become free, or new ones at the end. A rank that is done takes part until all
    are.
    """
    together = max(FEWEST_AT_A_TIME, records // comm.size)
    examined, kept, first_new = 0, 0, markers.count
    end = first_new
    leaving_to = np.zeros(comm.size, np.int64)
    while True:
        leavers: list[NDArray[np.float64]] = []
        targets: list[NDArray[np.int64]] = []
        leaving_to[:] = 0
        # no rank gets more than twice `together` from any other
        while examined < first_new and leaving_to.max() <= together:
            piece = slice(examined, min(examined + together, first_new))
            ranks = owners(piece)
            leaves = ranks != comm.rank
            rows = np.flatnonzero(leaves)
            if len(rows):
                leavers.append(markers.records(rows + examined))
                targets.append(ranks[rows])
                leaving_to += np.bincount(ranks[rows], minlength=comm.size)
            kept = _close_gaps(markers, kept, piece, leaves)
            examined = piece.stop
        arrivals = _exchanged(comm, markers.record_length, leavers, targets, leaving_to)
        inside = min(len(arrivals), examined - kept)
        markers.put(kept, arrivals[:inside])
        kept += inside
        markers.make_room(end + len(arrivals) - inside, end)
        markers.put(end, arrivals[inside:])
        end += len(arrivals) - inside
        if comm.allreduce(examined == first_new, op=MPI.LAND):
            break
    markers.count = kept + end - first_new
    free = min(first_new - kept, end - first_new)
    if free > 0:  # the last of the new rows into what is left of the gap
        markers.move_rows(kept, np.arange(end - free, end))


def _close_gaps(markers: Markers, kept: int, piece: slice, leaves: NDArray[np.bool_]) -> int:
    """Move the rows of a piece that stay to where the kept ones end; the new end."""
    if kept == piece.start and not leaves.any():
        return piece.stop
    staying = np.flatnonzero(~leaves) + piece.start
    markers.move_rows(kept, staying)
    return kept + len(staying)


def _exchanged(
    comm: MPI.Comm,
    length: int,
    leavers: list[NDArray[np.float64]],
    targets: list[NDArray[np.int64]],
    leaving_to: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The records that other ranks have for this one. Collective."""
    arriving_from = np.empty_like(leaving_to)
    comm.Alltoall(leaving_to, arriving_from)
    leaving = np.concatenate([np.empty((0, length)), *leavers])
    leavers.clear()
    order = np.argsort(np.concatenate([np.empty(0, np.int64), *targets]), kind="stable")
    leaving = leaving[order]
    arriving = np.empty((int(arriving_from.sum()), length))
    comm.Alltoallv([leaving, leaving_to * length, MPI.DOUBLE], [arriving, arriving_from * length, MPI.DOUBLE])
    return arriving
