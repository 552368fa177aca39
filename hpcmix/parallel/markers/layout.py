"""Where the markers of one species are: their boxes among ranks, their patches of the grid, and the ways between.

Markers live in boxes of cells (boxes.py), which have nothing to do with the blocks that the transforms have. A rank
keeps the cells that the windows of its markers meet as a *patch*: its box and w/2 + 2 more cells on either side.
A marker may go MARGIN cells astray before markers move between ranks. Orbital groups deal the markers out, group g has
those with index mod groups = g; every group has boxes of its own, and the densities of all are added up.

Deposits are whole numbers of a fixed point (:mod:`hpcmix.parallel.markers.fixed_point`): the sums over markers, ranks
and groups are exact, so that densities, and what is computed from them, have the same bits however markers are dealt
and ordered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels.markers import MarkerGeometry
from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.markers.arrays import Markers
from hpcmix.parallel.markers.boxes import patch_of
from hpcmix.parallel.markers.fixed_point import LARGEST_CONTENT, WEIGHTS_ADD_UP, FixedPoint, MarkersLost
from hpcmix.parallel.markers.homes import Homes
from hpcmix.parallel.markers.patches import PatchExchange
from hpcmix.parallel.process.mpi import MPI

CELLS_BETWEEN_SORTS = 6.0
"""Sum of the largest displacements after which markers are sorted anew. Of thermal momenta the rms displacement is then
about 1.5 cells: kernels have become about 5 % slower, and sorting, which takes a quarter of a step, about as much of
the steps between."""


class MarkerLayout:
    """The layout of a species' markers.

    communicators
               the ranks of the run.
    table      polynomials of the window (:class:`hpcmix.kernels.markers.MarkerGeometry`).
    lengths    of the box, one per axis.
    particles  sum of all weights.

    Methods that take markers may move them between ranks and reorder them, so that views of them have to be taken anew,
    and are collective over the world. A layout belongs to one :class:`Markers`; :meth:`copy` is for copies of them.
    Raises ValueError where there are replicas, whose condensates no markers go beside.
    """

    def __init__(self, engine: Engine, table: NDArray[np.float64], lengths: Sequence[float], particles: float) -> None:
        communicators = engine.communicators
        if communicators.replicas > 1:
            raise ValueError("no markers go beside pairs of fluctuations, which replicas share")
        self._engine = engine
        self.communicators = communicators
        self._table = table
        self.lengths = tuple(float(length) for length in lengths)
        self._points = communicators.decomposition.points
        self._spacings = [length / points for length, points in zip(self.lengths, self._points, strict=True)]
        self._particles = particles
        self._fixed_point: FixedPoint | None = None
        self._homes = Homes(communicators, self.lengths, self._geometry((0,) * len(self._points)).cells)
        self._exchange: PatchExchange | None = None
        self._strayed = math.inf  # cells since markers were sorted
        self._memory = _Memory()

    def copy(self) -> MarkerLayout:
        """A layout for markers that are copies; it shares the memory of patches, which hold nothing between calls."""
        copy = MarkerLayout.__new__(MarkerLayout)
        copy.__dict__.update(self.__dict__)
        copy._homes = self._homes.copy()
        return copy

    def assign(self, source: MarkerLayout) -> None:
        """Take over where the markers of another layout of the species are, with those markers."""
        self.__dict__.update(source.copy().__dict__)

    @property
    def cell_volume(self) -> float:
        """dV."""
        return math.prod(self._spacings)

    @property
    def boxes(self) -> tuple[Block, ...]:
        """The box of every rank of this rank's group; known once markers have been settled."""
        return self._homes.boxes

    @property
    def patch(self) -> Block:
        """The cells of this rank's patch: consecutive ones, which may begin before 0 and end beyond n."""
        return self._patch_of(self._homes.box)

    @property
    def geometry(self) -> MarkerGeometry:
        """What kernels need to know of the patch; of no patch as long as markers have not met the grid."""
        return self._geometry(self.patch.start if self._homes.known else (0,) * len(self._points))

    def _geometry(self, start: tuple[int, ...]) -> MarkerGeometry:
        return MarkerGeometry(self.lengths, self._points, start, self._table)

    def _patch_of(self, box: Block) -> Block:
        return patch_of(box, self._points, len(self._table))

    # --------------------------------------------------------------- where markers are

    def moved(self, displacement: NDArray[np.float64]) -> None:
        """Take note that this rank's markers were moved by at most so much along each axis, what
        :func:`hpcmix.kernels.markers.gather_kick_drift` returns. Local, but to be called on all ranks alike."""
        self._homes.moved(displacement)
        self._strayed += max(float(x) / h for x, h in zip(displacement, self._spacings, strict=True))

    def scattered(self) -> None:
        """Take note that markers may be anywhere, on any rank. Local, but to be called on all ranks alike."""
        self._homes.scattered()
        self._strayed = math.inf

    def settle(self, markers: Markers) -> None:
        """Bring every marker to a rank whose patch it can use, and now and then into an order that suits caches."""
        with self._engine.timers.phase("migrate"):
            if self._homes.settle(markers):
                self._exchange = None
        if self._strayed > CELLS_BETWEEN_SORTS:
            with self._engine.timers.phase("sort"):
                arrays = (markers.position, markers.momentum, markers.weight, markers.index)
                self._engine.kernels.sort_by_tiles(*arrays, self.geometry, self.patch.shape)
            self._strayed = 0.0

    def put_in_order(self, markers: Markers, number: int) -> int:
        """Give every rank of the world a contiguous part of the indices 0 .. number - 1, in their order; the first of
        this rank's. The next use of the markers on the grid brings them home again."""
        first = self._homes.put_in_order(markers, number)
        self._strayed = math.inf
        return first

    # --------------------------------------------------------------- from markers to the grid and back

    def density(self, markers: Markers, density: np.ndarray) -> None:
        """rho^S(x_g) = sum_i w_i S(x_g - x_i) of the markers of all groups on this rank's block of the grid, in the
        first group; zero in the others, so that the sum over groups is the density.

        Raises :class:`MarkersLost` on every rank where what has come to the grid is not what markers carry.
        """
        self.settle(markers)
        timers, fixed_point, patch = self._engine.timers, self._known_fixed_point(markers), self.patch
        with timers.phase("spread"):
            deposits = self._memory.words(patch.shape, np.int64)
            deposits[...] = 0
            deviation = self._spread(markers, fixed_point, deposits)
        with timers.phase("patches"):
            block = np.zeros(density.shape, np.int64)
            self._patches.add_up(deposits, block)
            self._check(deviation, deposits, block)
            if self.communicators.groups > 1:
                first = self.communicators.group_index == 0
                self.communicators.across.Reduce(MPI.IN_PLACE if first else block, block if first else None, MPI.SUM)
            if self.communicators.group_index == 0:
                np.multiply(block, 1.0 / (fixed_point.scale * self.cell_volume), out=density, casting="same_kind")
            else:
                density[...] = 0.0

    def _spread(self, markers: Markers, fixed_point: FixedPoint, deposits: NDArray[np.int64]) -> str:
        """Put this rank's markers onto its patch; what is wrong with it, empty where nothing is. Local."""
        if deposits.size:
            arrays = (markers.position, markers.weight)
            try:
                self._engine.kernels.spread_fixed(*arrays, self.geometry, fixed_point.scale, deposits)
            except ValueError as error:  # the others must learn of it
                return str(error)
        return fixed_point.deviation(deposits, markers.weight)

    def patch_of(self, markers: Markers, field: np.ndarray) -> NDArray[np.float64]:
        """A field, given on this rank's block of the grid, on this rank's patch. The array is overwritten by the next
        call of this method and of :meth:`density`."""
        self.settle(markers)
        with self._engine.timers.phase("patches"):
            patch = self._memory.words(self.patch.shape, np.float64)
            self._patches.fill(field, patch)
        return patch

    @property
    def _patches(self) -> PatchExchange:
        if self._exchange is None:
            grid, group = self.communicators.decomposition, self.communicators.group
            blocks = [grid.position_block(rank) for rank in range(group.size)]
            self._exchange = PatchExchange(group, [self._patch_of(box) for box in self.boxes], blocks, self._points)
        return self._exchange

    def _known_fixed_point(self, markers: Markers) -> FixedPoint:
        """Made once of all weights, which never change: a run that goes on finds the same."""
        if self._fixed_point is None:
            world = self.communicators.world
            weight = markers.weight
            extremes = np.array([weight.max(initial=0.0), -weight.min(initial=0.0), 0.0])
            world.Allreduce(MPI.IN_PLACE, extremes, op=MPI.MAX)
            total = world.allreduce(float(weight.sum()))
            if extremes[1] > 0.0 or not abs(total / self._particles - 1.0) <= WEIGHTS_ADD_UP:
                raise MarkersLost(
                    f"the weights of the markers add up to {total:.12g} in place of {self._particles:.12g} particles, "
                    f"and the smallest is {-extremes[1]:.6g}"
                )
            self._fixed_point = FixedPoint.of(self._table, len(self._points), self._particles, float(extremes[0]))
        return self._fixed_point

    def _check(self, deviation: str, deposits: NDArray[np.int64], block: NDArray[np.int64]) -> None:
        """Raises :class:`MarkersLost` on every rank where one has found a deviation, a cell holds less than nothing, or
        what left the patches is not what came to the blocks."""
        if not deviation and block.size and int(block.min()) < -LARGEST_CONTENT / 2:
            deviation = "a cell holds less than nothing"
        # sums modulo 2^64 are exact
        lost = (int(np.sum(deposits)) - int(np.sum(block))) % (1 << 64)
        sums = np.array([lost, bool(deviation)], np.uint64)
        if self.communicators.size > 1:
            self.communicators.world.Allreduce(MPI.IN_PLACE, sums, op=MPI.SUM)
        if sums[1] > 0:
            deviation = next(filter(None, self.communicators.world.allgather(deviation)))
        elif sums[0] != 0:
            deviation = "what was sent from patches is not what has come to the grid"
        if deviation:
            raise MarkersLost(f"the density of markers is wrong: {deviation}")


class _Memory:
    """Memory of patches, which grows to the largest one."""

    def __init__(self) -> None:
        self._words = np.empty(0, np.int64)

    def words(self, shape: tuple[int, ...], dtype: type[np.int64 | np.float64]) -> np.ndarray:
        """An array of any values, on the same memory at every call."""
        size = math.prod(shape)
        if size > len(self._words):
            self._words = np.empty(size, np.int64)
        return self._words[:size].view(dtype).reshape(shape)
