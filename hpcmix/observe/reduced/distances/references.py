"""The reduced density matrices of the mean field: what those of N bodies are compared with.

bosons    |u (x) .. (x) u><u (x) .. (x) u|
fermions  of a Slater determinant: of one particle omega / M, of k the antisymmetric part of its products
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.observe.reduced.few_particles import FewParticles


def reference_of(few: FewParticles, orbitals: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Of k particles of one species, (basis, basis), trace 1.

    orbitals  C, (m, M) with orthonormal columns; M = 1 for a condensate.
    """
    if few.count == 0:
        return np.ones((1, 1), np.complex128)
    if few.statistics is Statistics.BOSONS:
        vector = few.product(orbitals[:, 0])
        return np.outer(vector, vector.conj())
    # of a determinant the k-particle vectors are the determinants of k of its orbitals, all with the same weight
    inside = FewParticles(Statistics.FERMIONS, orbitals.shape[1], few.count)
    vectors = np.array(
        [[np.linalg.det(orbitals[np.ix_(rows, columns)]) for columns in inside.labels] for rows in few.labels]
    )
    return vectors @ vectors.conj().T / len(inside)


def reference(few: Sequence[FewParticles], orbitals: Sequence[NDArray[np.complex128]]) -> NDArray[np.complex128]:
    """Of all species, in the order of a DensityMatrix."""
    result: NDArray = np.ones((1, 1), np.complex128)
    for basis, own in zip(few, orbitals, strict=True):
        result = np.kron(result, reference_of(basis, own))
    return result


def falling_factorial(number: float, count: int) -> float:
    """[n]_k = n (n - 1) .. (n - k + 1)."""
    return float(math.prod(number - step for step in range(count)))
