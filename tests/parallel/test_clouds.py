"""What evolves of a species need not be wave functions: another kind of cloud beside orbitals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import xarray
from parallel.engines import engine_on
from physics.systems import contact, gaussian, gaussian_kernel, harmonic, species, system

from hpcmix.evolve.flows import Flows, Kick
from hpcmix.io.checkpoints.checkpoint import digest_of, read_state, write_checkpoint
from hpcmix.io.checkpoints.header import Bookmark, read_header
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.metadata import Metadata
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Part, part
from hpcmix.parallel.process.mpi import MPI
from hpcmix.state.cloud import Cloud
from hpcmix.state.orbital_cloud import OrbitalCloud
from hpcmix.state.progress import Progress
from hpcmix.state.state import State

NUMBER = 7
"""Of all points, dealt to the ranks."""


@dataclass
class Points(Cloud):
    """Particles at rest with a density of their own, and no wave functions."""

    orbitals: np.ndarray
    position: np.ndarray
    shape: np.ndarray

    stored: ClassVar[Mapping[str, str]] = {"position": "positions"}
    stored_along: ClassVar[Mapping[str, tuple[str, ...]]] = {"position": ("point", "axis")}

    def copy(self):
        return Points(self.orbitals, self.position.copy(), self.shape)

    def laid_out(self, transform):
        return self.copy()

    def assign(self, source):
        np.copyto(self.position, source.position)

    def take_density(self, engine, weight, density, axes):
        density[...] = weight * self.shape

    def squared_distance(self, other):
        return float(np.sum((self.position - other.position) ** 2))

    def looks_finite(self):
        return self.is_finite()

    def is_finite(self):
        return bool(np.isfinite(self.position).all())

    def parts(self, communicators):
        first, count = part(NUMBER, communicators.size, communicators.world.rank)
        return {"position": Part((NUMBER, 2), Block((first, 0), (count, 2)), self.position)}


def mixture_and_state(comm):
    """A condensate and a species of points, in the field of each other."""
    one = system(
        [12, 10],
        [8.0, 7.0],
        [species("waves", potential=harmonic(1.0), initial=gaussian(0.9)), species("points", initial=gaussian(1.3))],
        [contact("waves", "waves", 1.3), gaussian_kernel("waves", "points", 0.8, 0.7)],
        comm=comm,
    )
    mixture, waves = one.mixture, one.state.clouds[0]
    pointlike = replace(mixture.species[1], orbitals=0)
    mixture = Mixture(
        mixture.grid, mixture.engine, (mixture.species[0], pointlike), mixture.interactions.terms, mixture.hbar
    )
    shape = np.abs(one.state.orbitals[1][0]) ** 2
    first, count = part(NUMBER, comm.size, comm.rank)
    positions = np.arange(2.0 * NUMBER).reshape(NUMBER, 2)[first : first + count]
    points = Points(one.state.orbitals[1][:0], positions.copy(), shape)
    return mixture, State([waves, points], Progress(3, 0.1, 0.02))


def test_waves_feel_the_density_of_the_others(comm):
    mixture, state = mixture_and_state(comm)
    before = state.copy()
    densities = mixture.densities(state.clouds)
    np.testing.assert_array_equal(densities[1], state.clouds[1].shape)
    instant = Instant(0.0, 0.0)
    potential = mixture.potential(0, mixture.interactions.mean_fields(densities)[0], instant)
    half_way = Flows(mixture).alternate(state.clouds, [Kick(0.3, instant)], [])
    assert not half_way
    expected = np.exp(-0.3j * potential / mixture.hbar) * before.orbitals[0][0]
    np.testing.assert_allclose(state.orbitals[0][0], expected, rtol=0, atol=1e-13)
    flows = Flows(mixture)
    flows.alternate(state.clouds, [Kick(0.3, instant)], [0.1])
    flows.settle(state.clouds)
    assert [len(array) for array in state.orbitals] == [1, 0]
    assert len(mixture.densities(state.clouds)) == 2
    mixture.engine.free()


def test_both_come_back_from_a_checkpoint(comm, shared_tmp_path):
    mixture, state = mixture_and_state(comm)
    directory, names, communicators = RunDirectory(shared_tmp_path), ["waves", "points"], mixture.communicators
    metadata = Metadata(provenance={"problem": "", "ranks": comm.size})
    written = write_checkpoint(
        directory, state, names, communicators, Bookmark(), metadata, reference=state.clouds, grid=mixture.grid
    )
    header = read_header(written.path)
    for engine in (None, "netcdf4", "h5netcdf"):
        with xarray.open_dataset(written.path, engine=engine) as data:
            assert data["waves_orbitals"].dims == data["waves_orbitals-at-start"].dims == ("waves_orbital", "x", "y")
            np.testing.assert_array_equal(data["waves_orbitals"]["y"], mixture.grid.axis(1))
            assert data["points_position"].dims == ("points_point", "axis")
            np.testing.assert_array_equal(data["points_position"], np.arange(2.0 * NUMBER).reshape(NUMBER, 2))
            assert (int(data["step"]), float(data["points_position"]["time"])) == (3, pytest.approx(0.3, rel=1e-15))
    assert set(header.seal.arrays) == {
        name + suffix for name in ("waves/orbitals", "points/position") for suffix in ("", "-at-start")
    }
    assert header.digest == digest_of(state, names, communicators)
    empty = state.copy()
    empty.clouds[0].orbitals[...] = np.nan
    empty.clouds[1].position[...] = np.nan
    assert not empty.clouds[0].looks_finite()
    found = read_state(header, empty.clouds, names, communicators)
    assert found.progress == state.progress and all(cloud.is_finite() for cloud in found.clouds)
    assert [a.squared_distance(b) for a, b in zip(found.clouds, state.clouds, strict=True)] == [0.0, 0.0]
    found.clouds[1].position += 1.0
    assert comm.size > NUMBER or digest_of(found, names, communicators) != header.digest
    mixture.engine.free()


def test_clouds_of_orbitals_copy_compare_and_judge_themselves(comm):
    random = np.random.default_rng(comm.rank)
    fields = random.normal(size=(2, 4, 3, 5)) + 1j * random.normal(size=(2, 4, 3, 5))
    cloud = OrbitalCloud(fields.copy())
    copy = cloud.copy()
    copy.orbitals *= 2.0
    np.testing.assert_allclose(cloud.squared_distance(copy), np.sum(np.abs(fields) ** 2), rtol=1e-14)
    copy.assign(cloud)
    np.testing.assert_array_equal(copy.orbitals, fields)
    copy.orbitals[1, -1, -1, -1] = np.nan
    assert copy.looks_finite() and not copy.is_finite()
    copy.orbitals[1, 0, 0, 0] = np.inf
    assert not copy.looks_finite()
    density = np.full((4, 3, 5), np.nan)
    engine = engine_on(Communicators.create(MPI.COMM_SELF, (4, 3, 5)), np.complex128)
    cloud.take_density(engine, 0.5, density, 0)
    np.testing.assert_allclose(density, 0.5 * np.sum(np.abs(fields) ** 2, axis=0), rtol=1e-14)
    OrbitalCloud(fields[:0]).take_density(engine, 0.5, density, 0)
    assert not density.any()
