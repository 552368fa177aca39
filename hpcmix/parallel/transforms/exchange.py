"""One redistribution of global arrays: from whole along one axis to whole along another.

In layout A a rank holds all of axis ``whole_before`` and its part of axis ``whole_after``; in layout B the other way
round. An exchange owns its landing arrays, this rank's blocks in layout B: there the spectra are worked on, and from
there they go back. It moves several fields at once where that joins small messages. Which way is the quickest depends
on the machine; the bits that arrive are the same (:mod:`hpcmix.parallel.transforms.trial` measures and chooses).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.kernels.transforms import Allocate
from hpcmix.parallel.decomposition import joined_fields, part
from hpcmix.parallel.process.mpi import MPI, element_type
from hpcmix.parallel.process.shared_memory import NoSharedMemory, SharedWindow

Shape = tuple[int, ...]

Part = tuple[slice, ...]
"""A part of a block, as an index."""

EXCHANGES = ("shared-memory", "packed-messages", "sub-array-messages")
"""Names of the ways, as ``[parallel] exchange`` takes them."""

WITHOUT_SHARED_MEMORY = "packed-messages"
"""The way that takes the place of shared memory where there turns out to be none."""


@dataclass(frozen=True)
class Redistribution:
    """What an exchange has to do: this rank's blocks in both layouts, and the axes that are whole in them.

    fields  how many fields are there to be moved at once, at most.
    empty   makes the landing arrays.
    largest_bytes
            size of the largest landing array of all ranks that share the grid, who decide by it how many fields share a
            message; 0 where one field is moved at a time.
    """

    comm: MPI.Comm
    shape_before: Shape
    shape_after: Shape
    whole_before: int
    whole_after: int
    dtype: np.dtype
    fields: int = 1
    empty: Allocate = np.empty
    largest_bytes: int = 0

    @property
    def landing_bytes(self) -> int:
        """Size of one landing array."""
        return int(np.prod(self.shape_after)) * self.dtype.itemsize

    @property
    def joined(self) -> int:
        """How many fields share a message: the same number on all ranks that share the grid."""
        return joined_fields(self.largest_bytes or self.landing_bytes, self.comm.size, self.fields)

    def blocks_before(self, rank: int) -> tuple[slice, ...]:
        """What of a block in layout A belongs to `rank` in layout B."""
        return _along(len(self.shape_before), self.whole_before, *part(self._length_before, self.comm.size, rank))

    def blocks_after(self, rank: int) -> tuple[slice, ...]:
        """What of a block in layout B belongs to `rank` in layout A."""
        points = self.shape_after[self.whole_after]
        return _along(len(self.shape_after), self.whole_after, *part(points, self.comm.size, rank))

    def shape_after_of(self, rank: int) -> Shape:
        """The block of another rank in layout B."""
        count = part(self._length_before, self.comm.size, rank)[1]
        return tuple(count if axis == self.whole_before else n for axis, n in enumerate(self.shape_after))

    @property
    def _length_before(self) -> int:
        return self.shape_before[self.whole_before]


class Exchange(ABC):
    """Moves fields between layout A and the landing arrays in layout B. Both verbs are collective over the ranks.

    landings  this rank's blocks in layout B, as many as can be moved at once.
    obstacle  why it is not through shared memory although that was asked for; empty where it is, or was not.
    """

    name: str
    landings: list[np.ndarray]
    obstacle: str = ""

    @abstractmethod
    def forward(self, fields: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Fill the first landing arrays with `fields` (layout A) of all ranks; they are returned."""

    @abstractmethod
    def backward(self, fields: Sequence[np.ndarray]) -> None:
        """Fill `fields` from the first landing arrays of all ranks."""

    def free(self) -> None:  # noqa: B027 - not every exchange holds MPI resources
        """Give MPI resources back (collective)."""


def make_exchange(way: str, task: Redistribution, landings: int) -> Exchange:
    """The exchange of the given name (:data:`EXCHANGES`) with at least `landings` landing arrays. Collective.

    Raises :class:`~hpcmix.parallel.process.shared_memory.NoSharedMemory` on every rank.
    """
    kinds = {kind.name: kind for kind in (SharedExchange, PackedExchange, SubArrayExchange)}
    return kinds[way](task, max(landings, task.joined))


