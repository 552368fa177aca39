"""The interaction of two species in their modes, as few products of one-particle matrices.

    W_(pr)(qs) = int int conj(phi_p) phi_r(x) V_ab(x - y) conj(chi_q) chi_s(y) dx dy
               = sum_ij B_ij (H_i)_pr (H_j)_qs = sum_c w_c (X_c)_pr (Y_c)_qs

in the basis of Hermitian matrices (hermitian_basis.py): B_ij = int int n_i(x) V(x - y) n_j(y) is real because V is, so
that its singular values are real strengths and all X_c and Y_c are Hermitian. Of one species with itself B is
symmetric, its eigenvectors give X_c = Y_c, and strengths may be negative.
"""

from __future__ import annotations

import numpy as np

from hpcmix.model.many_body.channels import pair_operator
from hpcmix.model.many_body.hamiltonian import Channels
from hpcmix.model.many_body.modes.hermitian_basis import Element, combined, elements
from hpcmix.model.many_body.modes.overlaps import local_matrix
from hpcmix.model.many_body.modes.pair_kernels import PairKernel
from hpcmix.model.mixture import Mixture

NEGLIGIBLE = 1e-14
"""Strength of a channel, relative to the largest, that is rounding."""
SAME = 1e-13
"""Part of a mode, relative to its largest value, that is rounding: modes whose imaginary parts are this small are
real."""


def channels_of_pair(mixture: Mixture, kernel: PairKernel, first: np.ndarray, second: np.ndarray) -> Channels:
    """The channels of the kernels of one pair. Strengths in code units of energy. Collective over the group.

    first, second  modes of the two species, (m, *this rank's block); the same array of a species with itself.
    """
    own = kernel.first == kernel.second
    left, right = basis_of(mixture, first), basis_of(mixture, second)
    matrix = interaction_matrix(mixture, kernel, first, second, left, right)
    if own:
        strengths, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
        order = np.argsort(-np.abs(strengths), kind="stable")
        strengths, rows = strengths[order], vectors[:, order].T
        columns = rows
    else:
        vectors, strengths, columns = np.linalg.svd(matrix, full_matrices=False)
        rows = vectors.T
    kept = np.abs(strengths) > NEGLIGIBLE * np.max(np.abs(strengths), initial=0.0)
    strengths, rows, columns = strengths[kept], rows[kept], columns[kept]
    return Channels(strengths, combined(left, rows, len(first)), combined(right, columns, len(second)))


def basis_of(mixture: Mixture, modes: np.ndarray) -> list[Element]:
    """The elements of the basis whose densities do not vanish: of real modes the symmetric ones, of modes that do not
    overlap the diagonal ones. The same on all ranks. Collective over the group."""
    candidates = elements(len(modes), real=_are_real(mixture, modes))
    local = np.array([float(np.max(np.abs(candidate.density(modes)), initial=0.0)) for candidate in candidates])
    largest = mixture.communicators.maximum(local)
    return [
        candidate for candidate, size in zip(candidates, largest, strict=True) if size > NEGLIGIBLE * np.max(largest)
    ]


def interaction_matrix(
    mixture: Mixture,
    kernel: PairKernel,
    first: np.ndarray,
    second: np.ndarray,
    left: list[Element],
    right: list[Element],
) -> np.ndarray:
    """B_ij, real (left, right): every density of the second species is transformed once. Collective over the group."""
    matrix = np.empty((len(left), len(right)))
    for column, element in enumerate(right):
        potential = kernel.convolved(element.density(second))
        felt = local_matrix(mixture, first, potential)
        matrix[:, column] = [channel.component(felt) for channel in left]
    return matrix


def operator_norm(channels: Channels) -> float:
    """The norm of W as an operator on h_a (x) h_b, |r s> -> sum_pq W_(pr)(qs) |p q>: what takes the place of |V| in the
    proofs that bound the interaction. Code units of energy."""
    if len(channels) == 0:
        return 0.0
    whole = pair_operator(channels).transpose(0, 2, 1, 3)
    size = whole.shape[0] * whole.shape[1]
    return float(np.max(np.abs(np.linalg.eigvalsh(whole.reshape(size, size)))))


def _are_real(mixture: Mixture, modes: np.ndarray) -> bool:
    sizes = mixture.communicators.maximum(
        [float(np.max(np.abs(modes.imag), initial=0.0)), float(np.max(np.abs(modes), initial=0.0))]
    )
    return bool(sizes[0] <= SAME * sizes[1])
