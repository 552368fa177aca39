"""Distributed arrays in one file: both writers, every shape, and what happens when it goes wrong."""

from __future__ import annotations

import errno
import os
import resource
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcmix.io.checkpoints import blocks
from hpcmix.io.checkpoints.blocks import Dealt, write_arrays
from hpcmix.io.checkpoints.seal import DATASET
from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Decomposition, largest_split
from hpcmix.parallel.files import write_pieces
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups

WRITERS = ["h5py", "mpi-io"] if h5py.get_config().mpi else ["mpi-io"]


def pencil_grids(points, ranks):
    limit = largest_split(points)
    splits = [(first, ranks // first) for first in range(1, ranks + 1) if ranks % first == 0]
    return [split for split in splits if split[0] <= limit[0] and split[1] <= limit[1]]


def fields(shape):
    """The same random arrays of every type on all ranks."""
    random = np.random.default_rng(7)
    real, imaginary = random.normal(size=shape), random.normal(size=shape)
    return {
        "up/density": real,
        "up/wave_function": real + 1j * imaginary,
        "down/density": imaginary.astype(np.float32),
        "down/wave_function": (real + 1j * imaginary).astype(np.complex64),
        "count": (100 * real).astype(np.int64),
    }


def local(arrays, block):
    return {name: np.ascontiguousarray(array[block.slices]) for name, array in arrays.items()}


def read(path):
    """The arrays of a file, its seal left out, and its attributes."""
    with h5py.File(path, "r") as file:
        names = []
        file.visititems(lambda name, entry: names.append(name) if isinstance(entry, h5py.Dataset) else None)
        return {name: file[name][:] for name in names if name != DATASET}, dict(file.attrs)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("points", [(13,), (4,), (9, 5), (7, 6, 5), (4, 4, 6)])
def test_what_is_written_comes_back(comm, shared_tmp_path, points, writer):
    whole = fields(points)
    for number, split in enumerate(pencil_grids(points, comm.size)):
        block = Decomposition(points, split).position_block(comm.rank)
        path = shared_tmp_path / f"{number}.h5"
        write_arrays(path, comm, points, block, local(whole, block), {"step": 3, "absent": None}, writer=writer)
        stored, attributes = read(path)
        assert attributes == {"step": 3}
        assert set(stored) == set(whole)
        for name, array in whole.items():
            assert stored[name].dtype == array.dtype
            np.testing.assert_array_equal(stored[name], array)
    comm.barrier()
    assert not list(shared_tmp_path.glob("*.partial"))


@pytest.mark.skipif(len(WRITERS) < 2, reason="this h5py has no parallel HDF5, there is one writer only")
def test_both_writers_leave_the_same_bytes(comm, shared_tmp_path):
    points = (7, 6, 5)
    whole = fields(points)
    block = Decomposition(points, pencil_grids(points, comm.size)[-1]).position_block(comm.rank)
    for writer in WRITERS:
        write_arrays(shared_tmp_path / f"{writer}.h5", comm, points, block, local(whole, block), writer=writer)
    assert (shared_tmp_path / "h5py.h5").read_bytes() == (shared_tmp_path / "mpi-io.h5").read_bytes()


@pytest.mark.parametrize("writer", WRITERS)
def test_ranks_without_points_and_views_that_are_not_contiguous(comm, shared_tmp_path, writer):
    """The last rank holds everything, as a transposed view; the others nothing."""
    whole = np.random.default_rng(1).normal(size=(6, 5, 4))
    last = comm.rank == comm.size - 1
    block = Block((0, 0, 0), whole.shape) if last else Block((0, 0, 0), (0, 5, 4))
    array = np.ascontiguousarray(whole.T).T if last else np.empty(block.shape)
    write_arrays(shared_tmp_path / "a.h5", comm, whole.shape, block, {"a": array}, writer=writer, read_back="all")
    np.testing.assert_array_equal(read(shared_tmp_path / "a.h5")[0]["a"], whole)


@pytest.mark.parametrize("writer", WRITERS)
def test_orbital_groups_write_once(comm, shared_tmp_path, writer):
    if comm.size % 2:
        pytest.skip("needs an even number of ranks")
    points = (6, 5, 4)
    communicators = Communicators.create(comm, points, groups=2)
    block = communicators.decomposition.position_block(communicators.group.rank)
    whole = fields(points)
    write_arrays(shared_tmp_path / "a.h5", communicators, points, block, local(whole, block), writer=writer)
    np.testing.assert_array_equal(read(shared_tmp_path / "a.h5")[0]["up/density"], whole["up/density"])
    communicators.free()


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_group_writes_its_own_orbitals(comm, shared_tmp_path, writer, count):
    """As many groups as ranks: of few orbitals some groups hold none, and a single one is stored without its number."""
    points = (6, 5, 4)
    communicators = Communicators.create(comm, points, groups=comm.size)
    block = communicators.decomposition.position_block(0)
    whole = np.arange(count * 120).reshape(count, *points) * (1.0 + 2.0j)
    held = OrbitalGroups((count,), comm.size).held(comm.rank, 0)
    dealt = Dealt(whole[held.start : held.stop], held.start, count, single=count == 1)
    write_arrays(shared_tmp_path / "a.h5", communicators, points, block, {"f": dealt}, writer=writer, read_back="all")
    np.testing.assert_array_equal(read(shared_tmp_path / "a.h5")[0]["f"], whole[0] if count == 1 else whole)
    communicators.free()


def test_labels_are_added_by_the_root(comm, shared_tmp_path):
    def annotate(file):
        file["a"].attrs["units"] = "1"
        file["axis"] = np.arange(3)

    block = Decomposition((8,), (comm.size, 1)).position_block(comm.rank)
    write_arrays(shared_tmp_path / "a.h5", comm, (8,), block, {"a": np.ones(block.shape)}, annotate=annotate)
    with h5py.File(shared_tmp_path / "a.h5", "r") as file:
        assert file["a"].attrs["units"] == "1"
        np.testing.assert_array_equal(file["axis"][:], [0, 1, 2])
        assert file["a"].chunks is None


def fails_alike(comm, error):
    """All ranks raise the same sentence."""
    texts = comm.allgather(str(error))
    return len(set(texts)) == 1 and "Errno" not in texts[0] and "Traceback" not in texts[0]


def attempt(comm, path, writer="auto", points=(8, 6, 4)):
    block = Decomposition(points, (comm.size, 1)).position_block(comm.rank)
    write_arrays(
        path, comm, points, block, {"a": np.random.default_rng(comm.rank).normal(size=block.shape)}, writer=writer
    )


@pytest.mark.parametrize("writer", WRITERS)
def test_a_limit_on_the_size_of_files(comm, shared_tmp_path, writer):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    comm.barrier()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard))
        with pytest.raises(OutputError, match="ulimit -f") as caught:
            attempt(comm, shared_tmp_path / "a.h5", writer, (64, 64, 32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert fails_alike(comm, caught.value)
    assert os.listdir(shared_tmp_path) == []


def test_a_full_disk(comm, shared_tmp_path, monkeypatch):
    def full(path, size):
        path.write_bytes(b"")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(blocks, "reserve", full)
    with pytest.raises(OutputError, match=r"no space is left on the disk .* needs 1\.1 MB.* are free there") as caught:
        attempt(comm, shared_tmp_path / "a.h5")
    assert fails_alike(comm, caught.value)
    assert os.listdir(shared_tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
def test_mpi_says_of_a_full_disk_that_it_is_full(comm):
    """Each library in its own way: by what it wrote, by a class of errors, or by the system's text in an "other"."""
    with pytest.raises(OSError) as caught:
        write_pieces(Path("/dev/full"), comm, [(1000 * comm.rank, np.ones(1000, np.uint8))])
    assert caught.value.errno == errno.ENOSPC
    assert len(set(comm.allgather(str(caught.value)))) == 1


@pytest.mark.parametrize("writer", WRITERS)
def test_one_rank_fails_while_it_writes(comm, shared_tmp_path, monkeypatch, writer):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    if comm.rank == comm.size - 1:
        monkeypatch.setattr(h5py.Dataset, "__setitem__", refuse)
        monkeypatch.setattr("hpcmix.parallel.files._write_piece", refuse)
    with pytest.raises(OutputError, match="no space is left") as caught:
        attempt(comm, shared_tmp_path / "a.h5", writer)
    assert fails_alike(comm, caught.value)
    assert os.listdir(shared_tmp_path) == []


@pytest.mark.parametrize("read_back", ["sample", "all"])
def test_lost_data_are_noticed_and_the_old_file_stays(comm, shared_tmp_path, monkeypatch, read_back):
    """A library that reports success and stores nothing, on the last rank: the file never gets its name."""
    path = shared_tmp_path / "a.h5"
    attempt(comm, path)
    before = path.read_bytes()
    write = blocks._write

    def lossy(temporary, comm, parts, layout, writer):
        if comm.rank == comm.size - 1:
            parts = {name: replace(part, local=np.zeros_like(part.local)) for name, part in parts.items()}
        write(temporary, comm, parts, layout, writer)

    monkeypatch.setattr(blocks, "_write", lossy)
    block = Decomposition((8, 6, 4), (comm.size, 1)).position_block(comm.rank)
    with pytest.raises(OutputError, match="a read back from the disk differs") as caught:
        write_arrays(path, comm, (8, 6, 4), block, {"a": np.ones(block.shape)}, read_back=read_back)
    assert fails_alike(comm, caught.value)
    assert path.read_bytes() == before
    assert os.listdir(shared_tmp_path) == ["a.h5"]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_file_cut_short_is_noticed(comm, shared_tmp_path, monkeypatch, writer):
    write = blocks._write

    def cutting(temporary, comm, *arguments):
        write(temporary, comm, *arguments)
        comm.barrier()
        if comm.rank == 0:
            os.truncate(temporary, temporary.stat().st_size - 8)
        comm.barrier()

    monkeypatch.setattr(blocks, "_write", cutting)
    with pytest.raises(OutputError, match="is incomplete") as caught:
        attempt(comm, shared_tmp_path / "a.h5", writer)
    assert fails_alike(comm, caught.value)
    assert os.listdir(shared_tmp_path) == []


def test_a_directory_that_vanishes(comm, shared_tmp_path, monkeypatch):
    place = shared_tmp_path / "run"
    write = blocks._write

    def removing(temporary, comm, *arguments):
        write(temporary, comm, *arguments)
        comm.barrier()
        if comm.rank == 0:
            shutil.rmtree(place)
        comm.barrier()

    monkeypatch.setattr(blocks, "_write", removing)
    with pytest.raises(OutputError, match="is not there") as caught:
        attempt(comm, place / "a.h5")
    assert fails_alike(comm, caught.value)
    assert not place.exists()


def test_a_directory_that_is_not_shared(comm, shared_tmp_path, monkeypatch):
    """The last rank does not see the file that the root made: a directory on a node's own disk."""
    if comm.size == 1:
        pytest.skip("one rank sees its own files")
    path = shared_tmp_path / ("a.h5" if comm.rank < comm.size - 1 else "elsewhere/a.h5")
    with pytest.raises(OutputError, match="all nodes share") as caught:
        attempt(comm, path)
    assert fails_alike(comm, caught.value)
    assert os.listdir(shared_tmp_path) == []


@pytest.mark.parametrize("place", ["/proc/hpcmix/a.h5", "file/a.h5"])
def test_an_impossible_place(comm, shared_tmp_path, place):
    if comm.rank == 0:
        (shared_tmp_path / "file").touch()
    comm.barrier()
    with pytest.raises(OutputError, match="could not be written") as caught:
        attempt(comm, shared_tmp_path / place)
    assert fails_alike(comm, caught.value)


def test_mistakes_in_the_arguments(comm, shared_tmp_path):
    """A mistake of one rank is raised by all."""
    block = Decomposition((8,), (comm.size, 1)).position_block(comm.rank)
    path = shared_tmp_path / "a.h5"
    shape = (1,) if comm.rank == comm.size - 1 and block.shape != (1,) else block.shape
    with pytest.raises(ValueError, match="this rank's block"):
        write_arrays(path, comm, (8,), block, {"a": np.ones(shape)})
    with pytest.raises(ValueError, match="does not lie in"):
        write_arrays(path, comm, (4,), Block((3,), (2,)), {"a": np.ones(2)})
    with pytest.raises(TypeError, match="no array of numbers"):
        write_arrays(path, comm, (8,), block, {"a": np.full(block.shape, "text")})
    with pytest.raises(ValueError, match="the writer is"):
        write_arrays(path, comm, (8,), block, {"a": np.ones(block.shape)}, writer="gather")
    comm.barrier()
    assert os.listdir(shared_tmp_path) == []
