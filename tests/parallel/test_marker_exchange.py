"""Markers among ranks: boxes, patches, migration, and densities that do not depend on any of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial import polynomial
from parallel.engines import engine_on

from hpcmix.model.markers.window import Window
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.markers.arrays import Markers
from hpcmix.parallel.markers.layout import MarkerLayout

GRIDS = {
    "line": ((37,), (9.0,)),
    "plane": ((12, 9), (5.0, 7.0)),
    "room": ((11, 9, 8), (4.0, 5.0, 3.0)),
}
PARTICLES = 3.5


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


def layout_on(comm, grid, width=6, groups=1):
    points, lengths = GRIDS[grid]
    communicators = Communicators.create(comm, points, groups=groups)
    engine = engine_on(communicators)
    return MarkerLayout(engine, Window(width).table, lengths, PARTICLES), communicators


def share(comm, arrays, order=None):
    """What a rank begins with: every rank some markers, whatever their place."""
    rows = np.arange(len(arrays[0])) if order is None else order
    chosen = rows[comm.rank :: comm.size]
    return Markers.of(*(array[chosen].copy() for array in arrays))


def whole(communicators, block):
    """A distributed field on every rank."""
    grid = communicators.decomposition
    result = np.zeros(grid.points)
    for rank, values in enumerate(communicators.group.allgather(block)):
        result[grid.position_block(rank).slices] = values
    return result


def block_shape(communicators):
    return communicators.decomposition.position_block(communicators.group.rank).shape


@pytest.mark.parametrize("kind", ["spread", "corner", "faces", "dense"])
@pytest.mark.parametrize("grid", GRIDS)
def test_the_density_is_the_direct_sum(comm, grid, kind):
    points, lengths = GRIDS[grid]
    arrays = cloud_of(lengths, 60, kind)
    layout, communicators = layout_on(comm, grid)
    markers, density = share(comm, arrays), np.full(block_shape(communicators), np.nan)
    layout.density(markers, density)
    expected = direct_density(arrays[1], arrays[3], Window(6), points, lengths)
    # polynomials and the fixed point are exact to rounding; cells of markers on faces are rounded
    np.testing.assert_allclose(whole(communicators, density), expected, rtol=0, atol=1e-12 * expected.max())
    assert comm.allreduce(markers.count) == 60
