"""Distributed arrays in one HDF5 file, written by all ranks at once, and proven before the file gets its name.

The root lays the file out with ordinary h5py: contiguous datasets whose place in the file is fixed and reserved on
the disk. Then every rank writes its block into that place, through parallel h5py or through MPI-IO; both leave the
same bytes. Then every rank syncs, reads back and compares, and only then the root renames. On a full disk the
libraries between us and the disk may report success with the data missing, or hang (measured, DESIGN section 8);
reserving before and reading back after is what can be relied on.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from hpcmix.io.atomic import OutputError, explained, publish, reserve, sync, temporary_name
from hpcmix.io.pieces import all_pieces, sampled_lines
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.files import write_pieces
from hpcmix.parallel.together import together

Writer = Literal["auto", "h5py", "mpi-io"]
_ROOM_FOR_LABELS = 1 << 20
"""Bytes that axes, attributes and HDF5's own tables may take."""
_SAMPLED_LINES = 64
_READ_AT_ONCE = 1 << 26


@dataclass(frozen=True)
class Dealt:
    """Fields of which every orbital group holds some: an array (number held here, *block) on every rank.

    first   number of the first one held here.
    count   of all of them; the dataset has their number as its first axis.
    single  there is one field only, that one group holds: the dataset is that field, without an axis for its number.
    """

    local: np.ndarray
    first: int
    count: int
    single: bool = False

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return self.local.dtype


def write_arrays(
    path: Path,
    ranks: Any,
    global_shape: tuple[int, ...],
    block: Block,
    arrays: Mapping[str, np.ndarray | Dealt],
    attributes: Mapping[str, Any] | None = None,
    *,
    annotate: Callable[[h5py.File], None] | None = None,
    writer: Writer = "auto",
    read_back: Literal["sample", "all"] = "sample",
) -> None:
    """Write arrays of `global_shape`, of which this rank holds `block`, as datasets of the HDF5 file at `path`.
    Collective.

    ranks       a communicator, or :class:`Communicators`: then plain arrays are written by the first orbital group
                (the others hold the same), and those dealt to the groups (:class:`Dealt`) by all.
    arrays      dataset path -> this rank's block, real or complex (complex as h5py's compound of r and i); the same
                names and types on every rank. Ranks may have empty blocks.
    attributes  of the file; entries that are None are left out.
    annotate    called on the root rank with the open file when the datasets exist, to add labels and small datasets.
    writer      "h5py" (needs parallel HDF5), "mpi-io" (any h5py), or "auto": the first where possible.
    read_back   how much of its block every rank compares with the file afterwards.

    Raises :class:`OutputError`, the same on every rank, and then leaves neither a new nor a temporary file; an older
    file at `path` stays. Raises ValueError or TypeError for arguments that do not fit together.
    """
    path = Path(path)
    world, writes_plain = _members(ranks)
    temporary = temporary_name(path)
    try:
        layout = None
        with together(world):
            _check(global_shape, block, arrays)
            parts = {name: _part_of(global_shape, block, array, writes_plain) for name, array in arrays.items()}
            if world.rank == 0:
                layout = _lay_out(path, temporary, parts, dict(attributes or {}), annotate)
        layout = world.bcast(layout)
        with together(world):
            _check_visible(temporary, layout)
        with _explaining(path):
            _write(temporary, world, parts, layout, writer)
            with together(world):
                _prove(path, temporary, parts, layout, read_back)
        with together(world), _explaining(path):
            if world.rank == 0:
                publish(temporary, path)
    except Exception:
        if world.rank == 0:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _explaining(path: Path, size: int | None = None) -> Iterator[None]:
    """Turn an error of the system or a library into a sentence; a mistake in the arguments stays what it is."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise explained(error, path, size) from error


@dataclass(frozen=True)
class _Layout:
    """Where the root put the datasets: byte offset of each, and the size of the whole file."""

    offsets: dict[str, int]
    size: int


@dataclass(frozen=True)
class _Part:
    """What this rank writes of one dataset: its block, which may be empty, of an array of `shape`."""

    local: np.ndarray
    shape: tuple[int, ...]
    block: Block


def _part_of(global_shape: tuple[int, ...], block: Block, array: np.ndarray | Dealt, writes_plain: bool) -> _Part:
    if not isinstance(array, Dealt):
        if writes_plain:
            return _Part(array, global_shape, block)
        return _Part(array.ravel()[:0], global_shape, _empty(global_shape))
    if array.single:
        if len(array.local):
            return _Part(array.local[0], global_shape, block)
        return _Part(array.local.ravel()[:0], global_shape, _empty(global_shape))
    held = Block((array.first, *block.start), (len(array.local), *block.shape))
    return _Part(array.local, (array.count, *global_shape), held)


def _empty(shape: tuple[int, ...]) -> Block:
    return Block((0,) * len(shape), (0,) * len(shape))


def _members(ranks: Any) -> tuple[Any, bool]:
    """The communicator that writes, and whether this rank is of the first orbital group."""
    if isinstance(ranks, Communicators):
        return ranks.world, ranks.group_index == 0
    return ranks, True


def _check(global_shape: tuple[int, ...], block: Block, arrays: Mapping[str, np.ndarray | Dealt]) -> None:
    for first, count, whole in zip(block.start, block.shape, global_shape, strict=True):
        if first < 0 or count < 0 or first + count > whole:
            raise ValueError(f"the block {block} does not lie in an array of shape {global_shape}")
    for name, array in arrays.items():
        local = array.local if isinstance(array, Dealt) else array
        if isinstance(array, Dealt) and (array.first < 0 or array.first + len(local) > array.count):
            raise ValueError(f"{name} has {len(local)} fields from {array.first} on where there are {array.count}")
        if local.shape[local.ndim - len(block.shape) :] != block.shape or isinstance(array, Dealt) != (
            local.ndim > len(block.shape)
        ):
            raise ValueError(f"{name} has shape {local.shape} where this rank's block has {block.shape}")
        if local.dtype.kind not in "iufc" or not local.dtype.isnative:
            raise TypeError(f"{name} holds {local.dtype}, which is no array of numbers that this machine writes")


def _lay_out(
    path: Path,
    temporary: Path,
    parts: Mapping[str, _Part],
    attributes: dict[str, Any],
    annotate: Callable[[h5py.File], None] | None,
) -> _Layout:
    """Create the temporary file with everything but the blocks, at its full size and with its space on the disk
    reserved.
    """
    size = sum(math.prod(part.shape) * part.local.dtype.itemsize for part in parts.values()) + _ROOM_FOR_LABELS
    with _explaining(path, size):
        path.parent.mkdir(parents=True, exist_ok=True)
        reserve(temporary, size)  # before HDF5 touches it: HDF5 cannot close a file that finds no room
        with h5py.File(temporary, "w") as file:
            offsets = {name: _create(file, name, part.shape, part.local.dtype) for name, part in parts.items()}
            for name, value in attributes.items():
                if value is not None:
                    file.attrs[name] = value
            if annotate is not None:
                annotate(file)
        size = temporary.stat().st_size
        reserve(temporary, size)
    return _Layout(offsets, size)


def _create(file: h5py.File, name: str, shape: tuple[int, ...], dtype: np.dtype) -> int:
    """Make a contiguous dataset with a place in the file but no content yet; its byte offset."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_obj_track_times(False)  # the same data leave the same bytes
    properties.set_fill_time(
        h5py.h5d.FILL_TIME_NEVER
    )  # the blocks cover everything; filling would write the file twice
    group, _, last = name.rpartition("/")
    place = file.require_group(group) if group else file
    kind = h5py.h5t.py_create(dtype, logical=True)
    dataset = h5py.h5d.create(place.id, last.encode(), kind, h5py.h5s.create_simple(shape), properties)
    return dataset.get_offset() or 0


