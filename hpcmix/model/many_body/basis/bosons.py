"""Configurations of bosons: all of them, those with few outside the first mode, fluctuations about a coherent state."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.basis.compositions import Compositions
from hpcmix.model.many_body.basis.family import Configurations, Numbers, count_configurations, refuse_too_many
from hpcmix.model.many_body.hamiltonian import Statistics


class _Bosons(Configurations):
    """a_p |n> = sqrt(n_p) |n - e_p>."""

    statistics = Statistics.BOSONS

    def annihilate(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        after = occupations.copy()
        after[:, mode] -= 1
        return after, occupations[:, mode].astype(float)

    def create(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        after = occupations.copy()
        after[:, mode] += 1
        return after, after[:, mode].astype(float)

    def amplitudes(self, occupations: Numbers, removed: tuple[int, ...], added: tuple[int, ...]) -> NDArray[np.float64]:
        counts: dict[int, NDArray] = {}
        square = np.ones(len(occupations))
        for mode in removed:
            count = counts.get(mode, occupations[:, mode])
            square *= count
            counts[mode] = self._after(count, mode, -1)
        root = np.sqrt(np.maximum(square, 0.0))
        square = np.where(root > 0.0, 1.0, 0.0)
        for mode in added:
            counts[mode] = self._after(counts.get(mode, occupations[:, mode]), mode, 1)
            square *= counts[mode]
        return root * np.sqrt(np.maximum(square, 0.0))

    def _after(self, count: NDArray, mode: int, change: int) -> NDArray:
        return count + change


class BosonConfigurations(_Bosons):
    """All distributions of N bosons over m modes; the table of all of them is made when it is asked for."""

    def __init__(self, particles: int, modes: int) -> None:
        count = count_configurations(Statistics.BOSONS, particles, modes)
        refuse_too_many(count, f"{particles} bosons in {modes} modes")
        self.particles, self.modes, self._count = particles, modes, count
        self._compositions = Compositions(particles, modes)

    def __len__(self) -> int:
        return self._count

    @functools.cached_property
    def occupations(self) -> Numbers:  # type: ignore[override]  # an attribute of the others, made late here
        return self._compositions.all()

    @property
    def columns(self) -> int:
        return self.modes

    def numbers(self, first: int, last: int) -> Numbers:
        return self._compositions.unrank(np.arange(first, last))

    def rank(self, occupations: Numbers) -> Numbers:
        ranks = self._compositions.rank(occupations)
        return np.where(occupations.sum(axis=1) == self.particles, ranks, -1)


class ExcitedBosons(_Bosons):
    """N bosons of which at most K are outside mode 0."""

    offset = True

    def __init__(self, particles: int, modes: int, excitations: int) -> None:
        most = min(excitations, particles)
        count = count_configurations(Statistics.BOSONS, particles, modes, most)
        refuse_too_many(count, f"{most} excitations in {modes} modes")
        self.particles, self.modes, self.excitations = particles, modes, most
        # the last part is K - sum, what is not excited of the K
        self._compositions = Compositions(most, modes)
        excited = self._compositions.all()[:, :-1]
        self.occupations = np.column_stack([particles - excited.sum(axis=1), excited])

    def rank(self, occupations: Numbers) -> Numbers:
        ranks = self._compositions.rank(occupations[:, 1:])
        return np.where(occupations.sum(axis=1) == self.particles, ranks, -1)


class Fluctuations(_Bosons):
    """At most K particles above a coherent state of mean number N in mode 0: b_0 = sqrt(N) + a_0.

    Column 0 of `occupations` stands for sqrt(N), columns 1 .. m for the modes 0 .. m-1.
    """

    offset = True

    def __init__(self, particles: int, modes: int, excitations: int) -> None:
        count = count_configurations(Statistics.BOSONS, particles, modes, excitations, coherent=True)
        refuse_too_many(count, f"{excitations} fluctuations in {modes} modes")
        self.particles, self.modes, self.excitations = particles, modes, excitations
        self._compositions = Compositions(excitations, modes + 1)
        numbers = self._compositions.all()[:, :-1]
        self.occupations = np.column_stack([np.full(len(numbers), particles), numbers])

    def rank(self, occupations: Numbers) -> Numbers:
        return self._compositions.rank(occupations[:, 1:])

    @property
    def pairs_at_rest(self) -> float:
        return self.mean_occupation**2  # of sqrt(N) there is no less after one was taken

    def embed(self, matrix: NDArray) -> NDArray:
        indices = [0, *range(self.modes)]
        return matrix[..., indices, :][..., :, indices]

    def unit(self, mode: int) -> Numbers:
        return super().unit(mode) if mode > 0 else np.zeros(self.columns, np.int64)

    def _after(self, count: NDArray, mode: int, change: int) -> NDArray:
        return count + change if mode > 0 else count

    def annihilate(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        if mode == 0:
            return occupations, occupations[:, 0].astype(float)
        return super().annihilate(occupations, mode)

    def create(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        if mode == 0:
            return occupations, occupations[:, 0].astype(float)
        return super().create(occupations, mode)
