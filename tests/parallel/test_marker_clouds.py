"""Clouds of markers: copies, distances, checkpoints of any number of ranks and groups read on any other."""

from __future__ import annotations

import numpy as np
import pytest
from parallel.engines import engine_on

from hpcmix.io.checkpoints.checkpoint import digest_of, read_state, write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark, read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.model.markers.window import Window
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.markers.layout import MarkerLayout
from hpcmix.parallel.process.mpi import MPI
from hpcmix.state.marker_cloud import MarkerCloud
from hpcmix.state.progress import Progress
from hpcmix.state.state import State

POINTS, LENGTHS = (14, 9), (6.0, 5.0)
NUMBER = 157
PARTICLES = 2.5


def all_markers():
    """Position, momentum, weight, by index."""
    random = np.random.default_rng(7)
    position = random.normal(0.0, 0.12, (NUMBER, 2)) * np.array(LENGTHS)
    weight = random.uniform(0.2, 1.0, NUMBER)
    return position, random.normal(size=(NUMBER, 2)), weight * (PARTICLES / weight.sum())


def empty_cloud(comm, groups=1):
    communicators = Communicators.create(comm, POINTS, groups=groups)
    engine = engine_on(communicators)
    layout = MarkerLayout(engine, Window(6).table, LENGTHS, PARTICLES)
    return MarkerCloud.empty(engine, layout, NUMBER), engine


def filled_cloud(comm, groups=1):
    cloud, engine = empty_cloud(comm, groups)
    for array, values in zip((cloud.position, cloud.momentum, cloud.weight), all_markers(), strict=True):
        array[...] = values[cloud.index]
    return cloud, engine


def density_of(cloud, engine, weight=1.0):
    communicators = engine.communicators
    density = np.full(communicators.decomposition.position_block(communicators.group.rank).shape, np.nan)
    cloud.take_density(engine, weight, density, 0)
    communicators.sum_over_groups(density)
    return density


def on_fewer(comm, ranks, work):
    """Do something on the first ranks only."""
    part = comm.Split(0 if comm.rank < ranks else 1, comm.rank)
    if comm.rank < ranks:
        work(part)
    part.Free()
    comm.barrier()


def divisions(comm):
    """Numbers of ranks and groups."""
    return [(ranks, groups) for ranks in range(1, comm.size + 1) for groups in (1, 2) if ranks % groups == 0]


def test_what_was_written_on_any_division_is_read_on_any_other(comm, shared_tmp_path):
    progress = Progress(3, 0.1, 0.02)
    metadata = Metadata(provenance={"problem": "", "ranks": comm.size})
    digests, densities = set(), []

    def write(part, groups, directory):
        cloud, engine = filled_cloud(part, groups)
        density_of(cloud, engine)  # the markers are at home, not in the order of their indices
        state = State([cloud], progress)
        written = write_checkpoint(
            directory, state, ["gas"], engine.communicators, Bookmark(), metadata, reference=[cloud.copy()]
        )
        density_of(cloud, engine)
        assert digest_of(state, ["gas"], engine.communicators) == written.digest == read_header(written.path).digest
        digests.add(written.digest)

    def read(part, groups, directory):
        header = read_header(directory.checkpoint(3))
        cloud, engine = empty_cloud(part, groups)
        for array in (cloud.position, cloud.momentum, cloud.weight):
            array[...] = np.nan
        state = read_state(header, [cloud], ["gas"], engine.communicators)
        assert state.progress == progress
        density = density_of(cloud, engine)
        for array, values in zip((cloud.position, cloud.momentum, cloud.weight), all_markers(), strict=True):
            np.testing.assert_array_equal(array, values[cloud.index])
        assert digest_of(state, ["gas"], engine.communicators) == header.digest
        if part.size == 1:
            densities.append(density.tobytes())

    for ranks, groups in divisions(comm):
        directory = RunDirectory(shared_tmp_path / f"{ranks}-{groups}")
        on_fewer(comm, ranks, lambda part, groups=groups, directory=directory: write(part, groups, directory))
        for readers, groups_then in divisions(comm):
            on_fewer(comm, readers, lambda part, groups=groups_then, directory=directory: read(part, groups, directory))
    assert len(digests) <= 1 and len(set(densities)) <= 1
    assert comm.rank > 0 or digests


