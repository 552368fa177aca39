"""Boxes of cells that hold about as many markers each: recursive coordinate bisection. Pure arithmetic, no MPI.

A box of P ranks is cut across one of its axes, between two planes of cells, into a box of P // 2 ranks and one of the
others, such that the larger number of markers per rank is as small as planes of cells allow; each part is cut in the
same way until every rank has its box. Of axes that balance about equally well the longest edge is cut, which keeps
surfaces small. The counts are those of all ranks, so that all ranks find the same boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hpcmix.parallel.decomposition import Block

MARGIN = 2
"""Cells that a marker may leave its box by before markers move between ranks: a patch of b cells grows by 4, and
markers of a quarter of a cell a drift move every eighth drift."""

ABOUT_EQUAL = 1.005
"""Loads whose ratio is below this count as equal where the axis of a cut is chosen: three cuts in a row, for 8 ranks,
then lose 1.5 %, of the 5 % that a good balance may miss."""


@dataclass(frozen=True)
class Node:
    """A box that some ranks, from the first one on, are to share."""

    number: int
    box: Block
    first: int
    ranks: int


@dataclass
class Cuts:
    """The tree of cuts. Nodes 0 .. P - 1 are the ranks' boxes, those from P on are cuts: cells below `plane` along
    `axis` belong to the node `below`, the others to `above`. A node that is not cut is its own successor."""

    axis: list[int]
    plane: list[int]
    below: list[int]
    above: list[int]
    root: int
    depth: int = 0

    def node_of(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The last node on the way down, of cells of shape (number, axes)."""
        axis, plane, below, above = (np.array(entry) for entry in (self.axis, self.plane, self.below, self.above))
        nodes = np.full(len(cells), self.root)
        rows = np.arange(len(cells))
        for _ in range(self.depth):
            nodes = np.where(cells[rows, axis[nodes]] < plane[nodes], below[nodes], above[nodes])
        return nodes


