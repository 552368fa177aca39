"""Coherent (Rabi) coupling: a Hermitian matrix R(t) over species, the same at every point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import numpy as np

from hpcmix.model.components.spin import Spin
from hpcmix.model.potentials.envelope import Envelope, Instant
from hpcmix.model.potentials.finite import NotFinite
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import RabiCoupling, coupled_groups
from hpcmix.problem.sections.components.spinor import MAGNETIC_NUMBERS

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_PLACES = tuple(float(place) for place in 0.5 * (1.0 + _NODES))
"""Where a drift is looked at, in parts of it."""
_MOMENTS = 0.5 * _WEIGHTS * np.array([np.ones(3), 0.5 * _NODES])
"""What gives the average over a drift and the first moment about its middle."""


Value = TypeVar("Value", float, np.ndarray)


@dataclass(frozen=True)
class RabiTerm:
    """hbar Omega / 2 exp(i phase) between two species (by index), its envelope, hbar detuning / 2, whether ground
    states are sought with it, and the key of its entry in the file."""

    first: int
    second: int
    strength: complex
    detuning: float
    envelope: Envelope
    dresses: bool = True
    key: str = "coupling.0"
    precesses: ClassVar[bool] = False

    @property
    def acts(self) -> bool:
        """Whether it is ever there, but for the detuning."""
        return self.strength != 0.0

    def add_constant(self, matrix: np.ndarray) -> None:
        """Add what acts at all times: the detuning."""
        matrix[self.first, self.first] += self.detuning
        matrix[self.second, self.second] -= self.detuning

    def add_to(self, matrix: np.ndarray, factor: float) -> None:
        """Add the coupling of the two, times a factor."""
        value = self.strength * factor
        matrix[self.first, self.second] += value
        matrix[self.second, self.first] += value.conjugate()


@dataclass(frozen=True)
class ZeemanTerm:
    """Energies of some species (by index) in a magnetic field, and their envelope.

    key        of the entry in the file.
    precesses  whether it turns all spins alike about z and does no more: p m where the magnetisation is given.
    """

    energies: tuple[tuple[int, float], ...]
    envelope: Envelope
    key: str
    precesses: bool = False

    @property
    def dresses(self) -> bool:
        """Whether ground states are sought with it: p moves their chemical potentials alone at a given
        magnetisation."""
        return not self.precesses

    @property
    def acts(self) -> bool:
        """Whether it is ever there."""
        return any(energy != 0.0 for _, energy in self.energies)

    def add_constant(self, matrix: np.ndarray) -> None:
        """Nothing: all of it has the envelope."""

    def add_to(self, matrix: np.ndarray, factor: float) -> None:
        """Add the energies, times a factor."""
        for species, energy in self.energies:
            matrix[species, species] += energy * factor


class RabiCouplings:
    """R_ab(t) of all species, in the basis of orbitals phi_a of one weight nu per group: i hbar dphi_a/dt contains
    sum_b R_ab phi_b.

    groups  the species that are connected, by index.
    constant  what does not change in time and is no term's, or None.
    spins   what turns spins into each other at every point (spin.py): no part of R, but of the groups.
    """

    def __init__(
        self,
        species: int,
        terms: Sequence[RabiTerm | ZeemanTerm],
        groups: Sequence[tuple[int, ...]],
        hbar: float,
        constant: np.ndarray | None = None,
        spins: Sequence[Spin] = (),
    ) -> None:
        self.groups = tuple(groups)
        self.spins = tuple(spins)
        self.hbar = hbar
        self._constant = np.zeros((species, species), np.complex128) if constant is None else constant
        self._species = species
        self._terms = tuple(terms)
        self._unswitched = self._constant.astype(np.complex128)  # and the detunings, which act at all times
        for term in self._terms:
            term.add_constant(self._unswitched)
        self._never_changes = all(not term.acts or term.envelope.constant for term in self._terms)
        self._at_all_times = (self.matrix(Instant.before_start()), np.zeros((species, species), np.complex128))

    @classmethod
    def of(cls, problem: Problem) -> RabiCouplings:
        """The couplings of a problem; without any there are no groups."""
        names = [species.name for species in problem.species]
        terms: list[RabiTerm | ZeemanTerm] = [
            *(_term_of(problem, number, entry) for number, entry in enumerate(problem.coupling)),
            *(term for number in range(len(problem.spinor)) for term in _zeeman_terms(problem, number)),
        ]
        groups = coupled_groups(names, problem.exchanges)
        return cls(len(names), terms, groups, problem.hbar, spins=Spin.all_of(problem))

    def changes_after(self, time: float) -> bool:
        """Whether R may change at or after `time`."""
        return any(term.acts and term.envelope.changes_after(time) for term in self._terms)

    def matrix(self, instant: Instant) -> np.ndarray:
        """R at an instant, Hermitian. Code units of energy."""
        return self._sum(instant, range(len(self._terms)))

    def without_precession(self, instant: Instant) -> np.ndarray:
        """R in the frame that turns with spins about z where their magnetisation is given (:class:`ZeemanTerm`)."""
        return self._sum(instant, [number for number, term in enumerate(self._terms) if not term.precesses])

    def of_ground_state(self) -> np.ndarray:
        """R at time 0- of the couplings that the ground state is sought with, and the detunings of all."""
        return self._sum(Instant.before_start(), [number for number, term in enumerate(self._terms) if term.dresses])

    def _sum(self, instant: Instant, numbers: Iterable[int]) -> np.ndarray:
        result = self._unswitched.copy()
        for number in numbers:
            term = self._terms[number]
            term.add_to(result, _finite(term, term.envelope(instant), instant))
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
        for term in self._terms:
            average, moment = _MOMENTS @ _finite(term, term.envelope.values(instants), start)
            term.add_to(mean, average)
            term.add_to(slope, moment)
        slope *= 1j * duration / self.hbar
        return mean + (mean @ slope - slope @ mean), slope


def _finite(term: RabiTerm | ZeemanTerm, value: Value, instant: Instant) -> Value:
    """The value of a coupling's envelope at an instant. Raises :class:`~hpcmix.model.potentials.finite.NotFinite`."""
    if not np.all(np.isfinite(value)):
        raise NotFinite(f"{term.key}.factor", f"is not finite at t = {instant.time:g}")
    return value


def _term_of(problem: Problem, number: int, entry: RabiCoupling) -> RabiTerm:
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
        f"coupling.{number}",
    )


def _zeeman_terms(problem: Problem, number: int) -> Iterator[ZeemanTerm]:
    """-p m and q m^2 of the three species of a spinor gas."""
    entry = problem.spinor[number]
    members = problem.indices(entry.species)
    for key, power, sign, zeemans in (
        ("linear_zeeman", 1, -1.0, entry.linear_zeeman),
        ("quadratic_zeeman", 2, 1.0, entry.quadratic_zeeman),
    ):
        for place, zeeman in enumerate(zeemans):
            energies = tuple(
                (a, sign * m**power * zeeman.energy) for a, m in zip(members, MAGNETIC_NUMBERS, strict=True) if m
            )
            precesses = power == 1 and entry.magnetisation is not None
            yield ZeemanTerm(energies, Envelope.of(zeeman), f"spinor.{number}.{key}.{place}", precesses)
