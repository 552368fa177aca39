"""The interaction of dipoles that all point along one direction e, in three dimensions:

    G(x) = strength (1 - 3 cos^2 theta) / r^3,        cos theta = e.x / r

with strength = mu_0 mu_a mu_b / (4 pi) for magnetic moments. Its transform (the singularity at the origin taken as a
principal value, a contact term being the contact interaction's) is

    G^(k) = strength (4 pi / 3) (3 (e.k)^2 / k^2 - 1),        G^(0) = 0

which does not tend to a limit at k = 0: on a periodic box the zero stands for the average over directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers, even_part, modulus, squared_modulus

PAIRS = ((0, 1), (0, 2), (1, 2))
"""Pairs of axes."""


def _squared(wave_numbers: WaveNumbers) -> np.ndarray:
    """k^2, and one where it is zero: what is divided there vanishes."""
    squared = squared_modulus(wave_numbers)
    return np.where(squared == 0.0, 1.0, squared)


def _along_squared(wave_numbers: WaveNumbers, direction: Sequence[float]) -> np.ndarray:
    """The part of (e.k)^2 that is even in every wave number."""
    return squared_modulus([e * k for e, k in zip(direction, wave_numbers, strict=True)])


def _product(wave_numbers: WaveNumbers, direction: Sequence[float], first: int, second: int) -> np.ndarray:
    """The part of (e.k)^2 that is odd in the wave numbers along two axes: 2 e_i e_j k_i k_j."""
    return 2.0 * direction[first] * direction[second] * wave_numbers[first] * wave_numbers[second]


def dipolar_multiplier(
    wave_numbers: WaveNumbers, directed: WaveNumbers, strength: float, direction: Sequence[float]
) -> np.ndarray:
    """The transform of the kernel at the box's wave numbers: its images included."""
    along = _along_squared(wave_numbers, direction)
    for first, second in PAIRS:
        along = along + _product(directed, direction, first, second)
    values = strength * (4.0 * np.pi / 3.0) * (3.0 * along / _squared(wave_numbers) - 1.0)
    return np.where(sum(k**2 for k in wave_numbers) == 0.0, 0.0, values)


def cut_factor(phase: np.ndarray) -> np.ndarray:
    """What cutting the kernel at R multiplies its transform with (Ronen, Bortolotti and Bohn, Phys. Rev. A 74 (2006)
    013623):

        1 + 3 cos(y)/y^2 - 3 sin(y)/y^3,        y = kR;        y^2/10 for small y

    A series takes over below 0.5, where the difference would lose more than three digits.
    """
    y = np.where(phase < 0.5, 1.0, phase)
    direct = 1.0 + 3.0 * (y * np.cos(y) - np.sin(y)) / y**3
    s = phase**2
    series = s / 10.0 * (1.0 - s / 28.0 * (1.0 - s / 54.0 * (1.0 - s / 88.0 * (1.0 - s / 130.0 * (1.0 - s / 180.0)))))
    return np.where(phase < 0.5, series, direct)


def cut_dipolar_multiplier(
    wave_numbers: WaveNumbers, strength: float, direction: Sequence[float], radius: float
) -> np.ndarray:
    """The part of the cut kernel's transform that is even in every wave number."""
    factor = strength * (4.0 * np.pi / 3.0) * cut_factor(modulus(wave_numbers) * radius)
    return factor * (3.0 * _along_squared(wave_numbers, direction) / _squared(wave_numbers) - 1.0)


def cut_dipolar_product(
    wave_numbers: WaveNumbers, strength: float, direction: Sequence[float], radius: float, first: int, second: int
) -> np.ndarray:
    """The part that is odd in the wave numbers along the axes `first` and `second`."""
    factor = strength * 4.0 * np.pi * cut_factor(modulus(wave_numbers) * radius)
    return factor * _product(wave_numbers, direction, first, second) / _squared(wave_numbers)


@dataclass(frozen=True)
class DipolarKernel(Kernel):
    """The kernel of dipoles along the unit vector `direction`."""

    strength: float
    direction: tuple[float, float, float]

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        return dipolar_multiplier(wave_numbers, directed, self.strength, self.direction)

    @property
    def power(self) -> float | None:
        """See :attr:`Kernel.power`: b^2 / (b y)^3."""
        return -1.0

    @property
    def radial(self) -> bool:
        return False

    def profile(self, largest: float) -> Profile:
        """See :meth:`Kernel.profile`: the kernel has a power, and depends on the direction of k."""
        raise TypeError("a dipolar kernel is no function of |k|")

    def at_scale(self, contraction: float) -> Kernel:
        return DipolarKernel(self.strength * contraction, self.direction)

    def reach(self, diagonal: float) -> float:
        return diagonal

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`: one part that is even along every axis, and one odd along two axes for each pair of
        components that the direction has."""
        common = (self.strength, self.direction, radius)
        parts = even_part(3, lambda k: cut_dipolar_multiplier(k, *common))
        for first, second in PAIRS:
            if self.direction[first] != 0.0 and self.direction[second] != 0.0:
                odd = tuple(axis in (first, second) for axis in range(3))
                parts.append(CutPart(odd, partial(_odd_part, common, first, second)))
        return parts


def _odd_part(
    common: tuple[float, Sequence[float], float], first: int, second: int, wave_numbers: WaveNumbers
) -> np.ndarray:
    return cut_dipolar_product(wave_numbers, *common, first, second)
