"""Markers among ranks: boxes, patches, migration, and densities and forces that do not depend on any of them."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.polynomial import polynomial
from parallel.engines import engine_on

from hpcmix.kernels.markers import gather
from hpcmix.model.markers.window import Window
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.markers import migration
from hpcmix.parallel.markers.arrays import Markers
from hpcmix.parallel.markers.boxes import MARGIN, strays_along
from hpcmix.parallel.markers.fixed_point import MarkersLost
from hpcmix.parallel.markers.layout import MarkerLayout
from hpcmix.parallel.process.mpi import MPI

GRIDS = {
    "line": ((37,), (9.0,)),
    "long-line": ((96,), (12.0,)),
    "plane": ((12, 9), (5.0, 7.0)),
    "room": ((11, 9, 8), (4.0, 5.0, 3.0)),
}
KINDS = ["spread", "corner", "faces", "dense"]
PARTICLES = 3.5
WINDOW = Window(6)


def cloud_of(lengths, number, kind, seed=4):
    """All markers, the same on every rank: index, position, momentum, weight."""
    random = np.random.default_rng(seed)
    d, lengths = len(lengths), np.array(lengths)
    position = {
        "spread": lambda: random.uniform(-0.5, 0.5, (number, d)) * lengths,
        "corner": lambda: random.uniform(0.0, 1e-3, (number, d)) * lengths - 0.5 * lengths,
        "faces": lambda: np.where(random.uniform(size=(number, d)) < 0.5, -0.5, np.nextafter(0.5, 0.0)) * lengths,
        "dense": lambda: np.clip(random.normal(0.1, 0.07, (number, d)), -0.49, 0.49) * lengths,
    }[kind]()
    momentum = random.normal(size=(number, d))
    weight = random.uniform(0.5, 1.5, number)
    return np.arange(number), position, momentum, weight * (PARTICLES / weight.sum())


def direct_density(position, weight, window, points, lengths):
    """sum_i w_i S(x_g - x_i) on the periodic grid, marker by marker."""
    density = np.zeros(points)
    for x, w in zip(position, weight, strict=True):
        factor = np.array(w / np.prod(np.array(lengths) / np.array(points)))
        for place, count, length in zip(x, points, lengths, strict=True):
            cells = (place + 0.5 * length) * (count / length)
            cell = min(int(cells), count - 1)
            along = np.zeros(count)
            for j, row in enumerate(window.table):
                along[(cell - window.width // 2 + 1 + j) % count] += polynomial.polyval(2.0 * (cells - cell) - 1.0, row)
            factor = np.multiply.outer(factor, along)
        density += factor
    return density


def layout_on(comm, grid, groups=1):
    points, lengths = GRIDS[grid]
    communicators = Communicators.create(comm, points, groups=groups)
    return MarkerLayout(engine_on(communicators), WINDOW.table, lengths, PARTICLES), communicators


def share(comm, arrays, seed=None):
    """What a rank begins with: every rank some markers, wherever they are; shuffled by a seed."""
    rows = np.arange(len(arrays[0]))
    if seed is not None:
        rows = np.random.default_rng(seed).permutation(rows)
    return Markers.of(*(array[rows[comm.rank :: comm.size]].copy() for array in arrays))


def density_of(layout, markers):
    """The density of all groups on the whole grid, on every rank."""
    communicators = layout.communicators
    decomposition = communicators.decomposition
    density = np.full(decomposition.position_block(communicators.group.rank).shape, np.nan)
    layout.density(markers, density)
    communicators.sum_over_groups(density)
    result = np.full(decomposition.points, np.nan)
    for rank, values in enumerate(communicators.group.allgather(density)):
        result[decomposition.position_block(rank).slices] = values
    return result


def gradients_of(layout, markers, field):
    """The gradient of a field, given on the whole grid, at all markers, by their indices; on every rank."""
    communicators = layout.communicators
    block = communicators.decomposition.position_block(communicators.group.rank)
    patch = layout.patch_of(markers, np.ascontiguousarray(field[block.slices]))
    gradient = np.empty_like(markers.position)
    if markers.count:
        gather(markers.position, layout.geometry, patch, gradient)
    return by_index(communicators.world, markers.index, gradient)


def by_index(comm, index, values):
    indices, values = (np.concatenate(comm.allgather(array)) for array in (index, values))
    assert sorted(indices) == list(range(len(indices)))  # every marker is somewhere, and once
    return values[np.argsort(indices)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", GRIDS)
def test_the_density_is_the_direct_sum(comm, grid, kind):
    points, lengths = GRIDS[grid]
    arrays = cloud_of(lengths, 60, kind)
    layout, _ = layout_on(comm, grid)
    density = density_of(layout, share(comm, arrays))
    expected = direct_density(arrays[1], arrays[3], WINDOW, points, lengths)
    # polynomials and the fixed point are exact to rounding
    np.testing.assert_allclose(density, expected, rtol=0, atol=1e-13 * expected.max())


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", GRIDS)
def test_bits_are_those_of_one_rank(comm, grid, kind, groups):
    if comm.size % groups:
        pytest.skip("these ranks make no such groups")
    points, lengths = GRIDS[grid]
    arrays = cloud_of(lengths, 301, kind)
    field = np.random.default_rng(8).normal(size=points)
    single, _ = layout_on(MPI.COMM_SELF, grid)
    markers = share(MPI.COMM_SELF, arrays)
    expected = density_of(single, markers), gradients_of(single, markers, field)
    layout, _ = layout_on(comm, grid, groups)
    markers = share(comm, arrays, seed=5)
    np.testing.assert_array_equal(density_of(layout, markers), expected[0])
    np.testing.assert_array_equal(gradients_of(layout, markers, field), expected[1])
    assert np.all(markers.index % groups == layout.communicators.group_index)
    for name, array in zip(("position", "momentum", "weight"), arrays[1:], strict=True):
        np.testing.assert_array_equal(by_index(comm, markers.index, getattr(markers, name)), array)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_fewer_markers_than_ranks(comm, number):
    points, lengths = GRIDS["plane"]
    arrays = cloud_of(lengths, number, "spread")
    layout, _ = layout_on(comm, "plane")
    markers = share(comm, arrays)
    expected = direct_density(arrays[1], arrays[3], WINDOW, points, lengths)
    np.testing.assert_allclose(density_of(layout, markers), expected, rtol=0, atol=1e-13 * expected.max())
    assert sum(comm.allgather(markers.count)) == number


@pytest.mark.parametrize("grid", ["long-line", "room"])
def test_markers_may_stray_and_then_come_home(comm, grid, monkeypatch):
    points, lengths = GRIDS[grid]
    spacings = np.array(lengths) / np.array(points)
    random = np.random.default_rng(1)
    arrays = cloud_of(lengths, 400, "spread")
    layout, _ = layout_on(comm, grid)
    markers = share(comm, arrays)
    density_of(layout, markers)
    journeys = []
    monkeypatch.setattr("hpcmix.parallel.markers.homes.migrate", lambda *given: journeys.append(migrate(*given)))
    migrate = migration.migrate
    position = arrays[1].copy()
    steps = 0.7 * MARGIN * spacings * np.where(random.uniform(size=(6, *position.shape)) < 0.5, -1.0, 1.0)
    for number, step in enumerate(steps):
        journeys.clear()
        position += step
        position -= np.array(lengths) * np.floor(position / np.array(lengths) + 0.5)
        markers.position[...] = position[markers.index]
        layout.moved(np.abs(step).max(axis=0))
        expected = direct_density(position, arrays[3], WINDOW, points, lengths)
        np.testing.assert_allclose(density_of(layout, markers), expected, rtol=0, atol=1e-13 * expected.max())
        # 0.7 of the margin is allowed once; where boxes and margins are the whole grid nobody can go astray
        can_stray = any(strays_along(box, axis, points) for box in layout.boxes for axis in range(len(points)))
        assert bool(journeys) == (number % 2 == 1 and can_stray)
        assert can_stray or comm.size == 1 or grid == "room"


def test_boxes_are_made_anew_where_markers_gather(comm):
    points, lengths = GRIDS["long-line"]
    arrays = cloud_of(lengths, 4000, "spread")
    layout, _ = layout_on(comm, "long-line")
    markers = share(comm, arrays)
    density_of(layout, markers)
    before = layout.boxes
    # all of them into an eighth of the box: 12 cells, of which a fourth rank gets 3
    moved = np.linspace(0.0, 0.125 * lengths[0] * (1 - 1e-12), 4000)[:, None]
    markers.position[...] = moved[markers.index]
    layout.moved(np.array(lengths))
    expected = direct_density(moved[::40], np.full(100, PARTICLES / 100), WINDOW, points, lengths)
    counts = np.array(comm.allgather(markers.count))
    assert counts.sum() == 4000
    density = density_of(layout, markers)
    counts = np.array(comm.allgather(markers.count))
    assert counts.max() / counts.mean() <= 1.01
    assert (layout.boxes != before) == (comm.size > 1)
    assert density.shape == expected.shape and np.count_nonzero(density) == 12 + WINDOW.width - 1


def leavers_of(owners, markers, here, rows):
    return migration.elsewhere(owners[markers.index[rows]], here)


@pytest.mark.parametrize("records", [1, 300, 100_000])
def test_migration_takes_bounded_memory(comm, records, monkeypatch):
    """Every marker to the next rank, and all to the last one: no round brings more than its share."""
    number = 3000
    arrays = cloud_of((3.0, 4.0), number, "spread")
    monkeypatch.setattr(migration, "FEWEST_AT_A_TIME", 8)
    rounds = []
    exchanged = migration._exchanged

    def counted(*given):
        arrivals = exchanged(*given)
        rounds.append(len(arrivals))
        return arrivals

    monkeypatch.setattr(migration, "_exchanged", counted)
    for target in (lambda index: (index + comm.rank + 1) % comm.size, lambda index: 0 * index + comm.size - 1):
        markers, held = share(comm, arrays), {}
        rounds.clear()
        held = {int(i): int(to) for i, to in zip(markers.index, target(markers.index), strict=True)}
        homes = {index: to for part in comm.allgather(held) for index, to in part.items()}
        owners = np.array([homes[index] for index in range(number)])
        migration.migrate(comm, markers, partial(leavers_of, owners, markers, comm.rank), records)
        assert np.all(owners[markers.index] == comm.rank)
        for name, array in zip(("position", "momentum", "weight"), arrays[1:], strict=True):
            np.testing.assert_array_equal(by_index(comm, markers.index, getattr(markers, name)), array)
        assert max(rounds) <= 2 * comm.size * max(8, records // comm.size)


def test_markers_that_do_not_arrive_are_told_on_every_rank(comm, monkeypatch):
    arrays = cloud_of(GRIDS["plane"][1], 200, "spread")
    layout, _ = layout_on(comm, "plane")
    markers = share(comm, arrays)
    density_of(layout, markers)
    kernels = layout._engine.kernels
    spread = kernels.spread_fixed

    def hole(position, weight, *others):
        first = 1 if comm.rank == comm.size - 1 else 0
        spread(position[first:], weight[first:], *others)

    with monkeypatch.context() as patch, pytest.raises(MarkersLost, match="markers that carry"):
        patch.setattr(kernels, "spread_fixed", hole)
        density_of(layout, markers)
    density_of(layout, markers)
    if comm.rank == 0:
        markers.weight[0] = np.nan
    with pytest.raises(MarkersLost, match="deposit beyond"):
        density_of(layout, markers)


def test_what_is_lost_on_its_way_is_told_on_every_rank(comm, monkeypatch):
    arrays = cloud_of(GRIDS["plane"][1], 200, "spread")
    layout, _ = layout_on(comm, "plane")
    markers = share(comm, arrays)
    density_of(layout, markers)
    add_up = type(layout._patches).add_up

    def hole(exchange, patch, block):
        add_up(exchange, patch, block)
        if comm.rank == 0:
            block[block > 0] -= 1

    monkeypatch.setattr(type(layout._patches), "add_up", hole)
    with pytest.raises(MarkersLost, match="what was sent from patches"):
        density_of(layout, markers)


@pytest.mark.parametrize(("factor", "shift"), [(1.01, 0.0), (1.0, -5.0)])
def test_weights_must_be_those_of_the_particles(comm, factor, shift):
    index, position, momentum, weight = cloud_of(GRIDS["plane"][1], 200, "spread")
    weight = weight * factor
    weight[-1] += shift
    weight[0] -= shift
    layout, _ = layout_on(comm, "plane")
    with pytest.raises(MarkersLost, match="weights of the markers"):
        density_of(layout, share(comm, (index, position, momentum, weight)))


def test_replicas_are_refused(comm):
    if comm.size == 1:
        pytest.skip("one rank makes no replicas")
    communicators = Communicators.create(comm, (12,), replicas=comm.size)
    with pytest.raises(ValueError, match="no markers go beside"):
        MarkerLayout(engine_on(communicators), WINDOW.table, (3.0,), 1.0)
