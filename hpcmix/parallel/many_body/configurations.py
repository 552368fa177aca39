"""Wave functions of many bodies, psi[D1, D2], cut into rows over the ranks; how ranks read each other's rows.

Ranks hold contiguous rows, those of one node one after the other. In a node the rows lie in an MPI-3 shared window and
are read where they are: two barriers a product and no messages. Rows of other nodes come once for every product, in
blocks of columns, so that what is held of them has a given size. Sums are formed unit by unit, a unit being a few rows
that do not depend on the number of ranks, and then in the units' order: they have the same bits on any number of ranks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels.many_body.configurations import add_multiple
from hpcmix.kernels.random_numbers import fill_complex_normals
from hpcmix.kernels.transforms import empty
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.shared_memory import NoSharedMemory, SharedWindow, shared_memory_wanted

UNITS = 4096
"""Parts that sums are made of, at least half as many where there are so many rows."""

BLOCK_BYTES = 128e6
"""What a node holds of rows for one block of columns, with several nodes."""

Vector = NDArray[np.complex128]


class ConfigurationRows:
    """The rows of this rank, and vectors made of them. Collective over `comm`, as every method but :meth:`whole` is.

    rows, columns  of the whole wave function.
    first, last    this rank's rows.
    """

    def __init__(self, comm: MPI.Comm, rows: int, columns: int, node: MPI.Comm | None = None) -> None:
        """`node`: ranks that share memory, found out unless given."""
        self.comm, self.rows, self.columns = comm, rows, columns
        self._windows: dict[int, tuple[SharedWindow, Vector]] = {}
        self._spare: list[Vector] = []
        self._take_places(node if node is not None else _node_of(comm))
        if comm.allreduce(self.node.size, MPI.MAX) > 1:
            self._check_sharing()

    def _take_places(self, node: MPI.Comm) -> None:
        self.node = node
        places = self.comm.allgather((node.bcast(self.comm.rank), self.comm.rank))
        self.ranks = [rank for _, rank in sorted(places)]  # by their place among the rows
        self.unit = max(1, self.rows // UNITS)
        units, size = -(-self.rows // self.unit), self.comm.size
        self.bounds = np.minimum(self.rows, self.unit * (units * np.arange(size + 1, dtype=np.int64) // size))
        place = self.ranks.index(self.comm.rank)
        self.first, self.last = int(self.bounds[place]), int(self.bounds[place + 1])
        self.node_first = int(self.bounds[place - node.rank])
        self.node_last = int(self.bounds[place - node.rank + node.size])

    def _check_sharing(self) -> None:
        """Every rank for itself where a node has no memory to share."""
        failed = False
        try:
            if self.node.size > 1:
                self._spare.append(self._shared())
        except NoSharedMemory:
            failed = True
        if self.comm.allreduce(failed, MPI.LOR):
            self.free()
            self._take_places(self.comm.Split(self.comm.rank))

    @property
    def is_one_node(self) -> bool:
        """Whether all ranks see all rows."""
        return self.node.size == self.comm.size

    @property
    def shape(self) -> tuple[int, int]:
        """Of this rank's part of a vector."""
        return self.last - self.first, self.columns

    def vector(self) -> Vector:
        """A new vector of zeros: this rank's rows, which the node's other ranks can read."""
        if self._spare:
            vector = self._spare.pop()
            vector[...] = 0.0
            return vector
        if self.node.size > 1:
            return self._shared()
        local = empty(self.shape, np.complex128)
        local[...] = 0.0
        return local

    def give_back(self, vector: Vector) -> None:
        """A vector of :meth:`vector` that is not used any more; the next one takes its place."""
        self._spare.append(vector)

    def _shared(self) -> Vector:
        shape = (self.node_last - self.node_first, self.columns)
        window = SharedWindow(self.node, int(np.prod(shape)) * 16 if self.node.rank == 0 else 0)
        whole = window.part_of(0, shape, np.dtype(np.complex128))
        local = whole[self.first - self.node_first : self.last - self.node_first]
        local[...] = 0.0
        window.meet()
        self._windows[local.ctypes.data] = (window, whole)
        return local

    def whole(self, local: Vector) -> Vector | None:
        """The rows of this node, of a vector that :meth:`vector` made; None for other arrays."""
        if self.node.size == 1:
            return local
        window = self._windows.get(local.ctypes.data)
        return None if window is None else window[1]

    def meet(self) -> None:
        """After it a rank sees what the others of its node have written."""
        if self.node.size > 1:
            for window, _ in self._windows.values():
                window.meet()
                return
            self.node.Barrier()

    def free(self) -> None:
        """Give shared memory back; vectors must not be used any more."""
        self._spare.clear()
        windows, self._windows = self._windows, {}
        for key in list(windows):
            window, _ = windows.pop(key)
            window.free()

    # ------------------------------------------------------------------ sums

    def inner(self, left: Vector, right: Vector) -> complex:
        """<left|right>, the same bits everywhere and on any number of ranks."""
        return complex(self._add([np.vecdot(a, b) for a, b in zip(self._units(left), self._units(right), strict=True)]))

    def norm(self, vector: Vector) -> float:
        """|vector|."""
        return float(np.sqrt(self.inner(vector, vector).real))

    def sum_rows(self, values: NDArray) -> NDArray:
        """The sum of an array (this rank's rows, ..) over all rows, with the same bits on any number of ranks."""
        parts = [values[i : i + self.unit].sum(axis=0) for i in range(0, len(values), self.unit)]
        gathered = self.comm.allgather(np.array(parts).reshape((-1, *values.shape[1:])))
        return np.concatenate([gathered[rank] for rank in self.ranks]).sum(axis=0)

    def _units(self, vector: Vector) -> Iterator[Vector]:
        """The units as rows of an array, and the last one where it is shorter."""
        complete = len(vector) // self.unit * self.unit
        yield vector[:complete].reshape(-1, self.unit * self.columns)
        if complete < len(vector):
            yield vector[complete:].reshape(1, -1)

    def _add(self, parts: list[NDArray]) -> complex:
        own = np.concatenate(parts)
        if self.comm.size == 1:
            return own.sum()
        gathered = self.comm.allgather(own)
        return np.concatenate([gathered[rank] for rank in self.ranks]).sum()

    # ------------------------------------------------------------------ vectors

    @staticmethod
    def add(factor: complex, source: Vector, target: Vector) -> None:
        """target += factor source, in place. The same bits however vectors are cut."""
        add_multiple(factor, source, target)

    def fill_random(self, vector: Vector, seed: int) -> None:
        """Complex normal numbers by their places: the same vector on any number of ranks."""
        fill_complex_normals(vector, seed, 0, (self.rows, self.columns), (self.first, 0))

    def gather(self, vector: Vector) -> Vector:
        """All rows on every rank; for small vectors and tests."""
        parts = self.comm.allgather(np.array(vector))
        return np.concatenate([parts[rank] for rank in self.ranks])


