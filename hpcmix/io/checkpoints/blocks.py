"""Distributed arrays in one HDF5 file, written by all ranks at once, and proven before the file gets its name.

The root lays the file out with ordinary h5py: contiguous datasets whose place in the file is fixed and reserved on
the disk. Then every rank writes its block into that place, through parallel h5py or through MPI-IO; both leave the
same bytes. Then every rank syncs, reads back and compares, and only then the root seals the file (seal.py) and renames
it. On a full disk the libraries between us and the disk may report success with the data missing, or hang (measured);
reserving before and reading back after is what can be relied on.
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from hpcmix.io.checkpoints.digest import as_text, local_sums, summed_over_ranks
from hpcmix.io.checkpoints.pieces import all_pieces, sampled_lines
from hpcmix.io.checkpoints.seal import DATASET, Seal, set_seal, size_of_seal
from hpcmix.io.documents.atomic import OutputError, explained, publish, reserve, sync, temporary_name
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.files import write_pieces
from hpcmix.parallel.process.timers import Timers
from hpcmix.parallel.process.together import together

Writer = Literal["auto", "h5py", "mpi-io"]
_ROOM_FOR_LABELS = 1 << 20
"""Bytes that axes, attributes and HDF5's own tables may take."""
_SAMPLED_LINES = 64
_READ_AT_ONCE = 1 << 23


