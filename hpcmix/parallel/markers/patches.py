"""Rectangles of a periodic grid that two ranks have both: how patches of markers and the transforms' blocks overlap.

A patch is a window of consecutive cells that may begin before the first cell of the grid, end beyond the last one, and
be larger than the grid, so that it holds some cells several times. A block lies within the grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hpcmix.parallel.decomposition import Block
from hpcmix.parallel.process.mpi import MPI, element_type

Index = tuple[slice, ...]
Overlap = tuple[Index, Index]
"""The same cells as an index of the patch and as one of the block."""


def overlaps(patch: Block, block: Block, points: Sequence[int]) -> list[Overlap]:
    """Everything that a patch and a block of a grid of `points` cells have both, in rectangles; in an order that both
    sides of an exchange find."""
    along = [
        _overlaps_along(patch.start[axis], patch.shape[axis], block.start[axis], block.shape[axis], count)
        for axis, count in enumerate(points)
    ]
    return [(tuple(here for here, _ in pieces), tuple(there for _, there in pieces)) for pieces in product(*along)]


def _overlaps_along(start: int, length: int, first: int, count: int, points: int) -> list[tuple[slice, slice]]:
    pieces = []
    image = (start // points) * points
    while image < start + length:
        begin, end = max(start, image + first), min(start + length, image + first + count)
        if begin < end:
            pieces.append((slice(begin - start, end - start), slice(begin - image - first, end - image - first)))
        image += points
    return pieces


def _size(index: Index) -> int:
    return math.prod(extent.stop - extent.start for extent in index)


@dataclass(frozen=True)
class _Side:
    """Which rectangles of its own array a rank exchanges with each rank, and how many cells they are with the others;
    with itself it exchanges nothing."""

    pieces: list[list[Index]]
    counts: list[int]

    @classmethod
    def of(cls, pieces: list[list[Index]], here: int) -> _Side:
        return cls(pieces, [0 if rank == here else sum(map(_size, entry)) for rank, entry in enumerate(pieces)])

    def packed(self, array: np.ndarray) -> np.ndarray:
        """The rectangles for all ranks, one after the other."""
        line = np.empty(sum(self.counts), array.dtype)
        for index, place in self.places():
            line[place].reshape(array[index].shape)[...] = array[index]
        return line

    def places(self) -> Iterator[tuple[Index, slice]]:
        """Every rectangle and its place in such a line."""
        first = 0
        for entry, count in zip(self.pieces, self.counts, strict=True):
            for index in entry if count else []:
                yield index, slice(first, first + _size(index))
                first += _size(index)


class PatchExchange:
    """Adds the patches of all ranks to the blocks of all ranks, and fills patches from blocks. Collective.

    comm     the ranks that share a grid.
    patches  of every rank, in cells.
    blocks   of every rank.
    points   cells of the grid along each axis.
    """

    def __init__(
        self, comm: MPI.Comm, patches: Sequence[Block], blocks: Sequence[Block], points: Sequence[int]
    ) -> None:
        self._comm = comm
        rank = comm.rank
        of_patch = [overlaps(patches[rank], block, points) for block in blocks]
        of_block = [overlaps(patch, blocks[rank], points) for patch in patches]
        self._patch = _Side.of([[here for here, _ in entry] for entry in of_patch], rank)
        self._block = _Side.of([[there for _, there in entry] for entry in of_block], rank)
        self._shared = of_patch[rank]

    def add_up(self, patch: np.ndarray, block: np.ndarray) -> None:
        """block += what all patches hold of its cells. The order of additions is that of the ranks: exact for integers
        alone."""
        arriving = self._moved(self._patch.packed(patch), self._patch, self._block)
        for index, place in self._block.places():
            block[index] += arriving[place].reshape(block[index].shape)
        for here, there in self._shared:
            block[there] += patch[here]

    def fill(self, block: np.ndarray, patch: np.ndarray) -> None:
        """patch = what the blocks hold of its cells."""
        arriving = self._moved(self._block.packed(block), self._block, self._patch)
        for index, place in self._patch.places():
            patch[index] = arriving[place].reshape(patch[index].shape)
        for here, there in self._shared:
            patch[here] = block[there]

    def _moved(self, leaving: np.ndarray, sent: _Side, received: _Side) -> np.ndarray:
        arriving = np.empty(sum(received.counts), leaving.dtype)
        if self._comm.size > 1:
            kind = element_type(leaving.dtype)
            self._comm.Alltoallv([leaving, sent.counts, kind], [arriving, received.counts, kind])
        return arriving
