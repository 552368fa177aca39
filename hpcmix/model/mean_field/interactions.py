"""The interaction of all species: a sum of terms (model/terms), each a functional of the densities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.pair_kernels.scaled_multipliers import contact_factor
from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.term import Densities, Fields, Term, add_fields


@dataclass(frozen=True)
class Interaction:
    """What the interactions make of given densities: b^2 W_a of every species, and by the name of its terms this rank's
    part of the energy in the laboratory, divided among the species."""

    mean_fields: list[np.ndarray]
    energies: dict[str, np.ndarray]


class Interactions:
    """The terms of the interaction of so many species, and what all of them make of densities.

    couplings  g_ab of all terms whose potential at a point is sum_b g_ab rho_b: what kicks apply as they go over the
               orbitals. Those of time 0- where they change in time (:meth:`couplings_at`).
    dilute_couplings
               g_ab of what all terms become at low densities: functionals may have a part in them too.
    never_change
               whether all terms are the same at all times.
    separate   those terms that `couplings` do not hold: they need the densities of all points first.
    """

    def __init__(self, terms: Sequence[Term], species: int, grid: Grid) -> None:
        self.terms = tuple(terms)
        self.species = species
        self.grid = grid
        self.couplings = self._sum_of_couplings([term.couplings for term in self.terms])
        self.dilute_couplings = self._sum_of_couplings([term.dilute_couplings(species) for term in self.terms])
        self.never_change = all(term.never_changes for term in self.terms)
        self.separate = [term for term in self.terms if term.couplings is None and term.acts]
        self._has_couplings = any(term.couplings is not None for term in self.terms)

    def times(self, factors: Mapping[tuple[int, int], float]) -> Interactions:
        """The same with the kernels of some pairs of species (lower index first) multiplied by a factor."""
        return Interactions([term.times(factors) for term in self.terms], self.species, self.grid)

    def change_after(self, time: float) -> bool:
        """Whether a term changes at or after a time."""
        return any(term.changes_after(time) for term in self.terms)

    def couplings_at(self, instant: Instant) -> np.ndarray:
        """:attr:`couplings` at an instant, as they are in the laboratory."""
        if self.never_change:
            return self.couplings
        return self._sum_of_couplings([term.couplings_at(instant) for term in self.terms])

    def coupling_factor(self, contraction: float) -> float:
        """What :attr:`couplings` are multiplied by where the frame has grown: b^(2-d); one where there are none."""
        return contact_factor(contraction, self.grid.dimensions) if self._has_couplings else 1.0

    def differ(self, first: Instant, second: Instant) -> bool:
        """Whether a term may differ between two instants, but for what the frame does."""
        return not self.never_change and any(term.differs(first, second) for term in self.terms)

    def fields_of(self, terms: Sequence[Term], densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        """b^2 W_a of some of the terms. The arrays are overwritten by the next call. Collective."""
        fields: Fields = [None] * self.species
        for term in terms:
            add_fields(fields, term.potentials(densities, instant))
        return fields

    def mean_fields(self, densities: Densities, instant: Instant = BEFORE_START) -> list[np.ndarray]:
        """b^2 W_a of all terms, without the external potential. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        for term in self.terms:
            _add(fields, term.potentials(densities, instant))
        return fields

    def interact(self, densities: Densities, instant: Instant = BEFORE_START) -> Interaction:
        """The mean fields, as :meth:`mean_fields` gives them, with the terms' energies. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        energies = {"interaction": np.zeros(self.species)}
        for term in self.terms:
            own = term.potentials(densities, instant)
            share = term.energies(densities, own, self.grid, instant)
            energies[term.name] = energies.get(term.name, 0.0) + share
            _add(fields, own)
        return Interaction(fields, energies)

    def responses(self, densities: Densities, changes: Densities, instant: Instant = BEFORE_START) -> list[np.ndarray]:
        """The change of b^2 W_a to first order in real changes of the densities, sum_b G_ab * delta_b: the second
        variation of the interaction energy applied to them. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        for term in self.terms:
            _add(fields, term.responses(densities, changes, instant))
        return fields

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> list[np.ndarray]:
        """:meth:`responses` to many changes, of every species an array (number, *block). Collective."""
        fields = [np.zeros(change.shape, change.dtype) for change in changes]
        for term in self.terms:
            _add(fields, term.responses_together(densities, changes, instant))
        return fields

    def transforms(self, wave_numbers: Sequence[np.ndarray], instant: Instant = BEFORE_START) -> np.ndarray | None:
        """G_ab^(k) of all interactions, b^2 G_ab(b y), at some wave vectors, one array per axis of components, shape
        (species, species, number); None where there is a functional of the densities, which has none. Local."""
        total = np.zeros((self.species, self.species, *wave_numbers[0].shape))
        for term in self.terms:
            values = term.transforms(wave_numbers, instant)
            if values is None:
                return None
            total += values
        return total

    def _sum_of_couplings(self, couplings: Sequence[np.ndarray | None]) -> np.ndarray:
        own = (matrix for matrix in couplings if matrix is not None)
        return sum(own, np.zeros((self.species,) * 2))


def _add(fields: Sequence[np.ndarray], added: Fields) -> None:
    """fields += added, where there is something to add."""
    for field, own in zip(fields, added, strict=True):
        if own is not None:
            field += own
