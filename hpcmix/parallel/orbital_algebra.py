"""Linear algebra between the orbitals of one species, whichever groups and pencils hold them: overlap matrices,
combinations, orthonormalisation.

An orbital set is an array (M_local, *local grid) on every rank. Matrices are M x M (or M x M') and whole on every rank.
Work between orbitals of different groups goes by broadcasts of a few orbitals at a time, so that no rank holds more
than that beside its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from threadpoolctl import threadpool_limits

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.process.independence import condition
from hpcmix.parallel.process.mpi import element_type
from hpcmix.parallel.transforms.transform import thread_count

CHUNK_BYTES = 1 << 25
"""Orbitals of other groups are received in pieces of about this size."""
ILL_CONDITIONED = 1e3
"""Ratio of the largest and smallest eigenvalue of a Gram matrix from which on it is orthonormalised twice: one pass
leaves an error of 1e-16 times the ratio."""


class OrbitalAlgebra:
    """The orbitals of one species over the groups.

    held         for every group the orbitals that it holds (:meth:`OrbitalGroups.held_by_all`).
    cell_volume  the volume element of inner products.
    All methods are collective over the world.
    """

    def __init__(self, communicators: Communicators, held: list[range], cell_volume: float) -> None:
        self._communicators = communicators
        self._held = held
        self._cell_volume = cell_volume
        self.mine = held[communicators.group_index] if len(held) > 1 else held[0]
        self.count = sum(len(numbers) for numbers in held)
        limit_blas_threads()

    @classmethod
    def replicated(cls, communicators: Communicators, cell_volume: float) -> OrbitalAlgebra:
        """For a single orbital that every group holds and works on by itself: sums over one group only."""
        return cls(communicators, [range(1)], cell_volume)

    @property
    def _dealt(self) -> bool:
        """Whether the groups hold parts of the set."""
        return len(self._held) > 1

    def overlaps(
        self,
        left: np.ndarray,
        right: np.ndarray,
        operator: Callable[[np.ndarray], np.ndarray] = np.ascontiguousarray,
    ) -> np.ndarray:
        """The matrix <left_i|operator right_j>, M x M, the same bits on every rank; summed over this rank's points in
        the fields' precision.

        left, right  orbital sets with the orbitals dealt as :attr:`mine`.
        operator     gives a contiguous array for a few orbitals of this group, and leaves them as they are; called on
                     the ranks of one group at a time, so that it may be collective over the group and must not fail.
        """
        from scipy.linalg.blas import get_blas_funcs

        matrix = np.zeros((self.count, self.count), np.complex128)
        multiply = get_blas_funcs("gemm", (left,))
        for columns, piece in self._pieces(right, operator):
            for first, own in _parts(left):
                if len(own) and len(piece):  # the rows transposed are columns in Fortran's order: nothing is copied
                    rows = slice(self.mine.start + first, self.mine.start + first + len(own))
                    matrix[rows, columns] = multiply(1.0, _rows(own).T, _rows(piece).T, trans_a=2)
        matrix *= self._cell_volume
        return self._communicators.sum_all(matrix) if self._dealt else self._communicators.sum(matrix)

    def gram(self, orbitals: np.ndarray) -> np.ndarray:
        """The Hermitian matrix <orbital_i|orbital_j>."""
        matrix = self.overlaps(orbitals, orbitals)
        return 0.5 * (matrix + matrix.conj().T)

    def combined(self, orbitals: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """New orbitals sum_i orbital_i matrix[i, j], dealt as the old ones."""
        from scipy.linalg.blas import get_blas_funcs

        result = np.zeros(orbitals.shape, orbitals.dtype)
        coefficients = matrix[:, self.mine.start : self.mine.stop].astype(orbitals.dtype)
        multiply = get_blas_funcs("gemm", (orbitals,))
        for columns, piece in self._pieces(orbitals):
            if len(result) and len(piece):
                wanted = _rows(result).T  # a view in Fortran's order, which the product is added to in place
                multiply(1.0, _rows(piece).T, coefficients[columns], beta=1.0, c=wanted, overwrite_c=True)
        return result

    def project_out(self, orbitals: np.ndarray, vectors: np.ndarray) -> None:
        """vector_j <- vector_j - sum_i orbital_i <orbital_i|vector_j>, in place; orbitals orthonormal."""
        vectors -= self.combined(orbitals, self.overlaps(orbitals, vectors))

    def orthonormalise(self, orbitals: np.ndarray) -> None:
        """Make the orbitals orthonormal, in place, by the Cholesky factor of their Gram matrix S = L L^+: phi L^-+.

        A second pass where S is ill-conditioned. Raises
        :class:`~hpcmix.parallel.process.independence.LinearlyDependent` on every rank."""
        for _ in range(3):
            gram = self.gram(orbitals)
            quotient = condition(gram, float(np.finfo(orbitals.real.dtype).eps))
            orbitals[...] = self.combined(orbitals, cholesky_inverse(gram))
            if quotient < ILL_CONDITIONED:
                return

    def _pieces(
        self, orbitals: np.ndarray, operator: Callable[[np.ndarray], np.ndarray] = np.ascontiguousarray
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """The orbitals of all groups in turn, a few at a time and after the operator, with their numbers in the whole
        set."""
        communicators = self._communicators
        if not self._dealt and operator is np.ascontiguousarray:
            for first, piece in _parts(orbitals):
                yield slice(first, first + len(piece)), piece
            return
        shape, dtype, size = orbitals.shape[1:], orbitals.dtype, _chunk(orbitals)
        if not self._dealt:
            for first in range(0, len(orbitals), size):
                piece = operator(orbitals[first : first + size])
                yield slice(first, first + len(piece)), piece
            return
        buffer = np.empty((min(size, max(map(len, self._held))), *shape), dtype)
        for group, numbers in enumerate(self._held):
            for first in range(0, len(numbers), size):
                count = min(size, len(numbers) - first)
                here = group == communicators.group_index
                piece = operator(orbitals[first : first + count]) if here else buffer[:count]
                communicators.across.Bcast([piece, element_type(dtype)], root=group)
                begin = numbers.start + first
                yield slice(begin, begin + count), piece


@cache
def limit_blas_threads() -> None:
    """Let matrix products use as many threads as a rank has; left alone, BLAS takes every core on every rank."""
    threadpool_limits(limits=thread_count(), user_api="blas")


def cholesky_inverse(gram: np.ndarray) -> np.ndarray:
    """L^-+ of S = L L^+: phi -> phi L^-+ makes orbitals with Gram matrix S orthonormal."""
    return np.linalg.inv(np.linalg.cholesky(gram)).conj().T


def _chunk(orbitals: np.ndarray) -> int:
    """How many orbitals are moved or copied at a time."""
    return max(1, CHUNK_BYTES // max(1, int(np.prod(orbitals.shape[1:])) * orbitals.dtype.itemsize))


def _parts(orbitals: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The set whole if it is contiguous, else in contiguous copies of a few orbitals, each with its first number: in
    memory that ranks share, a rank's parts of the orbitals lie apart."""
    if orbitals.flags.c_contiguous:
        yield 0, orbitals
        return
    size = _chunk(orbitals)
    for first in range(0, len(orbitals), size):
        yield first, np.ascontiguousarray(orbitals[first : first + size])


def _rows(orbitals: np.ndarray) -> np.ndarray:
    """The set as a matrix with one orbital a row."""
    return orbitals.reshape(len(orbitals), int(np.prod(orbitals.shape[1:])))
