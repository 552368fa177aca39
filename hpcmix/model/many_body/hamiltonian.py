"""N bodies in finitely many modes: the numbers that define both sides, the Hamiltonian and its mean field.

    H = sum_a dG(h^a) + sum_a f_aa/2 sum_c w_c [dG(X_c) dG(Y_c) - dG(X_c Y_c)]
        + sum_{a<b} f_ab sum_c w_c dG_a(X_c) dG_b(Y_c)

dG(A) = sum_pq A_pq a*_p a_q is the second quantisation of a matrix A of one particle. The mean field of the same modes
is

    i hbar dC_a/dt = (h^a + sum_b g_ab sum_c w_c X_c <Y_c>_b) C_a.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np


class Statistics(Enum):
    """How identical particles share modes."""

    BOSONS = "bosons"
    FERMIONS = "fermions"


@dataclass(frozen=True)
class ModeSpecies:
    """One species of the many-body problem.

    name        as in the problem file
    statistics  bosons or fermions
    particles   N_a, whole
    one_body    h^a_pq = <p| T_a + U_a |q>, complex (m_a, m_a), hermitian; m_a is the number of modes
    """

    name: str
    statistics: Statistics
    particles: int
    one_body: np.ndarray

    @property
    def modes(self) -> int:
        return len(self.one_body)


@dataclass(frozen=True)
class Channels:
    """A pair operator as a short sum of products, W^{ab}_{(pr)(qs)} = sum_c w_c (X_c)_pr (Y_c)_qs.

    strengths  w_c, real, shape (channels,)
    left       X_c, complex, shape (channels, m_a, m_a): acts on species a
    right      Y_c, complex, shape (channels, m_b, m_b): acts on species b
    """

    strengths: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def __len__(self) -> int:
        return len(self.strengths)


@dataclass(frozen=True)
class PairInteraction:
    """The interaction of two species, or of one with itself.

    first, second  indices of the species, first <= second
    factor         f_ab, the prefactor of the sum over pairs in H
    first_feels    g_ab: what a particle of the first species feels of the second one's density (orbitals of norm 1)
    second_feels   g_ba
    channels       W^{ab}
    """

    first: int
    second: int
    factor: float
    first_feels: float
    second_feels: float
    channels: Channels


@dataclass(frozen=True)
class ManyBodyModel:
    """All that the evolution of N bodies and of their mean field needs: `hbar` in code units, species, interactions."""

    hbar: float
    species: tuple[ModeSpecies, ...]
    interactions: tuple[PairInteraction, ...]
