"""The kinetic momentum Pi = -i hbar grad + A(x) on the grid, and the sum of its squares.

Along one axis the discrete operator is D = p + A with p = hbar k in wave numbers, and i hbar k_N at the Nyquist mode of
an even axis, which has no sign (CONVENTIONS.md, Fourier transform). Then

    Pi^2 = sum over axes of D^+ D = p_odd^2 + hbar^2 k_N^2 P_N + p_odd A + A p_odd + A^2 + (what couples A to P_N alone)

is Hermitian and not negative whatever A is, up to rounding, equal to hbar^2 k^2 where A = 0, the Nyquist modes
included, and spectrally exact for what the grid resolves. The other choice, p^2 + p.A + A.p + A^2 with whole
transforms, costs d + 1 Fourier pairs of d axes; this one transforms one axis at a time: two thirds of a pair in three
dimensions for every axis along which A acts, a third for the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.transforms import empty
from hpcmix.parallel.transform import Transform


class KineticMomentum:
    """Pi of one species on this rank.

    own    its vector potential A per axis: arrays that broadcast to this rank's block, None for zero. Code units of
           momentum; the charge is part of it.
    frame  what a rotating frame adds, -m Omega x r, in the same way.
    All methods but the constructor are collective over the group.
    """

    def __init__(
        self,
        grid: Grid,
        transform: Transform,
        hbar: float,
        own: Sequence[np.ndarray | None],
        frame: Sequence[np.ndarray | None] | None = None,
    ) -> None:
        self._transform = transform
        self._grid = grid
        real = np.empty(0, transform.wave_dtype).real.dtype
        self.frame = [None] * grid.dimensions if frame is None else [_cast(part, real) for part in frame]
        both = zip(own, [None] * grid.dimensions if frame is None else frame, strict=True)
        self._total = [_cast(_sum(first, second), real) for first, second in both]
        self._tables = []
        for axis, points in enumerate(grid.points):
            momenta = hbar * grid.wave_numbers(axis) + 0j
            if points % 2 == 0:
                momenta[points // 2] = 1j * abs(momenta[points // 2])
            self._tables.append(momenta)
        self._work = [empty(transform.position_block.shape, transform.wave_dtype) for _ in range(2)]

    def add_square(self, source: np.ndarray, target: np.ndarray, scale: float) -> None:
        """target += scale Pi^2 source."""
        work, product = self._work
        number = source.real.dtype.type(scale)
        for axis, (potential, table, points) in enumerate(
            zip(self._total, self._tables, self._grid.points, strict=True)
        ):
            np.copyto(work, source)
            if potential is None:
                self._transform.multiply_along(work, axis, scale * np.abs(table) ** 2 / points)
                target += work
                continue
            self._transform.multiply_along(work, axis, table / points)
            np.multiply(source, potential, out=product)
            work += product
            np.multiply(work, potential, out=product)
            self._transform.multiply_along(work, axis, table.conj() / points)
            product += work
            product *= number
            target += product

    def along(self, source: np.ndarray, axis: int) -> np.ndarray:
        """D source along one axis; the array belongs to this object and is overwritten by its next call."""
        work, product = self._work
        np.copyto(work, source)
        self._transform.multiply_along(work, axis, self._tables[axis] / self._grid.points[axis])
        if self._total[axis] is not None:
            np.multiply(source, self._total[axis], out=product)
            work += product
        return work


def _sum(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _cast(part: np.ndarray | None, real: np.dtype) -> np.ndarray | None:
    return None if part is None else part.astype(real)