def make_exchanges(way: str, tasks: Sequence[Redistribution], landings: int, group: MPI.Comm) -> list[Exchange]:
    """An exchange for every task, all of the same way on all ranks of `group`: the one asked for, or messages where any
    of the ranks finds no shared memory for any of them. Collective over `group`, whose parts the tasks' ranks are."""
    made: list[Exchange] = []
    reason = ""
    for task in tasks:  # the others too after one that failed: its ranks may be waiting for this one
        try:
            made.append(make_exchange(way, task, landings))
        except NoSharedMemory as error:
            reason = str(error)
    reason = next(filter(None, group.allgather(reason)), "")
    if reason:
        for exchange in made:
            exchange.free()
        made = [make_exchange(WITHOUT_SHARED_MEMORY, task, landings) for task in tasks]
        for exchange in made:
            exchange.obstacle = reason
    return made


class SharedExchange(Exchange):
    """All landing arrays lie in shared memory: a rank stores its blocks right into those of the others.

    Between two meetings of the ranks a landing array is touched either by its owner or by the others. A new forward may
    begin only when every owner is done with its array; after a backward that is already agreed.
    """

    name = "shared-memory"

    def __init__(self, task: Redistribution, landings: int) -> None:
        comm = task.comm
        self._comm = comm
        self._window = SharedWindow(comm, landings * task.landing_bytes)
        arrays = [
            self._window.part_of(rank, (landings, *task.shape_after_of(rank)), task.dtype) for rank in range(comm.size)
        ]
        self.landings = list(arrays[comm.rank])
        self._before = [task.blocks_before(rank) for rank in range(comm.size)]
        mine = task.blocks_after(comm.rank)
        self._targets = [[landing[mine] for landing in array] for array in arrays]
        self._settled = False
        for landing in self.landings:
            landing[...] = 0  # every rank touches its own pages first, so that they lie near it

    def forward(self, fields: Sequence[np.ndarray]) -> list[np.ndarray]:
        if not self._settled:
            self._window.meet()
        for rank in self._ranks():
            for field, target in zip(fields, self._targets[rank], strict=False):
                target[...] = field[self._before[rank]]
        self._window.meet()
        self._settled = False
        return self.landings[: len(fields)]

    def backward(self, fields: Sequence[np.ndarray]) -> None:
        self._window.meet()
        for rank in self._ranks():
            for field, stored in zip(fields, self._targets[rank], strict=False):
                field[self._before[rank]] = stored
        self._window.meet()  # the owner may write again
        self._settled = True

    def _ranks(self) -> Iterator[int]:
        """Each rank begins with itself, so that not all of them turn to the same one at once."""
        size = self._comm.size
        return ((self._comm.rank + shift) % size for shift in range(size))

    def free(self) -> None:
        self._targets.clear()
        self.landings.clear()
        self._window.free()


