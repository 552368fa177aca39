"""How many particles are outside: the expectation values of numbers, each with the error of its sampling.

    <N_a>      = sum_f |w_a[f]|^2                                    coherent states; phase diffusion is part of it
    <N_perp,a> = sum over f orthogonal to phi(0) of |(Q_t w[f])_a|^2     product states

with w[f] = V conj(f) and Q_t = 1 - sum |Phi><Phi|, one Phi for every conserved number of particles: phi_a of a species
alone, or all components of those that are coherently coupled. Sums over f go over a basis (sums.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.observe.fluctuations.sums import PairSum, fluctuations_of
from hpcmix.observe.look import Look
from hpcmix.state.beginning import Beginning


@dataclass(frozen=True)
class Estimate:
    """A number and the standard deviation of its sampling; zero where nothing is sampled."""

    value: float
    error: float


class Outside(PairSum):
    """|w_a|^2 and |(Q_t w)_a|^2 of every pair and species.

    condensates  phi_a(t) of every species, complete.
    """

    def __init__(self, look: Look, condensates: Sequence[np.ndarray], beginning: Beginning) -> None:
        self._mixture = look.mixture
        self._fluctuations = fluctuations_of(look)
        self._condensates = condensates
        self._beginning = beginning
        self._norms = self._sums([_squared(phi) for phi in condensates])
        self._rows: list[np.ndarray] = []
        coupled = self._mixture.rabi.groups
        self._along = [[np.zeros_like(phi) for phi in condensates] for _ in coupled]

    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        created = [both[1] for both in pair]
        self._rows.append(self._outside(created))
        for group, along in zip(self._mixture.rabi.groups, self._along, strict=True):
            for b in group:
                if number == self._first(b):
                    for total, field in zip(along, created, strict=True):
                        total += math.sqrt(self._beginning.norms[b]) * field

    def values(self) -> np.ndarray:
        """Of all pairs in their order, shape (pairs, 2, species): |w_a|^2 and |(Q_t w)_a|^2. Collective over the
        world."""
        count = len(self._mixture.species)
        own = np.array(self._rows).reshape(-1, 2, count)
        return self._mixture.communicators.gather_replicas(own)

    def estimates(self) -> tuple[list[Estimate], list[Estimate]]:
        """N_a and N_perp,a of every species. Collective over the world."""
        values, exact = self.values(), self._fluctuations.exact
        modes, probes = values[:exact], values[exact:]
        alone = {group[0] for group in self._mixture.spheres if len(group) == 1}
        condensates = {self._first(a) for a in alone}
        beside = [number for number in range(exact) if number not in condensates]
        followed = np.sum(modes[:, 0], axis=0), np.sum(modes[beside, 1], axis=0) - self._created_along()
        return (
            estimates_of(followed[0], probes[:, 0]),
            estimates_of(followed[1], probes[:, 1]),
        )

    def _first(self, species: int) -> int:
        """The number of the pair that begins with the species' condensate."""
        return species * (self._fluctuations.exact // len(self._mixture.species))

    def _created_along(self) -> np.ndarray:
        """Of the pairs f = Phi(0) of species that are coupled: sum_b sqrt(norm_b) of the pairs that begin with the
        condensates of single species, wherever they are held. Collective over the world."""
        total = np.zeros(len(self._mixture.species))
        for along in self._along:
            for field in along:
                self._mixture.communicators.sum_over_replicas(field)
            total += self._outside(along)[1]
        return total

    def _outside(self, created: Sequence[np.ndarray]) -> np.ndarray:
        """|w_a|^2 and |(Q_t w)_a|^2 = |w_a|^2 - 2 Re conj(<phi_a|w_a>) c + |phi_a|^2 |c|^2 with c = <Phi|w>."""
        overlaps = [np.vdot(phi, field) for phi, field in zip(self._condensates, created, strict=True)]
        sums = self._sums([*(_squared(field) for field in created), *overlaps])
        squares, along = sums[: len(created)].real, sums[len(created) :]
        across = squares.copy()
        for group in self._mixture.spheres:
            whole = sum(along[a] for a in group)
            for a in group:
                across[a] += self._norms[a].real * abs(whole) ** 2 - 2.0 * (np.conj(along[a]) * whole).real
        return np.array([squares, across])

    def _sums(self, local: Sequence[complex]) -> np.ndarray:
        cell = self._mixture.grid.cell_volume
        return cell * self._mixture.communicators.sum(np.array(local, np.complex128))


def _squared(field: np.ndarray) -> float:
    return float(np.vdot(field, field).real)


def estimates_of(followed: np.ndarray, probes: np.ndarray) -> list[Estimate]:
    """The sum over followed functions and the mean over probes, shape (probes, species)."""
    if len(probes) == 0:
        return [Estimate(float(value), 0.0) for value in followed]
    means, spread = np.mean(probes, axis=0), np.std(probes, axis=0, ddof=1)
    return [
        Estimate(float(value + mean), float(deviation) / math.sqrt(len(probes)))
        for value, mean, deviation in zip(followed, means, spread, strict=True)
    ]


def condensates_of(look: Look) -> list[np.ndarray]:
    """phi_a(t) of every species, complete. Collective."""
    return [look.orbital_set(a)[0] for a in range(len(look.mixture.species))]
