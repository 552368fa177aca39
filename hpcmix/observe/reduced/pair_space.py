"""Gamma^(1) of Chong, Lee and Sun: one particle of either species, on h + h.

    Gamma_(a,p)(b,q) = <Psi, a*_(b,q) a_(a,p) Psi> / <N_1 + N_2>,        a, b = species

Its off-diagonal blocks vanish for fixed numbers of particles, so only states that are superpositions of them, such as
coherent ones, are close to |phi><phi|, phi = (sqrt(N_1) u, sqrt(N_2) v) / sqrt(N_1 + N_2); the phases of u, v and
between the sectors count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.observe.reduced.annihilators import Removal
from hpcmix.observe.reduced.distances.indicators import trace_norm
from hpcmix.observe.reduced.state import BodyState, Space


def pair_space_matrix(state: BodyState) -> NDArray[np.complex128]:
    """Gamma^(1) of two species, complex (m_1 + m_2, m_1 + m_2), Hermitian, trace 1. Collective.

    What annihilation leaves outside the species' own configurations (of fixed numbers: everything) meets nothing of the
    other species and is in the diagonal blocks alone.
    """
    first, second = state.spaces
    size = first.modes + second.modes
    gram = np.zeros((size, size), np.complex128)
    rows = state.share(len(first))
    own = np.arange(rows.start, rows.stop)
    # a_p Psi on the first species' configurations, b_q Psi on the second's: these can meet
    inside_first, outside_first = _split(first)
    inside_second, outside_second = _split(second)
    left = [_rows_of(state, matrix, own) for matrix in inside_first]
    psi = state.rows(own)
    right = [(matrix @ psi.T).T for matrix in inside_second]
    vectors = np.array([array.ravel() for array in (*left, *right)])
    gram += vectors @ vectors.conj().T
    beyond = np.array([(matrix @ psi.T).ravel() for matrix in outside_second])
    gram[first.modes :, first.modes :] += beyond @ beyond.conj().T
    share = state.share(outside_first[0].shape[0])
    others = np.arange(share.start, share.stop)
    beyond = np.array([_rows_of(state, matrix, others).ravel() for matrix in outside_first])
    gram[: first.modes, : first.modes] += beyond @ beyond.conj().T
    gram = state.sum(gram)
    return 0.5 * (gram + gram.conj().T) / float(np.trace(gram).real)


def pair_space_distance(
    matrix: NDArray[np.complex128], orbitals: Sequence[NDArray[np.complex128]], particles: Sequence[float]
) -> float:
    """Tr|Gamma^(1) - |phi><phi|| for two condensates.

    orbitals   C_a, (m_a, 1), in the modes of the matrix.
    particles  mean numbers.
    """
    total = sum(particles)
    parts = [math.sqrt(number / total) * own[:, 0] for own, number in zip(orbitals, particles, strict=True)]
    vector = np.concatenate(parts)
    return trace_norm(matrix - np.outer(vector, vector.conj()))


def _split(space: Space) -> tuple[list[sparse.csr_matrix], list[sparse.csr_matrix]]:
    """a_p to the species' own configurations, and to all others."""
    removal = Removal(space, space.occupations)
    numbers = space.rank(removal.target)
    known = np.nonzero(numbers >= 0)[0]
    place = sparse.csr_matrix((np.ones(len(known)), (numbers[known], known)), shape=(len(space), len(removal.target)))
    unknown = np.nonzero(numbers < 0)[0]
    inside = [(place @ matrix).tocsr() for matrix in removal.matrices]
    return inside, [matrix[unknown] for matrix in removal.matrices]


def _rows_of(state: BodyState, matrix: sparse.csr_matrix, rows: NDArray) -> NDArray[np.complex128]:
    """Some rows of a sparse matrix applied to the first axis of psi."""
    part = matrix[rows]
    needed = np.unique(part.indices)
    psi = state.rows(needed.astype(np.int64))
    return part[:, needed] @ psi
