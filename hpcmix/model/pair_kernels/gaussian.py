"""The Gaussian interaction G(r) = strength exp(-r^2 / (2 width^2))."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers, radial_part, squared_modulus
from hpcmix.model.pair_kernels.radial.decaying_transforms import DecayingTransforms
from hpcmix.problem.sections.interactions.gaussian import GAUSSIAN_NEGLIGIBLE


def gaussian_multiplier(squared_wave_number: np.ndarray, strength: float, width: float, dimensions: int) -> np.ndarray:
    """G^(k) = strength (2 pi width^2)^(d/2) exp(-width^2 k^2 / 2) in d dimensions.

    The infinite-space transform at the box's wave numbers: the kernel summed over the periodic images.
    """
    return strength * (2.0 * np.pi * width**2) ** (dimensions / 2.0) * np.exp(-0.5 * width**2 * squared_wave_number)


@dataclass(frozen=True)
class GaussianKernel(Kernel):
    """The kernel in any number of dimensions.

    contraction  1/b: the kernel is b^2 G(b r).
    made         cut transforms, by radius and largest wave number; all scales share them.
    """

    strength: float
    width: float
    dimensions: int
    contraction: float = 1.0
    made: dict[tuple[float, float], DecayingTransforms] = field(default_factory=dict, repr=False, compare=False)

    @property
    def _scaled(self) -> tuple[float, float]:
        """Strength and width of b^2 G(b r)."""
        return self.strength / self.contraction**2, self.contraction * self.width

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        return gaussian_multiplier(squared_modulus(wave_numbers), *self._scaled, self.dimensions)

    def profile(self, largest: float) -> Profile:
        return lambda k: gaussian_multiplier(k**2, *self._scaled, self.dimensions)

    def at_scale(self, contraction: float) -> Kernel:
        return replace(self, contraction=self.contraction * contraction)

    def reach(self, diagonal: float) -> float:
        return min(diagonal, GAUSSIAN_NEGLIGIBLE * self._scaled[1])

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`; by quadrature where a wide Gaussian is cut before it is negligible."""
        if radius >= GAUSSIAN_NEGLIGIBLE * self._scaled[1]:
            return radial_part(self.dimensions, self.profile(largest))
        if (radius, largest) not in self.made:
            made = DecayingTransforms(radius, lambda r: r**2, np.ones_like, self.dimensions, largest)
            self.made[radius, largest] = made
        strength, width = self._scaled
        transform = self.made[radius, largest].at(0.5 / width**2)
        return radial_part(self.dimensions, lambda k: strength * transform(k))