class PackedExchange(Exchange):
    """Blocks are copied into one contiguous buffer, for each rank those of all fields, and sent by one Alltoallv."""

    name = "packed-messages"

    def __init__(self, task: Redistribution, landings: int) -> None:
        self._comm, self._joined = task.comm, task.joined
        self.landings = [task.empty(task.shape_after, task.dtype) for _ in range(landings)]
        ranks = range(task.comm.size)
        self._before = [task.blocks_before(rank) for rank in ranks]
        self._after = [task.blocks_after(rank) for rank in ranks]
        self._shapes_before = [_extent(task.shape_before, block) for block in self._before]
        self._shapes_after = [_extent(task.shape_after, block) for block in self._after]
        size = self._joined * max(int(np.prod(task.shape_before)), int(np.prod(task.shape_after)))
        self._sent, self._received = (task.empty((size,), task.dtype) for _ in range(2))

    def forward(self, fields: Sequence[np.ndarray]) -> list[np.ndarray]:
        for first in range(0, len(fields), self._joined):
            batch = slice(first, first + self._joined)
            self._move(
                fields[batch], self._before, self._shapes_before, self.landings[batch], self._after, self._shapes_after
            )
        return self.landings[: len(fields)]

    def backward(self, fields: Sequence[np.ndarray]) -> None:
        for first in range(0, len(fields), self._joined):
            batch = slice(first, first + self._joined)
            self._move(
                self.landings[batch], self._after, self._shapes_after, fields[batch], self._before, self._shapes_before
            )

    def _move(
        self,
        sources: Sequence[np.ndarray],
        source_blocks: Sequence[Part],
        source_shapes: Sequence[Shape],
        targets: Sequence[np.ndarray],
        target_blocks: Sequence[Part],
        target_shapes: Sequence[Shape],
    ) -> None:
        count = min(len(sources), len(targets))
        leaving = list(_places(self._sent, source_shapes, count))
        for block, places in zip(source_blocks, leaving, strict=True):
            for source, place in zip(sources, places, strict=False):
                place[...] = source[block]
        arriving = list(_places(self._received, target_shapes, count))
        self._comm.Alltoallv(
            [self._sent, [count * int(np.prod(shape)) for shape in source_shapes]],
            [self._received, [count * int(np.prod(shape)) for shape in target_shapes]],
        )
        for block, places in zip(target_blocks, arriving, strict=True):
            for target, place in zip(targets, places, strict=False):
                target[block] = place


class SubArrayExchange(Exchange):
    """Blocks described to MPI as sub-arrays and exchanged by one Alltoallw a field: no buffers of our own."""

    name = "sub-array-messages"

    def __init__(self, task: Redistribution, landings: int) -> None:
        self._comm = task.comm
        self.landings = [task.empty(task.shape_after, task.dtype) for _ in range(landings)]
        ranks = range(task.comm.size)
        element = element_type(task.dtype)
        self._before = [_sub_array(task.shape_before, task.blocks_before(rank), element) for rank in ranks]
        self._after = [_sub_array(task.shape_after, task.blocks_after(rank), element) for rank in ranks]

    def forward(self, fields: Sequence[np.ndarray]) -> list[np.ndarray]:
        for field, landing in zip(fields, self.landings, strict=False):
            self._move(field, self._before, landing, self._after)
        return self.landings[: len(fields)]

    def backward(self, fields: Sequence[np.ndarray]) -> None:
        for field, landing in zip(fields, self.landings, strict=False):
            self._move(landing, self._after, field, self._before)

    def _move(
        self,
        source: np.ndarray,
        source_types: Sequence[MPI.Datatype],
        target: np.ndarray,
        target_types: Sequence[MPI.Datatype],
    ) -> None:
        ones, zeros = [1] * self._comm.size, [0] * self._comm.size
        self._comm.Alltoallw([source, ones, zeros, source_types], [target, ones, zeros, target_types])

    def free(self) -> None:
        for datatype in (*self._before, *self._after):
            datatype.Free()


def _along(dimensions: int, axis: int, first: int, count: int) -> tuple[slice, ...]:
    """The index of a part along one axis, in arrays of any extent along the others."""
    return tuple(slice(first, first + count) if a == axis else slice(None) for a in range(dimensions))


def _sub_array(shape: Shape, block: tuple[slice, ...], element: MPI.Datatype) -> MPI.Datatype:
    starts = [piece.start or 0 for piece in block]
    return element.Create_subarray(shape, _extent(shape, block), starts).Commit()


def _extent(shape: Shape, block: tuple[slice, ...]) -> Shape:
    """Shape of a part of an array of that shape."""
    return tuple(len(range(*piece.indices(n))) for piece, n in zip(block, shape, strict=True))


def _places(buffer: np.ndarray, shapes: Sequence[Shape], count: int) -> Iterator[np.ndarray]:
    """The pieces of a buffer for each rank, one after the other, with `count` blocks in each."""
    first = 0
    for shape in shapes:
        size = count * int(np.prod(shape))
        yield buffer[first : first + size].reshape(count, *shape)
        first += size
