"""The functions that are followed for themselves: phi exp(ikx) of the smallest wave numbers of the box (Feynman), or
every function of the grid, made orthonormal, the condensate's own first."""

from __future__ import annotations

import itertools
import math

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.independence import LinearlyDependent

SMALLEST_REMAINDER = 1e-11
"""Of a function beside those before it, relative. Rounding turns the direction of what remains by 1e-16 over this, and
with the next two projections it is orthogonal to rounding all the same; below, it would be made of rounding alone."""

BLOCK = 16
"""Functions that are projected at a time, as products of matrices."""

SAME_MODULUS = 1e-9
"""Relative difference below which two |k|^2 are the same: the axes' (2 pi/L)^2 are rounded."""


def smallest_waves(points: tuple[int, ...], lengths: tuple[float, ...], count: int) -> list[tuple[int, ...]]:
    """The numbers of periods m per axis of the `count` smallest |k| of the box, k = 2 pi m / L, k = 0 first; all of
    one |k| in the order of |m| and then m, so that k and -k stand together. The grid holds m = -floor(n/2) ..
    ceil(n/2)-1: of the Nyquist mode one sign."""
    squares = [(2.0 * math.pi / length) ** 2 for length in lengths]
    spans = _spans(points, squares, count)
    axes = [range(-min(n // 2, span), min((n + 1) // 2 - 1, span) + 1) for n, span in zip(points, spans, strict=True)]
    unit = SAME_MODULUS * min(squares)

    def order(wave: tuple[int, ...]) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        modulus = sum(m * m * square for m, square in zip(wave, squares, strict=True))
        return round(modulus / unit), tuple(map(abs, wave)), tuple(-m for m in wave)

    return sorted(itertools.product(*axes), key=order)[:count]


def _spans(points: tuple[int, ...], squares: list[float], count: int) -> list[int]:
    """Per axis the largest |m| that can be among the `count` smallest |k|: those of a ball that holds as many."""
    radius = min(squares)
    while True:
        spans = [math.floor(math.sqrt(radius / square)) for square in squares]
        inside = [min(n, 2 * (span // max(1, len(points))) + 1) for n, span in zip(points, spans, strict=True)]
        if math.prod(inside) >= count:  # a box within the ball holds enough
            return spans
        radius *= 2.0


def wave(grid: Grid, periods: tuple[int, ...]) -> np.ndarray:
    """exp(2 pi i sum over axes of m j / n) at this rank's points, j counted from the edge of the box: of a whole number
    of n-th parts of a turn, so that the value of a point is the same however the grid is divided."""
    value = np.ones((1,) * grid.dimensions, np.complex128)
    for axis, (m, n) in enumerate(zip(periods, grid.points, strict=True)):
        numbers = np.arange(n)[grid.position_block.slices[axis]]
        turns = (m * numbers) % n / n
        shape = [1] * grid.dimensions
        shape[axis] = numbers.size
        value = value * np.exp(2j * math.pi * turns).reshape(shape)
    return value


def feynman_functions(mixture: Mixture, orbital: np.ndarray, count: int) -> np.ndarray:
    """phi exp(ikx) of the `count` smallest |k|, made orthonormal in their order, shape (count, *local grid): the first
    is phi itself, of norm one. Collective over the group.

    Raises :class:`LinearlyDependent`, on every rank, where one depends on those before it; the text is their number.
    """
    grid = mixture.grid
    functions = np.empty((count, *orbital.shape), np.complex128)
    for function, periods in zip(functions, smallest_waves(grid.points, grid.lengths, count), strict=True):
        np.multiply(orbital, wave(grid, periods), out=function)
    orthonormalise(functions.reshape(count, -1), mixture.communicators, grid.cell_volume)
    return functions


def orthonormalise(rows: np.ndarray, communicators: Communicators, cell_volume: float) -> None:
    """Gram and Schmidt's vectors of the rows, which are functions on this rank's points, in place. Blocks of them are
    orthonormalised twice: what little remained of a row the first time is then of norm one, and so is its error seen.
    Raises :class:`LinearlyDependent` with the number of a row that the ones before it make up. Collective over the
    group."""
    for first in range(0, len(rows), BLOCK):
        block = rows[first : first + BLOCK]
        for _ in range(2):
            norms = np.sqrt(_squared_norms(block, communicators, cell_volume))
            _project(block, rows[:first], communicators, cell_volume)
            for number in range(len(block)):
                row = block[number : number + 1]
                for _ in range(2):
                    _project(row, block[:number], communicators, cell_volume)
                (square,) = _squared_norms(row, communicators, cell_volume)
                if not math.sqrt(square) > SMALLEST_REMAINDER * norms[number]:
                    raise LinearlyDependent(f"{first + number}")
                row /= math.sqrt(square)


def project_out(functions: np.ndarray, rows: np.ndarray, mixture: Mixture) -> None:
    """Take orthonormal functions, shape (number, *local grid), out of the rows, in place, of each by itself: how
    products of matrices are rounded depends on how many rows there are, and so on the number of groups. Collective over
    the group."""
    flat = functions.reshape(len(functions), -1)
    for number in range(len(rows)):
        _project(rows[number : number + 1], flat, mixture.communicators, mixture.grid.cell_volume)


def _project(rows: np.ndarray, onto: np.ndarray, communicators: Communicators, cell_volume: float) -> None:
    """rows_j -= sum_i onto_i <onto_i, rows_j>; where there are any."""
    if len(onto):
        # conjugates of the rows, and not of what may be many functions: the same products
        overlaps = communicators.sum(cell_volume * (rows.conj() @ onto.T).conj())
        rows -= overlaps @ onto


def _squared_norms(rows: np.ndarray, communicators: Communicators, cell_volume: float) -> np.ndarray:
    return communicators.sum(cell_volume * np.sum(rows.real**2 + rows.imag**2, axis=1))


def every_function(mixture: Mixture, orbital: np.ndarray) -> np.ndarray:
    """An orthonormal basis of all functions on the grid, the first of them phi, of norm one; shape (points, *local
    grid). Collective over the group.

    Householder's reflection H = 1 - 2 v v^+ / |v|^2 takes the function of the first point to a multiple of phi; the
    others are H of the functions of one point each.
    """
    grid = mixture.grid
    whole = np.zeros(grid.points, np.complex128)
    whole[grid.position_block.slices] = orbital
    direction = mixture.communicators.sum(whole).ravel()
    basis = reflected(direction).reshape(-1, *grid.points)
    return basis[(slice(None), *grid.position_block.slices)] / math.sqrt(grid.cell_volume)


def reflected(direction: np.ndarray) -> np.ndarray:
    """Rows: an orthonormal basis of C^n, the first the direction, of norm one."""
    unit = direction / np.linalg.norm(direction)
    vector = unit.copy()
    vector[0] += unit[0] / abs(unit[0]) if unit[0] != 0.0 else 1.0
    basis = np.eye(len(unit), dtype=np.complex128)
    basis -= np.outer(2.0 / np.vdot(vector, vector).real * vector.conj(), vector)
    basis[0] = unit
    return basis
