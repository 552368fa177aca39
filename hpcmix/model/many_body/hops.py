"""Matrices of second-quantised operators on configurations, as linear functions of the operators' coefficients.

    dG(A)  = sum_pq A_pq a*_p a_q
    pairs  = sum_{(pq),(rs)} V_(pq)(rs) a*_p a*_q a_s a_r,      p <= q, r <= s (p < q for fermions)

Both sparse patterns depend on the configurations only: which entries there are and with which factors they enter is
worked out once (:class:`SparseFamily`), and values follow from the coefficients by one real sparse matrix,
values = factors @ coefficients. Excited bosons and fluctuations leave out the diagonal of order N (configurations.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.model.many_body.configurations import Configurations
from hpcmix.model.many_body.hamiltonian import Statistics


@dataclass(frozen=True)
class Terms:
    """Entries (row, column) += factor * coefficients[coefficient]; the same entry may come several times."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    coefficients: NDArray[np.int64]
    factors: NDArray[np.float64]


def _amplitude(square: NDArray) -> NDArray:
    """The amplitude of a signed square."""
    return np.copysign(np.sqrt(np.abs(square)), square)


def one_body_terms(space: Configurations, wanted: NDArray[np.bool_] | None = None) -> Iterator[Terms]:
    """The entries of dG(A); coefficient p * columns + q is A_pq. `wanted`: (columns, columns), where A may have any."""
    modes = space.columns
    numbers = np.arange(len(space), dtype=np.int64)
    for q in range(modes):
        without, first = space.annihilate(space.occupations, q)
        there = np.nonzero(first)[0]
        without, first = without[there], first[there]
        for p in range(modes):
            if wanted is not None and not wanted[p, q]:
                continue
            if p == q:
                count = space.occupations[:, p] - (space.particles if space.offset and p == 0 else 0)
                yield _kept(numbers, numbers, p * modes + q, count.astype(float))
                continue
            after, second = space.create(without, p)
            yield _kept(space.rank(after), numbers[there], p * modes + q, _amplitude(first * second))


def pairs_of(space: Configurations) -> list[tuple[int, int]]:
    """The pairs (p, q) of modes that two particles may be taken from, in the order of the coefficients V."""
    first = 1 if space.statistics is Statistics.FERMIONS else 0
    return [(p, q) for p in range(space.columns) for q in range(p + first, space.columns)]


def two_body_terms(space: Configurations, wanted: NDArray[np.bool_] | None = None) -> Iterator[Terms]:
    """The entries of the pair operator; coefficient i * pairs + j is V_ij. `wanted`: (pairs, pairs)."""
    pairs = pairs_of(space)
    numbers = np.arange(len(space), dtype=np.int64)
    for source, (r, s) in enumerate(pairs):
        if wanted is not None and not wanted[:, source].any():
            continue
        without, first = space.annihilate(space.occupations, r)
        without, second = space.annihilate(without, s)
        square = first * second
        there = np.nonzero(square)[0]
        without, square = without[there], square[there]
        for target, (p, q) in enumerate(pairs):
            if wanted is not None and not wanted[target, source]:
                continue
            number = target * len(pairs) + source
            if space.offset and (p, q) == (r, s) == (0, 0):
                # n_0 (n_0 - 1) - N (N - 1) with n_0 = N - k, in whole numbers
                k = space.particles - space.occupations[:, 0]
                yield _kept(numbers, numbers, number, (k * k - k * (2 * space.particles - 1)).astype(float))
                continue
            after, third = space.create(without, q)
            after, fourth = space.create(after, p)
            yield _kept(space.rank(after), numbers[there], number, _amplitude(square) * _amplitude(third * fourth))


def _kept(rows: NDArray, columns: NDArray, coefficient: int, factors: NDArray) -> Terms:
    kept = np.nonzero((rows >= 0) & (factors != 0.0))[0]
    return Terms(rows[kept], columns[kept], np.full(len(kept), coefficient), factors[kept])


def pair_coefficients(space: Configurations, interaction: NDArray) -> NDArray:
    """V = 1/2 S^T W S of W_(pr)(qs), shape (columns,)*4 in the order p, r, q, s: the two orders of a pair made one,
    with the sign of fermions."""
    modes, pairs = space.columns, pairs_of(space)
    sign = -1.0 if space.statistics is Statistics.FERMIONS else 1.0
    by_targets = interaction.transpose(0, 2, 1, 3).reshape(modes * modes, modes * modes)  # (pq), (rs)
    first = np.array([p * modes + q for p, q in pairs], np.int64)
    second = np.array([q * modes + p for p, q in pairs], np.int64)
    different = np.where(first == second, 0.0, sign)
    rows = by_targets[first] + different[:, None] * by_targets[second]
    return 0.5 * (rows[:, first] + different * rows[:, second])


class SparseFamily:
    """Sparse matrices of one pattern whose values are linear in some coefficients.

    shape    of the matrices
    start    where rows begin, (rows + 1,) int64
    columns  int32
    """

    def __init__(self, terms: Iterator[Terms], size: int, coefficients: int) -> None:
        parts = list(terms)
        if parts:
            rows, columns, numbers, factors = (
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("rows", "columns", "coefficients", "factors")
            )
        else:
            rows, columns, numbers = (np.zeros(0, np.int64) for _ in range(3))
            factors = np.zeros(0)
        entries, place = np.unique(rows * size + columns, return_inverse=True)
        self.shape = (size, size)
        self.columns = (entries % size).astype(np.int32)
        self.start = np.searchsorted(entries, np.arange(size + 1, dtype=np.int64) * size).astype(np.int64)
        self._factors = sparse.csr_matrix((factors, (place, numbers)), shape=(len(entries), coefficients))

    def values(self, coefficients: NDArray) -> NDArray:
        """The entries' values for given coefficients: real for real ones, complex otherwise."""
        flat = np.ravel(coefficients)
        if np.iscomplexobj(flat):
            return (self._factors @ np.column_stack([flat.real, flat.imag])).copy().view(np.complex128).ravel()
        return self._factors @ flat

    def matrix(self, coefficients: NDArray) -> sparse.csr_matrix:
        """The same as a matrix of scipy's, without the entries that vanish."""
        values = self.values(coefficients)
        # a copy: taking entries out would take them out of the family's pattern too
        result = sparse.csr_matrix((values, self.columns, self.start), shape=self.shape, copy=True)
        result.eliminate_zeros()
        return result


def one_body_family(space: Configurations, wanted: NDArray[np.bool_] | None = None) -> SparseFamily:
    """dG(A) for every A (where `wanted`); coefficients A, (columns, columns)."""
    return SparseFamily(one_body_terms(space, wanted), len(space), space.columns**2)


def many_body_family(
    space: Configurations, wanted: NDArray[np.bool_] | None, wanted_pairs: NDArray[np.bool_] | None
) -> SparseFamily:
    """dG(A) + pairs(V); coefficients A and V in one row."""
    modes, pairs = space.columns, len(pairs_of(space))

    def both() -> Iterator[Terms]:
        yield from one_body_terms(space, wanted)
        for terms in two_body_terms(space, wanted_pairs):
            yield Terms(terms.rows, terms.columns, terms.coefficients + modes**2, terms.factors)

    return SparseFamily(both(), len(space), modes**2 + pairs**2)
