"""Checkpoint files: any division among ranks writes and reads the same, and no damage goes unnoticed."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from dataclasses import replace

import h5py
import numpy as np
import pytest

from hpcmix.io.checkpoints.checkpoint import digest_of, parts_of, read_state, rotate, write_checkpoint
from hpcmix.io.checkpoints.digest import whole_array_digest
from hpcmix.io.checkpoints.header import Bookmark, read_header
from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import largest_split, part
from hpcmix.state.orbital_cloud import orbital_clouds
from hpcmix.state.progress import Progress
from hpcmix.state.state import State

WRITERS = ["h5py", "mpi-io"] if h5py.get_config().mpi else ["mpi-io"]
POINTS = (7, 6, 5)
NAMES, ORBITALS = ("boson", "fermi", "light"), (1, 5, 2)
METADATA = Metadata("test", NAMES, provenance={"problem": 'title = "test"\n', "ranks": 1, "ancestors": "a1\nb2"})
BOOKMARK = Bookmark(123, 4, {"particles": {"boson": 1 / 3}, "energy": [0.1, 0.2]}, {"residual": 1e-11})
PROGRESS = Progress(40, 0.1, pending_kick=-0.1 / 3)


def whole_fields(points=POINTS, dtype=np.complex128):
    random = np.random.default_rng(5)
    shapes = [(number, *points) for number in ORBITALS]
    return [(random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype) for shape in shapes]


def divisions(ranks, points):
    """Every pencil grid and number of orbital groups."""
    limit = largest_split(points)
    for groups in (1, 2, 4):
        if ranks % groups == 0:
            size = ranks // groups
            for first in range(1, size + 1):
                if size % first == 0 and first <= limit[0] and size // first <= limit[1]:
                    yield (first, size // first), groups


def held(communicators, species):
    """First and number of the orbitals of this rank's group, dealt as one row of work items."""
    begin, count = part(sum(ORBITALS), communicators.groups, communicators.across.rank)
    before = sum(ORBITALS[:species])
    first = min(max(begin - before, 0), ORBITALS[species])
    return first, min(max(begin + count - before, 0), ORBITALS[species]) - first


def state_on(communicators, fields):
    block = communicators.decomposition.position_block(communicators.group.rank)
    orbitals = []
    for species, whole in enumerate(fields):
        first, count = held(communicators, species)
        orbitals.append(np.ascontiguousarray(whole[(slice(first, first + count), *block.slices)]))
    return State(orbital_clouds(orbitals), PROGRESS)


def write(communicators, directory, fields, **options):
    state = state_on(communicators, fields)
    return write_checkpoint(directory, state, NAMES, communicators, BOOKMARK, METADATA, **options), state


def load(communicators, header, dtype=np.complex128):
    block = communicators.decomposition.position_block(communicators.group.rank)
    orbitals = [np.full((held(communicators, a)[1], *block.shape), np.nan, dtype) for a in range(len(NAMES))]
    return read_state(header, orbital_clouds(orbitals), NAMES, communicators)


@contextmanager
def some_ranks(comm, number, *division, points=POINTS):
    """The communicators of the first `number` ranks, None on the others."""
    sub = comm.Split(0 if comm.rank < number else 1, comm.rank)
    communicators = Communicators.create(sub, points, *division) if comm.rank < number else None
    try:
        yield communicators
    finally:
        if communicators is not None:
            communicators.free()
        sub.Free()
        comm.barrier()


@pytest.mark.parametrize("writer", WRITERS)
def test_written_on_any_ranks_and_read_on_any_others(comm, shared_tmp_path, writer):
    fields = whole_fields()
    expected, count = None, 0
    for writers in range(1, comm.size + 1):
        for number, division in enumerate(divisions(writers, POINTS)):
            directory = RunDirectory(shared_tmp_path / f"{writers}-{number}")
            with some_ranks(comm, writers, *division) as communicators:
                if communicators is not None:
                    checkpoint, state = write(communicators, directory, fields, writer=writer)
                    assert checkpoint.digest == digest_of(state, NAMES, communicators)
            header = read_header(directory.checkpoint(40))
            expected = expected or header.digest
            assert header.digest == expected
            for readers in range(1, comm.size + 1) if writers in (1, comm.size) else [comm.size]:
                for other in divisions(readers, POINTS):
                    with some_ranks(comm, readers, *other) as communicators:
                        if communicators is not None:
                            found = load(communicators, header)
                            wanted_here = state_on(communicators, fields).orbitals
                            for array, wanted in zip(found.orbitals, wanted_here, strict=True):
                                np.testing.assert_array_equal(array, wanted)
                            assert digest_of(found, NAMES, communicators) == expected
                            assert found.progress == PROGRESS
                            count += 1
    assert comm.allreduce(count) >= comm.size


