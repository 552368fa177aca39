"""The numpy twins of the compiled loops over markers (:mod:`hpcmix.kernels.markers`), a chunk of markers at a time.

Deposits and gathers agree with the compiled ones to rounding; cells and tiles agree exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

STENCIL_POINTS_TOGETHER = 2**20
"""Of a chunk of markers: arrays of 8 MiB."""
LARGEST_DEPOSIT = 2.0**51
"""Of one marker, in units of the fixed point: what the compiled rounding is exact for."""
TILE = 8
"""Cells along each axis that are sorted together."""


def cells_and_fractions(
    position: NDArray, lengths: NDArray, points: NDArray
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The cell c in [0, n) along each axis and the fraction of a cell above its left end, in [0, 1]."""
    place = (position + 0.5 * lengths) * (points / lengths)
    # a number that is none, or far away, gets a cell too: it must not reach memory outside the patch
    place = np.where(place < points, np.where(place > 0.0, place, 0.0), points.astype(np.float64))
    cell = np.minimum(place.astype(np.int64), points - 1)
    return cell, place - cell


@dataclass(frozen=True)
class Stencils:
    """Where some markers lie in a patch, and the window there.

    flat         (n, w^d) places in the patch, in C order
    values       for each axis (n, w): phi
    derivatives  for each axis (n, w): d phi / du
    """

    flat: NDArray[np.int64]
    values: list[NDArray]
    derivatives: list[NDArray]

    @classmethod
    def of(
        cls, position: NDArray, lengths: NDArray, points: NDArray, start: NDArray, table: NDArray, shape: NDArray
    ) -> Stencils:
        width = len(table)
        cell, fraction = cells_and_fractions(position, lengths, points)
        first = (cell - start - width // 2) % points + 1
        if np.any(first + width > shape):
            raise ValueError(OUTSIDE)
        t = 2.0 * fraction - 1.0
        slopes = 2.0 * table[:, 1:] * np.arange(1, table.shape[1])
        values = [polynomial.polyval(t[:, axis], table.T).T for axis in range(len(shape))]
        derivatives = [polynomial.polyval(t[:, axis], slopes.T).T for axis in range(len(shape))]
        flat = np.zeros((len(position), 1), np.int64)
        for axis, extent in enumerate(shape):
            places = first[:, axis, np.newaxis] + np.arange(width)
            flat = (flat[:, :, np.newaxis] * extent + places[:, np.newaxis, :]).reshape(len(position), -1)
        return cls(flat, values, derivatives)

    def product(self, factors: list[NDArray]) -> NDArray:
        """(n, w^d): the product over the axes, in C order."""
        result = factors[0]
        for factor in factors[1:]:
            result = (result[:, :, np.newaxis] * factor[:, np.newaxis, :]).reshape(len(result), -1)
        return result


OUTSIDE = "a marker's window reaches beyond the patch, or its deposit beyond 2^51"


def spread_fixed(
    position: NDArray,
    weight: NDArray,
    lengths: NDArray,
    points: NDArray,
    start: NDArray,
    table: NDArray,
    scale: float,
    patch: NDArray,
) -> None:
    """As :func:`hpcmix.kernels.markers.spread_fixed`."""
    cells = patch.reshape(-1)
    for chunk in _chunks(len(position), len(table) ** patch.ndim):
        stencils = Stencils.of(position[chunk], lengths, points, start, table, np.array(patch.shape))
        amount = scale * weight[chunk]
        if not np.all(np.abs(amount) <= LARGEST_DEPOSIT):
            raise ValueError(OUTSIDE)
        factors = [amount[:, np.newaxis] * stencils.values[0], *stencils.values[1:]]
        np.add.at(cells, stencils.flat, np.rint(stencils.product(factors)).astype(np.int64))


def gather(
    position: NDArray,
    lengths: NDArray,
    points: NDArray,
    start: NDArray,
    table: NDArray,
    field: NDArray,
    gradient: NDArray,
) -> None:
    """As :func:`hpcmix.kernels.markers.gather`."""
    cells = field.reshape(-1)
    for chunk in _chunks(len(position), len(table) ** field.ndim):
        stencils = Stencils.of(position[chunk], lengths, points, start, table, np.array(field.shape))
        values = cells[stencils.flat]
        for axis in range(field.ndim):
            factors = list(stencils.values)
            factors[axis] = stencils.derivatives[axis]
            total = np.sum(stencils.product(factors) * values, axis=1)
            gradient[chunk, axis] = total * (points[axis] / lengths[axis])


def values_at(
    position: NDArray, lengths: NDArray, points: NDArray, start: NDArray, table: NDArray, field: NDArray
) -> NDArray[np.float64]:
    """As :func:`hpcmix.kernels.markers.values_at`."""
    cells, values = field.reshape(-1), np.empty(len(position))
    for chunk in _chunks(len(position), len(table) ** field.ndim):
        stencils = Stencils.of(position[chunk], lengths, points, start, table, np.array(field.shape))
        values[chunk] = np.sum(stencils.product(stencils.values) * cells[stencils.flat], axis=1)
    return values


def kick_drift(
    position: NDArray,
    momentum: NDArray,
    lengths: NDArray,
    gradient: NDArray,
    kick: float,
    drift: float,
    mass: float,
    rest_mass: float,
) -> NDArray[np.float64]:
    """p -= kick gradient, x += drift dT/dp, wrapped; the largest |drift dT/dp| along each axis."""
    momentum -= kick * gradient
    if drift == 0.0:
        return np.zeros(len(lengths))  # not even -0 becomes 0: looking at a state does not change it
    if rest_mass > 0.0:
        squares = rest_mass * rest_mass + np.sum(momentum * momentum, axis=1, keepdims=True)
        moved = drift * (momentum / np.sqrt(squares))
    else:
        moved = (drift / mass) * momentum
    position += moved
    wrap(position, lengths)
    return np.max(np.abs(moved), axis=0, initial=0.0)


def gather_kick_drift(
    position: NDArray,
    momentum: NDArray,
    lengths: NDArray,
    points: NDArray,
    start: NDArray,
    table: NDArray,
    field: NDArray | None,
    force_gradient: NDArray | None,
    kick: float,
    drift: float,
    mass: float,
    rest_mass: float,
    largest: NDArray,
) -> None:
    """As :func:`hpcmix.kernels.markers.gather_kick_drift`."""
    gradient = np.zeros_like(momentum)
    if field is not None:
        gather(position, lengths, points, start, table, field, gradient)
    if force_gradient is not None:
        gradient += force_gradient
    largest[...] = kick_drift(position, momentum, lengths, gradient, kick, drift, mass, rest_mass)


def wrap(position: NDArray, lengths: NDArray) -> None:
    """Positions taken back into [-L/2, L/2), in place."""
    half = np.broadcast_to(0.5 * lengths, position.shape)
    beyond = ~((position >= -half) & (position < half))
    half, length, x = half[beyond], np.broadcast_to(lengths, position.shape)[beyond], position[beyond]
    # rounding may be one length off, and leave exactly L/2
    x -= np.floor((x + half) / length) * length
    x = np.where(x < -half, x + length, x)
    position[beyond] = np.where(x >= half, -half, x)


def sort_by_tiles(
    position: NDArray,
    momentum: NDArray,
    weight: NDArray,
    index: NDArray,
    lengths: NDArray,
    points: NDArray,
    start: NDArray,
    table: NDArray,
    extents: NDArray,
) -> None:
    """As :func:`hpcmix.kernels.markers.sort_by_tiles`."""
    cell, _ = cells_and_fractions(position, lengths, points)
    counts = np.maximum(1, -(-extents // TILE))
    tiles = np.minimum((cell - start - len(table) // 2) % points // TILE, counts - 1)
    order = np.argsort(_flat(tiles, counts), kind="stable")
    for array in (position, momentum, weight, index):
        array[...] = array[order]


def _flat(tiles: NDArray, counts: NDArray) -> NDArray[np.int64]:
    flat = np.zeros(len(tiles), np.int64)
    for axis, count in enumerate(counts):
        flat = flat * count + tiles[:, axis]
    return flat


def _chunks(count: int, points_of_stencil: int) -> Iterator[slice]:
    together = max(1, STENCIL_POINTS_TOGETHER // points_of_stencil)
    return (slice(begin, min(begin + together, count)) for begin in range(0, count, together))
