"""The markers of this rank: arrays that markers leave and arrive in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROOM = 1.25
"""Memory asked for, in units of what is needed: pages that nobody has written to are not resident, and arrivals then
move no array."""

ROWS_AT_A_TIME = 1 << 16
"""Markers of which numbers are computed in one go."""


def pieces(count: int) -> Iterator[slice]:
    """Rows 0 .. count - 1 in pieces that arrays are made for."""
    for begin in range(0, count, ROWS_AT_A_TIME):
        yield slice(begin, min(begin + ROWS_AT_A_TIME, count))


@dataclass
class Markers:
    """Index, position, momentum and weight of the markers of this rank, in no particular order.

    count  how many there are; the arrays behind may have room for more. The properties are views of the first `count`
           rows, to be taken anew after markers have moved between ranks.
    """

    _index: NDArray[np.int64]
    _position: NDArray[np.float64]
    _momentum: NDArray[np.float64]
    _weight: NDArray[np.float64]
    count: int

    @classmethod
    def empty(cls, count: int, dimensions: int) -> Markers:
        """So many, of any values."""
        room = int(ROOM * count) + 1
        return cls(
            np.empty(room, np.int64),
            np.empty((room, dimensions)),
            np.empty((room, dimensions)),
            np.empty(room),
            count,
        )

    @classmethod
    def of(
        cls,
        index: NDArray[np.int64],
        position: NDArray[np.float64],
        momentum: NDArray[np.float64],
        weight: NDArray[np.float64],
    ) -> Markers:
        """Made of arrays, which become its own."""
        if not len(index) == len(position) == len(momentum) == len(weight):
            raise ValueError("of every marker there must be index, position, momentum and weight")
        if position.ndim != 2 or position.shape != momentum.shape:
            raise ValueError(f"positions of shape {position.shape} do not go with momenta of shape {momentum.shape}")
        return cls(
            np.ascontiguousarray(index, np.int64),
            np.ascontiguousarray(position, np.float64),
            np.ascontiguousarray(momentum, np.float64),
            np.ascontiguousarray(weight, np.float64),
            len(index),
        )

    @property
    def dimensions(self) -> int:
        """Number of axes."""
        return self._position.shape[1]

    @property
    def index(self) -> NDArray[np.int64]:
        """Number of each marker among all markers of its species, shape (count,): it never changes."""
        return self._index[: self.count]

    @property
    def position(self) -> NDArray[np.float64]:
        """x in [-L/2, L/2), shape (count, axes)."""
        return self._position[: self.count]

    @property
    def momentum(self) -> NDArray[np.float64]:
        """p, shape (count, axes)."""
        return self._momentum[: self.count]

    @property
    def weight(self) -> NDArray[np.float64]:
        """w, shape (count,): the particles that each marker stands for; a constant of motion."""
        return self._weight[: self.count]

    def copy(self) -> Markers:
        """Markers that share no memory with these."""
        copy = Markers.empty(self.count, self.dimensions)
        copy.assign(self)
        return copy

    def assign(self, source: Markers) -> None:
        """Take the values of others, however many they are."""
        self.make_room(source.count, 0)
        self.count = source.count
        self.index[...] = source.index
        self.position[...] = source.position
        self.momentum[...] = source.momentum
        self.weight[...] = source.weight

    def make_room(self, count: int, kept: int) -> None:
        """Have room for so many, and keep the first `kept` rows; one array after the other, so that no two are there
        twice."""
        if count <= len(self._index):
            return
        self._index = _with_room(self._index, count, kept)
        self._position = _with_room(self._position, count, kept)
        self._momentum = _with_room(self._momentum, count, kept)
        self._weight = _with_room(self._weight, count, kept)

    # --------------------------------------------------------------- records, one marker after the other

    @property
    def record_length(self) -> int:
        """Numbers of 8 bytes that a marker takes in a record: index, position, momentum, weight."""
        return 2 * self.dimensions + 2

    def records(self, rows: NDArray[np.int64] | slice) -> NDArray[np.float64]:
        """Some markers as records, shape (number, record_length); the index by its bits."""
        d = self.dimensions
        index = self._index[rows]
        records = np.empty((len(index), self.record_length))
        records[:, 0] = index.view(np.float64)
        records[:, 1 : 1 + d] = self._position[rows]
        records[:, 1 + d : 1 + 2 * d] = self._momentum[rows]
        records[:, 1 + 2 * d] = self._weight[rows]
        return records

    def put(self, rows: NDArray[np.int64] | slice, records: NDArray[np.float64]) -> None:
        """Store records in some rows, for which there is room."""
        d = self.dimensions
        self._index[rows] = np.ascontiguousarray(records[:, 0]).view(np.int64)
        self._position[rows] = records[:, 1 : 1 + d]
        self._momentum[rows] = records[:, 1 + d : 1 + 2 * d]
        self._weight[rows] = records[:, 1 + 2 * d]

    def move_rows(self, targets: NDArray[np.int64], rows: NDArray[np.int64]) -> None:
        """Store the markers of some rows in as many others."""
        for array in (self._index, self._position, self._momentum, self._weight):
            array[targets] = array[rows]

    def into_order(self, first: int) -> None:
        """Put the marker with index first + i into row i, for a permutation of these indices, one column of numbers
        after the other: takes 8 bytes a marker beside what is there."""
        column = np.empty(self.count)
        columns = [array[:, axis] for array in (self.position, self.momentum) for axis in range(self.dimensions)]
        for values in (*columns, self.weight):
            for rows in pieces(self.count):
                column[self.index[rows] - first] = values[rows]
            values[...] = column
        for rows in pieces(self.count):
            self.index[rows] = np.arange(first + rows.start, first + rows.stop)

    def have_indices_from(self, first: int, count: int) -> bool:
        """Whether they are those with the indices first .. first + count - 1, in any order."""
        if self.count != count or (count and not first <= self.index.min() <= self.index.max() < first + count):
            return False
        there = np.zeros(count, np.bool_)
        for rows in pieces(count):
            there[self.index[rows] - first] = True
        return bool(there.all())


def _with_room(array: np.ndarray, count: int, kept: int) -> np.ndarray:
    larger = np.empty((int(ROOM * count) + 1, *array.shape[1:]), array.dtype)
    larger[:kept] = array[:kept]
    return larger
