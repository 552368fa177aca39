"""How identical particles are distributed over modes: the basis in which N bodies are written down.

A configuration is a row of occupation numbers n_0 .. n_{m-1}. Four families, all in lexicographic order (n_0 grows
slowest), each with a rank in closed form, so that no table of all configurations is searched:

    bosons             sum n = N                                        C(N + m - 1, m - 1) of them
    fermions           sum n = N, n <= 1                                C(m, N)
    excited bosons     n_1 + .. + n_{m-1} <= K, n_0 = N - that sum      C(K + m - 1, m - 1), whatever N is
    excited fermions   determinants with at most K particles outside the first N modes
    fluctuations       n_0 + .. + n_{m-1} <= K above a coherent state, W* a_0 W = a_0 + sqrt(N)

**Offsets.** Where nearly all particles sit in mode 0, operators have a diagonal of order N that only turns a global
phase. Excited bosons and fluctuations leave it out: of a*_0 a_0 what exceeds N is counted, of a*_0 a*_0 a_0 a_0 what
exceeds N (N - 1), both in whole numbers. `offset` says so.
"""

from __future__ import annotations

import functools
import math
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.problem.checks.many_body.size import MOST_CONFIGURATIONS, configurations
from hpcmix.problem.mistakes.errors import ProblemError

Numbers = NDArray[np.int64]


def count_configurations(
    statistics: Statistics, particles: int, modes: int, excitations: int | None = None, coherent: bool = False
) -> int:
    """How many configurations there are, before anything is allocated; exact, of any size.

    excitations  K, at most so many particles outside the initial modes (or fluctuations); None for all configurations.
    coherent     fluctuations about a coherent state (bosons only; `excitations` is needed, ValueError without).
    """
    if coherent and statistics is Statistics.BOSONS and excitations is None:
        raise ValueError("fluctuations need a largest number")
    return configurations(statistics is Statistics.FERMIONS, particles, modes, excitations, coherent)


def refuse_too_many(count: int, what: str) -> None:
    """A :class:`~hpcmix.problem.mistakes.errors.ProblemError` where configurations cannot be numbered."""
    if count > MOST_CONFIGURATIONS:
        size = f"{count:.3g}" if count < 10**300 else f"10^{math.log10(count):.0f}"
        raise ProblemError.of(
            "many_body",
            f"{what} has {size} configurations, more than can be numbered; take fewer modes or particles",
        )