@dataclass(frozen=True)
class MarkerBoxes:
    """The box of every rank; together they are all cells of the grid, each once. A box may be empty, where there are
    fewer cells than ranks that share them."""

    boxes: tuple[Block, ...]
    cuts: Cuts = field(repr=False, compare=False)

    def owners(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rank in whose box each cell is; cells of shape (number, axes)."""
        return self.cuts.node_of(cells)


PlaneCounts = list[list[NDArray[np.int64]]]
"""For every node, for every axis: the markers in each plane of cells of the node's box."""


def count_planes(cuts: Cuts, nodes: Sequence[Node], cells: NDArray[np.int64]) -> PlaneCounts:
    """How the markers in these cells, of shape (number, axes), are spread over the planes of the nodes' boxes."""
    row_of = np.full(len(cuts.axis), len(nodes))
    row_of[[node.number for node in nodes]] = np.arange(len(nodes))
    rows = row_of[cuts.node_of(cells)]
    inside = rows < len(nodes)
    counts: PlaneCounts = [[] for _ in nodes]
    for axis in range(cells.shape[1]):
        lengths = [node.box.shape[axis] for node in nodes]
        offsets = np.cumsum([0, *lengths])
        starts = np.array([node.box.start[axis] for node in nodes])
        places = cells[inside, axis] - starts[rows[inside]] + offsets[rows[inside]]
        planes = np.bincount(places, minlength=int(offsets[-1])).astype(np.int64)
        for entry, piece in zip(counts, np.split(planes, offsets[1:-1]), strict=True):
            entry.append(piece)
    return counts


def bisected(points: Sequence[int], ranks: int, count: Callable[[Cuts, Sequence[Node]], PlaneCounts]) -> MarkerBoxes:
    """The boxes of so many ranks on a grid of `points` cells.

    count  as :func:`count_planes`, of the markers of all ranks.
    """
    whole = Block((0,) * len(points), tuple(points))
    cuts, boxes, numbers = _uncut(ranks), [whole] * ranks, iter(range(ranks, 2 * ranks))
    root = next(numbers) if ranks > 1 else 0
    cuts.root = root
    nodes = [Node(root, whole, 0, ranks)] if ranks > 1 else []
    while nodes:
        following = []
        for node, planes in zip(nodes, count(cuts, nodes), strict=True):
            axis, plane = _best_cut(node, planes)
            for part in _parts(node, axis, plane, lambda: next(numbers)):
                (cuts.below if part.first == node.first else cuts.above)[node.number] = part.number
                if part.ranks > 1:
                    following.append(part)
                else:
                    boxes[part.first] = part.box
            cuts.axis[node.number], cuts.plane[node.number] = axis, plane
        cuts.depth += 1
        nodes = following
    return MarkerBoxes(tuple(boxes), cuts)


def _uncut(ranks: int) -> Cuts:
    nodes = list(range(2 * ranks - 1))
    return Cuts([0] * len(nodes), [0] * len(nodes), nodes.copy(), nodes.copy(), 0)


def _parts(node: Node, axis: int, plane: int, number: Callable[[], int]) -> tuple[Node, Node]:
    """The two nodes that a cut makes of one."""
    ranks = node.ranks // 2
    box = node.box
    end = box.start[axis] + box.shape[axis]
    below = _with_edge(box, axis, box.start[axis], plane)
    above = _with_edge(box, axis, plane, end)
    first_above = node.first + ranks
    return (
        Node(node.first if ranks == 1 else number(), below, node.first, ranks),
        Node(first_above if node.ranks - ranks == 1 else number(), above, first_above, node.ranks - ranks),
    )


def _with_edge(box: Block, axis: int, begin: int, end: int) -> Block:
    start, shape = list(box.start), list(box.shape)
    start[axis], shape[axis] = begin, end - begin
    return Block(tuple(start), tuple(shape))


def _best_cut(node: Node, planes: Sequence[NDArray[np.int64]]) -> tuple[int, int]:
    """The axis, and the first plane of cells beyond the cut."""
    found = [(*_best_plane(counts, node.ranks), axis) for axis, counts in enumerate(planes) if len(counts) > 1]
    if not found or node.box.size == 0:
        return 0, node.box.start[0] + node.box.shape[0]  # one cell cannot be shared: the ranks above get none
    least = min(load for load, _, _ in found)
    good = [(plane, axis) for load, plane, axis in found if load <= ABOUT_EQUAL * least]
    plane, axis = max(good, key=lambda entry: (node.box.shape[entry[1]], -entry[1]))
    return axis, node.box.start[axis] + plane


def _best_plane(counts: NDArray[np.int64], ranks: int) -> tuple[float, int]:
    """The larger number of markers per rank of the two parts, and where it is smallest; of equals the cut that divides
    the cells as the ranks."""
    below = ranks // 2
    sums = np.cumsum(counts)
    plane = np.arange(1, len(counts))
    loads = np.maximum(sums[:-1] / below, (sums[-1] - sums[:-1]) / (ranks - below))
    best = np.flatnonzero(loads == loads.min())
    nearest = best[np.argmin(np.abs(plane[best] - len(counts) * below / ranks))]
    return float(loads[nearest]), int(plane[nearest])


def strays_along(box: Block, axis: int, points: Sequence[int]) -> bool:
    """Whether markers can leave a box along an axis of so many cells at all: not where it and the margins are the whole
    axis."""
    return box.shape[axis] + 2 * MARGIN < points[axis]


def patch_of(box: Block, points: Sequence[int], width: int) -> Block:
    """The cells that windows of `width` meet of markers in a box and in the margins around it: consecutive ones, which
    may begin before 0 and end beyond the axis. None for an empty box."""
    if box.size == 0:
        return Block(box.start, (0,) * len(box.shape))
    margins = [MARGIN if strays_along(box, axis, points) else 0 for axis in range(len(box.shape))]
    inside = [
        count + 2 * margin if margin else whole for count, margin, whole in zip(box.shape, margins, points, strict=True)
    ]
    start = tuple(first - width // 2 - margin for first, margin in zip(box.start, margins, strict=True))
    return Block(start, tuple(count + width for count in inside))
