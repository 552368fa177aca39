"""Where a block of a global array lies in a file that holds the array in C order.

A piece is the index of its first element in the global array, and the bytes from there on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hpcmix.parallel.decomposition import Part

Piece = tuple[int, np.ndarray]


def places(part: Part) -> Iterator[tuple[tuple[int, ...], int]]:
    """How the block falls into pieces that are contiguous in the global array, as few as possible: one if it spans
    every axis but the first, otherwise one per plane or line.

    Yields the index within the block and the index of the piece's first element in the global array.
    """
    if part.block.size == 0:
        return
    axis = len(part.shape) - 1
    while axis > 0 and part.block.shape[axis] == part.shape[axis]:
        axis -= 1
    for index in np.ndindex(part.block.shape[:axis]):
        yield index, _first(part, index)


def all_pieces(part: Part) -> Iterator[Piece]:
    """The whole block in the pieces of :func:`places`."""
    for index, first in places(part):
        yield first, _content(part, index)


def sampled_lines(part: Part, number: int) -> Iterator[Piece]:
    """At most `number` lines along the last axis, spread over the block with its first and its last among them."""
    if part.block.size == 0:
        return
    across = part.block.shape[:-1]
    lines = math.prod(across)
    for line in sorted({round(place) for place in np.linspace(0, lines - 1, min(lines, number))}):
        index = tuple(int(i) for i in np.unravel_index(line, across)) if across else ()
        yield _first(part, index), _content(part, index)


def _first(part: Part, index: tuple[int, ...]) -> int:
    place = (*index, *([0] * (len(part.shape) - len(index))))
    first = 0
    for whole, start, i in zip(part.shape, part.block.start, place, strict=True):
        first = first * whole + start + i
    return first


def _content(part: Part, index: tuple[int, ...]) -> np.ndarray:
    return np.ascontiguousarray(part.local[index]).reshape(-1).view(np.uint8)