def test_everything_beside_the_fields_comes_back(comm, shared_tmp_path):
    directory = RunDirectory(shared_tmp_path)
    with some_ranks(comm, comm.size) as communicators:
        written, _ = write(communicators, directory, whole_fields())
    header = read_header(directory.checkpoint(40))
    assert header.bookmark == BOOKMARK == written.bookmark
    assert (header.problem, header.ancestors, header.ranks) == ('title = "test"\n', ("a1", "b2"), 1)
    assert header.progress == PROGRESS and header.progress.time == 4.0
    with h5py.File(header.path) as file:
        for name, whole in zip(NAMES, whole_fields(), strict=True):
            np.testing.assert_array_equal(file[f"{name}/orbitals"][:], whole)
            assert header.seal.arrays[f"{name}/orbitals"].digest == whole_array_digest(whole)


@pytest.mark.skipif(len(WRITERS) < 2, reason="this h5py has no parallel HDF5, there is one writer only")
@pytest.mark.parametrize("dtype", [np.complex128, np.complex64])
def test_both_writers_and_all_divisions_leave_the_same_bytes(comm, shared_tmp_path, dtype):
    contents = []
    for number, (writer, division) in enumerate((w, d) for w in WRITERS for d in divisions(comm.size, POINTS)):
        directory = RunDirectory(shared_tmp_path / str(number))
        with some_ranks(comm, comm.size, *division) as communicators:
            write(communicators, directory, whole_fields(dtype=dtype), writer=writer)
        contents.append(directory.checkpoint(40).read_bytes())  # every rank for itself
    assert len(set(contents)) == 1


@pytest.mark.parametrize("points", [(13,), (9, 8), (4, 4, 6)])
def test_one_and_two_dimensions(comm, shared_tmp_path, points):
    fields = whole_fields(points)
    with some_ranks(comm, comm.size, points=points) as communicators:
        checkpoint, _ = write(communicators, RunDirectory(shared_tmp_path), fields)
        found = load(communicators, checkpoint)
        for array, wanted in zip(found.orbitals, state_on(communicators, fields).orbitals, strict=True):
            np.testing.assert_array_equal(array, wanted)


def damaged_is_noticed(comm, communicators, path, content):
    """Write `content` to `path`, load, and say what the reader said; None when it found nothing wrong."""
    if comm.rank == 0:
        path.write_bytes(content)
    comm.barrier()
    said = None
    try:
        load(communicators, read_header(path))
    except OutputError as error:
        said = str(error)
    assert comm.allgather(said) == [said] * comm.size  # nobody reads any more, and all agree
    return said


def test_one_flipped_bit_anywhere_is_noticed(comm, shared_tmp_path):
    """At 200 random places of the data and at 200 of the whole file: labels, seal and HDF5's tables count too. On
    several ranks at fewer, because each look is a dozen meetings of the ranks."""
    number = 200 if comm.size == 1 else 10
    directory = RunDirectory(shared_tmp_path)
    path = directory.checkpoint(40)
    with some_ranks(comm, comm.size) as communicators:
        checkpoint, _ = write(communicators, directory, whole_fields())
        content = comm.bcast(path.read_bytes())
        assert damaged_is_noticed(comm, communicators, path, content) is None
        random = np.random.default_rng(11)
        arrays = list(checkpoint.seal.arrays.values())
        places = [array.offset + int(random.integers(array.size)) for array in random.choice(arrays, number)]
        for place in [*places, *map(int, random.integers(len(content), size=number))]:
            flipped = bytearray(content)
            flipped[place] ^= 1 << int(random.integers(8))
            said = damaged_is_noticed(comm, communicators, path, bytes(flipped))
            assert said is not None and str(path) in said, place


