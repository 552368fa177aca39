"""A term of the interaction energy: a functional of the densities, with its first and second derivative.

    E[rho_1, ..., rho_p],        W_a = dE / d rho_a,        response_a = sum_b d2E / (d rho_a d rho_b) delta_b

Everything that asks for an interaction - the flows, records, ground states - asks all terms of the mixture, and no
other place knows which kinds of terms there are. In a frame x = b y (docs/methods/expanding-frame.md) densities are
those of the frame, b^d rho(b y), and potentials are b^2 W(b y); energies are the laboratory's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels.arguments import PointFunction
from hpcmix.model.potentials.envelope import BEFORE_START, Instant

Densities = np.ndarray | Sequence[np.ndarray]
"""A real array of this rank for every species: the rows of one array, or arrays of their own."""

Fields = list[np.ndarray | None]
"""A real array of this rank for every species, None where the term does not act on it."""


Responses = Sequence[Sequence[np.ndarray | None]]
"""R_ab: for every species a row of real arrays of this rank, one per species, None for zero."""

TakeSpectra = Callable[[np.ndarray, Sequence[np.ndarray]], None]
"""``take(weights, spectra)`` fills `spectra` with the half spectra, half way, of the real parts of sum_b weights[c, b]
delta_b for all c, and then with those of the imaginary parts."""


@dataclass(frozen=True)
class HalfWayFields:
    """Potentials on their way from wave-number space, for a kick to take in: W_a = sum_d weights[a, d] w_d.

    spectra  of the real fields w_d, half way (:attr:`Transform.plane_axes`); a kick overwrites them.
    weights  real matrix (species, number of spectra).
    """

    spectra: Sequence[np.ndarray]
    weights: np.ndarray


class Term(ABC):
    """One term. Arrays are this rank's blocks, one per species in the order of the mixture; `instant` says how strong
    interactions are that change in time, at time 0- unless it is given, and 1/b of the frame."""

    name: str = "interaction"
    """The name under which output files have the energy; terms of one name are added up."""

    @property
    def couplings(self) -> np.ndarray | None:
        """The symmetric matrix g of a term whose potential is W_a = sum_b g_ab rho_b at every point, which a kick
        applies as it goes over the orbitals (in a frame times b^(2-d)); None for a term that needs the densities of all
        points first. That of time 0- where it changes in time: :meth:`couplings_at`."""
        return None

    def dilute_couplings(self, species: int) -> np.ndarray | None:
        """The symmetric matrix of the contact interaction that the term becomes at low densities, of so many species;
        None where it has none. It tells searches how stiff the term is."""
        return self.couplings

    def couplings_at(self, instant: Instant) -> np.ndarray | None:
        """The same at an instant."""
        return self.couplings

    @property
    def never_changes(self) -> bool:
        """Whether it is the same at all times, but for what the frame does."""
        return True

    def changes_after(self, time: float) -> bool:
        """Whether it may change at or after a time of the laboratory, but for what the frame does."""
        return False

    def differs(self, first: Instant, second: Instant) -> bool:
        """Whether it may differ between two instants, but for what the frame does."""
        return False

    def point_functions(
        self, species: int, dimensions: int, instant: Instant = BEFORE_START
    ) -> Sequence[PointFunction] | None:
        """b^2 W_a as functions of the densities of so many species at a point, which a kick computes as it goes over
        the orbitals; None, at all times, for a term that needs the densities of all points first."""
        return None

    @property
    def acts(self) -> bool:
        """Whether it acts on any species."""
        return True

    @property
    def comes_half_way(self) -> bool:
        """Whether a kick can take the potentials in from wave-number space, by :meth:`half_way`."""
        return False

    def half_way(
        self, fields: Sequence[np.ndarray], weights: np.ndarray, fields_half_way: bool, instant: Instant = BEFORE_START
    ) -> HalfWayFields:
        """The potentials of the densities weights_a |field_a|^2, one field for every species, where the term
        :attr:`comes_half_way`. They are overwritten by the next call. Collective.

        fields_half_way  the fields are brought back to position space from half way, in place.
        """
        raise TypeError(f"the potentials of {type(self).__name__} do not come half way")

    @abstractmethod
    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        """b^2 W_a of every species. The arrays may be changed by the caller, and are overwritten by the next call.
        Collective."""

    @abstractmethod
    def energies(
        self, densities: Densities, potentials: Fields, grid: Grid, instant: Instant = BEFORE_START
    ) -> np.ndarray:
        """This rank's part of the energy, divided among the species. `potentials`: this term's own, of the same
        densities. Local."""

    @abstractmethod
    def responses(self, densities: Densities, changes: Densities, instant: Instant = BEFORE_START) -> Fields:
        """The change of b^2 W_a, to first order, when the densities change. The arrays are as those of
        :meth:`potentials`. Collective."""

    def responses_together(
        self, densities: Densities, changes: Sequence[np.ndarray], instant: Instant = BEFORE_START
    ) -> Fields:
        """:meth:`responses` to many changes: of every species an array (number, *block), and so are the results. The
        bits of each depend on no other. Collective."""
        many: Fields = [None] * len(changes)
        for number in range(len(changes[0])):
            fields = self.responses(densities, [change[number] for change in changes], instant)
            if len(changes[0]) == 1:
                return [None if field is None else field[np.newaxis] for field in fields]
            for a, field in enumerate(fields):
                if field is None:
                    continue
                rows = many[a]
                if rows is None:
                    rows = many[a] = np.empty(changes[a].shape, field.dtype)
                rows[number] = field
        return many

    @property
    def responds_at_points(self) -> bool:
        """Whether the response at a point needs the changes at that point only: :meth:`point_responses`. Of a term with
        :attr:`couplings` these tell."""
        return False

    def point_responses(self, densities: Densities, instant: Instant = BEFORE_START) -> Responses:
        """R_ab of a term whose response is sum_b R_ab(x) delta_b(x) at every point x, where it
        :attr:`responds_at_points`. The arrays are not to be changed. Local."""
        raise TypeError(f"the response of {type(self).__name__} needs the changes of all points")

    def half_way_responses(self, take_spectra: TakeSpectra, instant: Instant = BEFORE_START) -> HalfWayFields:
        """The response to complex changes of the densities where the term :attr:`comes_half_way`: fields w_d, first the
        real parts of all of them and then the imaginary parts, with weights for one half of them. They are overwritten
        by the next call, and by :meth:`half_way`. Collective.

        take_spectra  fills in the half spectra of sums of the changes.
        """
        raise TypeError(f"the potentials of {type(self).__name__} do not come half way")

    def transforms(self, wave_numbers: Sequence[np.ndarray], instant: Instant = BEFORE_START) -> np.ndarray | None:
        """G_ab^(k) of b^2 G_ab(b y) at some wave vectors, one array per axis of components, shape (species, species,
        number); they need not belong to the grid. None for a term that is no kernel. Local."""
        return None

    def times(self, factors: Mapping[tuple[int, int], float]) -> Term:
        """The same term with the kernels of some pairs of species (lower index first) multiplied by a factor; a term
        that is no kernel stays as it is. Shares transforms."""
        return self


class PairTerm(Term):
    """A term that is quadratic in the densities.

    energy     1/2 sum_ab integral rho_a (G_ab * rho_b)
    potential  W_a = sum_b G_ab * rho_b
    response   the potential of the changes
    """

    def energies(
        self, densities: Densities, potentials: Fields, grid: Grid, instant: Instant = BEFORE_START
    ) -> np.ndarray:
        """See :class:`Term`: a pair's energy is shared by its species, half each."""
        half = 0.5 * instant.contraction**2
        return np.array(
            [
                0.0 if potential is None else half * grid.integrate(density, potential)
                for density, potential in zip(densities, potentials, strict=True)
            ]
        )

    def responses(self, densities: Densities, changes: Densities, instant: Instant = BEFORE_START) -> Fields:
        return self.potentials(changes, instant)


def add_fields(total: Fields, added: Fields) -> None:
    """total += added, species by species, in arrays that either of them holds."""
    for a, field in enumerate(added):
        if field is None:
            continue
        if total[a] is None:
            total[a] = field
        else:
            total[a] += field
