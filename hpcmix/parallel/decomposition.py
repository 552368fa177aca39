"""How a grid is cut into blocks: pure arithmetic, no MPI, so that ``hpcmix plan`` can use it too.

Pencil layouts of a grid with axes (x, y, z) on P1 x P2 ranks (CONVENTIONS.md, Ranks):

    position space          x over P1, y over P2, z whole
    wave-number space       x whole, y over P1, z over P2          (after one exchange per grid direction)

Two dimensions: x over P1, y whole; wave numbers x whole, y over P1. One dimension: the axis over P1 in both spaces;
every rank transforms the whole line. With P2 = 1 the pencils are slabs and one of the two exchanges falls away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted


@dataclass(frozen=True)
class Block:
    """A box of grid points: for each axis its first index and its number of points."""

    start: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def slices(self) -> tuple[slice, ...]:
        """The box as an index of the global array."""
        return tuple(slice(first, first + count) for first, count in zip(self.start, self.shape, strict=True))

    @property
    def size(self) -> int:
        """Number of points in the box."""
        product = 1
        for count in self.shape:
            product *= count
        return product


@dataclass(frozen=True)
class Part:
    """What this rank holds of a distributed array: the box `block` of an array of `shape`, in `local`."""

    shape: tuple[int, ...]
    block: Block
    local: np.ndarray


def part(points: int, parts: int, index: int) -> tuple[int, int]:
    """First index and number of points of part `index` when `points` are dealt to `parts`; the first parts get one
    more."""
    base, extra = divmod(points, parts)
    return index * base + min(index, extra), base + (1 if index < extra else 0)


_LAYOUTS: dict[int, list[tuple[int, ...]]] = {
    1: [(1,), (1,)],
    2: [(1, 0), (0, 1)],
    3: [(1, 2, 0), (1, 0, 2), (0, 1, 2)],
}


@dataclass(frozen=True)
class Decomposition:
    """A grid of `points` cut over a `pencil_grid` (P1, P2) of ranks; rank r of the group sits at (r // P2, r % P2)."""

    points: tuple[int, ...]
    pencil_grid: tuple[int, int]

    @property
    def ranks(self) -> int:
        """Number of ranks that share the grid."""
        return self.pencil_grid[0] * self.pencil_grid[1]

    @property
    def dimensions(self) -> int:
        """Number of axes of the grid."""
        return len(self.points)

    def position_in_grid(self, rank: int) -> tuple[int, int]:
        """Coordinates of a rank in the pencil grid."""
        return divmod(rank, self.pencil_grid[1])

    @cached_property
    def half_points(self) -> tuple[int, ...]:
        """Shape of the spectrum of a real field: the last axis keeps the wave numbers 0 .. n/2."""
        return (*self.points[:-1], self.points[-1] // 2 + 1)

    def layouts(self) -> list[tuple[int, ...]]:
        """Over how many ranks each axis is split, from position space through the intermediate layouts to wave-number
        space.

        Axis splits are 0 (whole), 1 (over P1) or 2 (over P2), e.g. ``[(1, 2, 0), (1, 0, 2), (0, 1, 2)]`` in three
        dimensions.
        """
        return _LAYOUTS[self.dimensions]

    def block(self, rank: int, layout: tuple[int, ...], points: tuple[int, ...] | None = None) -> Block:
        """The box of `rank` in a layout given as in :meth:`layouts`; `points` defaults to the grid's own."""
        coordinates = self.position_in_grid(rank)
        start, shape = [], []
        for axis, count in enumerate(points or self.points):
            direction = layout[axis]
            if direction == 0:
                first, length = 0, count
            else:
                first, length = part(count, self.pencil_grid[direction - 1], coordinates[direction - 1])
            start.append(first)
            shape.append(length)
        return Block(tuple(start), tuple(shape))

    def position_block(self, rank: int) -> Block:
        """The box of `rank` in position space."""
        return self.block(rank, self.layouts()[0])

    @property
    def in_words(self) -> str:
        """How the grid is cut: "4 slabs", "4 x 2 pencils"; of one rank "the whole grid"."""
        first, second = self.pencil_grid
        if self.ranks == 1:
            return "the whole grid"
        return f"{first} slabs" if second == 1 else f"{first} x {second} pencils"

    @property
    def block_shape(self) -> tuple[int, ...]:
        """Shape of the first rank's box in position space, the largest one."""
        return self.position_block(0).shape

    def wave_block(self, rank: int, real: bool = False) -> Block:
        """The box of `rank` in wave-number space; `real` for the half spectrum of a real field."""
        return self.block(rank, self.layouts()[-1], self.half_points if real else self.points)


SMALL_MESSAGE = 1 << 16
"""Bytes below which messages are dominated by their latency, so that those of several fields are joined (measured:
16 to 64 KiB)."""


def joined_fields(block_bytes: int, ranks: int, fields: int) -> int:
    """How many of `fields` fields share a message between two of `ranks` ranks, which hold `block_bytes` of each: as
    many as make it worth its latency."""
    message = max(1, block_bytes // ranks)
    return max(1, min(fields, SMALL_MESSAGE // message))


def largest_split(points: tuple[int, ...]) -> tuple[int, int]:
    """Largest P1 and P2 at which no rank is left without points in any layout, half spectra included."""
    if len(points) == 1:
        return points[0], 1
    if len(points) == 2:
        return min(points[0], points[1] // 2 + 1), 1
    return min(points[0], points[1]), min(points[1], points[2] // 2 + 1)


def choose_pencil_grid(points: tuple[int, ...], ranks: int, asked: tuple[int, int] | None = None) -> tuple[int, int]:
    """The pencil grid for `ranks` ranks: the one asked for, else slabs while every rank has planes, else the squarest
    pencils.

    Slabs need one exchange where pencils need two. Raises :class:`ProblemError` when the grid is too small for the
    ranks.
    """
    limit = largest_split(points)
    sizes = " x ".join(map(str, points))
    if asked is not None:
        if asked[0] * asked[1] != ranks:
            raise ProblemError.of(
                "parallel.pencil_grid",
                f"{asked[0]} x {asked[1]} pencils need {counted(asked[0] * asked[1], 'rank')}, this run has {ranks}; "
                'start it on that many ranks, or set pencil_grid = "auto"',
            )
        if asked[0] > limit[0] or asked[1] > limit[1]:
            raise ProblemError.of(
                "parallel.pencil_grid",
                f"{asked[0]} x {asked[1]} pencils leave ranks without points on a grid of {sizes}; "
                f"at most {limit[0]} x {limit[1]} fit",
            )
        return asked
    fitting = _splits(ranks, limit)
    if not fitting:
        fewer = next(number for number in range(min(ranks - 1, limit[0] * limit[1]), 0, -1) if _splits(number, limit))
        raise ProblemError.of(
            "grid.points",
            f"{ranks} ranks cannot share a grid of {sizes}: every split leaves ranks without points; "
            f"a number fits that is the product of one up to {limit[0]} and one up to {limit[1]}; "
            f"the next below is {fewer}",
        )
    slabs = [split for split in fitting if split[1] == 1]
    return slabs[0] if slabs else min(fitting, key=lambda split: (abs(split[0] - split[1]), split[1]))


def _splits(ranks: int, limit: tuple[int, int]) -> list[tuple[int, int]]:
    """The pencil grids of so many ranks within a limit."""
    return [
        (first, ranks // first)
        for first in range(1, min(ranks, limit[0]) + 1)
        if ranks % first == 0 and ranks // first <= limit[1]
    ]
