"""Coulomb, gravity and Yukawa: G(r) = strength exp(-screening r) / r, with screening = 0 for the first two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers, radial_part, squared_modulus
from hpcmix.model.pair_kernels.radial.decaying_transforms import DecayingTransforms
from hpcmix.problem.sections.interactions.inverse_distance import YUKAWA_NEGLIGIBLE


def yukawa_multiplier(
    squared_wave_number: np.ndarray, strength: float, screening: float, dimensions: int
) -> np.ndarray:
    """The transform of the kernel; with the box's wave numbers it is summed over the images of the box.

    Three dimensions: G^(k) = 4 pi strength / (k^2 + screening^2).
    Two dimensions (the same function of r in the plane): G^(k) = 2 pi strength / sqrt(k^2 + screening^2).
    Without screening the mean density (k = 0) exerts no force: a neutralising background, G^(0) = 0.
    In one dimension exp(-screening |x|)/|x| has no transform; the problem file refuses it.
    """
    denominator = squared_wave_number + screening**2
    neutral = denominator == 0.0
    denominator = np.where(neutral, 1.0, denominator)
    if dimensions == 3:
        return np.where(neutral, 0.0, 4.0 * np.pi * strength / denominator)
    return np.where(neutral, 0.0, 2.0 * np.pi * strength / np.sqrt(denominator))


def cut_yukawa_multiplier(wave_number: np.ndarray, strength: float, screening: float, radius: float) -> np.ndarray:
    """The transform of the three-dimensional kernel cut at `radius`, smooth in k (Vico, Greengard and Ferrando, J.
    Comput. Phys. 323 (2016) 191):

        G^(k) = 4 pi strength [1 - exp(-mu R) (cos kR + mu sin(kR) / k)] / (k^2 + mu^2)

    The bracket is the sum of two terms without cancellation: 1 - exp(-x)(1 + x) with x = mu R, which is an incomplete
    gamma function, and exp(-x) [2 sin^2(kR/2) + x (1 - sin(kR)/kR)]. For mu = k = 0: 2 pi strength R^2.
    """
    from scipy.special import gammainc

    x = screening * radius
    phase = wave_number * radius
    bracket = gammainc(2.0, x) + np.exp(-x) * (2.0 * np.sin(0.5 * phase) ** 2 + x * (1.0 - np.sinc(phase / np.pi)))
    denominator = wave_number**2 + screening**2
    centre = denominator == 0.0
    values = 4.0 * np.pi * strength * bracket / np.where(centre, 1.0, denominator)
    return np.where(centre, 2.0 * np.pi * strength * radius**2, values)


@dataclass(frozen=True)
class YukawaKernel(Kernel):
    """The kernel in two or three dimensions; Coulomb's and Newton's when `screening` is 0.

    made  cut transforms in two dimensions, by radius and largest wave number; all scales share them.
    """

    strength: float
    screening: float
    dimensions: int
    contraction: float = 1.0
    made: dict[tuple[float, float], DecayingTransforms] = field(default_factory=dict, repr=False, compare=False)

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        return yukawa_multiplier(squared_modulus(wave_numbers), *self._scaled, self.dimensions)

    @property
    def _scaled(self) -> tuple[float, float]:
        """Strength and screening of b^2 G(b r)."""
        return self.strength / self.contraction, self.screening / self.contraction

    @property
    def power(self) -> float | None:
        """See :attr:`Kernel.power`: b^2 / (b y) without screening."""
        return 1.0 if self.screening == 0.0 else None

    def profile(self, largest: float) -> Profile:
        return lambda k: yukawa_multiplier(k**2, *self._scaled, self.dimensions)

    def at_scale(self, contraction: float) -> Kernel:
        return replace(self, contraction=self.contraction * contraction)

    def reach(self, diagonal: float) -> float:
        screening = self._scaled[1]
        return min(diagonal, YUKAWA_NEGLIGIBLE / screening) if screening > 0.0 else diagonal

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`. In two dimensions there is no closed form."""
        strength, screening = self._scaled
        if self.dimensions == 3:
            return radial_part(3, lambda k: cut_yukawa_multiplier(k, strength, screening, radius))
        if screening * radius >= YUKAWA_NEGLIGIBLE:
            return radial_part(2, self.profile(largest))
        if (radius, largest) not in self.made:
            self.made[radius, largest] = DecayingTransforms(radius, lambda r: r, lambda r: 1.0 / r, 2, largest)
        transform = self.made[radius, largest].at(screening)
        return radial_part(2, lambda k: strength * transform(k))
