"""The modified Gross-Pitaevskii kernel G(x) = N^3 (V f_l)(N x) (docs/systems/interactions.md)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.pair_kernels.kernel import CutPart, Kernel, Profile, WaveNumbers, largest_of, modulus, radial_part
from hpcmix.model.pair_kernels.neumann import NeumannSolution
from hpcmix.model.pair_kernels.radial.transform import RadialTransform


@dataclass(frozen=True)
class ScatteringKernel(Kernel):
    """The kernel of a Neumann problem's solution and the number N, times a factor.

    Its transform is F(|k|/N), F the radial transform of V f_l: one-dimensional integrals over the support of V, so that
    the range 1/N need not be resolved by any grid.
    """

    solution: NeumannSolution
    number: float
    factor: float = 1.0

    def profile(self, largest: float) -> Profile:
        transform = RadialTransform(*self.solution.support, 3, largest / self.number)
        return lambda k: self.factor * transform(k / self.number)

    def at_scale(self, contraction: float) -> Kernel:
        """See :meth:`Kernel.at_scale`: N b in place of N, times 1/b."""
        return ScatteringKernel(self.solution, self.number / contraction, self.factor * contraction)

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        return self.profile(largest_of(wave_numbers))(modulus(wave_numbers))

    def reach(self, diagonal: float) -> float:
        return float(np.max(self.solution.support[0])) / self.number

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`; the kernel ends where V does and is not cut."""
        return radial_part(3, self.profile(largest))