def _check_visible(temporary: Path, layout: _Layout) -> None:
    """A rank on another node must see the file that the root made."""
    try:
        size = temporary.stat().st_size
    except OSError:
        size = -1
    if size != layout.size:
        raise OutputError(
            f"{temporary.parent} as {socket.gethostname()} sees it lacks the file that the first rank made there; "
            "output.directory must lie on a file system that all nodes share"
        )


def _write(
    temporary: Path,
    comm: Any,
    parts: Mapping[str, _Part],
    layout: _Layout,
    writer: Writer,
) -> None:
    if writer == "auto":
        writer = "h5py" if h5py.get_config().mpi else "mpi-io"
    if writer == "h5py":
        if not h5py.get_config().mpi:
            raise OutputError('this h5py was built without parallel HDF5; use the writer "mpi-io"')
        _write_with_h5py(temporary, comm, parts)
    elif writer == "mpi-io":
        write_pieces(
            temporary,
            comm,
            (
                (layout.offsets[name] + first * part.local.dtype.itemsize, data)
                for name, part in parts.items()
                for first, data in all_pieces(part.shape, part.block, part.local)
            ),
        )
    else:
        raise ValueError(f'the writer is "h5py", "mpi-io" or "auto", not {writer!r}')


def _write_with_h5py(temporary: Path, comm: Any, parts: Mapping[str, _Part]) -> None:
    file = h5py.File(temporary, "r+", driver="mpio", comm=comm)
    try:
        with together(comm):
            for name, part in parts.items():
                if part.local.size:  # independent transfers: a rank without points has nothing to do here
                    file[name][part.block.slices] = part.local
    finally:
        file.close()


def _prove(
    path: Path,
    temporary: Path,
    parts: Mapping[str, _Part],
    layout: _Layout,
    read_back: Literal["sample", "all"],
) -> None:
    """Sync, then compare the file's size and this rank's data with what the disk has. Raises :class:`OutputError`."""
    sync(temporary)
    if temporary.stat().st_size != layout.size:
        raise OutputError(f"{path} is incomplete: {temporary.stat().st_size} of {layout.size} bytes reached the disk")
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # from the disk, not from this node's memory
        for name, part in parts.items():
            if read_back == "all":
                pieces = all_pieces(part.shape, part.block, part.local)
            else:
                pieces = sampled_lines(part.shape, part.block, part.local, _SAMPLED_LINES)
            for first, data in pieces:
                _compare(descriptor, layout.offsets[name] + first * part.local.dtype.itemsize, data, name, path)
    finally:
        os.close(descriptor)


def _compare(descriptor: int, offset: int, data: np.ndarray, name: str, path: Path) -> None:
    for first in range(0, data.size, _READ_AT_ONCE):
        expected = data[first : first + _READ_AT_ONCE]
        stored = os.pread(descriptor, expected.size, offset + first)
        if not np.array_equal(np.frombuffer(stored, np.uint8), expected):
            raise OutputError(f"{path} is damaged: {name} read back from the disk differs from what was written")
