"""An approximate inverse of alpha + T where T is a function of the kinetic momentum Pi = -i hbar grad + A(x).

Functions of k know nothing of A: where a vector potential or the rotation of a frame is strong, a state at rest is made
of waves hbar k = -A(x), and a multiplier 1 / (alpha + T(k)) takes it for one that moves fast. Along one axis j, though,
Pi_j is a multiplier where A_j does not depend on x_j, as in a rotating frame and a uniform field: with chi = A_j x_j,

    f(Pi_j) = exp(-i chi / hbar) f(p_j) exp(i chi / hbar).

So the product over the axes of the functions of one momentum, each taken half on either side of the others,

    alpha / (alpha + T(Pi)) -> f(Pi_x)^(1/2) f(Pi_y)^(1/2) f(Pi_z) f(Pi_y)^(1/2) f(Pi_x)^(1/2),
    f(p) = alpha / (alpha + T(p) - T(0)),

is symmetric and positive, and differs by products of kinetic energies along two axes: waves that are fast along both
are damped more. The phases have to be periodic: A_j is rounded to a whole number of hbar 2 pi / L_j, less than the
momenta in a cloud that the box holds, and of an A_j that depends on x_j the mean along its axis is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.parallel.transforms.transform import Transform


class AxisResolvents:
    """The product of one species on this rank.

    potentials  A per axis: real arrays that broadcast to this rank's block, None for zero; code units of momentum.
    free        T without A.
    The constructor and :meth:`apply` are collective over the group.
    """

    def __init__(
        self, grid: Grid, transform: Transform, free: KineticEnergy, potentials: Sequence[np.ndarray | None]
    ) -> None:
        self._transform = transform
        self._excitations = [free.above_rest(grid.wave_numbers(axis) ** 2) for axis in range(grid.dimensions)]
        self._turns = [
            None if part is None else _turn(grid, transform, axis, part / free.hbar)
            for axis, part in enumerate(potentials)
        ]

    def apply(self, field: np.ndarray, alpha: float) -> None:
        """field <- the product of alpha / (alpha + T(Pi_j) - T(0)) over the axes, in place. Collective."""
        last = len(self._excitations) - 1
        for axis in range(last):
            self._along(field, axis, alpha, 0.5)
        self._along(field, last, alpha, 1.0)
        for axis in reversed(range(last)):
            self._along(field, axis, alpha, 0.5)

    def _along(self, field: np.ndarray, axis: int, alpha: float, power: float) -> None:
        excitation, turn = self._excitations[axis], self._turns[axis]
        table = (alpha / (alpha + excitation)) ** power / len(excitation)
        if turn is not None:
            field *= turn
        self._transform.multiply_along(field, axis, table + 0j)
        if turn is not None:
            field *= turn.conj()


def _turn(grid: Grid, transform: Transform, axis: int, wave_numbers: np.ndarray) -> np.ndarray:
    """exp(i chi / hbar) of A_j = hbar `wave_numbers`, periodic along the axis j. Collective."""
    # a rank that holds a single point of the axis cannot tell by itself
    if transform.communicators.maximum([wave_numbers.shape[axis]])[0] > 1.0:
        field = transform.empty_position()
        field[...] = wave_numbers
        mean = np.zeros(grid.points[axis], np.complex128)
        mean[0] = 1.0 / grid.points[axis]
        transform.multiply_along(field, axis, mean)
        wave_numbers = field.real
    longest = 2.0 * math.pi / grid.lengths[axis]
    phase = longest * np.rint(wave_numbers / longest) * grid.coordinates[axis]
    return transform.resources.holding(np.exp(1j * phase), transform.wave_dtype)
