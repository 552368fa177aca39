"""How many particles are excited beside the correlations of pairs that scatter (Chong, Lee and Sun, Prop. 3.5).

    <T_t^* N_a T_t> = sum_f |w'_a[f]|^2,        w' = ch w - sh conj(u)

with T_t the Bogoliubov transformation of the pair kernel of the condensates at that time
(initial/excitations/pair_kernel.py), over the same functions f as the bare numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.excitations.pair_kernel import pair_transformation
from hpcmix.observe.fluctuations.numbers import Estimate, estimates_of
from hpcmix.observe.fluctuations.sums import PairSum, fluctuations_of
from hpcmix.observe.look import Look


class Dressed(PairSum):
    """|w'_a|^2 of every pair and species.

    condensates  phi_a(t) of every species, complete.
    Raises TypeError where the mixture knows of no correlations.
    """

    def __init__(self, look: Look, condensates: Sequence[np.ndarray]) -> None:
        self._mixture = look.mixture
        self._exact = fluctuations_of(look).exact
        self._transformation = pair_transformation(look.mixture, condensates, look.instant.contraction)
        self._rows: list[np.ndarray] = []

    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        created = self._transformation.dressed([both[0] for both in pair], [both[1] for both in pair])
        local = [float(np.vdot(field, field).real) for field in created]
        self._rows.append(self._mixture.grid.cell_volume * self._mixture.communicators.sum(local))

    def estimates(self) -> list[Estimate]:
        """The number of every species. Collective over the world."""
        own = np.array(self._rows).reshape(-1, len(self._mixture.species))
        values = self._mixture.communicators.gather_replicas(own)
        return estimates_of(np.sum(values[: self._exact], axis=0), values[self._exact :])
