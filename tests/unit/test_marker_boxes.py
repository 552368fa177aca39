"""Boxes of markers and their overlaps with blocks of the grid: pure arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.parallel.decomposition import Block, Decomposition
from hpcmix.parallel.markers.arrays import Markers
from hpcmix.parallel.markers.boxes import bisected, count_planes
from hpcmix.parallel.markers.patches import overlaps


def boxes_of(points, ranks, cells):
    return bisected(points, ranks, lambda cuts, nodes: count_planes(cuts, nodes, cells))


def loads(boxes, cells, ranks):
    return np.bincount(boxes.owners(cells), minlength=ranks)


def oscillator_ball(number, radius, length, points, seed=1):
    """Cells of markers of the Thomas-Fermi ball of an oscillator in three dimensions: uniform in a 6-d ball, of which
    the positions are the first three."""
    random = np.random.default_rng(seed)
    direction = random.normal(size=(number, 6))
    direction *= (radius * random.uniform(size=number) ** (1 / 6) / np.linalg.norm(direction, axis=1))[:, None]
    return np.floor((direction[:, :3] + 0.5 * length) * (points / length)).astype(np.int64)


@pytest.mark.parametrize("points", [48, 64])
@pytest.mark.parametrize("ranks", [2, 4, 8])
def test_the_cloud_of_card_11_is_balanced(ranks, points):
    cells = oscillator_ball(200_000, 1.906, 10.0, points)
    boxes = boxes_of((points,) * 3, ranks, cells)
    counts = loads(boxes, cells, ranks)
    assert counts.max() / counts.mean() <= 1.05
    slabs = np.bincount(cells[:, 0] * ranks // points, minlength=ranks)
    assert ranks == 2 or slabs.max() / slabs.mean() > 1.9  # what equal slabs would have


@pytest.mark.parametrize("ranks", [1, 2, 3, 5, 6, 7, 12])
@pytest.mark.parametrize("points", [(29,), (9, 14), (7, 8, 6)])
def test_boxes_are_the_grid(points, ranks):
    random = np.random.default_rng(ranks)
    cells = np.stack([random.binomial(n - 1, 0.4, 3000) for n in points], axis=1)
    boxes = boxes_of(points, ranks, cells)
    times = np.zeros(points, int)
    owner = np.zeros(points, int)
    for rank, box in enumerate(boxes.boxes):
        times[box.slices] += 1
        owner[box.slices] = rank
    assert np.all(times == 1)
    np.testing.assert_array_equal(boxes.owners(cells), owner[tuple(cells.T)])


def test_balance_is_as_good_as_planes_allow():
    cells = np.repeat(np.arange(10), [0, 0, 5, 1, 4, 0, 10, 10, 0, 0])[:, None]
    boxes = boxes_of((10,), 3, cells)
    assert [loads(boxes, cells, 3).max(), [box.shape for box in boxes.boxes]] == [10, [(5,), (2,), (3,)]]
    flat = np.stack([np.zeros(80, int), np.arange(80) % 8], axis=1)
    assert [box.shape for box in boxes_of((20, 8), 2, flat).boxes] == [(20, 4), (20, 4)]  # though 20 is the longer edge


def test_of_nothing_boxes_are_parts_of_the_grid():
    nothing = np.empty((0, 2), np.int64)
    assert [box.shape for box in boxes_of((12, 4), 3, nothing).boxes] == [(4, 4)] * 3
    assert [box.size for box in boxes_of((2,), 4, np.empty((0, 1), np.int64)).boxes] == [1, 0, 1, 0]


def test_one_cell_cannot_be_shared():
    cells = np.full((50, 3), 3)
    boxes = boxes_of((4, 4, 4), 8, cells)
    counts = loads(boxes, cells, 8)
    assert sorted(counts)[:7] == [0] * 7 and counts.max() == 50
    assert sum(box.size for box in boxes.boxes) == 64


@pytest.mark.parametrize(
    ("points", "start", "shape"),
    [
        ((16,), (-3,), (9,)),
        ((16,), (14,), (9,)),
        ((7,), (-5,), (20,)),  # every cell two or three times
        ((9, 6), (-4, 3), (8, 6)),
        ((5, 6, 4), (-2, 4, -4), (11, 5, 12)),
        ((5, 6, 4), (1, 2, 3), (0, 0, 0)),
    ],
)
def test_overlaps_are_the_cells_that_both_have(points, start, shape):
    pencils = Decomposition(points, (2, 2) if len(points) == 3 else (2, 1))
    numbers = np.arange(np.prod(points)).reshape(points)
    patch = numbers[
        np.ix_(*((first + np.arange(count)) % n for first, count, n in zip(start, shape, points, strict=True)))
    ]
    found = np.full(shape, -1)
    for rank in range(pencils.ranks):
        block = pencils.position_block(rank)
        for here, there in overlaps(Block(start, shape), block, points):
            assert np.all(found[here] == -1)
            found[here] = numbers[block.slices][there]
    np.testing.assert_array_equal(found, patch)


def test_markers_are_put_in_the_order_of_their_indices():
    random = np.random.default_rng(3)
    position, momentum, weight = random.normal(size=(9, 2)), random.normal(size=(9, 2)), random.normal(size=9)
    order = random.permutation(9)
    markers = Markers.of(20 + order, position[order], momentum[order], weight[order])
    assert markers.have_indices_from(20, 9)
    markers.into_order(20)
    np.testing.assert_array_equal(markers.index, np.arange(20, 29))
    for array, values in zip(
        (markers.position, markers.momentum, markers.weight), (position, momentum, weight), strict=True
    ):
        np.testing.assert_array_equal(array, values)


@pytest.mark.parametrize("index", [[5, 6, 6], [5, 6, 8], [4, 5, 6]])
def test_indices_must_be_those_that_are_due(index):
    markers = Markers.of(np.array(index), np.zeros((3, 1)), np.zeros((3, 1)), np.zeros(3))
    assert not markers.have_indices_from(5, 3)
    assert not markers.have_indices_from(min(index), 4)


def test_markers_are_whole():
    with pytest.raises(ValueError, match="of every marker"):
        Markers.of(np.arange(3), np.zeros((2, 1)), np.zeros((3, 1)), np.zeros(3))
    with pytest.raises(ValueError, match="do not go with momenta"):
        Markers.of(np.arange(3), np.zeros((3, 1)), np.zeros((3, 2)), np.zeros(3))