def test_the_file_holds_the_markers_by_their_indices(comm, shared_tmp_path):
    import h5py

    cloud, engine = filled_cloud(comm)
    density_of(cloud, engine)
    directory = RunDirectory(shared_tmp_path)
    metadata = Metadata(provenance={"problem": "", "ranks": comm.size})
    written = write_checkpoint(directory, State([cloud]), ["gas"], engine.communicators, Bookmark(), metadata)
    comm.barrier()
    with h5py.File(written.path) as file:
        assert set(file["gas"]) == {"position", "momentum", "weight"}
        for name, values in zip(("position", "momentum", "weight"), all_markers(), strict=True):
            np.testing.assert_array_equal(file["gas"][name][:], values)
            assert file["gas"][name].attrs["long_name"] == MarkerCloud.stored[name]


@pytest.mark.parametrize("groups", [1, 2])
def test_copies_go_their_own_ways(comm, groups):
    if comm.size % groups:
        pytest.skip("these ranks make no such groups")
    cloud, engine = filled_cloud(comm, groups)
    before = density_of(cloud, engine)
    copy = cloud.copy()
    copy.position[...] = np.where(copy.position < 0, copy.position + 2.0, copy.position - 2.0)
    copy.layout.moved(np.array([2.0, 2.0]))
    after = density_of(copy, engine)
    np.testing.assert_array_equal(density_of(cloud, engine), before)
    assert np.any(after != before)
    cloud.assign(copy)
    np.testing.assert_array_equal(density_of(cloud, engine), after)
    np.testing.assert_allclose(density_of(cloud, engine, 3.0), 3.0 * after, rtol=1e-15)
    assert cloud.placed(engine.complex_transform()) is cloud
    laid_out = cloud.laid_out(engine.complex_transform())
    laid_out.momentum[...] = 0.0
    assert not len(cloud.momentum) or cloud.momentum.any()
    engine.free()


@pytest.mark.parametrize("scattered", [False, True])
def test_distances_are_those_of_the_same_markers(comm, scattered):
    cloud, engine = filled_cloud(comm)
    density_of(cloud, engine)
    other = cloud.copy()
    random = np.random.default_rng(3)
    step, push = random.uniform(-2.9, 2.9, (NUMBER, 2)), random.normal(size=(NUMBER, 2))
    step[:, 1] *= 2.4 / 2.9  # less than half the box: the shortest way is this one
    position, momentum, weight = all_markers()
    lengths = np.array(LENGTHS)
    other.position[...] += step[other.index]
    other.position[...] -= lengths * np.floor(other.position / lengths + 0.5)
    other.momentum[...] += push[other.index]
    if scattered:
        other.layout.scattered()
        density_of(other, engine)  # other markers are on this rank now than in the first cloud

    def mean(values):
        return np.sum(weight * values) / PARTICLES

    def variance(vectors):
        return mean(np.sum(vectors**2, axis=1)) - sum(mean(column) ** 2 for column in vectors.T)

    expected = 0.5 * mean(np.sum(step**2, axis=1) / variance(position) + np.sum(push**2, axis=1) / variance(momentum))
    distance = comm.allreduce(cloud.squared_distance(other))
    np.testing.assert_allclose(distance, NUMBER * expected, rtol=1e-12)
    assert comm.allreduce(cloud.squared_distance(cloud.copy())) == 0.0


def test_cold_markers_have_a_distance_too(comm):
    cloud, _ = filled_cloud(comm)
    cloud.momentum[...] = 0.0
    other = cloud.copy()
    assert comm.allreduce(cloud.squared_distance(other)) == 0.0
    other.position[...] += 0.1
    assert 0.0 < comm.allreduce(cloud.squared_distance(other)) < np.inf


def test_numbers_that_are_none_are_seen(comm):
    cloud, _ = filled_cloud(comm)
    assert cloud.looks_finite() and cloud.is_finite()
    last = slice(-1, None)
    for array in (cloud.position, cloud.momentum, cloud.weight):
        kept = array[last].copy()
        array[last] = np.nan
        assert not cloud.is_finite()
        assert cloud.looks_finite() == (array.base is cloud.weight.base)
        array[last] = kept
    cloud.momentum[-1, 0], cloud.momentum[0, 0] = np.inf, -np.inf
    assert not cloud.looks_finite()


def test_a_single_rank_alone_has_no_messages(comm, monkeypatch):
    """What markers cost on one rank: no reduction a step."""
    cloud, engine = filled_cloud(MPI.COMM_SELF)
    density_of(cloud, engine)
    monkeypatch.setattr("hpcmix.parallel.markers.homes.migrate", None)
    cloud.position[...] *= -0.7
    cloud.layout.moved(np.array([9.0, 9.0]))
    assert np.isclose(density_of(cloud, engine).sum() * cloud.layout.cell_volume, PARTICLES, rtol=1e-5)
