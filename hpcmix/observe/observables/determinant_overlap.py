"""How much of the determinant of time zero is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable


def determinant_overlap(mixture: Mixture, now: np.ndarray, before: np.ndarray, species: int) -> float:
    """|<Psi_before|Psi_now>|^2 = |det <phi_i(before)|phi_j(now)>|^2 of two Slater determinants of one species.
    Collective over the world."""
    sign, logarithm = np.linalg.slogdet(mixture.algebra(species).overlaps(before, now))
    return float(np.exp(2.0 * logarithm)) if sign != 0 else 0.0


class _DeterminantOverlap(Observable):
    labels = (Label("determinant_overlap", "squared overlap with the determinant of time zero"),)

    def __init__(self, reference: Sequence[np.ndarray] = ()) -> None:
        self._reference = reference

    def compared_with(self, reference: Sequence[np.ndarray]) -> Observable:
        return _DeterminantOverlap(reference)

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].is_set

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        now, before = look.orbital_set(species), self._reference[species]
        return {"determinant_overlap": determinant_overlap(look.mixture, now, before, species)}


OBSERVABLE = _DeterminantOverlap()
