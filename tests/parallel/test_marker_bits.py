"""What is promised about the bits of markers: any number of ranks, groups and threads, and any order of the markers,
gives the same evolution; and so does going on from a checkpoint elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from physics.systems import evolution, gaussian, gaussian_kernel, harmonic, species, system, yukawa

from hpcmix.io.checkpoints.checkpoint import digest_of, read_state, write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark, read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.kernels import dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.parallel.process.mpi import MPI
from hpcmix.state.marker_cloud import MarkerCloud
from hpcmix.state.orbital_cloud import OrbitalCloud

pytestmark = pytest.mark.skipif(
    dispatch.implementation() is reference, reason="the promise is that of the compiled kernels"
)

GRIDS = {"line": [53], "plane": [26, 23], "room": [14, 11, 13]}
LENGTHS = [8.0, 7.0, 7.5]
STEPS = 6


def gas(name, **entries):
    return species(name, kind="classical", **entries)


def mixture_on(comm, grid, groups=1, condensates=2, precision="double", **entries):
    """Condensates and two gases that go through the box, one faster than a cell a drift."""
    d = len(GRIDS[grid])
    waves = [
        species("a", particles=3.0, potential=harmonic(1.0), initial=gaussian(1.1, momentum=0.3)),
        species("b", mass=1.6, particles=2.0, potential=harmonic(0.8), initial=gaussian(0.9, centre=-0.5)),
    ]
    gases = [
        gas(
            "cold",
            particles=2.5,
            mass=1.3,
            markers={"number": 700, "tolerance": 1e-6},
            potential=harmonic(1.2),
            initial=gaussian(1.0, centre=0.4),
        ),
        gas(
            "fast",
            particles=1.5,
            markers={"number": 331, "seed": 3},
            initial={"kind": "gaussian", "width": 2.0, "temperature": 4.0, "momentum": [11.0] * d},
        ),
    ]
    repulsion = yukawa("fast", "fast", 0.6, 1.5) if d == 3 else gaussian_kernel("fast", "fast", 0.9, 0.8)
    kernels = [gaussian_kernel("cold", "fast", -0.7, 1.3), repulsion]
    if condensates:
        kernels += [gaussian_kernel("a", "b", 0.8, 0.9), gaussian_kernel("a", "cold", 1.4, 1.2)]
    return system(
        GRIDS[grid],
        LENGTHS[:d],
        [*waves[:condensates], *gases],
        kernels,
        time=evolution(STEPS * 0.05, 0.05, "blanes-moan-4"),
        parallel={"precision": precision, "orbital_groups": groups},
        output={"resolution": "ignore"},
        comm=comm,
        **entries,
    )


def begin_alike(given, serial):
    """From the same bits: norms of orbitals are sums over ranks."""
    for index, (cloud, source) in enumerate(zip(given.state.clouds, serial.state.clouds, strict=True)):
        if isinstance(cloud, MarkerCloud):
            order = np.argsort(source.index)
            for name in ("position", "momentum", "weight"):
                np.testing.assert_array_equal(getattr(cloud, name), getattr(source, name)[order][cloud.index])
        else:
            fields = source.orbitals[: len(cloud.orbitals), *given.mixture.grid.position_block.slices]
            given.state.clouds[index] = OrbitalCloud(fields).laid_out(given.mixture.transform)


def require_the_same(given, serial, density):
    for cloud, expected in zip(given.state.clouds, serial.state.clouds, strict=True):
        if isinstance(cloud, MarkerCloud):
            order = np.argsort(expected.index)
            for name in ("position", "momentum", "weight"):
                np.testing.assert_array_equal(getattr(cloud, name), getattr(expected, name)[order][cloud.index])
        elif len(cloud.orbitals):
            block = (slice(None), *given.mixture.grid.position_block.slices)
            np.testing.assert_array_equal(cloud.orbitals, expected.orbitals[block])
    found = given.mixture.densities(given.state.clouds)
    np.testing.assert_array_equal(found, density[:, *given.mixture.grid.position_block.slices])


def shuffle(system, seed):
    """The markers of a rank in another order."""
    random = np.random.default_rng(seed)
    for cloud in system.state.clouds:
        if isinstance(cloud, MarkerCloud):
            order = random.permutation(cloud.markers.count)
            for array in (cloud.index, cloud.position, cloud.momentum, cloud.weight):
                array[...] = array[order]


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("condensates", [2, 0])
@pytest.mark.parametrize("grid", GRIDS)
def test_an_evolution_has_the_bits_of_one_rank(comm, grid, condensates, precision):
    serial = mixture_on(MPI.COMM_SELF, grid, condensates=condensates, precision=precision)
    markers = [cloud for cloud in serial.state.clouds if isinstance(cloud, MarkerCloud)]
    before = [cloud.copy() for cloud in markers]
    start = serial.state.copy()
    serial.evolve()
    density = serial.mixture.densities(serial.state.clouds)
    for cloud, early in zip(markers, before, strict=True):
        assert cloud.squared_distance(early) > 0.01 * cloud.number  # they have moved by a tenth of their widths
    for groups in (1, 2):
        if comm.size % groups or (groups == 2 and condensates < 2):
            continue
        given = mixture_on(comm, grid, groups, condensates, precision)
        serial.state, final = start, serial.state
        begin_alike(given, serial)
        serial.state = final
        shuffle(given, comm.rank)
        given.evolve()
        require_the_same(given, serial, density)
        given.mixture.engine.free()


@pytest.mark.ranks(1)  # threads of a rank know no other ranks, and ranks with two each wait for one another
@pytest.mark.parametrize("grid", GRIDS)
def test_threads_change_no_bit(comm, grid):
    native = dispatch.implementation()
    before, digests = native.thread_count(), set()
    try:
        for threads in (1, 2):
            native.set_thread_count(threads)
            given = mixture_on(comm, grid).evolve()
            digests.add(digest_of(given.state, list("abcd"), given.mixture.communicators))
            given.mixture.engine.free()
    finally:
        native.set_thread_count(before)
    assert len(digests) == 1


def test_a_run_goes_on_on_any_number_of_ranks(comm, shared_tmp_path):
    """Written in the middle on some ranks and groups, gone on with on others: the bits of the run that was not
    stopped. (Gases alone: fields of condensates are rounded alike on any ranks too, but their norms at the start are
    not.)"""
    names, metadata = ["cold", "fast"], Metadata(provenance={"problem": "", "ranks": comm.size})
    serial = mixture_on(MPI.COMM_SELF, "plane", condensates=0)
    serial.evolve()
    density = serial.mixture.densities(serial.state.clouds)
    for writers in range(1, comm.size + 1):
        directory = RunDirectory(shared_tmp_path / str(writers))
        part = comm.Split(0 if comm.rank < writers else 1, comm.rank)
        if comm.rank < writers:
            given = mixture_on(part, "plane", condensates=0)
            for _ in range(STEPS // 2):
                given.stepper.advance(given.state)
            given.stepper.settle(given.state)
            write_checkpoint(directory, given.state, names, given.mixture.communicators, Bookmark(), metadata)
            for _ in range(STEPS - STEPS // 2):  # writing changes nothing
                given.stepper.advance(given.state)
            given.stepper.settle(given.state)
            given.stepper.complete(given.state)
            require_the_same(given, serial, density)
            given.mixture.engine.free()
        part.Free()
        comm.barrier()
        gone_on = mixture_on(comm, "plane", condensates=0)
        header = read_header(directory.checkpoint(STEPS // 2))
        empty = gone_on.mixture.empty_clouds()
        gone_on.state = read_state(header, empty, names, gone_on.mixture.communicators)
        gone_on.evolve()
        require_the_same(gone_on, serial, density)
        gone_on.mixture.engine.free()
