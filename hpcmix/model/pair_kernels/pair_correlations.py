"""The correlations that scattering leaves between the particles of a mixture, as convolutions
(docs/methods/fluctuations.md)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hpcmix.model.pair_kernels.correlation import Correlation
from hpcmix.model.pair_kernels.kernel import WaveNumbers, largest_of
from hpcmix.model.pair_kernels.scaled_multipliers import distinct_moduli
from hpcmix.model.pair_kernels.scattering import ScatteringKernel


class PairCorrelations:
    """N w_ab(N x) of pairs of species, w = 1 - f_l, which reaches to l.

    kernels       N^3 (V f_l)(N x) of the pairs that interact, lower index first.
    wave_numbers  of this rank's block.
    """

    def __init__(self, kernels: Mapping[tuple[int, int], ScatteringKernel], wave_numbers: WaveNumbers) -> None:
        self._moduli, self._places = distinct_moduli(wave_numbers)
        largest = largest_of(wave_numbers)
        self._pairs = {
            pair: (Correlation(kernel.solution).transform(largest / kernel.number), kernel.number)
            for pair, kernel in kernels.items()
        }

    def multipliers(self, contraction: float) -> dict[tuple[int, int], np.ndarray]:
        """The transforms of N w_ab(N x), N^-2 w^(k/N), in a frame x = b y times b^-3 and at k/b, 1/b = `contraction`:
        what acts between fields that are b^(3/2) times those of the laboratory."""
        found = {}
        for pair, (transform, number) in self._pairs.items():
            values = contraction**3 / number**2 * transform(contraction / number * self._moduli)
            found[pair] = values if self._places is None else values[self._places]
        return found
