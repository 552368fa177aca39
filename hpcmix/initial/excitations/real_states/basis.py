"""The bases of a search for modes, in memory that is taken once: pairs of rows p and q with their images A_+ p and
A_- q."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CHUNK = 1 << 16
"""Numbers of a row that are combined at a time: what is combined fits in a cache."""


@dataclass(frozen=True)
class Block:
    """Rows p and q (rows, species, *grid) and their images: views."""

    p: np.ndarray
    q: np.ndarray
    plus: np.ndarray
    minus: np.ndarray

    def __len__(self) -> int:
        return len(self.p)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """All four."""
        return self.p, self.q, self.plus, self.minus

    def part(self, begin: int, end: int) -> Block:
        """Some of the rows."""
        return Block(*(array[begin:end] for array in self.arrays))


class Basis:
    """Room for some rows, of which the first `count` are the present ones and what is `used` spans the bases.

    shape  of a row, (species, *grid of this rank).
    """

    def __init__(self, count: int, room: int, shape: tuple[int, ...]) -> None:
        self._all = Block(*(np.empty((room, *shape)) for _ in range(4)))
        self.count, self.used = count, count

    @property
    def rows(self) -> Block:
        """The present ones."""
        return self._all.part(0, self.count)

    @property
    def whole(self) -> Block:
        """All that span the bases."""
        return self._all.part(0, self.used)

    def more(self, number: int) -> Block:
        """Room for further rows behind those in use, which count as used from now on."""
        self.used += number
        return self._all.part(self.used - number, self.used)

    def combine(self, p: np.ndarray, q: np.ndarray, count: int) -> None:
        """Put sum_i row_i p[i, j] and q[i, j] in the place of the first rows j, in place; the first `count` of them are
        the present ones from now on, the others directions."""
        for array, matrix in zip(self.whole.arrays, (p, q, p, q), strict=True):
            flat, coefficients = flattened(array), np.ascontiguousarray(matrix.T)
            for begin in range(0, flat.shape[1], CHUNK):
                columns = slice(begin, begin + CHUNK)
                flat[: len(coefficients), columns] = coefficients @ flat[:, columns]
        self.count, self.used = count, p.shape[1]


def subtract(target: np.ndarray, rows: np.ndarray, matrix: np.ndarray) -> None:
    """target_j -= sum_i rows_i matrix[i, j], in place."""
    flat, source = flattened(target), flattened(rows)
    for begin in range(0, flat.shape[1], CHUNK):
        columns = slice(begin, begin + CHUNK)
        flat[:, columns] -= matrix.T @ source[:, columns]


def combined(rows: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """sum_i rows_i coefficients[i], as one row: a new array."""
    return np.asarray((coefficients @ flattened(rows)).reshape(1, *rows.shape[1:]))


def flattened(rows: np.ndarray) -> np.ndarray:
    """Rows of numbers, without a copy."""
    return rows.reshape(len(rows), int(np.prod(rows.shape[1:])))
