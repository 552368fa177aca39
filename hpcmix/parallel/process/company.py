"""Which ranks compute together: all that were started, or a part of them that works on something of its own beside the
others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import sleep

from hpcmix.parallel.process.mpi import MPI

_SECONDS_BETWEEN_LOOKS = 0.05
"""How often a rank that waits for the others looks for them: meanwhile it leaves its core to who computes."""


@dataclass(frozen=True)
class Part:
    """The ranks that work with this one.

    comm       theirs.
    crowding   how many ranks of the job there are on the node of this one, for each of its part.
    """

    comm: MPI.Comm
    crowding: float


_PARTS: list[Part] = []
"""The part that this rank is in, last; none while all ranks work together."""


def company() -> MPI.Comm:
    """The ranks that compute together with this one."""
    return _PARTS[-1].comm if _PARTS else MPI.COMM_WORLD


def crowding() -> float:
    """How many ranks of the job share this node for each one of this rank's company on it: one where all ranks work
    together. What a node has, its memory, is divided by it."""
    return _PARTS[-1].crowding if _PARTS else 1.0


@contextmanager
def in_parts(comm: MPI.Comm, count: int) -> Iterator[MPI.Comm]:
    """Inside, the ranks of a communicator work in so many parts of equal size, neighbours together: what is launched
    there knows the ranks of its part only. Gives the part's communicator. Collective; ranks must be a multiple of
    `count`."""
    part = comm.Split(comm.rank * count // comm.size, comm.rank)
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    of_part = part.Split_type(MPI.COMM_TYPE_SHARED)
    _PARTS.append(Part(part, node.size / of_part.size))
    of_part.Free()
    node.Free()
    try:
        yield part
    finally:
        _PARTS.pop()
    part.Free()


def wait_for_all(comm: MPI.Comm) -> None:
    """Wait until every rank of a communicator is here, however long that takes, and leave the core to others meanwhile.
    Collective."""
    request = comm.Ibarrier()
    while not request.Test():
        sleep(_SECONDS_BETWEEN_LOOKS)
