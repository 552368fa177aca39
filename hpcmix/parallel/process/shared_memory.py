"""Memory that all ranks of a node see: MPI-3 shared windows, and whether they are to be had."""

from __future__ import annotations

import mmap
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np

from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.mistakes.errors import Complaint, ProblemError

SHARED_MEMORY_VARIABLE = "HPCMIX_SHARED_MEMORY"
"""Environment variable; "no" makes ranks of one node exchange messages too."""

_WORDS = dict.fromkeys(("", "yes", "on", "true", "1"), True) | dict.fromkeys(("no", "off", "false", "0"), False)

_CACHE_LINE = 64


class NoSharedMemory(Exception):
    """There is none for the ranks that asked for it; raised on all of them. The text says why."""


def shared_memory_wanted() -> bool:
    """What the environment variable says. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    text = os.environ.get(SHARED_MEMORY_VARIABLE, "").strip()
    if text.lower() not in _WORDS:
        message = f'is "{text}"; it must be yes, the default, or no'
        raise ProblemError([Complaint(SHARED_MEMORY_VARIABLE, None, "", message)])
    return _WORDS[text.lower()]


def obstacle(comm: MPI.Comm, size: int) -> str:
    """Why the ranks of `comm` cannot exchange their data through shared memory with `size` bytes of it for each rank,
    half of what there is left free; empty where they can. The same on every rank. Collective."""
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    together = node.size == comm.size
    node.Free()
    if not comm.allreduce(together, op=MPI.LAND):
        return "the ranks that share a grid are on several nodes"
    if not comm.allreduce(shared_memory_wanted(), op=MPI.LAND):
        return f"{SHARED_MEMORY_VARIABLE} says so"
    return _agreed(comm, _lacking(2 * comm.allreduce(size)))


def _lacking(size: int) -> str:
    """Why this process could not work with windows of so many bytes, as far as the system tells; empty if it could.

    The room is that of the file system behind shared memory: windows beyond it end in a bus error, not in an exception.
    A process with a limit on its memory cannot map more than that.
    """
    backing = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path("/tmp")
    if shutil.disk_usage(backing).free < size:
        return f"{backing} has no room for {size / 1e6:.0f} MB"
    try:
        mmap.mmap(-1, max(1, size)).close()
    except (OSError, OverflowError):
        return f"the limit on memory (ulimit -v) leaves no room for {size / 1e6:.0f} MB"
    return ""


def _agreed(comm: MPI.Comm, reason: str) -> str:
    """The first of the ranks' reasons that is not empty."""
    return next(filter(None, comm.allgather(reason)), "")


class SharedWindow:
    """A part of shared memory for every rank of a communicator whose ranks share a node.

    size   bytes of this rank's part; every rank may ask for another number.
    Collective, as :meth:`meet` and :meth:`free` are. Raises :class:`NoSharedMemory` on every rank.

    MPI allows :meth:`meet`'s synchronisation only while a window is locked for access by all (Open MPI does not check,
    the MPICH family does): it is from its making to its end.
    """

    def __init__(self, comm: MPI.Comm, size: int) -> None:
        self._comm = comm
        # looked at before the library is asked: where one rank fails alone in there the others may wait for ever
        reason = _agreed(comm, _lacking(comm.allreduce(size + _CACHE_LINE)))
        if not reason:
            reason = _agreed(comm, self._failure(lambda: self._allocate(size + _CACHE_LINE)))
        if reason:
            raise NoSharedMemory(reason)
        self._window.Lock_all(MPI.MODE_NOCHECK)

    def _allocate(self, size: int) -> None:
        self._window = MPI.Win.Allocate_shared(size, 1, comm=cast(MPI.Intracomm, self._comm))
        for rank in range(self._comm.size):
            self._memory_of(rank)

    @staticmethod
    def _failure(action: Callable[[], None]) -> str:
        try:
            action()
        except (MPI.Exception, OSError, ValueError, MemoryError) as error:
            return f"MPI has none to give: {' '.join(str(error).split())}"
        return ""

    def _memory_of(self, rank: int) -> np.ndarray:
        memory, _ = self._window.Shared_query(rank)
        return np.frombuffer(cast(memoryview, memory), np.uint8)  # a ValueError where nothing is mapped

    def part_of(self, rank: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """The part of a rank as an array of that shape, which begins at a cache line (MPI promises no alignment)."""
        raw = self._memory_of(rank)
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
        self._window.Unlock_all()
        self._window.Free()


class SharedFields:
    """Fields that are cut into slabs along their first axis, whole in the memory of one node.

    count       how many fields.
    shape       of this rank's slab of one field.
    arrays      this rank's slabs, shape (count, *shape): a view with contiguous slabs.
    whole       all of the fields, shape (count, points of the first axis, *shape[1:]): every rank sees every point.
    Collective over `comm`, whose ranks hold the slabs in their order. Raises :class:`NoSharedMemory` on every rank.
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
        """After it every rank sees what all of them have written before it."""
        self._window.meet()

    def free(self) -> None:
        """Give the memory back (collective); arrays made of it must not be used any more."""
        del self.whole, self.arrays
        self._window.free()
