"""Kernels whose strength changes in time: all that one envelope multiplies are one term, whose multipliers stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.potentials.envelope import BEFORE_START, Envelope, Instant
from hpcmix.model.potentials.finite import finite_strength
from hpcmix.model.terms.channels import Channels
from hpcmix.model.terms.kernel_term import KernelTerm
from hpcmix.model.terms.term import Densities, Fields, HalfWayFields, PairTerm, TakeSpectra


class SwitchedKernels(PairTerm):
    """e(t) times the kernels of a term: energies, potentials and responses are e(t) times its own.

    term      the kernels at full strength.
    envelope  e(t).
    where     the key of the problem file to blame where that is not finite.

    Whatever asks for the strength raises :class:`~hpcmix.model.potentials.finite.NotFinite`.
    """

    def __init__(self, term: KernelTerm, envelope: Envelope, where: str) -> None:
        self._term, self._envelope, self._where = term, envelope, where

    @property
    def channels(self) -> Channels:
        """Of the kernels."""
        return self._term.channels

    @property
    def acts(self) -> bool:
        return self._term.acts

    @property
    def comes_half_way(self) -> bool:
        return self._term.comes_half_way

    @property
    def never_changes(self) -> bool:
        return not self.acts

    def changes_after(self, time: float) -> bool:
        return self.acts and self._envelope.changes_after(time)

    def differs(self, first: Instant, second: Instant) -> bool:
        return self.acts and self._envelope(first) != self._envelope(second)

    def half_way(
        self, fields: Sequence[np.ndarray], weights: np.ndarray, fields_half_way: bool, instant: Instant = BEFORE_START
    ) -> HalfWayFields:
        full = self._term.half_way(fields, weights, fields_half_way, instant)
        return HalfWayFields(full.spectra, self._strength(instant) * full.weights)

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        """See :class:`~hpcmix.model.terms.term.Term`; nothing is convolved while the kernels are off."""
        strength = self._strength(instant)
        if strength == 0.0:
            return [None] * len(densities)
        return _times(self._term.potentials(densities, instant), strength)

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> Fields:
        strength = self._strength(instant)
        if strength == 0.0:
            return [None] * len(changes)
        return _times(self._term.responses_together(densities, changes, instant), strength)

    def half_way_responses(self, take_spectra: TakeSpectra, instant: Instant = BEFORE_START) -> HalfWayFields:
        full = self._term.half_way_responses(take_spectra, instant)
        return HalfWayFields(full.spectra, self._strength(instant) * full.weights)

    def transforms(self, wave_numbers: Sequence[np.ndarray], instant: Instant = BEFORE_START) -> np.ndarray:
        return self._strength(instant) * self._term.transforms(wave_numbers, instant)

    def times(self, factors: Mapping[tuple[int, int], float]) -> SwitchedKernels:
        return SwitchedKernels(self._term.times(factors), self._envelope, self._where)

    def _strength(self, instant: Instant) -> float:
        return finite_strength(self._envelope, instant, self._where)


def _times(fields: Fields, strength: float) -> Fields:
    """The fields times a number, in place."""
    for field in fields:
        if field is not None:
            field *= field.dtype.type(strength)
    return fields
