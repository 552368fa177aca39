"""Orthonormal bases of k identical particles in m modes, and operators in them.

    bosons    e_P = mult(P)^(-1/2) sum over the orderings of p_1 <= .. <= p_k of |p_1 .. p_k>,  mult(P) = k! / prod n_i!
    fermions  e_P = (k!)^(-1/2) sum over the permutations of p_1 < .. < p_k with their signs

Reduced density matrices live on these spaces: their matrices are C(m + k - 1, k) wide in place of m^k.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.model.many_body.hamiltonian import Statistics


@dataclass(frozen=True)
class FewParticles:
    """k identical particles in m modes."""

    statistics: Statistics
    modes: int
    count: int

    @cached_property
    def labels(self) -> list[tuple[int, ...]]:
        """P = (p_1 .. p_k) of every basis vector; the empty one for no particle."""
        if self.statistics is Statistics.FERMIONS:
            return list(itertools.combinations(range(self.modes), self.count))
        return list(itertools.combinations_with_replacement(range(self.modes), self.count))

    @cached_property
    def multiplicities(self) -> NDArray[np.float64]:
        """mult(P): the number of orderings of every label."""
        whole = math.factorial(self.count)
        return np.array(
            [whole / math.prod(math.factorial(n) for n in Counter(label).values()) for label in self.labels]
        )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def isometry(self) -> sparse.csr_matrix:
        """J, (m^k, basis): the basis vectors as tensors of k particles."""
        rows, columns, values = [], [], []
        for number, label in enumerate(self.labels):
            for order in set(itertools.permutations(range(self.count))):
                place = 0
                for position in order:
                    place = place * self.modes + label[position]
                rows.append(place)
                columns.append(number)
                values.append(_sign(order) if self.statistics is Statistics.FERMIONS else 1.0)
        shape = (self.modes**self.count, len(self.labels))
        summed = sparse.csr_matrix((values, (rows, columns)), shape=shape)  # orderings that agree are added up
        norms = np.sqrt(np.asarray(summed.multiply(summed).sum(axis=0)).ravel())
        return (summed @ sparse.diags(1.0 / norms)).tocsr()

    def product(self, orbital: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """u (x) .. (x) u of bosons, (basis)."""
        factors = [math.prod(orbital[p] for p in label) for label in self.labels]
        return np.sqrt(self.multiplicities) * np.array(factors, np.complex128)

    def summed(self, matrix: NDArray) -> NDArray:
        """sum_i A_i over the particles, (basis, basis): zero of no particle."""
        if self.count == 0:
            return np.zeros((1, 1), np.complex128)
        single = sparse.csr_matrix(matrix)
        total = None
        for place in range(self.count):
            before, after = self.modes**place, self.modes ** (self.count - place - 1)
            part = sparse.kron(sparse.kron(sparse.identity(before), single), sparse.identity(after)).tocsr()
            total = part if total is None else total + part
        return (self.isometry.T @ total @ self.isometry).toarray()


def _sign(order: tuple[int, ...]) -> float:
    """Of a permutation."""
    inversions = sum(a > b for a, b in itertools.combinations(order, 2))
    return -1.0 if inversions % 2 else 1.0
