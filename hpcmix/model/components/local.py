"""Coherent coupling that depends on place: R_ab(x, t) = (hbar Omega(t) / 2) p(x) exp(i (phase + k.x)) of two species.

With a wave number k it is a Raman coupling, whose two beams hand over the momentum hbar k with every turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.potentials.envelope import BEFORE_START, Envelope, Instant
from hpcmix.model.potentials.finite import finite_strength, require_finite
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import RabiCoupling


@dataclass(frozen=True, eq=False)
class LocalCoupling:
    """The coupling of two species, by index.

    values    (hbar Omega / 2) p(x) exp(i (phase + k.x)) on this rank's block, complex, without its course in time.
    average   what a first guess of a ground state takes for it: the same with the mean of p over the box, and k = 0.
    envelope  its course in time.
    dresses   whether ground states are sought with it.
    where     the key of the file to blame where the envelope is not finite.
    waves     waves of k in the box, along every axis.
    """

    first: int
    second: int
    values: np.ndarray
    average: complex
    envelope: Envelope
    dresses: bool
    where: str
    waves: tuple[int, ...]

    def strength(self, instant: Instant) -> float:
        """Of the envelope. Raises :class:`~hpcmix.model.potentials.finite.NotFinite`."""
        return finite_strength(self.envelope, instant, self.where)


class LocalCouplings:
    """All of them. Empty where there are none, which is false."""

    def __init__(self, couplings: Sequence[LocalCoupling] = ()) -> None:
        self._couplings = tuple(couplings)

    @classmethod
    def of(cls, problem: Problem, grid: Grid) -> LocalCouplings:
        """Those of a problem on this rank. Local. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a
        profile is not finite."""
        return cls(
            [
                _coupling_of(problem, number, entry, grid)
                for number, entry in enumerate(problem.coupling)
                if entry.depends_on_place and entry.rabi_frequency > 0.0
            ]
        )

    def __bool__(self) -> bool:
        return bool(self._couplings)

    def __iter__(self) -> Iterator[LocalCoupling]:
        return iter(self._couplings)

    @property
    def constant(self) -> bool:
        """Whether they are the same at all times."""
        return all(coupling.envelope.constant for coupling in self._couplings)

    def changes_after(self, time: float) -> bool:
        """Whether one of them may change at or after `time`."""
        return any(coupling.envelope.changes_after(time) for coupling in self._couplings)

    def fields(self, instant: Instant) -> dict[tuple[int, int], np.ndarray]:
        """R_ab(x) at an instant by pairs (a, b), both ways; what is off is left out."""
        fields: dict[tuple[int, int], np.ndarray] = {}
        for coupling in self._couplings:
            if strength := coupling.strength(instant):
                pair, values = (coupling.first, coupling.second), strength * coupling.values
                fields[pair] = fields[pair] + values if pair in fields else values
                fields[pair[::-1]] = fields[pair].conj()
        return fields

    def add_to(self, source: Sequence[np.ndarray], species: int, target: np.ndarray, instant: Instant) -> None:
        """target += sum_b R_ab source_b of one species a at an instant."""
        for (a, b), values in self.fields(instant).items():
            if a == species:
                target += (values * source[b]).astype(target.dtype)

    def energies(self, orbitals: Sequence[np.ndarray], instant: Instant) -> Mapping[int, float]:
        """By species Re sum over this rank's points and b of conj(phi_a) R_ab phi_b."""
        energies: dict[int, float] = {}
        for (a, b), values in self.fields(instant).items():
            share = float(np.vdot(orbitals[a][0], values * orbitals[b][0]).real)
            energies[a] = energies.get(a, 0.0) + share
        return energies

    def averages(self, species: int) -> np.ndarray:
        """The Hermitian matrix over all species, so many, that stands for them at time 0- in first guesses: of those
        that ground states are sought with."""
        matrix = np.zeros((species, species), np.complex128)
        for coupling in self._couplings:
            if coupling.dresses:
                value = coupling.average * coupling.strength(BEFORE_START)
                matrix[coupling.first, coupling.second] += value
                matrix[coupling.second, coupling.first] += value.conjugate()
        return matrix

    def waves(self, species: int, dimensions: int) -> np.ndarray:
        """Numbers of waves in the box, shape (species, dimensions), with which the couplings find each species in phase
        with its partners: 0 for those without. Their mean is as near to zero as it can be."""
        waves = np.zeros((species, dimensions), int)
        left = [coupling for coupling in self._couplings if any(coupling.waves)]
        while left:
            members = {left[0].second}
            while joining := [one for one in left if (one.first in members) != (one.second in members)]:
                coupling = joining[0]
                if coupling.second in members:
                    waves[coupling.first] = waves[coupling.second] + np.array(coupling.waves)
                else:
                    waves[coupling.second] = waves[coupling.first] - np.array(coupling.waves)
                members |= {coupling.first, coupling.second}
            among = sorted(members)
            waves[among] -= np.round(np.mean(waves[among], axis=0)).astype(int)
            left = [one for one in left if one.first not in members]
        return waves

    def of_ground_state(self, phases: np.ndarray) -> LocalCouplings:
        """Those that ground states are sought with, for orbitals that are exp(-i phase_a) times the true ones."""
        return LocalCouplings(
            [
                replace(
                    coupling,
                    values=np.exp(1j * (phases[coupling.second] - phases[coupling.first])) * coupling.values,
                )
                for coupling in self._couplings
                if coupling.dresses
            ]
        )


def _coupling_of(problem: Problem, number: int, entry: RabiCoupling, grid: Grid) -> LocalCoupling:
    """What an entry of the file is on this rank."""
    first, second = problem.indices(entry.between)
    strength = 0.5 * problem.hbar * entry.rabi_frequency * np.exp(1j * entry.phase)
    profile = np.ones(())
    if entry.profile is not None:
        profile = np.asarray(entry.profile.evaluate(**dict(zip("xyz", grid.coordinates, strict=False))))
        require_finite(f"coupling.{number}.profile", grid, profile, 0.0)
    turn = sum(
        (momentum / problem.hbar * x for momentum, x in zip(entry.momentum, grid.coordinates, strict=True)),
        np.zeros(()),
    )
    values = np.broadcast_to(strength * profile * np.exp(1j * turn), grid.position_shape).copy()
    boxes = zip(entry.momentum, grid.lengths, strict=True)
    waves = tuple(round(momentum / problem.hbar * length / (2.0 * np.pi)) for momentum, length in boxes)
    average = complex(strength * _mean(entry, grid))
    return LocalCoupling(
        first, second, values, average, Envelope.of(entry), entry.dresses, f"coupling.{number}.factor", waves
    )


def _mean(entry: RabiCoupling, grid: Grid) -> float:
    """The mean of the profile over the box, from a few of its points: the same on every rank."""
    if entry.profile is None:
        return 1.0
    places = [np.linspace(-0.5, 0.5, _SAMPLES, endpoint=False) * length for length in grid.lengths]
    values = entry.profile.evaluate(**dict(zip("xyz", np.ix_(*places), strict=False)))
    mean = float(np.mean(values))
    return mean if np.isfinite(mean) else 1.0


_SAMPLES = 24
"""Points along an axis at which the mean of a profile is looked at."""
