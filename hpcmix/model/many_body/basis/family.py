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
