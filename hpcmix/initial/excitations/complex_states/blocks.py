"""Linear algebra between many vectors at once whose entries are dealt over the ranks of a grid: overlaps, combinations,
orthonormal bases.

A block is a contiguous complex array of shape (vectors, ...), the further axes this rank's part of every vector.
Matrices between vectors are whole, with the same bits on every rank.
"""

from __future__ import annotations

import numpy as np

from hpcmix.parallel.communicators import Communicators

DEPENDENT = 1e-11
"""Eigenvalue of a Gram matrix of vectors of unit length, relative to its largest, below which a direction is one of
rounding: what is left of it has lost half of its digits."""


class BlockAlgebra:
    """Products and combinations of the vectors of blocks.

    cell_volume  the volume element of inner products <x|y> = sum conj(x) y dV.
    All methods that take overlaps are collective over the ranks that share the grid.
    """

    def __init__(self, communicators: Communicators, cell_volume: float) -> None:
        self._communicators = communicators
        self._cell_volume = cell_volume

    def overlaps(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The matrix <left_i|right_j>. Collective."""
        product = rows(left).conj() @ rows(right).T
        return self._communicators.sum(product) * self._cell_volume

    def gram(self, vectors: np.ndarray) -> np.ndarray:
        """The Hermitian matrix <x_i|x_j>. Collective."""
        matrix = self.overlaps(vectors, vectors)
        return 0.5 * (matrix + matrix.conj().T)

    def products(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """<left_i|right_i> of every pair of vectors. Collective."""
        return self._communicators.sum(np.einsum("ij,ij->i", rows(left).conj(), rows(right))) * self._cell_volume

    def lengths(self, vectors: np.ndarray) -> np.ndarray:
        """|x_i| of every vector. Collective."""
        flat = rows(vectors)
        squares = np.einsum("ij,ij->i", flat.real, flat.real) + np.einsum("ij,ij->i", flat.imag, flat.imag)
        return np.sqrt(self._communicators.sum(squares) * self._cell_volume)

    def project_out(self, basis: np.ndarray, vectors: np.ndarray) -> None:
        """x_j <- x_j - sum_i e_i <e_i|x_j> for an orthonormal basis, in place; twice, for rounding. Collective."""
        if len(basis):
            for _ in range(2):
                vectors -= combined(basis, self.overlaps(basis, vectors))

    def orthonormal(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An orthonormal basis Q of the span of the vectors and r with x_j = sum_i Q_i r_ij. Directions that depend on
        others up to rounding are left out, so that the basis may be smaller. Collective."""
        lengths = self.lengths(vectors)
        basis, whole = vectors, np.eye(len(vectors), dtype=complex)
        scale = np.where(lengths > 0.0, lengths, 1.0)
        for passing in range(3):
            gram = self.gram(basis)
            if passing == 0:
                gram = gram / np.multiply.outer(scale, scale)
            turn, inverse = _whitening(gram)
            if passing == 0:
                turn, inverse = turn / scale[:, np.newaxis], inverse * scale[np.newaxis, :]
            whole = inverse @ whole
            basis = combined(basis, turn)
            if passing and np.max(np.abs(gram - np.eye(len(gram))), initial=0.0) < 1e-13:
                break
        return basis, whole


def rows(block: np.ndarray) -> np.ndarray:
    """The block as a matrix with one vector a row."""
    return block.reshape(len(block), int(np.prod(block.shape[1:])))


def combined(block: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """New vectors sum_i x_i matrix[i, j]."""
    return (matrix.T @ rows(block)).reshape(matrix.shape[1], *block.shape[1:])


def _whitening(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W with W^+ G W = 1 on the directions of G that are none of rounding, and its pseudo-inverse."""
    sizes, turns = np.linalg.eigh(gram)
    kept = sizes > DEPENDENT * max(float(sizes[-1]), 0.0) if len(sizes) else np.zeros(0, bool)
    roots = np.sqrt(sizes[kept])
    return turns[:, kept] / roots, roots[:, np.newaxis] * turns[:, kept].conj().T
