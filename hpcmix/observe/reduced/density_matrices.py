"""Reduced density matrices of a state of N bodies.

    gamma^(k,l)_(PQ)(P'Q') = <Psi, a*_P' b*_Q' b_Q a_P Psi> / <[N_1]_k [N_2]_l>,        rows = what is annihilated

as the Gram matrix of the vectors a_P b_Q Psi, in the orthonormal bases of few_particles.py: Hermitian, not negative,
trace 1 (that of Cardenas, Miller and Pavlovic is M or N times it, that of Chong, Lee and Sun N_1^k N_2^l at large N).
One pass over blocks of rows; never more than one block of the vectors a_P b_Q Psi at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.observe.reduced.annihilators import Annihilators
from hpcmix.observe.reduced.few_particles import FewParticles
from hpcmix.observe.reduced.state import BodyState

BLOCK = 2**18
"""Numbers of the vectors a_P b_Q Psi that are held at a time: 4 MB, what a cache holds."""

Order = tuple[int, ...]
"""How many particles of each species."""


@dataclass(frozen=True)
class DensityMatrix:
    """gamma of an order.

    few     the particles of each species that it is about.
    matrix  complex, Hermitian to the bit, trace 1; indices are products over the species, the first slowest.
    trace   what it was divided by, <[N_1]_k [N_2]_l>.
    """

    few: tuple[FewParticles, ...]
    matrix: NDArray[np.complex128]
    trace: float

    @property
    def order(self) -> Order:
        """How many particles of each species."""
        return tuple(few.count for few in self.few)

    def traced_over(self, species: int) -> NDArray[np.complex128]:
        """The partial trace over the particles of a species: the density matrix of the others."""
        sizes = [len(few) for few in self.few]
        tensor = self.matrix.reshape(*sizes, *sizes)
        rest = math.prod(sizes) // sizes[species]
        return np.trace(tensor, axis1=species, axis2=species + len(sizes)).reshape(rest, rest)

    @property
    def natural_occupations(self) -> NDArray[np.floating]:
        """Eigenvalues, descending; they add up to one."""
        return np.linalg.eigvalsh(self.matrix)[::-1]


def density_matrix(state: BodyState, order: Sequence[int]) -> DensityMatrix:
    """gamma of the given numbers of particles of each species. Collective.

    Raises ValueError where a species has not so many particles.
    """
    removed = [Annihilators.of(space, count) for space, count in zip(state.spaces, order, strict=True)]
    size = math.prod(len(own.few) for own in removed)
    gram = np.zeros((size, size), np.complex128)
    first, others = removed[0], removed[1:]
    width = len(first.few) * math.prod(own.stacked.shape[0] for own in others)
    together = max(1, BLOCK // max(1, width))
    mine = state.share(first.left)
    blocks = state.largest(-(-len(mine) // together))
    for number in range(blocks):
        part = mine[number * together : (number + 1) * together]
        vectors = _vectors(state, first, others, part)
        gram += vectors @ vectors.conj().T
    gram = state.sum(gram)
    trace = float(np.trace(gram).real)
    if not trace > 0.0:
        numbers = ", ".join(map(str, order))
        raise ValueError(f"there is no density matrix of the order ({numbers}): a species has not so many particles")
    gram = 0.5 * (gram + gram.conj().T)
    return DensityMatrix(tuple(own.few for own in removed), gram / trace, trace)


def _vectors(
    state: BodyState, first: Annihilators, others: Sequence[Annihilators], part: range
) -> NDArray[np.complex128]:
    """a_P b_Q .. Psi for all P, Q and the configurations `part` of what is left of the first species: rows (PQ..)."""
    basis = len(first.few)
    rows = first.stacked[part.start * basis : part.stop * basis] if len(part) else first.stacked[:0]
    needed = np.unique(rows.indices)
    psi = state.rows(needed.astype(np.int64))
    block = _along(rows[:, needed], psi, 0).reshape(len(part), basis, *psi.shape[1:])
    axes = [1]
    for place, other in enumerate(others):
        axis = 2 + 2 * place
        moved = block if other.few.count == 0 else _along(other.stacked, block, axis)
        block = moved.reshape(*block.shape[:axis], other.left, len(other.few), *block.shape[axis + 1 :])
        axes.append(axis + 1)
    left = [axis for axis in range(block.ndim) if axis not in axes]
    size = math.prod(block.shape[axis] for axis in axes)
    return block.transpose(*axes, *left).reshape(size, -1)


def _along(matrix: sparse.csr_matrix, array: NDArray[np.complex128], axis: int) -> NDArray[np.complex128]:
    """A sparse matrix applied along one axis."""
    moved = np.moveaxis(array, axis, 0)
    flat = matrix @ moved.reshape(moved.shape[0], -1)
    return np.moveaxis(flat.reshape(matrix.shape[0], *moved.shape[1:]), 0, axis)
