"""Matrices of second-quantised operators on configurations, as linear functions of the operators' coefficients.

    dG(A)  = sum_pq A_pq a*_p a_q
    pairs  = sum_{(pq),(rs)} V_(pq)(rs) a*_p a*_q a_s a_r,      p <= q, r <= s (p < q for fermions)

All products of operators that change a configuration by the same d = e_p + e_q - e_r - e_s make one entry of a row, the
one in column rank(n - d). So nothing is searched or sorted: an entry for every change, and for every coefficient of
that change a factor. Of matrices that change in time the factors are kept, values = factors @ coefficients. Excited
bosons and fluctuations leave out the diagonal of order N (basis/family.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.model.many_body.basis.family import Configurations
from hpcmix.model.many_body.hamiltonian import Statistics

LARGEST_TABLES = 2e9
"""Bytes of sparse matrices, above which one species is done by pairs in any case."""

PIECE = 2**15
"""Rows that are worked out at once."""


@dataclass
class Move:
    """All that changes a configuration by `change`.

    products  (number of the coefficient, modes p q .. of the creators, modes r s .. of the annihilators)
    """

    change: NDArray[np.int64]
    products: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)


def pairs_of(space: Configurations) -> list[tuple[int, int]]:
    """The pairs (p, q) of modes that two particles may be taken from, in the order of the coefficients V."""
    first = 1 if space.statistics is Statistics.FERMIONS else 0
    return [(p, q) for p in range(space.columns) for q in range(p + first, space.columns)]


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


def moves_of(
    space: Configurations, wanted: NDArray[np.bool_] | None, wanted_pairs: NDArray[np.bool_] | None, with_pairs: bool
) -> list[Move]:
    """The changes of dG(A), coefficient p * columns + q for A_pq, and those of pairs(V) if there are any, whose
    coefficients follow, i * pairs + j for V_ij; in the order of the columns that they lead to.

    `wanted`, `wanted_pairs`: where A and V may differ from zero; everywhere unless given.
    """
    modes, pairs = space.columns, pairs_of(space) if with_pairs else []
    moves: dict[tuple[int, ...], Move] = {}

    def take(number: int, created: tuple[int, ...], annihilated: tuple[int, ...]) -> None:
        change = np.zeros(modes, np.int64)
        for mode in created:
            change += space.unit(mode)
        for mode in annihilated:
            change -= space.unit(mode)
        moves.setdefault(tuple(change.tolist()), Move(change)).products.append((number, created, annihilated))

    for p in range(modes):
        for q in range(modes):
            if wanted is None or wanted[p, q]:
                take(p * modes + q, (p,), (q,))
    for target, created in enumerate(pairs):
        for source, annihilated in enumerate(pairs):
            if wanted_pairs is None or wanted_pairs[target, source]:
                take(modes**2 + target * len(pairs) + source, created, annihilated)
    first = 1 if space.offset else 0  # of excitations the number in mode 0 follows
    return [moves[key] for key in sorted(moves, key=lambda change: change[first:], reverse=True)]


def factors_of(
    space: Configurations, occupations: NDArray[np.int64], created: tuple[int, ...], annihilated: tuple[int, ...]
) -> NDArray[np.float64]:
    """The matrix elements of one product of operators, for every row (the configuration on the left)."""
    if space.offset and set(created + annihilated) == {0}:
        # in whole numbers: n_0 - N = -k and n_0 (n_0 - 1) - N (N - 1)
        k = space.particles - occupations[:, 0]
        return (-k if len(created) == 1 else k * k - k * (2 * space.particles - 1)).astype(float)
    if created == annihilated and len(created) == 1:
        return occupations[:, created[0]].astype(float)
    return space.amplitudes(occupations, created, annihilated)


class SparseFamily:
    """Sparse matrices of one pattern whose values are linear in some coefficients.

    shape    of the matrices
    start    where rows begin, (rows + 1,) int64
    columns  int32
    """

    def __init__(
        self, space: Configurations, moves: list[Move], coefficients: int, fixed: NDArray | None = None
    ) -> None:
        """`fixed`: the coefficients, where they do not change: then no factors are kept."""
        self.shape = (len(space), len(space))
        self._fixed: NDArray | None = None
        counts, columns, values, factors = [], [], [], []
        for first in range(0, len(space), PIECE):
            occupations = space.numbers(first, min(first + PIECE, len(space)))
            there, places = _places(space, occupations, moves)
            counts.append(there.sum(axis=1))
            columns.append(places[there].astype(np.int32))
            if fixed is None:
                factors.append(_factors(space, occupations, moves, there, coefficients))
            else:
                values.append(_values(space, occupations, moves, np.ravel(fixed))[there])
        self.start = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
        self.columns = np.concatenate(columns)
        if fixed is None:
            self._factors = sparse.vstack(factors, format="csr") if len(factors) > 1 else factors[0]
        else:
            self._fixed = np.concatenate(values)

    def values(self, coefficients: NDArray | None = None) -> NDArray:
        """The entries' values for given coefficients: real for real ones, complex otherwise."""
        if self._fixed is not None:
            return self._fixed
        if coefficients is None:
            raise ValueError("this pattern has no values of its own")
        flat = np.ravel(coefficients)
        if np.iscomplexobj(flat):
            return (self._factors @ np.column_stack([flat.real, flat.imag])).copy().view(np.complex128).ravel()
        return self._factors @ flat

    def matrix(self, coefficients: NDArray | None = None) -> sparse.csr_matrix:
        """The same as a matrix of scipy's, without the entries that vanish."""
        values = self.values(coefficients).copy()
        result = sparse.csr_matrix((values, self.columns.copy(), self.start.copy()), shape=self.shape)
        result.eliminate_zeros()
        return result


