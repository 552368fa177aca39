"""Memory that all ranks of a node see: MPI-3 shared windows, and whether they are to be had."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from hpcmix.parallel.mpi import MPI
from hpcmix.problem.errors import Complaint, ProblemError

SHARED_MEMORY_VARIABLE = "HPCMIX_SHARED_MEMORY"
"""Environment variable; "no" makes ranks of one node exchange messages too."""

_WORDS = dict.fromkeys(("", "yes", "on", "true", "1"), True) | dict.fromkeys(("no", "off", "false", "0"), False)

_CACHE_LINE = 64


def shared_memory_wanted() -> bool:
    """What the environment variable says. Raises :class:`~hpcmix.problem.errors.ProblemError`."""
    text = os.environ.get(SHARED_MEMORY_VARIABLE, "").strip()
    if text.lower() not in _WORDS:
        message = f'is "{text}"; it must be yes, the default, or no'
        raise ProblemError([Complaint(SHARED_MEMORY_VARIABLE, None, "", message)])
    return _WORDS[text.lower()]


def shares_memory(comm: MPI.Comm, size: int) -> bool:
    """Whether all ranks of `comm` are on one node with room for `size` bytes of shared memory each (half is left free).

    The room is that of the file system behind shared memory: windows beyond it end in a bus error, not in an exception.
    Collective.
    """
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    together = node.size == comm.size
    node.Free()
    backing = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")
    wanted = comm.allreduce(size)
    willing = together and shared_memory_wanted()
    return bool(comm.allreduce(willing and shutil.disk_usage(backing).free > 2 * wanted, op=MPI.LAND))


class SharedWindow:
    """A part of shared memory for every rank of a communicator whose ranks share a node.

    size   bytes of this rank's part; every rank may ask for another number.
    Collective, as :meth:`meet` and :meth:`free` are.
    """

    def __init__(self, comm: MPI.Comm, size: int) -> None:
        self._comm = comm
        self._window = MPI.Win.Allocate_shared(size + _CACHE_LINE, 1, comm=comm)

    def part_of(self, rank: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """The part of a rank as an array of that shape, which begins at a cache line (MPI promises no alignment)."""
        memory, _ = self._window.Shared_query(rank)
        raw = np.frombuffer(memory, np.uint8)
        # addresses differ between processes, alignment within a page does not
        offset = -raw.ctypes.data % _CACHE_LINE
        return raw[offset : offset + int(np.prod(shape)) * dtype.itemsize].view(dtype).reshape(shape)

    def meet(self) -> None:
        """After it every rank sees what all of them have written before it."""
        self._window.Sync()
        self._comm.Barrier()
        self._window.Sync()

    def free(self) -> None:
        """Give the memory back; arrays made of it must not be used any more."""
        self._window.Free()


class SharedFields:
    """Fields that are cut into slabs along their first axis, whole in the memory of one node.

    count       how many fields.
    shape       of this rank's slab of one field.
    arrays      this rank's slabs, shape (count, *shape): a view with contiguous slabs.
    whole       all of the fields, shape (count, points of the first axis, *shape[1:]): every rank sees every point.
    Collective over `comm`, whose ranks hold the slabs in their order.
    """

    def __init__(self, comm: MPI.Comm, count: int, shape: tuple[int, ...], dtype: np.dtype) -> None:
        planes = np.cumsum([0, *comm.allgather(shape[0])])
        whole = (count, int(planes[-1]), *shape[1:])
        self._window = SharedWindow(comm, int(np.prod(whole)) * dtype.itemsize if comm.rank == 0 else 0)
        self.whole = self._window.part_of(0, whole, dtype)
        self.arrays = self.whole[:, planes[comm.rank] : planes[comm.rank + 1]]
        self.arrays[...] = 0  # every rank touches its own pages first, so that they lie near it
        self.meet()

    def meet(self) -> None:
        """See :meth:`SharedWindow.meet`."""
        self._window.meet()

    def free(self) -> None:
        """Give the memory back (collective); arrays made of it must not be used any more."""
        del self.whole, self.arrays
        self._window.free()
