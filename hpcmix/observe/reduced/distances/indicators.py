"""How far N bodies are from their mean field.

    alpha^(k1,k2) = 1 - <[n_u]_k1 [n_v]_k2> / ([N_1]_k1 [N_2]_k2),        n_u = dG(|u><u|)            MO (3.3)
    R^(k1,k2)     = Tr| gamma^(k1,k2) - |u^k1 v^k2><u^k1 v^k2| |                                      MO (3.4)
    S             = Tr| S^(1/2) (gamma - P) S^(1/2) |,        S = sum_i (1 + T_i)^theta               AHH (11), (12)

(MO: Michelangeli and Olgiati; AHH: Anapolitanos, Hott and Hundertmark.) Of fermions n_u is the number of particles in
the occupied orbitals, and P the determinant's density matrix: R of one particle is (1/M) Tr|gamma_F - omega| of
Cardenas, Miller and Pavlovic (2.16). alpha of any order takes no density matrix.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.observe.reduced.annihilators import removals
from hpcmix.observe.reduced.density_matrices import DensityMatrix, Order
from hpcmix.observe.reduced.distances.references import falling_factorial, reference
from hpcmix.observe.reduced.few_particles import FewParticles
from hpcmix.observe.reduced.state import BodyState

Orbitals = Sequence[NDArray[np.complex128]]
"""C_a of every species, (m_a, M_a) with orthonormal columns."""


def alpha(state: BodyState, order: Order, orbitals: Orbitals) -> float:
    """alpha of an order. Collective.

    Where a condensate is mode 0 and its number in every configuration is known, no digits are lost however close to
    one the occupation is; else it is a difference from one, right to 1e-15 or so.
    """
    spaces = state.spaces
    counted = all(
        count == 0 or (space.statistics is Statistics.BOSONS and space.columns == space.modes and _is_mode_zero(own))
        for space, count, own in zip(spaces, order, orbitals, strict=True)
    )
    return _from_occupations(state, order) if counted else _from_vectors(state, order, orbitals)


def _is_mode_zero(orbitals: NDArray[np.complex128]) -> bool:
    return orbitals.shape[1] == 1 and bool(np.all(orbitals[1:, 0] == 0.0))


def _from_occupations(state: BodyState, order: Order) -> float:
    """sum of |psi|^2 (1 - prod_a [n_0]_k / [N]_k), the bracket by logarithms."""
    logarithms = []
    for space, count in zip(state.spaces, order, strict=True):
        missing = space.particles - space.occupations[:, 0]
        own = np.zeros(len(missing))
        for step in range(count):
            with np.errstate(divide="ignore"):
                own += np.log1p(-np.minimum(1.0, missing / (space.particles - step)))
        logarithms.append(own)
    total = 0.0
    rows = state.share(len(state.spaces[0]))
    shape = [len(space) for space in state.spaces[1:]]
    together = max(1, 2**20 // max(1, math.prod(shape)))
    for number in range(state.largest(-(-len(rows) // together))):
        part = rows[number * together : (number + 1) * together]
        psi = state.rows(np.arange(part.start, part.stop))
        weights = logarithms[0][part.start : part.stop].reshape(-1, *(1 for _ in shape))
        for axis, own in enumerate(logarithms[1:]):
            weights = weights + own.reshape([-1 if place == axis + 1 else 1 for place in range(len(shape) + 1)])
        total += float(np.sum((psi.real**2 + psi.imag**2) * -np.expm1(weights)))
    return float(state.sum(np.array([total]))[0])


def _from_vectors(state: BodyState, order: Order, orbitals: Orbitals) -> float:
    """1 - sum over the orbitals of |a(u_1) .. a(u_k) Psi|^2 / [N]_k."""
    chains = [removals(space, count) for space, count in zip(state.spaces, order, strict=True)]
    total = 0.0
    choices = [
        list(itertools.product(range(own.shape[1]), repeat=count)) for own, count in zip(orbitals, order, strict=True)
    ]
    matrices = []
    for chain, own, tuples in zip(chains, orbitals, choices, strict=True):
        products = []
        for chosen in tuples:
            product = None
            for removal, number in zip(chain, chosen, strict=True):
                step = removal.of(own[:, number])
                product = step if product is None else step @ product
            products.append(product)
        matrices.append(products)
    size = len(state.spaces[0]) if chains[0] == [] else len(chains[0][-1].target)
    rows = state.share(size)
    for combination in itertools.product(*matrices):
        first, *others = combination
        own_rows = np.arange(rows.start, rows.stop)
        if first is None:
            block = state.rows(own_rows)
        else:
            part = first[rows.start : rows.stop]
            needed = np.unique(part.indices)
            psi = state.rows(needed.astype(np.int64))
            block = (part[:, needed] @ psi.reshape(len(needed), -1)).reshape(len(own_rows), *psi.shape[1:])
        for axis, matrix in enumerate(others, start=1):
            if matrix is not None:
                moved = np.moveaxis(block, axis, 0)
                flat = (matrix @ moved.reshape(moved.shape[0], -1)).reshape(matrix.shape[0], *moved.shape[1:])
                block = np.moveaxis(flat, 0, axis)
        total += float(np.sum(block.real**2 + block.imag**2))
    total = float(state.sum(np.array([total]))[0])
    norms = [falling_factorial(space.particles, count) for space, count in zip(state.spaces, order, strict=True)]
    return 1.0 - total / math.prod(norms)


def trace_norm(matrix: NDArray) -> float:
    """Tr|A| of a Hermitian matrix."""
    return float(np.sum(np.abs(np.linalg.eigvalsh(0.5 * (matrix + matrix.conj().T)))))


def trace_distance(gamma: DensityMatrix, orbitals: Orbitals) -> float:
    """R of the order of a density matrix."""
    return trace_norm(gamma.matrix - reference(gamma.few, orbitals))


def sobolev_distance(gamma: DensityMatrix, orbitals: Orbitals, kinetic: Sequence[NDArray], theta: float) -> float:
    """S of the order of a density matrix.

    kinetic  T of every species in the modes that gamma and orbitals are written in, not negative, in code units of
             energy: AHH's sums count with T in the units of the file.
    """
    weight = sobolev_weight(gamma.few, kinetic, theta)
    values, vectors = np.linalg.eigh(weight)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.conj().T
    return trace_norm(root @ (gamma.matrix - reference(gamma.few, orbitals)) @ root)


def sobolev_weight(few: Sequence[FewParticles], kinetic: Sequence[NDArray], theta: float) -> NDArray:
    """S = sum over the particles of (1 + T)^theta, in the bases of few particles."""
    sizes = [len(basis) for basis in few]
    total = np.zeros((math.prod(sizes),) * 2, np.complex128)
    for place, (basis, energies) in enumerate(zip(few, kinetic, strict=True)):
        values, vectors = np.linalg.eigh(energies)
        powers = (vectors * (1.0 + np.maximum(values, 0.0)) ** theta) @ vectors.conj().T
        before, after = math.prod(sizes[:place]), math.prod(sizes[place + 1 :])
        total += np.kron(np.kron(np.eye(before), basis.summed(powers)), np.eye(after))
    return total
