"""The density of the particles outside, gamma_a(x, x) = sum_f |w_a(x)|^2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.observe.fluctuations.sums import PairSum, go_over
from hpcmix.observe.look import Look


class _Density(PairSum):
    def __init__(self, shape: tuple[int, ...]) -> None:
        self.values = np.zeros(shape)

    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        for density, (_, w) in zip(self.values, pair, strict=True):
            density += weight * (w.real**2 + w.imag**2)


def fluctuation_densities(look: Look) -> np.ndarray:
    """gamma_a(x, x) of every species on this rank's block, shape (species, *grid), the same in every replica; its
    integral is <N_a>. In an expanding frame that of the frame, b^d times the laboratory's. Collective over the
    world."""
    mixture = look.mixture
    density = _Density((len(mixture.species), *mixture.grid.position_shape))
    go_over(look, [density])
    mixture.communicators.sum_over_replicas(density.values)
    return density.values
