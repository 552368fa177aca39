"""f^ and distances on several ranks: every pencil grid, with orbital groups, are those of one rank."""

from __future__ import annotations

import numpy as np
import pytest
from parallel.test_orbital_groups import divisions, parallel_options
from physics.phase_space import Ball
from physics.systems import species, system

from hpcmix.observe.look import Look
from hpcmix.observe.semiclassical.distance import Search, distance
from hpcmix.observe.semiclassical.of_markers import OfMarkers
from hpcmix.observe.semiclassical.of_orbitals import OfOrbitals
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.sharing.whole_fields import whole_fields

POINTS = [25, 18, 16]


def trapped(dimensions, comm, division=None):
    entries = [
        species("b", initial={"kind": "gaussian", "width": 1.0}),
        {"name": "f", "kind": "fermions", "orbitals": 5, "initial": {"kind": "oscillator", "frequency": 1.0}},
    ]
    parallel = parallel_options(dimensions, *division) if division else {}
    return system(
        POINTS[:dimensions],
        [13.0, 12.0, 11.0][:dimensions],
        entries,
        scaling={"kind": "bose-fermi-macro"},
        parallel=parallel,
        comm=comm,
    )


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_every_division_gives_the_same(comm, dimensions):
    def found(one):
        transform = OfOrbitals.of(Look(one.mixture, one.state), 1, 8.0)
        zeta = np.linspace(0.3, -1.1, 2 * dimensions)
        return transform.with_slope(zeta)

    value, slope = found(trapped(dimensions, MPI.COMM_SELF))
    assert 0.01 < abs(value) < 1.0
    for division in divisions(comm.size, POINTS[:dimensions]):
        other, its_slope = found(trapped(dimensions, comm, division))
        assert abs(other - value) < 1e-12 and np.max(np.abs(its_slope - slope)) < 1e-11, division
        assert comm.bcast(other) == other  # to the bit on every rank, so that all ascend alike


def test_distances_are_the_same_on_all_ranks(comm):
    """From a uniform disc; of orbitals the bits depend on the division."""
    values = []
    for one in (trapped(1, MPI.COMM_SELF), trapped(1, comm)):
        transform, ball = OfOrbitals.of(Look(one.mixture, one.state), 1, 20.0), Ball(1)
        values.append(distance(transform, ball, Search.of_widths(1, 20.0, ball.widths)))
    assert values[1].value == pytest.approx(values[0].value, rel=1e-9)
    assert comm.bcast(values[1]) == values[1]


def test_markers_of_all_ranks(comm):
    random = np.random.default_rng(1)
    position, momentum, weight = random.normal(size=(50, 2)), random.normal(size=(50, 2)), random.uniform(size=50)
    mine = slice(comm.rank, None, comm.size)
    zeta = np.array([0.4, -1.0, 2.0, 0.3])
    values = []
    for communicators, some in (
        (Communicators.create(MPI.COMM_SELF, (8, 8)), slice(None)),
        (Communicators.create(comm, (8, 8)), mine),
    ):
        markers = OfMarkers(communicators, position[some], momentum[some], weight[some])
        values.append((markers.with_slope(zeta)[0], *markers.widths))
    assert np.max(np.abs(np.subtract(*values))) < 1e-13


@pytest.mark.parametrize("points", [(9,), (7, 6), (6, 5, 4)])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_whole_fields(comm, points, count):
    if comm.size > min(points):
        pytest.skip("more ranks than planes")
    communicators = Communicators.create(comm, points)
    fields = np.random.default_rng(2).normal(size=(count, *points)) + 0j
    block = communicators.decomposition.position_block(communicators.group.rank).slices
    found = whole_fields(communicators, (field[block] for field in fields), count)
    expected = fields[comm.rank :: comm.size]
    assert found.shape == expected.shape and np.array_equal(found, expected)
