"""Coherent (Rabi) coupling: a Hermitian matrix R(t) over species, the same at every point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.envelope import Envelope, Instant
from hpcmix.problem.coupling import coupled_groups
from hpcmix.problem.schema import Problem

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


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

    @classmethod
    def of(cls, problem: Problem) -> RabiCouplings:
        """The couplings of a problem; without any there are no groups."""
        names = [one.name for one in problem.species]
        half = 0.5 * problem.hbar
        terms = [
            RabiTerm(
                *(names.index(name) for name in entry.between),
                half * entry.rabi_frequency * np.exp(1j * entry.phase),
                half * entry.detuning,
                Envelope(entry.from_time, entry.until, entry.ramp, entry.ramp_shape == "smooth", entry.factor),
                entry.dresses,
            )
            for entry in problem.coupling
        ]
        return cls(len(names), terms, coupled_groups(names, problem.coupling), problem.hbar)

    def changes_after(self, time: float) -> bool:
        """Whether R may change at or after `time`."""
        return any(term.strength != 0.0 and term.envelope.changes_after(time) for term in self._terms)

    def matrix(self, instant: Instant) -> np.ndarray:
        """R at an instant, Hermitian. Code units of energy."""
        return self._sum([term.strength * term.envelope(instant) for term in self._terms])

    def of_ground_state(self) -> np.ndarray:
        """R at time 0- of the couplings that the ground state is sought with, and the detunings of all."""
        instant = Instant.before_start()
        return self._sum([term.strength * term.envelope(instant) if term.dresses else 0.0 for term in self._terms])

    def _sum(self, values: Sequence[complex]) -> np.ndarray:
        result = self._constant.astype(np.complex128)
        for term, value in zip(self._terms, values, strict=True):
            result[term.first, term.second] += value
            result[term.second, term.first] += np.conj(value)
            result[term.first, term.first] += term.detuning
            result[term.second, term.second] -= term.detuning
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
        if not self.changes_after(min(start.time, start.time + duration)):
            return self.matrix(start), np.zeros((self._species, self._species))
        values = [
            0.5 * weight * self.matrix(Instant(start.time + 0.5 * (1.0 + node) * duration, start.switches))
            for node, weight in zip(_NODES, _WEIGHTS, strict=True)
        ]
        mean = sum(values)
        slope = (1j * duration / self.hbar) * sum(
            0.5 * node * value for node, value in zip(_NODES, values, strict=True)
        )
        return mean + (mean @ slope - slope @ mean), slope
