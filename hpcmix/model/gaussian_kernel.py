"""The Gaussian interaction G(r) = strength exp(-r^2 / (2 width^2))."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.kernel import CutPart, Kernel, Profile, RadialKernel, WaveNumbers
from hpcmix.model.radial_functions import RadialFunction

NEGLIGIBLE = 9.0
"""Widths after which a Gaussian is 3e-18 of its maximum, below the rounding of a sum."""


def gaussian_multiplier(squared_wave_number: np.ndarray, strength: float, width: float, dimensions: int) -> np.ndarray:
    """G^(k) = strength (2 pi width^2)^(d/2) exp(-width^2 k^2 / 2) in d dimensions (EQUATIONS, kernels).

    The infinite-space transform at the box's wave numbers: the kernel summed over the periodic images.
    """
    return strength * (2.0 * np.pi * width**2) ** (dimensions / 2.0) * np.exp(-0.5 * width**2 * squared_wave_number)


@dataclass(frozen=True)
class GaussianKernel(Kernel):
    """The kernel in any number of dimensions."""

    strength: float
    width: float
    dimensions: int

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        """See :meth:`Kernel.multiplier`."""
        return gaussian_multiplier(sum(k**2 for k in wave_numbers), self.strength, self.width, self.dimensions)

    def profile(self, largest: float) -> Profile:
        """See :meth:`Kernel.profile`."""
        return lambda k: gaussian_multiplier(k**2, self.strength, self.width, self.dimensions)

    def at_scale(self, contraction: float) -> Kernel:
        """See :meth:`Kernel.at_scale`."""
        return GaussianKernel(self.strength / contraction**2, self.width * contraction, self.dimensions)

    def reach(self, diagonal: float) -> float:
        """See :meth:`Kernel.reach`."""
        return min(diagonal, NEGLIGIBLE * self.width)

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`; by quadrature, because a wide Gaussian is cut where it is not small."""
        function = RadialFunction((0.0, radius), lambda r: self.strength * np.exp(-0.5 * (r / self.width) ** 2))
        return RadialKernel(function, self.dimensions).cut(radius, largest)
