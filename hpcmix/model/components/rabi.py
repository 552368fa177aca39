"""Coherent (Rabi) coupling: a Hermitian matrix R(t) over species, the same at every point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.model.potentials.external import NotFinite
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import RabiCoupling, coupled_groups

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_PLACES = tuple(float(place) for place in 0.5 * (1.0 + _NODES))
"""Where a drift is looked at, in parts of it."""
_MOMENTS = 0.5 * _WEIGHTS * np.array([np.ones(3), 0.5 * _NODES])
"""What gives the average over a drift and the first moment about its middle."""


Value = TypeVar("Value", float, np.ndarray)


@dataclass(frozen=True)
class RabiTerm:
    """hbar Omega / 2 exp(i phase) between two species (by index), its envelope, hbar detuning / 2, and whether ground
    states are sought with it."""

    first: int
    second: int
    strength: complex
    detuning: float
    envelope: Envelope
    dresses: bool = True

    def add_to(self, matrix: np.ndarray, factor: float) -> None:
        """Add the coupling of the two, times a factor."""
        value = self.strength * factor
        matrix[self.first, self.second] += value
        matrix[self.second, self.first] += value.conjugate()


class RabiCouplings:
    """R_ab(t) of all species, in the basis of orbitals phi_a of one weight nu per group: i hbar dphi_a/dt contains
    sum_b R_ab phi_b.

    groups  the species that are connected, by index.
    constant  what does not change in time and is no term's, or None.
    """

    def __init__(
        self,
        species: int,
        terms: Sequence[RabiTerm],
        groups: Sequence[tuple[int, ...]],
        hbar: float,
        constant: np.ndarray | None = None,
    ) -> None:
        self.groups = tuple(groups)
        self.hbar = hbar
        self._constant = np.zeros((species, species), np.complex128) if constant is None else constant
        self._species = species
        self._terms = tuple(terms)
        self._unswitched = self._constant.astype(np.complex128)  # and the detunings, which act at all times
        for term in self._terms:
            self._unswitched[term.first, term.first] += term.detuning
            self._unswitched[term.second, term.second] -= term.detuning
        self._never_changes = all(term.strength == 0.0 or term.envelope.constant for term in self._terms)
        self._at_all_times = (self.matrix(Instant.before_start()), np.zeros((species, species), np.complex128))

    @classmethod
    def of(cls, problem: Problem) -> RabiCouplings:
        """The couplings of a problem; without any there are no groups."""
        names = [species.name for species in problem.species]
        terms = [_term_of(problem, entry) for entry in problem.coupling]
        return cls(len(names), terms, coupled_groups(names, problem.coupling), problem.hbar)

    def changes_after(self, time: float) -> bool:
        """Whether R may change at or after `time`."""
        return any(term.strength != 0.0 and term.envelope.changes_after(time) for term in self._terms)

    def matrix(self, instant: Instant) -> np.ndarray:
        """R at an instant, Hermitian. Code units of energy."""
        return self._sum(instant, range(len(self._terms)))

    def of_ground_state(self) -> np.ndarray:
        """R at time 0- of the couplings that the ground state is sought with, and the detunings of all."""
        return self._sum(Instant.before_start(), [number for number, term in enumerate(self._terms) if term.dresses])

    def _sum(self, instant: Instant, numbers: Iterable[int]) -> np.ndarray:
        result = self._unswitched.copy()
        for number in numbers:
            term = self._terms[number]
            term.add_to(result, _finite(number, term.envelope(instant), instant))
        return result

    def effective(self, start: Instant, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """What replaces R(t) over a drift from `start`: matrices E and S such that the flow of T + R(t) is

            exp(-i duration (T_a delta_ab + E_ab + (T_a - T_b) S_ab) / hbar)

        up to the fifth power of the duration (Magnus, fourth order). With B_n = (1/duration) integral of
        (s / duration)^n R(start + duration/2 + s) ds: E = B_0 + (i duration / hbar) [B_0, B_1] and S = (i duration /
        hbar) B_1. Exact where R is constant, or changes by a factor only and commutes with T. Integrals by three nodes
        of Gauss and Legendre; what is switched without a ramp is on or off for the whole step, which ends where it
        is switched.
        """
        if self._never_changes:
            return self._at_all_times
        if not self.changes_after(min(start.time, start.time + duration)):
            return self.matrix(start), self._at_all_times[1]
        instants = [Instant(start.time + place * duration, start.switches) for place in _PLACES]
        mean, slope = self._unswitched.copy(), np.zeros_like(self._unswitched)
        for number, term in enumerate(self._terms):
            average, moment = _MOMENTS @ _finite(number, term.envelope.values(instants), start)
            term.add_to(mean, average)
            term.add_to(slope, moment)
        slope *= 1j * duration / self.hbar
        return mean + (mean @ slope - slope @ mean), slope


def _finite(number: int, value: Value, instant: Instant) -> Value:
    """The value of a coupling's envelope at an instant. Raises :class:`~hpcmix.model.potentials.external.NotFinite`."""
    if not np.all(np.isfinite(value)):
        raise NotFinite(f"coupling.{number}.factor", f"is not finite at t = {instant.time:g}")
    return value


def _term_of(problem: Problem, entry: RabiCoupling) -> RabiTerm:
    """What an entry of the file adds."""
    half = 0.5 * problem.hbar
    first, second = problem.indices(entry.between)
    return RabiTerm(
        first,
        second,
        half * entry.frequency_everywhere * np.exp(1j * entry.phase),
        half * entry.detuning,
        Envelope.of(entry),
        entry.dresses,
    )
