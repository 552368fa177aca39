"""The modified Gross-Pitaevskii kernel G(x) = N^3 (V f_l)(N x) of EQUATIONS section 4."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.kernel import CutPart, Kernel, WaveNumbers, even_part, largest_of, modulus
from hpcmix.model.radial_transform import RadialTransform
from hpcmix.model.scattering import NeumannSolution


@dataclass(frozen=True)
class ScatteringKernel(Kernel):
    """The kernel of a Neumann problem's solution and the number N.

    Its transform is F(|k|/N), F the radial transform of V f_l: one-dimensional integrals over the support of V, so that
    the range 1/N need not be resolved by any grid.
    """

    solution: NeumannSolution
    number: float

    def _transform(self, largest: float) -> RadialTransform:
        return RadialTransform(*self.solution.support, 3, largest / self.number)

    def multiplier(self, wave_numbers: WaveNumbers, directed: WaveNumbers) -> np.ndarray:
        """See :meth:`Kernel.multiplier`."""
        return self._transform(largest_of(wave_numbers))(modulus(wave_numbers) / self.number)

    def reach(self, diagonal: float) -> float:
        """See :meth:`Kernel.reach`."""
        return float(np.max(self.solution.support[0])) / self.number

    def cut(self, radius: float, largest: float) -> list[CutPart]:
        """See :meth:`Kernel.cut`; the kernel ends where V does and is not cut."""
        transform = self._transform(largest)
        return even_part(3, lambda k: transform(modulus(k) / self.number))
