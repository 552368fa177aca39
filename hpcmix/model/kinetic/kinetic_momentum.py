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
from hpcmix.model.kinetic.axis_resolvents import AxisResolvents
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.kinetic.vector_potentials import magnitudes
from hpcmix.parallel.transforms.resources import Resources
from hpcmix.parallel.transforms.transform import Transform


class KineticMomentum:
    """Pi of one species on this rank.

    own    its vector potential A per axis: arrays that broadcast to this rank's block, None for zero. Code units of
           momentum; the charge is part of it.
    frame  what a rotating frame adds, -m Omega x r, in the same way.
    scale  what D, p, and A are multiplied by where they are applied: 1 / sqrt(2 m) makes D^+ D an energy.
    All methods are collective over the group, but the constructor and what is called local.
    """

    def __init__(
        self,
        grid: Grid,
        transform: Transform,
        hbar: float,
        own: Sequence[np.ndarray | None],
        frame: Sequence[np.ndarray | None] | None = None,
        scale: float = 1.0,
    ) -> None:
        self._transform = transform
        self._grid = grid
        self.scale = scale
        resources = transform.resources
        nothing: list[np.ndarray | None] = [None] * grid.dimensions
        both = zip(own, nothing if frame is None else frame, strict=True)
        self.frame = [_times(part, 1.0, resources) for part in (nothing if frame is None else frame)]
        self._potentials = [_times(_sum(first, second), scale, resources) for first, second in both]
        self._tables = []
        for axis, points in enumerate(grid.points):
            momenta = (scale * hbar) * grid.wave_numbers(axis) + 0j
            if points % 2 == 0:
                momenta[points // 2] = 1j * abs(momenta[points // 2])
            self._tables.append(momenta)
        self._work = [transform.empty_position() for _ in range(2)]

    def square(self, source: np.ndarray, target: np.ndarray) -> None:
        """target = scale^2 Pi^2 source, the sum of D^+ D over the axes."""
        work, product = self._work
        along = self._transform.multiply_along
        for axis, (potential, table, points) in enumerate(
            zip(self._potentials, self._tables, self._grid.points, strict=True)
        ):
            part = target if axis == 0 else work
            np.copyto(part, source)
            if potential is None:
                along(part, axis, np.abs(table) ** 2 / points)
            else:
                along(part, axis, table / points)
                np.multiply(source, potential, out=product)
                part += product
                np.multiply(part, potential, out=product)
                along(part, axis, table.conj() / points)
                part += product
            if axis > 0:
                target += part

    def magnitudes(self) -> list[float]:
        """The largest |A| on this rank along each axis, what the frame adds included. Local."""
        return [size / self.scale for size in magnitudes(self._potentials)]

    def resolvents(self, free: KineticEnergy) -> AxisResolvents:
        """What is nearly the inverse of alpha + T(Pi), with T that of `free` without A. Collective."""
        parts = [None if part is None else part / self.scale for part in self._potentials]
        return AxisResolvents(self._grid, self._transform, free, parts)

    def along(self, source: np.ndarray, axis: int) -> np.ndarray:
        """scale D source along one axis; the array belongs to this object and is overwritten by its next call."""
        work, product = self._work
        np.copyto(work, source)
        self._transform.multiply_along(work, axis, self._tables[axis] / self._grid.points[axis])
        potential = self._potentials[axis]
        if potential is not None:
            np.multiply(source, potential, out=product)
            work += product
        return work


def _sum(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _times(part: np.ndarray | None, factor: float, resources: Resources) -> np.ndarray | None:
    return None if part is None else resources.holding(factor * part, resources.real_dtype)