@dataclass(frozen=True)
class Dealt:
    """Fields of which every orbital group holds some, in every replica the same: an array (number held here, *block) on
    every rank.

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
    others: Mapping[str, Part] | None = None,
    **options: Any,
) -> Seal:
    """Write arrays of one `global_shape`, of which this rank holds `block`; all else as :func:`write_parts` has it.

    ranks       a communicator, or :class:`Communicators`: then plain arrays are written by the first orbital group
                (the others hold the same), and those dealt to the groups (:class:`Dealt`) by all, of the first replica.
    arrays      dataset path -> this rank's block.
    others      arrays of other shapes, of which every replica has the same.
    """
    if not isinstance(ranks, Communicators):
        plain = {name: _part_of(global_shape, block, array, True) for name, array in arrays.items()}
        return write_parts(path, ranks, plain | dict(others or {}), attributes, **options)
    parts = {name: _part_of(global_shape, block, array, ranks.group_index == 0) for name, array in arrays.items()}
    return write_parts(path, ranks.world, first_copies(parts | dict(others or {}), ranks), attributes, **options)


def first_copies(parts: Mapping[str, Part], communicators: Communicators) -> dict[str, Part]:
    """Of parts of which every replica has the same: the parts in the first replica, and nothing in the others."""
    if communicators.replica_index == 0:
        return dict(parts)
    return {name: _nothing_of(part.shape, part.local.dtype) for name, part in parts.items()}


def _nothing_of(shape: tuple[int, ...], dtype: np.dtype) -> Part:
    nothing = Block((0,) * len(shape), (0,) * len(shape))
    return Part(shape, nothing, np.empty(nothing.shape, dtype))


def _part_of(global_shape: tuple[int, ...], block: Block, array: np.ndarray | Dealt, writes_plain: bool) -> Part:
    if isinstance(array, Dealt) and not array.single:
        held = Block((array.first, *block.start), (len(array.local), *block.shape))
        return Part((array.count, *global_shape), held, array.local)
    if isinstance(array, Dealt):
        writes_plain = len(array.local) == 1
        array = array.local[0] if writes_plain else array.local
    if writes_plain:
        return Part(global_shape, block, array)
    return _nothing_of(global_shape, array.dtype)


def write_parts(
    path: Path,
    world: Any,
    parts: Mapping[str, Part],
    attributes: Mapping[str, Any] | None = None,
    *,
    annotate: Callable[[h5py.File], None] | None = None,
    writer: Writer = "auto",
    read_back: Literal["sample", "all"] = "sample",
    timers: Timers | None = None,
) -> Seal:
    """Write distributed arrays as datasets of the sealed HDF5 file at `path`; the seal, on every rank. Collective over
    `world`.

    parts       dataset path -> what this rank holds of it, real or complex (complex as h5py's compound of r and i); the
                same names, shapes and types on every rank. Ranks may have empty blocks.
    attributes  of the file; entries that are None are left out.
    annotate    called on the root rank with the open file when the datasets exist, to add labels and small datasets.
    writer      "h5py" (needs parallel HDF5), "mpi-io" (any h5py), or "auto": the first where possible.
    read_back   how much of its block every rank compares with the file afterwards; timed as its own phase.

    Raises :class:`OutputError`, the same on every rank, and then leaves neither a new nor a temporary file; an older
    file at `path` stays. Raises ValueError or TypeError for arguments that do not fit together.
    """
    path = Path(path)
    temporary = temporary_name(path)
    timers = timers or Timers()
    try:
        layout = None
        with together(world):
            _check(parts)
            if world.rank == 0:
                layout = _lay_out(path, temporary, parts, dict(attributes or {}), annotate)
        layout = world.bcast(layout)
        with together(world):
            _check_visible(temporary, layout)
        error: Exception | None = None
        try:
            _write(temporary, world, parts, layout, writer)
        except Exception as caught:  # whatever it is and wherever it comes from, all ranks must learn of it
            error = caught
        with together(world), _explaining(path), ThreadPoolExecutor(1) as beside:
            if error is not None:
                raise error
            syncing = beside.submit(sync, temporary)  # the disk is busy, and the processor computes digests
            sums = np.array([local_sums(part) for part in parts.values()])
            syncing.result()
        digests = dict(zip(parts, map(as_text, summed_over_ranks(world, sums)), strict=True))
        with timers.phase("read back"), together(world), _explaining(path):
            _prove(path, temporary, parts, layout, read_back)
        seal = None
        with together(world), _explaining(path):
            if world.rank == 0:
                seal = set_seal(temporary, layout.seal, layout.places, digests)
                sync(temporary)
                publish(temporary, path)
        return world.bcast(seal)
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
    """Where the root put the datasets.

    seal    byte offset and size of the room for the seal.
    places  byte offset and size of each dataset.
    size    of the whole file.
    """

    seal: tuple[int, int]
    places: dict[str, tuple[int, int]]
    size: int


def _check(parts: Mapping[str, Part]) -> None:
    for name, part in parts.items():
        block, local = part.block, part.local
        for first, count, whole in zip(block.start, block.shape, part.shape, strict=True):
            if first < 0 or count < 0 or first + count > whole:
                raise ValueError(f"the block {block} does not lie in an array of shape {part.shape}")
        if local.shape != block.shape:
            raise ValueError(f"{name} has shape {local.shape} where this rank's block has {block.shape}")
        if local.dtype.kind not in "iufc" or not local.dtype.isnative:
            raise TypeError(f"{name} holds {local.dtype}, which is no array of numbers that this machine writes")


def _lay_out(
    path: Path,
    temporary: Path,
    parts: Mapping[str, Part],
    attributes: dict[str, Any],
    annotate: Callable[[h5py.File], None] | None,
) -> _Layout:
    """Create the temporary file with everything but the blocks and the seal, at its full size and with its space on
    the disk reserved.
    """
    sizes = {name: math.prod(part.shape) * part.local.dtype.itemsize for name, part in parts.items()}
    size = sum(sizes.values()) + _ROOM_FOR_LABELS
    block = size_of_seal(list(parts))
    with _explaining(path, size):
        path.parent.mkdir(parents=True, exist_ok=True)
        reserve(temporary, size)  # before HDF5 touches it: HDF5 cannot close a file that finds no room
        with h5py.File(temporary, "w") as file:
            seal = _create(file, DATASET, (), np.dtype(("S", block))), block  # first, so that it lies in front
            offsets = {name: _create(file, name, part.shape, part.local.dtype) for name, part in parts.items()}
            for name, value in attributes.items():
                if value is not None:
                    file.attrs[name] = value
            if annotate is not None:
                annotate(file)
        size = temporary.stat().st_size
        reserve(temporary, size)
    return _Layout(seal, {name: (offsets[name], sizes[name]) for name in parts}, size)


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


def _write(temporary: Path, comm: Any, parts: Mapping[str, Part], layout: _Layout, writer: Writer) -> None:
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
                (layout.places[name][0] + first * part.local.dtype.itemsize, data)
                for name, part in parts.items()
                for first, data in all_pieces(part)
            ),
        )
    else:
        raise ValueError(f'the writer is "h5py", "mpi-io" or "auto", not {writer!r}')


def _write_with_h5py(temporary: Path, comm: Any, parts: Mapping[str, Part]) -> None:
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
    parts: Mapping[str, Part],
    layout: _Layout,
    read_back: Literal["sample", "all"],
) -> None:
    """Compare the file's size and this rank's data with what the disk has. Raises :class:`OutputError`."""
    if temporary.stat().st_size != layout.size:
        raise OutputError(f"{path} is incomplete: {temporary.stat().st_size} of {layout.size} bytes reached the disk")
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # from the disk, not from this node's memory
        for name, part in parts.items():
            pieces = all_pieces(part) if read_back == "all" else sampled_lines(part, _SAMPLED_LINES)
            for first, data in pieces:
                _compare(descriptor, layout.places[name][0] + first * part.local.dtype.itemsize, data, name, path)
    finally:
        os.close(descriptor)


def _compare(descriptor: int, offset: int, data: np.ndarray, name: str, path: Path) -> None:
    for first in range(0, data.size, _READ_AT_ONCE):
        expected = data[first : first + _READ_AT_ONCE]
        stored = os.pread(descriptor, expected.size, offset + first)
        if not np.array_equal(np.frombuffer(stored, np.uint8), expected):
            raise OutputError(f"{path} is damaged: {name} read back from the disk differs from what was written")