def _places(
    space: Configurations, occupations: NDArray[np.int64], moves: list[Move]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Where the entries of some rows are, (rows, moves): whether there is one, and its column."""
    places = np.full((len(occupations), len(moves)), -1, np.int64)
    for number, move in enumerate(moves):
        places[:, number] = space.rank(occupations - move.change)
    return places >= 0, places


def _values(space: Configurations, occupations: NDArray[np.int64], moves: list[Move], coefficients: NDArray) -> NDArray:
    result = np.zeros((len(occupations), len(moves)), coefficients.dtype)
    for number, move in enumerate(moves):
        for coefficient, created, annihilated in move.products:
            result[:, number] += coefficients[coefficient] * factors_of(space, occupations, created, annihilated)
    return result


def _factors(
    space: Configurations,
    occupations: NDArray[np.int64],
    moves: list[Move],
    there: NDArray[np.bool_],
    coefficients: int,
) -> sparse.csr_matrix:
    """A row for every entry, a column for every coefficient."""
    entry = np.cumsum(there.ravel()).reshape(there.shape) - 1
    rows, columns, data = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
    for number, move in enumerate(moves):
        for coefficient, created, annihilated in move.products:
            factors = factors_of(space, occupations, created, annihilated)
            kept = there[:, number] & (factors != 0.0)
            rows.append(entry[kept, number])
            columns.append(np.full(len(rows[-1]), coefficient))
            data.append(factors[kept])
    shape = (int(there.sum()), coefficients)
    return sparse.csr_matrix((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def one_body_family(space: Configurations, wanted: NDArray[np.bool_] | None = None) -> SparseFamily:
    """dG(A) for every A (where `wanted`); coefficients A, (columns, columns)."""
    return SparseFamily(space, moves_of(space, wanted, None, with_pairs=False), space.columns**2)


def one_body_matrix(space: Configurations, matrix: NDArray) -> sparse.csr_matrix:
    """dG(A) of one A."""
    moves = moves_of(space, matrix != 0.0, None, with_pairs=False)
    return SparseFamily(space, moves, space.columns**2, matrix).matrix()


def many_body_family(
    space: Configurations,
    wanted: NDArray[np.bool_] | None,
    wanted_pairs: NDArray[np.bool_] | None,
    fixed: NDArray | None = None,
) -> SparseFamily:
    """dG(A) + pairs(V); coefficients A and V in one row, which are `fixed` where they do not change."""
    moves = moves_of(space, wanted, wanted_pairs, with_pairs=True)
    return SparseFamily(space, moves, space.columns**2 + len(pairs_of(space)) ** 2, fixed)
