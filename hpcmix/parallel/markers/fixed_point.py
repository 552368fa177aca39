"""The fixed point in which markers are put onto the grid: units so fine, and so few, that no sum can overflow.

A deposit is rint(s w_i S) with s a power of two. In one cell all deposits together are at most s W max(S), W the sum of
all weights and max(S) the window's largest value: s is the largest power of two that keeps this below 2^62, whatever
the markers do. So s depends on constants of motion only, a run that goes on from a checkpoint finds the same one, and
nothing has to be looked at on the way. Of a cloud that fills C cells this leaves 62 - log2(C) bits for the content of a
cell: of 2^13 cells 49, a rounding of 2e-15. Of one marker s w is at most 2^51, the largest that kernels take; this is
the tighter bound where a marker stands for more than 2^-11 of all particles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from hpcmix.kernels.markers import LARGEST_DEPOSIT
from hpcmix.problem.mistakes.ending import Foreseen

LARGEST_CONTENT = 2.0**62
"""Of a cell, in units: half of what int64 holds, so that what is beyond is known to be wrong."""

WEIGHTS_ADD_UP = 1e-6
"""Relative difference of the sum of all weights from the particles that is taken for rounding: weights from files may
have been stored in single precision."""

_FRACTIONS = np.linspace(-1.0, 1.0, 129)


class MarkersLost(RuntimeError, Foreseen):
    """What markers put onto the grid is not what they carry, raised on every rank: a fault of the program or the
    machine, which nothing that markers do can bring about. The text says how it shows."""


@dataclass(frozen=True)
class FixedPoint:
    """Units of deposits.

    scale      units in one: a power of two.
    partition  largest relative deviation of sum_g S(x - x_g) from one.
    stencil    number of cells that a window meets.
    """

    scale: float
    partition: float
    stencil: int

    @classmethod
    def of(cls, table: NDArray[np.float64], dimensions: int, particles: float, largest_weight: float) -> FixedPoint:
        """For the window of `table` along each axis, a sum of all weights, and the largest of them."""
        pieces = polynomial.polyval(_FRACTIONS, table.T)
        largest = float(np.max(pieces)) ** dimensions
        bounds = [LARGEST_CONTENT / (particles * (1.0 + WEIGHTS_ADD_UP) * largest)]
        if largest_weight > 0.0:
            bounds.append(LARGEST_DEPOSIT / largest_weight)
        # one bit less: the largest value was looked for at some fractions only
        exponent = math.frexp(min(bounds))[1] - 2
        partition = float(np.max(np.abs(pieces.sum(axis=0) - 1.0)))
        return cls(math.ldexp(1.0, exponent), (1.0 + partition) ** dimensions - 1.0, len(table) ** dimensions)

    def deviation(self, patch: NDArray[np.int64], weight: NDArray[np.float64]) -> str:
        """How a patch differs from what markers of these weights put there; empty where it does not. Local.

        Sums are taken modulo 2^64, where they are exact. The tolerance is the window's own, and half a unit for every
        deposit.
        """
        carried = self.scale * float(np.sum(weight))
        if not math.isfinite(carried):
            return "weights of markers are not finite"
        difference = (int(np.sum(patch)) - round(carried) + (1 << 63)) % (1 << 64) - (1 << 63)
        summing = 1e-13 * carried  # of numpy's pairwise sum of weights
        if abs(difference) <= 2.0 * self.partition * carried + 0.5 * self.stencil * len(weight) + summing + 1.0:
            return ""
        return (
            f"markers that carry {carried / self.scale:.12g} particles put {(carried + difference) / self.scale:.12g} "
            "onto the grid"
        )
