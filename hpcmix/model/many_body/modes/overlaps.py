"""Matrices of fields in modes: overlaps and operators that are a function of position. Sums over the ranks that share
the grid.

Modes are an array (m, *this rank's block), orthonormal: sum conj(phi_p) phi_q dV = delta_pq.
"""

from __future__ import annotations

import numpy as np

from hpcmix.model.mixture import Mixture


def overlaps(mixture: Mixture, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """<left_p|right_q>, shape (left, right). Collective over the group."""
    flat_left, flat_right = left.reshape(len(left), -1), right.reshape(len(right), -1)
    local = np.conj(flat_left) @ flat_right.T
    return mixture.communicators.sum(local) * mixture.grid.cell_volume


def local_matrix(mixture: Mixture, modes: np.ndarray, values: np.ndarray) -> np.ndarray:
    """<p|f|q> of a function of position. Collective over the group.

    values  f on this rank's block; an array that broadcasts to it.
    """
    return overlaps(mixture, modes, np.broadcast_to(values, modes.shape[1:]) * modes)


def hermitian_part(matrix: np.ndarray) -> np.ndarray:
    """(A + A^+) / 2: a Hermitian operator's matrix without its rounding."""
    return 0.5 * (matrix + matrix.conj().T)


def orthonormal(mixture: Mixture, fields: np.ndarray) -> np.ndarray:
    """Orthonormal fields with the span of the given ones, by Cholesky's factor of their overlaps, twice: fields that
    are orthonormal up to rounding stay as they are. Raises :class:`numpy.linalg.LinAlgError` where they are linearly
    dependent. Collective over the group."""
    for _ in range(2):
        factor = np.linalg.cholesky(hermitian_part(overlaps(mixture, fields, fields)))
        shape = fields.shape
        fields = np.linalg.solve(factor.conj(), fields.reshape(len(fields), -1)).reshape(shape)
    return fields
