"""Which rank each marker belongs to, and when markers have to move there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, part
from hpcmix.parallel.markers.arrays import Markers, pieces
from hpcmix.parallel.markers.boxes import (
    MARGIN,
    Cuts,
    MarkerBoxes,
    Node,
    PlaneCounts,
    bisected,
    count_planes,
    strays_along,
)
from hpcmix.parallel.markers.migration import elsewhere, migrate
from hpcmix.parallel.process.mpi import MPI

UNBALANCED = 1.1
"""Largest over mean number of markers per rank at which boxes are made anew, relative to what planes of cells allowed
last time."""

MIGRATIONS_BETWEEN_BISECTIONS = 16
"""After so many boxes are made anew where the balance is bad, though it was as bad when they were made."""

ROUNDING = 1e-9
"""Of a displacement in cells, whose ends are rounded numbers."""

CellsOf = Callable[[NDArray[np.float64]], NDArray[np.int64]]


class Homes:
    """The boxes of every orbital group's ranks, and how far markers may have strayed from them.

    Group g has the markers with index mod groups = g, which need not be spread as those of another group are: those of
    a file may have any order. So every group has boxes of its own, known to all.

    spacings  h along each axis.
    cells     of positions, as the kernels see them.
    Methods that take markers are collective over the world, but :meth:`moved` and :meth:`scattered`, which are local
    and to be called on all ranks alike.
    """

    def __init__(self, communicators: Communicators, lengths: Sequence[float], cells: CellsOf) -> None:
        self._communicators = communicators
        self._points = communicators.decomposition.points
        self._lengths = np.array(lengths)
        self._spacings = self._lengths / np.array(self._points)
        self._cells = cells
        self._boxes: tuple[MarkerBoxes, ...] | None = None
        if communicators.group.size == 1:
            self._boxes = (bisected(self._points, 1, lambda cuts, nodes: []),) * communicators.groups
        self._drifted = np.full(len(self._points), np.inf)
        self._settled = False
        self._load = np.inf
        self._migrations = 0

    def copy(self) -> Homes:
        """The same for a copy of the markers."""
        copy = Homes.__new__(Homes)
        copy.__dict__.update(self.__dict__)
        copy._drifted = self._drifted.copy()
        return copy

    @property
    def boxes(self) -> tuple[Block, ...]:
        """The box of every rank of this rank's group."""
        return self._known_boxes[self._communicators.group_index].boxes

    @property
    def box(self) -> Block:
        """This rank's."""
        return self.boxes[self._communicators.group.rank]

    @property
    def known(self) -> bool:
        """Whether there are boxes: not before markers are settled for the first time, on several ranks."""
        return self._boxes is not None

    @property
    def _known_boxes(self) -> tuple[MarkerBoxes, ...]:
        if self._boxes is None:
            raise RuntimeError("boxes are made when markers are settled for the first time")
        return self._boxes

    # --------------------------------------------------------------- where markers may be

    def moved(self, displacement: NDArray[np.float64]) -> None:
        """Take note that this rank's markers were moved by at most so much along each axis."""
        self._drifted += displacement / self._spacings
        self._settled = False

    def scattered(self) -> None:
        """Take note that markers may be anywhere, on any rank."""
        self._drifted[...] = np.inf
        self._settled = False

    def settle(self, markers: Markers) -> bool:
        """Bring every marker to a rank whose patch it can use; whether any were looked at for that. Costs one small
        reduction after a drift, and nothing if there was none."""
        if self._settled:
            return False
        self._settled = True
        if self._communicators.size == 1:
            return False
        largest = np.empty_like(self._drifted)
        self._communicators.world.Allreduce(self._strayed(), largest, op=MPI.MAX)
        if np.all(largest <= MARGIN - ROUNDING):
            return False
        self._bring_home(markers, scattered=not np.all(np.isfinite(largest)))
        self._drifted[...] = 0.0
        return True

    def _strayed(self) -> NDArray[np.float64]:
        """How far markers may be out of this rank's box, in cells."""
        strayed = self._drifted.copy()
        if self._boxes is not None and np.all(np.isfinite(strayed)):
            for axis in range(len(strayed)):
                if not strays_along(self.box, axis, self._points):
                    strayed[axis] = 0.0
        return strayed

    def _bring_home(self, markers: Markers, scattered: bool) -> None:
        new = self._boxes is None
        if new:
            self._bisect(markers)
        self._migrate(markers, scattered)
        load = self._load_of(markers)
        self._migrations += 1
        bad = load > UNBALANCED and self._communicators.group.size > 1
        if not new and bad and (load > UNBALANCED * self._load or self._migrations >= MIGRATIONS_BETWEEN_BISECTIONS):
            self._bisect(markers)
            self._migrate(markers, scattered=False)
            load, new = self._load_of(markers), True
        if new:
            self._load, self._migrations = load, 0

    def _load_of(self, markers: Markers) -> float:
        """Largest over mean number of markers of the ranks; one where there are none."""
        counts = np.array(self._communicators.world.allgather(markers.count))
        return float(counts.max() / counts.mean()) if counts.any() else 1.0

    # --------------------------------------------------------------- boxes

    def _bisect(self, markers: Markers) -> None:
        """Boxes for the markers that each group has, wherever they are now."""
        ranks = self._communicators.group.size
        self._boxes = tuple(
            bisected(self._points, ranks, partial(self._count, markers, group))
            for group in range(self._communicators.groups)
        )

    def _count(self, markers: Markers, group: int, cuts: Cuts, nodes: Sequence[Node]) -> PlaneCounts:
        """The markers of a group in the planes of boxes."""
        extents = [node.box.shape[axis] for node in nodes for axis in range(len(self._points))]
        total = np.zeros(sum(extents), np.int64)
        for rows in pieces(markers.count):
            index = markers.index[rows]
            position = markers.position[rows][index % self._communicators.groups == group]
            counts = count_planes(cuts, nodes, self._cells(position))
            total += np.concatenate([planes for entry in counts for planes in entry])
        self._communicators.world.Allreduce(MPI.IN_PLACE, total, op=MPI.SUM)
        ends = np.cumsum([0, *extents])
        planes = [total[begin:end] for begin, end in pairwise(ends)]
        d = len(self._points)
        return [planes[d * entry : d * (entry + 1)] for entry in range(len(nodes))]

    # --------------------------------------------------------------- owners

    def _migrate(self, markers: Markers, scattered: bool) -> None:
        leavers = self._leavers if scattered else self._leavers_of_group
        migrate(self._communicators.world, markers, partial(leavers, markers))

    def _leavers(self, markers: Markers, rows: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Markers of any group that belong to other ranks of the world, and their ranks."""
        cells, groups = self._cells(markers.position[rows]), markers.index[rows] % self._communicators.groups
        owners = np.empty(len(groups), np.int64)
        for group, boxes in enumerate(self._known_boxes):
            chosen = groups == group
            owners[chosen] = boxes.owners(cells[chosen])
        return elsewhere(owners + groups * self._communicators.group.size, self._communicators.rank)

    def _leavers_of_group(self, markers: Markers, rows: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same of markers of this rank's group: by their cells where positions are not well within the box."""
        position = markers.position[rows]
        inside = np.ones(len(position), np.bool_)
        for axis, (first, count) in enumerate(zip(self.box.start, self.box.shape, strict=True)):
            if count < self._points[axis]:
                low = first * self._spacings[axis] - 0.5 * self._lengths[axis]
                inside &= position[:, axis] >= low
                inside &= position[:, axis] < low + count * self._spacings[axis]
        outside = np.flatnonzero(~inside)
        boxes = self._known_boxes[self._communicators.group_index]
        leavers, ranks = elsewhere(boxes.owners(self._cells(position[outside])), self._communicators.group.rank)
        return outside[leavers], ranks + self._communicators.group_index * self._communicators.group.size

    # --------------------------------------------------------------- in the order of their indices

    def put_in_order(self, markers: Markers, number: int) -> int:
        """Give every rank of the world a contiguous part of the indices 0 .. number - 1, in their order; the first of
        this rank's. Markers are then no longer at home. Collective."""
        world = self._communicators.world
        firsts = np.array([part(number, world.size, rank)[0] for rank in range(world.size)])
        if world.size > 1:
            migrate(world, markers, partial(_leavers_of_order, markers, firsts, world.rank))
        first, count = part(number, world.size, world.rank)
        if not markers.have_indices_from(first, count):
            raise RuntimeError(
                f"{markers.count} markers are where those of the indices {first} to {first + count} are due"
            )
        markers.into_order(first)
        self.scattered()
        return first


def _leavers_of_order(
    markers: Markers, firsts: NDArray[np.int64], here: int, rows: slice
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Markers whose indices are those of other ranks, and their ranks; `firsts`: the first index of each rank."""
    return elsewhere(np.searchsorted(firsts, markers.index[rows], side="right") - 1, here)
