"""One redistribution of a global array: from whole along one axis to whole along another.

In layout A a rank holds all of axis ``whole_before`` and its part of axis ``whole_after``; in layout B the other way
round. Every
exchange owns its landing array, this rank's block in layout B: there the spectrum is worked on, and from there it goes
back.
"""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np

from hpcmix.parallel.decomposition import part
from hpcmix.parallel.mpi import MPI

Shape = tuple[int, ...]

SHARED_MEMORY_VARIABLE = "HPCMIX_SHARED_MEMORY"
"""Environment variable; "no" makes ranks of one node exchange messages too."""


class Exchange(ABC):
    """Moves blocks between layout A and the landing array in layout B. Both verbs are collective over `comm`."""

    comm: MPI.Comm
    landing: np.ndarray

    @abstractmethod
    def forward(self, before: np.ndarray) -> None:
        """Fill every landing array from all ranks' `before` (layout A)."""

    @abstractmethod
    def backward(self, before: np.ndarray) -> None:
        """Fill `before` from all ranks' landing arrays."""

    @abstractmethod
    def free(self) -> None:
        """Give MPI resources back (collective)."""


def make_exchange(
    comm: MPI.Comm, shape_before: Shape, shape_after: Shape, whole_before: int, whole_after: int, dtype: np.dtype
) -> Exchange:
    """The exchange for blocks of these shapes: through shared memory where all ranks of `comm` share a node that has
    room
    for the landing arrays, by messages elsewhere. Collective."""
    arguments = (comm, shape_before, shape_after, whole_before, whole_after, np.dtype(dtype))
    if shares_memory(comm, int(np.prod(shape_after)) * np.dtype(dtype).itemsize):
        return SharedExchange(*arguments)
    return MessageExchange(*arguments)


def shares_memory(comm: MPI.Comm, size: int) -> bool:
    """Whether all ranks of `comm` are on one node with room for `size` bytes of shared memory each (half is left free).

    The room is that of the file system behind shared memory: windows beyond it end in a bus error, not in an exception.
    """
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    together = node.size == comm.size
    node.Free()
    backing = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")
    wanted = comm.allreduce(size)
    willing = together and os.environ.get(SHARED_MEMORY_VARIABLE, "yes").lower() not in ("no", "off", "false", "0")
    return bool(comm.allreduce(willing and shutil.disk_usage(backing).free > 2 * wanted, op=MPI.LAND))


class SharedExchange(Exchange):
    """All landing arrays lie in one shared window: a rank stores its blocks right into those of the others.

    Between two meetings of the ranks a landing array is touched either by its owner or by the others. A new forward may
    begin only when every owner is done with its array; after a backward that is already agreed.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        shape_before: Shape,
        shape_after: Shape,
        whole_before: int,
        whole_after: int,
        dtype: np.dtype,
    ) -> None:
        self.comm = comm
        size = int(np.prod(shape_after)) * dtype.itemsize + 64
        self._window = MPI.Win.Allocate_shared(size, dtype.itemsize, comm=comm)
        mine_after = part(self._whole(comm, shape_before[whole_after], whole_after), comm.size, comm.rank)
        self._before: list[tuple[slice, ...]] = []
        self._targets: list[np.ndarray] = []
        for rank in range(comm.size):
            first, count = part(shape_before[whole_before], comm.size, rank)
            self._before.append(_along(len(shape_before), whole_before, first, count))
            shape = tuple(count if axis == whole_before else n for axis, n in enumerate(shape_after))
            landing = self._landing_of(rank, shape, dtype)
            if rank == comm.rank:
                self.landing = landing
            self._targets.append(landing[_along(len(shape_after), whole_after, *mine_after)])
        self._settled = False
        self.landing[...] = 0  # every rank touches its own pages first, so that they lie near it

    @staticmethod
    def _whole(comm: MPI.Comm, mine: int, axis: int) -> int:
        """Points of the whole axis of which this rank holds `mine` before."""
        return int(comm.allreduce(mine))

    def _landing_of(self, rank: int, shape: Shape, dtype: np.dtype) -> np.ndarray:
        """The landing array in another rank's part of the window, aligned by hand (MPI promises no alignment)."""
        memory, _ = self._window.Shared_query(rank)
        raw = np.frombuffer(memory, np.uint8)
        # the offset is taken from the owner's address: addresses differ between processes, alignment within a page does
        # not
        offset = -raw.ctypes.data % 64
        return raw[offset : offset + int(np.prod(shape)) * dtype.itemsize].view(dtype).reshape(shape)

    def forward(self, before: np.ndarray) -> None:
        """See :meth:`Exchange.forward`."""
        if not self._settled:
            self._meet()
        for source, target in self._pairs():
            target[...] = before[source]
        self._meet()
        self._settled = False

    def backward(self, before: np.ndarray) -> None:
        """See :meth:`Exchange.backward`."""
        self._meet()
        for place, stored in self._pairs():
            before[place] = stored
        self._meet()  # the owner may write again
        self._settled = True

    def _pairs(self):
        """Blocks and where they lie, each rank beginning with itself, so that not all of them turn to the same one at
        once.
        """
        for shift in range(self.comm.size):
            rank = (self.comm.rank + shift) % self.comm.size
            yield self._before[rank], self._targets[rank]

    def _meet(self) -> None:
        self._window.Sync()
        self.comm.Barrier()
        self._window.Sync()

    def free(self) -> None:
        """See :meth:`Exchange.free`."""
        self._targets.clear()
        del self.landing
        self._window.Free()


class MessageExchange(Exchange):
    """Blocks described to MPI as sub-arrays and exchanged by one Alltoallw: nothing is packed by hand, parts may be
    unequal.
    """

    def __init__(
        self,
        comm: MPI.Comm,
        shape_before: Shape,
        shape_after: Shape,
        whole_before: int,
        whole_after: int,
        dtype: np.dtype,
    ) -> None:
        self.comm = comm
        self.landing = np.empty(shape_after, dtype)
        element = MPI._typedict[dtype.char]
        self._before = self._sub_arrays(shape_before, whole_before, element)
        self._after = self._sub_arrays(shape_after, whole_after, element)

    def _sub_arrays(self, shape: Shape, axis: int, element: MPI.Datatype) -> list[MPI.Datatype]:
        types = []
        for rank in range(self.comm.size):
            first, count = part(shape[axis], self.comm.size, rank)
            lengths = tuple(count if a == axis else n for a, n in enumerate(shape))
            starts = tuple(first if a == axis else 0 for a in range(len(shape)))
            types.append(element.Create_subarray(shape, lengths, starts).Commit())
        return types

    def forward(self, before: np.ndarray) -> None:
        """See :meth:`Exchange.forward`."""
        self._move(before, self._before, self.landing, self._after)

    def backward(self, before: np.ndarray) -> None:
        """See :meth:`Exchange.backward`."""
        self._move(self.landing, self._after, before, self._before)

    def _move(self, source, source_types, target, target_types) -> None:
        ones, zeros = [1] * self.comm.size, [0] * self.comm.size
        self.comm.Alltoallw([source, ones, zeros, source_types], [target, ones, zeros, target_types])

    def free(self) -> None:
        """See :meth:`Exchange.free`."""
        for datatype in (*self._before, *self._after):
            datatype.Free()


def _along(dimensions: int, axis: int, first: int, count: int) -> tuple[slice, ...]:
    """The index of a part along one axis."""
    return tuple(slice(first, first + count) if a == axis else slice(None) for a in range(dimensions))