def test_truncation_zeroed_blocks_and_a_missing_seal_are_noticed_and_named(comm, shared_tmp_path):
    directory = RunDirectory(shared_tmp_path)
    path = directory.checkpoint(40)
    with some_ranks(comm, comm.size) as communicators:
        checkpoint, _ = write(communicators, directory, whole_fields())
        content = comm.bcast(path.read_bytes())
        begin, end = checkpoint.seal.place, checkpoint.seal.place + checkpoint.seal.block

        def said(changed):
            return damaged_is_noticed(comm, communicators, path, changed)

        for size in (0, 1, 100, begin, end - 1, end, len(content) // 2, len(content) - 1):
            assert "is damaged" in said(content[:size]) or "not sealed" in said(content[:size])
        assert "bytes" in said(content[:-1]) and "bytes" in said(content + b"\0")
        assert "not sealed" in said(content[:begin] + bytes(end - begin) + content[end:])
        for label in (0, begin - 1, end):
            assert "labels" in said(content[:label] + bytes([content[label] ^ 1]) + content[label + 1 :])
        for name, array in checkpoint.seal.arrays.items():
            place, size = array.offset, min(256, array.size)
            zeroed = content[:place] + bytes(size) + content[place + size :]
            assert f"digest of {name}" in said(zeroed)
        other = content.replace(b'"version": 2', b'"version": 3')
        assert "seal is broken" in said(other)
        assert said(content) is None


def test_fields_that_do_not_fit_are_refused(comm, shared_tmp_path):
    directory = RunDirectory(shared_tmp_path)
    with some_ranks(comm, comm.size) as communicators:
        checkpoint, _ = write(communicators, directory, whole_fields())
        with pytest.raises(Damaged, match="holds no boson/orbitals of shape"):
            load(communicators, checkpoint, np.complex64)


def test_a_file_of_another_kind_is_no_checkpoint(comm, shared_tmp_path):
    from hpcmix.io.checkpoints.blocks import write_arrays
    from hpcmix.parallel.decomposition import Block

    path = shared_tmp_path / "a.h5"
    block = Block((0,), (4,)) if comm.rank == 0 else Block((0,), (0,))
    write_arrays(path, comm, (4,), block, {"a": np.zeros(block.shape)})
    with pytest.raises(Damaged, match="is no checkpoint"):
        read_header(path)
    with pytest.raises(OutputError, match="cannot be read"):
        read_header(shared_tmp_path / "missing.h5")
    comm.barrier()
    if comm.rank == 0:
        path.write_text("something else " * 100)
    comm.barrier()
    with pytest.raises(Damaged, match="no file of this program"):
        read_header(path)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_limit_on_the_size_of_files_leaves_the_earlier_checkpoint(comm, shared_tmp_path, writer):
    directory = RunDirectory(shared_tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with some_ranks(comm, comm.size) as communicators:
        _, state = write(communicators, directory, whole_fields(), writer=writer)
        state.progress = replace(state.progress, step=41)
        comm.barrier()
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
            with pytest.raises(OutputError, match="ulimit -f"):
                write_checkpoint(directory, state, NAMES, communicators, BOOKMARK, METADATA, writer)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        comm.barrier()  # the root is the one that cleans up
        assert os.listdir(directory.checkpoints) == ["000040.h5"]
        load(communicators, read_header(directory.checkpoint(40)))


def test_the_oldest_are_removed(tmp_path):
    directory = RunDirectory(tmp_path)
    directory.checkpoints.mkdir()
    for step in (3, 20, 1000000, 999999):
        directory.checkpoint(step).touch()
    (directory.checkpoints / "000030.h5.set-aside").touch()
    rotate(directory, 2)
    assert [step for step, _ in directory.stored_checkpoints()] == [999999, 1000000]
    rotate(directory, 5)
    assert len(directory.stored_checkpoints()) == 2


def test_parts_know_the_orbitals_of_other_groups(comm):
    if comm.size % 2:
        pytest.skip("needs an even number of ranks")
    with some_ranks(comm, comm.size, None, 2) as communicators:
        parts = parts_of(state_on(communicators, whole_fields()).clouds, NAMES, communicators)
        assert [part.shape for part in parts.values()] == [(number, *POINTS) for number in ORBITALS]
        starts = comm.allgather([part.block.start[0] for part in parts.values()])
        assert starts[0] == [0, 0, 0] and starts[-1] == [1, 3, 0]
