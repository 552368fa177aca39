"""Where a block of a global array lies in a file that holds the array in C order.

A piece is the index of its first element in the global array, and the bytes from there on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from hpcmix.parallel.decomposition import Block

Piece = tuple[int, np.ndarray]


def all_pieces(global_shape: tuple[int, ...], block: Block, local: np.ndarray) -> Iterator[Piece]:
    """The whole block in the fewest pieces: one if it spans every axis but the first, otherwise one per plane or
    line.
    """
    if block.size == 0:
        return
    axis = len(global_shape) - 1
    while axis > 0 and block.shape[axis] == global_shape[axis]:
        axis -= 1
    for index in np.ndindex(block.shape[:axis]):
        yield _piece(global_shape, block, local, index)


def sampled_lines(global_shape: tuple[int, ...], block: Block, local: np.ndarray, number: int) -> Iterator[Piece]:
    """At most `number` lines along the last axis, spread over the block with its first and its last among them."""
    if block.size == 0:
        return
    across = block.shape[:-1]
    lines = math.prod(across)
    for line in sorted({round(place) for place in np.linspace(0, lines - 1, min(lines, number))}):
        index = tuple(int(i) for i in np.unravel_index(line, across)) if across else ()
        yield _piece(global_shape, block, local, index)


def _piece(global_shape: tuple[int, ...], block: Block, local: np.ndarray, index: tuple[int, ...]) -> Piece:
    place = (*index, *([0] * (len(global_shape) - len(index))))
    first = 0
    for whole, start, i in zip(global_shape, block.start, place, strict=True):
        first = first * whole + start + i
    return first, np.ascontiguousarray(local[index]).reshape(-1).view(np.uint8)