class Configurations(ABC):
    """The configurations of one species.

    statistics   bosons or fermions
    particles    N, the (mean) number of particles
    modes        m, as many as the one-particle matrices have
    occupations  all configurations, shape (D, columns); `columns` is m, with one before them for fluctuations: the
                 classical part sqrt(N), whose "occupation" is always N
    offset       whether the diagonal of order N is left out (see above)
    """

    offset: bool = False
    statistics: Statistics
    particles: int
    modes: int
    occupations: Numbers

    def __len__(self) -> int:
        return len(self.occupations)

    def numbers(self, first: int, last: int) -> Numbers:
        """Some rows of `occupations`."""
        return self.occupations[first:last]

    @property
    def columns(self) -> int:
        """Modes that operators hop between: m, or m + 1 with the classical part."""
        return self.occupations.shape[1]

    @abstractmethod
    def rank(self, occupations: Numbers) -> Numbers:
        """The numbers of configurations, rows of `occupations`; -1 for those that do not belong to the family."""

    @property
    def mean_occupation(self) -> float:
        """N of the operators' offset, dG(A) = N A_00 + (what is tabulated); 0 without an offset."""
        return float(self.particles) if self.offset else 0.0

    @property
    def pairs_at_rest(self) -> float:
        """What is left out of a*_0 a*_0 a_0 a_0: N (N - 1); 0 without an offset."""
        return self.mean_occupation * (self.mean_occupation - 1.0)

    def embed(self, matrix: NDArray) -> NDArray:
        """A matrix of one particle (.., m, m) between `columns`."""
        return matrix

    def unit(self, mode: int) -> Numbers:
        """What one particle more in a mode adds to a row of `occupations`."""
        row = np.zeros(self.columns, np.int64)
        row[mode] = 1
        return row

    @abstractmethod
    def amplitudes(self, occupations: Numbers, removed: tuple[int, ...], added: tuple[int, ...]) -> NDArray[np.float64]:
        """<n| a*_p a*_q .. a_s a_r |n - e_p - e_q .. + e_r + e_s ..> for every row n, with removed = (p, q, ..) and
        added = (r, s, ..); 0 where there is nothing to take."""

    @abstractmethod
    def annihilate(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        """a_mode on every row: the new occupations and the square of the amplitude, with its sign; 0 where there is
        nothing to annihilate (the row is then meaningless)."""

    @abstractmethod
    def create(self, occupations: Numbers, mode: int) -> tuple[Numbers, NDArray]:
        """a*_mode on every row, as :meth:`annihilate`."""


class _Compositions:
    """All ways to write `total` as an ordered sum of `parts` whole numbers, in lexicographic order.

    With R_k what is left for the parts k, k+1, .. and T[R, M] = C(R + M, M), the number of ways to write R in M + 1
    parts, the rank of (n_0, n_1, ..) is sum_k T[R_k, M_k] - T[R_{k+1}, M_k], M_k = parts - k - 1.
    """

    def __init__(self, total: int, parts: int) -> None:
        self.total, self.parts = total, parts
        table = np.ones((total + 1, parts), np.int64)
        for part in range(1, parts):
            np.cumsum(table[:, part - 1], out=table[:, part])
        self._ways = table

    def all(self) -> Numbers:
        """Every composition, shape (count, parts)."""
        rows = np.zeros((1, 0), np.int64)
        left = np.array([self.total], np.int64)
        for _ in range(self.parts - 1):
            choices = left + 1
            first = np.cumsum(choices) - choices
            number = np.arange(int(choices.sum()), dtype=np.int64) - np.repeat(first, choices)
            rows = np.column_stack([np.repeat(rows, choices, axis=0), number])
            left = np.repeat(left, choices) - number
        return np.column_stack([rows, left])

    def rank(self, numbers: Numbers) -> Numbers:
        """Of rows whose first parts - 1 numbers are given; the last one follows. -1 where one is negative."""
        rank = np.zeros(len(numbers), np.int64)
        left = np.full(len(numbers), self.total, np.int64)
        valid = np.ones(len(numbers), bool)
        for part in range(self.parts - 1):
            number = numbers[:, part]
            after = left - number
            valid &= (number >= 0) & (after >= 0)
            remaining = np.where(valid, after, 0)
            ways = self._ways[:, self.parts - part - 1]
            rank += ways[left] - ways[remaining]
            left = remaining
        return np.where(valid, rank, -1)

    def unrank(self, ranks: Numbers) -> Numbers:
        """The compositions with these numbers, shape (len(ranks), parts)."""
        rest = np.asarray(ranks, np.int64).copy()
        left = np.full(len(rest), self.total, np.int64)
        result = np.empty((len(rest), self.parts), np.int64)
        for part in range(self.parts - 1):
            ways = self._ways[:, self.parts - part - 1]
            after = np.searchsorted(ways, ways[left] - rest, side="left")
            rest -= ways[left] - ways[after]
            result[:, part] = left - after
            left = after
        result[:, -1] = left
        return result


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
        self._compositions = _Compositions(particles, modes)

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
        self._compositions = _Compositions(most, modes)
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
        self._compositions = _Compositions(excitations, modes + 1)
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


def configurations_of(
    statistics: Statistics, particles: int, modes: int, excitations: int | None = None, coherent: bool = False
) -> Configurations:
    """The family that a species of a run needs; see :func:`count_configurations` for the arguments. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a coherent state is none of theirs."""
    if statistics is Statistics.FERMIONS:
        if coherent:
            raise ProblemError.of("many_body.state", "coherent states are for bosons; fermions start factorised")
        return FermionConfigurations(particles, modes, excitations)
    if coherent:
        if excitations is None:
            raise ProblemError.of("many_body.state", 'coherent states need picture = "excitations"')
        return Fluctuations(particles, modes, excitations)
    if excitations is None:
        return BosonConfigurations(particles, modes)
    return ExcitedBosons(particles, modes, excitations)
