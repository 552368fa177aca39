"""Contact interactions G_ab = g_ab delta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.pair_kernels.scaled_multipliers import contact_factor
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.term import Densities, Fields, PairTerm


class ContactTerm(PairTerm):
    """All contact couplings of a mixture.

    couplings  symmetric matrix g_ab, code units of energy x volume.

    energy     1/2 sum_ab g_ab integral rho_a rho_b
    potential  W_a = sum_b g_ab rho_b
    """

    def __init__(self, couplings: np.ndarray) -> None:
        self._couplings = np.array(couplings, dtype=float)

    @property
    def couplings(self) -> np.ndarray:
        return self._couplings

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        """See :class:`~hpcmix.model.terms.term.Term`; in a frame times b^(2-d)."""
        return self._times_couplings(densities, contact_factor(instant.contraction, np.ndim(densities[0])))

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> Fields:
        return self._times_couplings(changes, contact_factor(instant.contraction, np.ndim(densities[0])))

    def _times_couplings(self, densities: Densities, factor: float) -> Fields:
        """sum_b factor g_ab rho_b, None for the species of no coupling."""
        fields: Fields = []
        for row, own in zip(self._couplings, densities, strict=True):
            if not row.any():
                fields.append(None)
                continue
            potential = np.zeros_like(own)
            for coupling, density in zip(row, densities, strict=True):
                if coupling != 0.0:
                    potential += factor * coupling * density
            fields.append(potential)
        return fields

    def transforms(self, wave_numbers: Sequence[np.ndarray], instant: Instant = BEFORE_START) -> np.ndarray:
        factor = contact_factor(instant.contraction, len(wave_numbers))
        return np.multiply.outer(factor * self._couplings, np.ones(wave_numbers[0].shape))

    def times(self, factors: Mapping[tuple[int, int], float]) -> ContactTerm:
        couplings = self._couplings.copy()
        for (a, b), factor in factors.items():
            couplings[a, b] *= factor
            couplings[b, a] = couplings[a, b]
        return ContactTerm(couplings)
