"""Multipliers for free-space convolutions on the twice-padded grid, from the transform of a cut kernel.

Vico, Greengard and Ferrando (J. Comput. Phys. 323 (2016) 191): within the box nobody notices that the kernel is cut at
R >= the box's diagonal, and the cut kernel's transform is smooth, so that a trapezoidal sum over wave numbers gives the
convolution with spectral accuracy. To be free of images the sum needs a spacing of 2 pi/(L + R): a padding by more than
two. It is made once, for the kernel alone: summed to the kernel's values T_j at the 2n - 1 distances that occur on an
axis, and transformed on the padded grid of M >= 2n points, which is all that a convolution then needs.

T is even or odd along each axis, so both steps are one real matrix per axis,

    D_m = sum_j v_j cos(2 pi m j / M) T_j,     T_j = (1/P) sum_l w_l cos(q_l x_j) G_l,     q_l = 2 pi l/(P h)

(sines for an odd axis), and the three of them are applied as products of matrices, a few planes of q_x at a time. No
rank talks to another, and nothing larger than the result is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel
from hpcmix.problem.checks.discretisation.kernel_costs import wide_points

BLOCK_POINTS = 2**18
"""Kernel values that are held at a time, two megabytes of each of the arrays that a kernel needs."""


Shape = tuple[int, int, int]


def padded_multiplier(
    kernels: Sequence[Kernel],
    points: Shape,
    spacings: tuple[float, float, float],
    padded: Shape,
    first: int,
    count: int,
) -> tuple[np.ndarray, bool]:
    """The multiplier of a sum of kernels on all k_x, all k_y and the k_z numbers `first` .. `first + count - 1`, and
    whether it is folded.

    points, spacings, padded  of three axes; an axis that does not exist has one point (parallel/transforms/padded.py).
    Folded: only the first half of k_x and k_y, because the kernels are even along both. The factor 1/(padded points) is
    included; wave numbers beyond the spectrum's half get zero.
    """
    half = padded[2] // 2 + 1
    rows = (np.arange(padded[0] // 2 + 1), np.arange(padded[1] // 2 + 1), np.arange(first, min(first + count, half)))
    summed = [(odd, values) for kernel in kernels for odd, values in _parts(kernel, points, spacings, padded, rows)]
    folded = not any(any(odd) for odd, _ in summed)
    result = np.zeros((*((row.size for row in rows[:2]) if folded else padded[:2]), count))
    for odd, values in summed:
        if not folded:
            values = _unfolded(_unfolded(values, 0, padded[0], odd[0]), 1, padded[1], odd[1])
        result[:, :, : rows[2].size] += values
    return result, folded


def _parts(
    kernel: Kernel, points: Shape, spacings: tuple[float, float, float], padded: Shape, rows: Sequence[np.ndarray]
) -> Iterator[tuple[list[bool], np.ndarray]]:
    """Every part of the cut kernel with its parity along three axes, at the wave numbers `rows` of the padded grid."""
    axes = [axis for axis in range(3) if points[axis] > 1]
    diagonal = math.sqrt(sum((points[axis] * spacings[axis]) ** 2 for axis in axes))
    radius = kernel.reach(diagonal)
    wide = [wide_points(points[axis], spacings[axis], radius) if axis in axes else 1 for axis in range(3)]
    wave_numbers = [
        2.0 * np.pi / (wide[axis] * spacings[axis]) * np.arange(wide[axis] // 2 + 1) if axis in axes else np.zeros(1)
        for axis in range(3)
    ]
    largest = math.sqrt(sum((math.pi / spacings[axis]) ** 2 for axis in axes))  # the same however wide the grid is
    for part in kernel.cut(radius, largest):
        odd = [part.odd[axes.index(axis)] if axis in axes else False for axis in range(3)]
        matrices = [_axis_matrix(rows[axis], points[axis], padded[axis], wide[axis], odd[axis]) for axis in range(3)]
        yield odd, _apply(part, axes, wave_numbers, matrices)


def _axis_matrix(rows: np.ndarray, points: int, padded: int, wide: int, odd: bool) -> np.ndarray:
    """From the wide grid's half axis to the wave numbers `rows` of the padded one, the factor 1/M included.

    The phases are multiples of a whole number over P or M, reduced before they become angles, so that their error does
    not grow with the grid.
    """
    if padded == 1:
        return np.ones((1, 1))
    wave = np.sin if odd else np.cos
    offsets = np.arange(points)
    modes = np.arange(wide // 2 + 1)
    inward = wave(2.0 * np.pi / wide * (np.multiply.outer(offsets, modes) % wide))
    inward *= np.where((modes == 0) | (modes == wide // 2), 1.0, 2.0) / wide
    outward = wave(2.0 * np.pi / padded * (np.multiply.outer(rows, offsets) % padded))
    outward *= np.where(offsets == 0, 1.0, 2.0) / padded
    return outward @ inward


def _apply(part: CutPart, axes: list[int], wave_numbers: list[np.ndarray], matrices: list[np.ndarray]) -> np.ndarray:
    """The part at all wave numbers of the wide grid's octant, with one matrix along each axis."""
    to_x, to_y, to_z = matrices
    kx, ky, kz = wave_numbers
    result = np.zeros((to_x.shape[0], to_y.shape[0] * to_z.shape[0]))
    values_at = _looked_up(part, axes, wave_numbers) or (lambda block: _evaluated(part, axes, wave_numbers, block))
    step = max(1, BLOCK_POINTS // (ky.size * kz.size))
    for begin in range(0, kx.size, step):
        block = slice(begin, min(begin + step, kx.size))
        values = np.matmul(to_y, values_at(block) @ to_z.T)
        result += to_x[:, block] @ values.reshape(values.shape[0], -1)
    return result.reshape(to_x.shape[0], to_y.shape[0], to_z.shape[0])


def _evaluated(part: CutPart, axes: list[int], wave_numbers: list[np.ndarray], block: slice) -> np.ndarray:
    """The part at some k_x and all k_y and k_z of the octant."""
    kx, ky, kz = wave_numbers
    grid = (kx[block, np.newaxis, np.newaxis], ky[np.newaxis, :, np.newaxis], kz[np.newaxis, np.newaxis, :])
    return part.evaluate([grid[axis] for axis in axes])


def _looked_up(part: CutPart, axes: list[int], wave_numbers: list[np.ndarray]) -> Callable[[slice], np.ndarray] | None:
    """The same for a function of |k| where the modes of all axes have one unit of k: |k|^2 is then a whole number of
    its squares, and there are far fewer of these than points - unless the grid is much finer along one axis."""
    units = {float(wave_numbers[axis][1]) for axis in axes}
    squares = [np.arange(k.size) ** 2 for k in wave_numbers]
    largest = sum(int(square[-1]) for square in squares)
    if part.profile is None or len(units) > 1 or largest > math.prod(k.size for k in wave_numbers):
        return None
    table = part.profile(units.pop() * np.sqrt(np.arange(largest + 1)))
    plane = squares[1][:, np.newaxis] + squares[2]
    return lambda block: table[squares[0][block, np.newaxis, np.newaxis] + plane]


def unfolded(values: np.ndarray, padded: Shape) -> np.ndarray:
    """A folded multiplier on all k_x and k_y."""
    return _unfolded(_unfolded(values, 0, padded[0], False), 1, padded[1], False)


def _unfolded(values: np.ndarray, axis: int, length: int, odd: bool) -> np.ndarray:
    """The whole axis of `length` points from its first half."""
    mirror = [slice(None)] * 3
    mirror[axis] = slice(length // 2 - 1, 0, -1)
    other = values[tuple(mirror)]
    return np.concatenate([values, -other if odd else other], axis=axis)
