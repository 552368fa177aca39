"""Configurations of fermions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.basis.family import Configurations, Numbers, count_configurations, refuse_too_many
from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.problem.mistakes.errors import ProblemError


class FermionConfigurations(Configurations):
    """Determinants of N fermions in m modes, a_p |n> = (-1)^(n_0 + .. + n_{p-1}) |n - e_p>; with `excitations` those
    that have at most K particles outside the first N modes.

    With W[k, R, E] the ways to put R particles into the modes k .. m-1, at most E of them outside the first N, the rank
    is sum_k n_k W[k + 1, R_k, E_k]: so many configurations have the same beginning and 0 in place of 1.
    """

    statistics = Statistics.FERMIONS

    def __init__(self, particles: int, modes: int, excitations: int | None = None) -> None:
        count = count_configurations(Statistics.FERMIONS, particles, modes, excitations)
        refuse_too_many(count, f"{particles} fermions in {modes} modes")
        if count == 0:
            raise ProblemError.of("many_body", f"{particles} fermions do not fit into {modes} modes")
        self.particles, self.modes = particles, modes
        self.excitations = particles if excitations is None else min(excitations, particles)
        self._ways = self._all_ways()
        self.occupations = self._all()

    def _all_ways(self) -> Numbers:
        n, m, most = self.particles, self.modes, self.excitations
        ways = np.zeros((m + 1, n + 2, most + 2), np.int64)  # one place more at the ends for what is not allowed
        ways[m, 0, : most + 1] = 1
        for mode in range(m - 1, -1, -1):
            ways[mode, : n + 1, : most + 1] = ways[mode + 1, : n + 1, : most + 1]
            taken = ways[mode + 1, :n, : most + 1] if mode < n else ways[mode + 1, :n, :most]
            ways[mode, 1 : n + 1, 0 if mode < n else 1 : most + 1] += taken
        return ways

    def _all(self) -> Numbers:
        rows = np.zeros((1, 0), np.int64)
        left, budget = np.array([self.particles]), np.array([self.excitations])
        for mode in range(self.modes):
            doubled = np.repeat(np.arange(len(rows)), 2)
            occupied = np.tile(np.array([0, 1]), len(rows))
            left = left[doubled] - occupied
            budget = budget[doubled] - (occupied if mode >= self.particles else 0)
            possible = (left >= 0) & (budget >= 0)
            possible &= self._ways[mode + 1, left, budget] > 0
            rows = np.column_stack([rows[doubled], occupied])[possible]
            left, budget = left[possible], budget[possible]
        return rows

    def rank(self, occupations: Numbers) -> Numbers:
        rank = np.zeros(len(occupations), np.int64)
        left = np.full(len(occupations), self.particles, np.int64)
        budget = np.full(len(occupations), self.excitations, np.int64)
        valid = np.ones(len(occupations), bool)
        for mode in range(self.modes):
            occupied = occupations[:, mode]
            valid &= (occupied == 0) | (occupied == 1)
            rank += np.where(occupied == 1, self._ways[mode + 1, left, budget], 0)
            left = left - occupied
            budget = budget - (occupied if mode >= self.particles else 0)
            valid &= (left >= 0) & (budget >= 0)
            left, budget = np.where(valid, left, 0), np.where(valid, budget, 0)
        return np.where(valid & (left == 0), rank, -1)

    def annihilate(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        after = occupations.copy()
        after[:, mode] -= 1
        return after, np.where(occupations[:, mode] == 1, self._signs(occupations, mode), 0.0)

    def create(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        after = occupations.copy()
        after[:, mode] += 1
        return after, np.where(occupations[:, mode] == 0, self._signs(occupations, mode), 0.0)

    def amplitudes(self, occupations: Numbers, removed: tuple[int, ...], added: tuple[int, ...]) -> NDArray[np.float64]:
        before = np.cumsum(occupations, axis=1) - occupations  # particles in earlier modes
        changes = np.zeros(self.modes, np.int64)
        possible = np.ones(len(occupations), bool)
        parity = np.zeros(len(occupations), np.int64)
        for mode, change in [(mode, -1) for mode in removed] + [(mode, 1) for mode in reversed(added)]:
            wanted = 1 if change < 0 else 0
            possible &= occupations[:, mode] + changes[mode] == wanted
            parity += before[:, mode] + changes[:mode].sum()
            changes[mode] += change
        return np.where(possible, 1.0 - 2.0 * (parity % 2), 0.0)

    @staticmethod
    def _signs(occupations: Numbers, mode: int) -> NDArray:
        return 1.0 - 2.0 * (occupations[:, :mode].sum(axis=1) % 2)