def _node_of(comm: MPI.Comm) -> MPI.Comm:
    wanted = comm.allreduce(shared_memory_wanted(), MPI.LAND)
    return comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank) if wanted else comm.Split(comm.rank)


class RowExchange:
    """Brings the rows that this rank's operators on rows ask for.

    blocks      columns that come together: (first, last) of each.
    first_slot  where this rank's first row is in what :meth:`bring` returns.
    Collective over the rows' communicator, as :meth:`bring` and :meth:`release` are.
    """

    def __init__(self, rows: ConfigurationRows, needed: NDArray[np.int64], block_bytes: float = BLOCK_BYTES) -> None:
        """`needed`: the rows that this rank asks for, in any order."""
        self._rows = rows
        self._own = slice(rows.first - rows.node_first, rows.last - rows.node_first)
        self.first_slot = self._own.start
        self._staging: Vector | None = None
        self._window: SharedWindow | None = None
        self.blocks = [(0, rows.columns)]
        self._halo = np.zeros(0, np.int64)
        if rows.is_one_node:
            return
        asked = np.unique(np.concatenate(rows.node.allgather(np.unique(needed))))
        self._halo = asked[(asked < rows.node_first) | (asked >= rows.node_last)]
        slots = rows.node_last - rows.node_first + len(self._halo)
        most = rows.comm.allreduce(slots, MPI.MAX)
        width = int(min(rows.columns, max(1, block_bytes // (16 * most))))
        self.blocks = [(first, min(first + width, rows.columns)) for first in range(0, rows.columns, width)]
        self._agree_on_messages()
        shape = (slots, width)
        if rows.node.size > 1:
            self._window = SharedWindow(rows.node, 16 * slots * width if rows.node.rank == 0 else 0)
            self._buffer = self._window.part_of(0, shape, np.dtype(np.complex128))
        else:
            self._buffer = empty(shape, np.complex128)

    def _agree_on_messages(self) -> None:
        """Which rows go where: every rank of a node fetches its share of the node's."""
        rows = self._rows
        share = np.array_split(self._halo, rows.node.size)[rows.node.rank]
        owner = np.searchsorted(rows.bounds, share, side="right") - 1
        asked = [share[:0]] * rows.comm.size
        for place in np.unique(owner):
            asked[rows.ranks[place]] = share[owner == place]
        requests = rows.comm.alltoall(asked)
        self._receives = [(rank, self.slots(wanted)) for rank, wanted in enumerate(asked) if len(wanted)]
        self._sends = [(rank, wanted - rows.first) for rank, wanted in enumerate(requests) if len(wanted)]

    @property
    def nbytes(self) -> int:
        """Memory for rows of other nodes, and for messages."""
        if self._rows.is_one_node:
            return 0
        width = self._buffer.shape[1] * 16
        messages = sum(len(rows) for _, rows in (*self._receives, *self._sends))
        return self._buffer.nbytes // self._rows.node.size + messages * width

    @property
    def halo(self) -> NDArray[np.int64]:
        """The rows of other nodes that come, in the order in which they follow the node's own."""
        return self._halo

    def slots(self, numbers: NDArray) -> NDArray:
        """Where rows are in what :meth:`bring` returns."""
        rows = self._rows
        if rows.is_one_node:
            return numbers
        inside = (numbers >= rows.node_first) & (numbers < rows.node_last)
        elsewhere = rows.node_last - rows.node_first + np.searchsorted(self._halo, numbers)
        return np.where(inside, numbers - rows.node_first, elsewhere)

    def bring(self, source: Vector, block: int) -> Vector:
        """All rows that are needed, of one block of columns; valid until :meth:`release`."""
        rows = self._rows
        if rows.is_one_node:
            whole = rows.whole(source)
            rows_to_read = self._copy(source) if whole is None else whole
            rows.meet()
            return rows_to_read
        first, last = self.blocks[block]
        width = last - first
        buffer = self._buffer.ravel()[: len(self._buffer) * width].reshape(-1, width)
        buffer[self._own] = source[:, first:last]
        arrived = [np.empty((len(slots), width), np.complex128) for _, slots in self._receives]
        sent = [np.ascontiguousarray(source[wanted, first:last]) for _, wanted in self._sends]
        requests = [rows.comm.Irecv(part, rank, block) for part, (rank, _) in zip(arrived, self._receives, strict=True)]
        requests += [rows.comm.Isend(part, rank, block) for part, (rank, _) in zip(sent, self._sends, strict=True)]
        MPI.Request.Waitall(requests)
        for part, (_, slots) in zip(arrived, self._receives, strict=True):
            buffer[slots] = part
        self._meet()
        return buffer

    def _copy(self, source: Vector) -> Vector:
        """The rows of a vector that other ranks cannot read."""
        if self._staging is None:
            self._staging = self._rows.vector()
        self._staging[...] = source
        whole = self._rows.whole(self._staging)
        return self._staging if whole is None else whole

    def release(self) -> None:
        """This rank has read what it needs; after it the source may change."""
        if self._rows.is_one_node:
            self._rows.meet()
        else:
            self._meet()

    def _meet(self) -> None:
        if self._window is not None:
            self._window.meet()

    def free(self) -> None:
        """Give shared memory back."""
        if self._window is not None:
            del self._buffer
            self._window.free()
            self._window = None
