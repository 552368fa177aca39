"""Annihilating some particles of a species, as sparse matrices between sets of configurations.

The configurations that are left are whatever annihilation makes of those there are, found by sorting: so all pictures
(all configurations, few excitations, fluctuations above a coherent state) are the same to what follows. The classical
part of a coherent state is a column of its own in the occupations, b_0 = sqrt(N) + a_0, and adds to mode 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.observe.reduced.few_particles import FewParticles
from hpcmix.observe.reduced.state import Space


@dataclass
class Removal:
    """Annihilators a_p from a set of configurations to what they leave.

    space   of the species, for its statistics.
    source  occupations (D, columns) of the set.
    """

    space: Space
    source: NDArray[np.int64]

    @cached_property
    def _found(self) -> tuple[NDArray[np.int64], list[sparse.csr_matrix]]:
        parts = []
        for column in range(self.space.columns):
            after, square = self.space.annihilate(self.source, column)
            there = np.nonzero(square)[0]
            parts.append((there, after[there], np.copysign(np.sqrt(np.abs(square[there])), square[there])))
        target, places = _distinct(np.concatenate([after for _, after, _ in parts]))
        matrices: list[sparse.csr_matrix] = []
        ends = np.cumsum([len(there) for there, _, _ in parts])
        classical = self.space.columns - self.space.modes
        for column, ((there, _, amplitudes), rows) in enumerate(zip(parts, np.split(places, ends[:-1]), strict=True)):
            matrix = sparse.csr_matrix((amplitudes, (rows, there)), shape=(len(target), len(self.source)))
            mode = max(0, column - classical)
            if mode < len(matrices):
                matrices[mode] = matrices[mode] + matrix
            else:
                matrices.append(matrix)
        return target, matrices

    @property
    def target(self) -> NDArray[np.int64]:
        """Occupations of what is left, (D', columns)."""
        return self._found[0]

    @property
    def matrices(self) -> list[sparse.csr_matrix]:
        """a_p of every mode, (D', D)."""
        return self._found[1]

    def of(self, orbital: NDArray[np.complex128]) -> sparse.csr_matrix:
        """a(u) = sum_p conj(u_p) a_p."""
        total = None
        for value, matrix in zip(orbital, self.matrices, strict=True):
            if value != 0.0:
                total = np.conj(value) * matrix if total is None else total + np.conj(value) * matrix
        shape = (len(self.target), len(self.source))
        return sparse.csr_matrix(shape, dtype=np.complex128) if total is None else total.tocsr()


def removals(space: Space, count: int) -> list[Removal]:
    """Of one particle after the other."""
    steps, source = [], space.occupations
    for _ in range(count):
        steps.append(Removal(space, source))
        source = steps[-1].target
    return steps


@dataclass(frozen=True)
class Annihilators:
    """sqrt(mult(P)) a_{p_k} .. a_{p_1} for every basis vector P of k particles, one below the other.

    few       the k particles.
    left      number D' of configurations that are left.
    stacked   real sparse (D' * basis, D), row c' * basis + P.
    """

    few: FewParticles
    left: int
    stacked: sparse.csr_matrix

    @classmethod
    def of(cls, space: Space, count: int) -> Annihilators:
        """Of a number of particles of a species."""
        few = FewParticles(space.statistics, space.modes, count)
        size = len(space.occupations)
        if count == 0:
            return cls(few, size, sparse.identity(size, format="csr"))
        chain = removals(space, count)
        known: dict[tuple[int, ...], sparse.csr_matrix] = {(): sparse.identity(size, format="csr")}
        for step, removal in enumerate(chain):
            longer = {}
            for label in FewParticles(space.statistics, space.modes, step + 1).labels:
                longer[label] = removal.matrices[label[-1]] @ known[label[:-1]]
            known = longer
        left = len(chain[-1].target)
        blocks = [np.sqrt(weight) * known[label] for label, weight in zip(few.labels, few.multiplicities, strict=True)]
        stacked = sparse.vstack(blocks, format="csr")  # row P * D' + c'
        order = np.arange(len(few) * left).reshape(len(few), left).T.ravel()
        return cls(few, left, stacked[order])


def _distinct(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different rows in lexicographic order, and which of them every row is."""
    if rows.shape[1] == 0 or len(rows) == 0:
        return rows[:1], np.zeros(len(rows), np.int64)
    # whole numbers with the most significant byte first compare as their bytes do
    keys = np.ascontiguousarray(rows.astype(">u8")).view(np.dtype((np.void, 8 * rows.shape[1]))).ravel()
    _, first, places = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], places.ravel()
