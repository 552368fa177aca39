"""Contact interactions G_ab = g_ab delta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.model.pair_kernels.scaled_multipliers import contact_factor
from hpcmix.model.potentials.envelope import BEFORE_START, Envelope, Instant
from hpcmix.model.potentials.finite import finite_strength
from hpcmix.model.terms.term import Densities, Fields, PairTerm


@dataclass(frozen=True)
class SwitchedCouplings:
    """Contact couplings that one envelope multiplies.

    couplings  symmetric matrix, code units of energy x volume.
    envelope   their factor e(t).
    where      the key of the problem file to blame where that is not finite.
    """

    couplings: np.ndarray
    envelope: Envelope
    where: str

    def at(self, instant: Instant) -> np.ndarray:
        """e(t) times the couplings. Raises :class:`~hpcmix.model.potentials.finite.NotFinite`."""
        return finite_strength(self.envelope, instant, self.where) * self.couplings


class ContactTerm(PairTerm):
    """All contact couplings of a mixture.

    parts      sums of which are the symmetric matrix g_ab(t), code units of energy x volume.

    energy     1/2 sum_ab g_ab integral rho_a rho_b
    potential  W_a = sum_b g_ab rho_b
    """

    def __init__(self, parts: Sequence[SwitchedCouplings]) -> None:
        self._parts = tuple(parts)
        constant = [part.couplings for part in self._parts if part.envelope.constant]
        self._changing = [part for part in self._parts if not part.envelope.constant and part.couplings.any()]
        self._constant = sum(constant, np.zeros(self._parts[0].couplings.shape))
        self._couplings = self.couplings_at(BEFORE_START)

    @classmethod
    def constant(cls, couplings: np.ndarray) -> ContactTerm:
        """Of couplings that never change."""
        return cls([SwitchedCouplings(np.array(couplings, dtype=float), Envelope(), "")])

    @property
    def couplings(self) -> np.ndarray:
        return self._couplings

    def couplings_at(self, instant: Instant) -> np.ndarray:
        """See :class:`~hpcmix.model.terms.term.Term`. Raises as :meth:`SwitchedCouplings.at`."""
        if not self._changing:
            return self._constant
        return sum((part.at(instant) for part in self._changing), self._constant)

    @property
    def never_changes(self) -> bool:
        return not self._changing

    def changes_after(self, time: float) -> bool:
        return any(part.envelope.changes_after(time) for part in self._changing)

    def differs(self, first: Instant, second: Instant) -> bool:
        return any(part.envelope(first) != part.envelope(second) for part in self._changing)

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        """See :class:`~hpcmix.model.terms.term.Term`; in a frame times b^(2-d)."""
        return self._times_couplings(densities, instant, contact_factor(instant.contraction, np.ndim(densities[0])))

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> Fields:
        return self._times_couplings(changes, instant, contact_factor(instant.contraction, np.ndim(densities[0])))

    def _times_couplings(self, densities: Densities, instant: Instant, factor: float) -> Fields:
        """sum_b factor g_ab rho_b, None for the species of no coupling."""
        fields: Fields = []
        for row, own in zip(self.couplings_at(instant), densities, strict=True):
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
        return np.multiply.outer(factor * self.couplings_at(instant), np.ones(wave_numbers[0].shape))

    def times(self, factors: Mapping[tuple[int, int], float]) -> ContactTerm:
        scale = np.ones(self._constant.shape)
        for (a, b), factor in factors.items():
            scale[a, b] *= factor
            scale[b, a] = scale[a, b]
        return ContactTerm([replace(part, couplings=scale * part.couplings) for part in self._parts])
