"""Replicas: the condensates in every one of them, the pairs of fluctuations dealt to them, and one checkpoint of it all
that any number of replicas and ranks writes and reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from hpcmix.io.checkpoints.checkpoint import digest_of, read_state, write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark, Checkpoint, read_header
from hpcmix.io.checkpoints.seal import Damaged
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import largest_split
from hpcmix.state.fluctuations import Fluctuations
from hpcmix.state.orbital_cloud import orbital_clouds
from hpcmix.state.progress import Progress
from hpcmix.state.state import State

POINTS = (7, 6, 5)
NAMES, PAIRS, EXACT = ("light", "heavy"), 5, 2
METADATA = Metadata("test", NAMES, provenance={"problem": 'title = "test"\n', "ranks": 1, "ancestors": ""})
PROGRESS = Progress(40, 0.1, pending_kick=-0.1 / 3)


def noise(*shape: int) -> np.ndarray:
    random = np.random.default_rng(5)
    return random.normal(size=shape) + 1j * random.normal(size=shape)


CONDENSATES = noise(len(NAMES), 1, *POINTS)
ALL_PAIRS = noise(len(NAMES), PAIRS, 2, *POINTS)


def divisions(ranks: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Every pencil grid and number of replicas."""
    limit = largest_split(POINTS)
    for replicas in range(1, min(ranks, PAIRS) + 1):
        if ranks % replicas == 0:
            size = ranks // replicas
            for first in range(1, size + 1):
                if size % first == 0 and first <= limit[0] and size // first <= limit[1]:
                    yield (first, size // first), replicas


def state_on(communicators: Communicators, values: float = 1.0) -> State:
    """The state on these ranks, its numbers times a factor."""
    place = communicators.decomposition.position_block(communicators.group.rank).slices
    held = communicators.pairs_of_replica(PAIRS)
    clouds = orbital_clouds([np.ascontiguousarray(values * whole[:, *place]) for whole in CONDENSATES])
    pairs = [
        np.ascontiguousarray(values * whole[(slice(held.start, held.stop), slice(None), *place)]) for whole in ALL_PAIRS
    ]
    return State(clouds, PROGRESS, fluctuations=Fluctuations(pairs, held, EXACT))


@contextmanager
def some_ranks(comm, number: int, pencil_grid: tuple[int, int], replicas: int) -> Iterator[Communicators | None]:
    """The communicators of the first `number` ranks, None on the others."""
    part = comm.Split(0 if comm.rank < number else 1, comm.rank)
    communicators = None
    if comm.rank < number:
        communicators = Communicators.create(part, POINTS, pencil_grid, replicas=replicas)
    try:
        yield communicators
    finally:
        if communicators is not None:
            communicators.free()
        part.Free()
        comm.barrier()


def write(communicators: Communicators, directory: RunDirectory) -> Checkpoint:
    return write_checkpoint(directory, state_on(communicators), NAMES, communicators, Bookmark(), METADATA)


def load(communicators: Communicators, header: Checkpoint) -> State:
    empty = state_on(communicators, values=np.nan)
    return read_state(header, empty.clouds, NAMES, communicators, empty.fluctuations)


def test_replicas_are_divisions_of_the_world_with_one_pencil_grid(comm) -> None:
    for pencil_grid, replicas in divisions(comm.size):
        with some_ranks(comm, comm.size, pencil_grid, replicas) as communicators:
            assert (communicators.groups, communicators.replicas) == (1, replicas)
            assert communicators.group.size * communicators.between.size == comm.size
            assert communicators.across.size == 1 and communicators.group_index == 0
            assert communicators.replica_index == comm.rank // communicators.group.size
            every = comm.allgather((communicators.replica_index, communicators.group.rank, communicators.is_root))
            assert len(set(every)) == comm.size and [root for *_, root in every] == [True, *[False] * (comm.size - 1)]
            # sums of condensates are those of a replica, of pairs those of all
            assert communicators.sum_all(1.0) == communicators.sum(1.0) == communicators.group.size
            held = communicators.pairs_of_replica(PAIRS)
            numbers = communicators.gather_replicas(np.array([[number, number**2] for number in held]))
            assert numbers.tolist() == [[number, number**2] for number in range(PAIRS)]
            total = np.array([1.0, communicators.replica_index])
            communicators.sum_over_replicas(total)
            assert total.tolist() == [replicas, replicas * (replicas - 1) / 2]


def test_in_unison_sums_are_those_of_the_first_replica(comm) -> None:
    for pencil_grid, replicas in divisions(comm.size):
        with some_ranks(comm, comm.size, pencil_grid, replicas) as communicators:
            mine = 1.0 + communicators.replica_index
            with communicators.in_unison():
                found = [communicators.sum(mine), communicators.sum_all(mine), communicators.maximum(mine)]
            assert found == [communicators.group.size, communicators.group.size, 1.0]
            assert communicators.sum(mine) == mine * communicators.group.size


def test_the_first_replica_gives_the_others_its_values_wherever_they_lie(comm) -> None:
    for pencil_grid, replicas in divisions(comm.size):
        with some_ranks(comm, comm.size, pencil_grid, replicas) as communicators:
            mine = np.full((3, 4, 5), float(communicators.replica_index))
            apart = np.full((3, 2, 4, 9), float(communicators.replica_index))[..., 2:7]
            for array in (mine, apart):
                communicators.copy_from_first_replica(array)
                assert not array.any()


def test_a_checkpoint_of_pairs_is_the_same_from_any_replicas_and_read_by_any_others(comm, shared_tmp_path) -> None:
    contents, count = set(), 0
    for writers in range(1, comm.size + 1):
        for number, division in enumerate(divisions(writers)):
            directory = RunDirectory(shared_tmp_path / f"{writers}-{number}")
            with some_ranks(comm, writers, *division) as communicators:
                if communicators is not None:
                    checkpoint = write(communicators, directory)
                    assert checkpoint.digest == digest_of(state_on(communicators), NAMES, communicators)
            header = read_header(directory.checkpoint(40))
            contents.add(header.digest)
            for readers in range(1, comm.size + 1) if writers in (1, comm.size) else [comm.size]:
                for other in divisions(readers):
                    with some_ranks(comm, readers, *other) as communicators:
                        if communicators is not None:
                            found, wanted = load(communicators, header), state_on(communicators)
                            for array, expected in zip(found.orbitals, wanted.orbitals, strict=True):
                                np.testing.assert_array_equal(array, expected)
                            for array, expected in zip(
                                found.fluctuations.pairs, wanted.fluctuations.pairs, strict=True
                            ):
                                np.testing.assert_array_equal(array, expected)
                            assert digest_of(found, NAMES, communicators) == header.digest
                            count += 1
    assert len(contents) == 1 and comm.allreduce(count) >= comm.size


def test_pairs_count_for_the_digest_and_damage_in_them_is_noticed(comm, shared_tmp_path) -> None:
    directory = RunDirectory(shared_tmp_path)
    pencil_grid, replicas = list(divisions(comm.size))[-1]
    with some_ranks(comm, comm.size, pencil_grid, replicas) as communicators:
        checkpoint = write(communicators, directory)
        changed = state_on(communicators)
        if communicators.is_root:
            changed.fluctuations.pairs[1][0, 1].flat[3] *= 1.0 + 1e-15
        assert digest_of(changed, NAMES, communicators) != checkpoint.digest
        without = state_on(communicators)
        without.fluctuations = None
        assert digest_of(without, NAMES, communicators) != checkpoint.digest
        if comm.rank == 0:  # one bit of w of the last pair of the heavy species
            with checkpoint.path.open("r+b") as file:
                place = checkpoint.seal.arrays["heavy/pairs"].offset + checkpoint.seal.arrays["heavy/pairs"].size - 9
                file.seek(place)
                byte = file.read(1)[0] ^ 1
                file.seek(place)
                file.write(bytes([byte]))
                os.fsync(file.fileno())
        comm.barrier()
        with pytest.raises(Damaged, match="digest of heavy/pairs"):
            load(communicators, read_header(checkpoint.path))


def test_a_checkpoint_without_pairs_or_with_others_is_not_taken_for_one(comm, shared_tmp_path) -> None:
    directory = RunDirectory(shared_tmp_path)
    with some_ranks(comm, comm.size, *next(divisions(comm.size))) as communicators:
        state = state_on(communicators)
        fluctuations, state.fluctuations = state.fluctuations, None
        bare = write_checkpoint(directory, state, NAMES, communicators, Bookmark(), METADATA)
        assert read_state(bare, state.clouds, NAMES, communicators).fluctuations is None
        with pytest.raises(Damaged, match="holds no light/pairs"):
            read_state(bare, state.clouds, NAMES, communicators, fluctuations)
