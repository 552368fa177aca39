"""The Hamiltonian of many bodies as a product with wave functions, without a matrix of the whole space.

    H psi = A psi + psi B^T + sum_c X_c psi Y_c^T + E psi,        psi[D1, D2]

Rows are configurations of the first species, A its own operators; columns are those of all others, B theirs (for three
species or more Kronecker products of small sparse matrices). One species alone is one column and A the whole matrix.
The E of coefficients.py is left out of products, it turns a global phase only; energies have it.

Matrices that change in time keep their patterns: new coefficients cost one sparse real product for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.kernels.many_body.configurations import SparseMatrices, apply_configurations
from hpcmix.model.many_body.basis.family import Configurations, refuse_too_many
from hpcmix.model.many_body.channels import cheapest, without_rounding
from hpcmix.model.many_body.coefficients import Coefficients, coefficients_of
from hpcmix.model.many_body.hamiltonian import Channels, ManyBodyModel
from hpcmix.model.many_body.hops import (
    SparseFamily,
    many_body_family,
    one_body_family,
    one_body_matrix,
    pairs_of,
)
from hpcmix.parallel.many_body.configurations import BLOCK_BYTES, ConfigurationRows, RowExchange, Vector
from hpcmix.parallel.process.mpi import MPI

Parts = Sequence[tuple[float, ManyBodyModel]]
"""sum_k weight_k H_k."""


Csr = tuple[NDArray, NDArray, NDArray]
"""A sparse matrix: where rows begin, columns, values."""


class Changes(Enum):
    """What of a Hamiltonian changes between products."""

    NOTHING = "nothing"
    ONE_BODY = "one-body"  # potentials that are ramped
    EVERYTHING = "everything"  # an excitation frame


def rows_for(comm: MPI.Comm, spaces: Sequence[Configurations], node: MPI.Comm | None = None) -> ConfigurationRows:
    """The rows of psi[D1, D2 D3 ..] over the ranks of `comm`. Collective."""
    columns = math.prod(len(space) for space in spaces[1:])
    refuse_too_many(len(spaces[0]) * columns, "the wave function")
    return ConfigurationRows(comm, len(spaces[0]), columns, node)


class ManyBodyProduct:
    """H as a product. Methods but properties are collective over the ranks of `rows`.

    constant   E, left out of :meth:`apply`
    products   how many were done
    alive      called after each of them
    """

    def __init__(
        self,
        model: ManyBodyModel,
        spaces: Sequence[Configurations],
        rows: ConfigurationRows,
        changes: Changes = Changes.NOTHING,
        block_bytes: float = BLOCK_BYTES,
    ) -> None:
        """`changes`: what :meth:`load` will bring; the more, the larger the tables."""
        self.spaces, self.rows, self.changes = tuple(spaces), rows, changes
        self.products = 0
        self.alive: Callable[[], None] = lambda: None
        self._block_bytes = block_bytes
        self._cheapest: dict[int, Channels] = {}  # of an interaction
        self._exchange: RowExchange
        self._right: list[SparseMatrices] = []
        self._is_built = False
        self._unscaled: SparseMatrices | None = None  # the left sides of channels that do not change
        coefficients = self._coefficients([(1.0, model)])
        self._species = [self._species_family(number, coefficients) for number in range(len(spaces))]
        self._hops: list[SparseFamily] = []
        if changes is Changes.EVERYTHING:
            self._hops = [one_body_family(space) for space in self.spaces]
        self._load(coefficients, 1.0)
        if changes is Changes.NOTHING:
            self._species = []

    # ------------------------------------------------------------------ coefficients

    def load(self, parts: Parts) -> None:
        """Another Hamiltonian, sum_k weight_k H_k, of models that differ in what `changes` says."""
        if self.changes is Changes.NOTHING:
            raise ValueError("this product was made for a Hamiltonian that does not change")
        self._load(self._coefficients(parts), sum(weight for weight, _ in parts))

    def _coefficients(self, parts: Parts) -> Coefficients:
        if self.changes is not Changes.EVERYTHING:
            parts = [(weight, self._prepared(model)) for weight, model in parts]
        return coefficients_of(parts, self.spaces)

    def _prepared(self, model: ManyBodyModel) -> ManyBodyModel:
        """The model with its channels in their cheapest form, found once."""
        interactions = []
        for number, each in enumerate(model.interactions):
            if each.first != each.second:
                if number not in self._cheapest:
                    self._cheapest[number] = cheapest(each.channels)
                each = replace(each, channels=self._cheapest[number])
            interactions.append(each)
        return ManyBodyModel(model.hbar, model.species, tuple(interactions))

    def _species_family(self, number: int, coefficients: Coefficients) -> SparseFamily:
        space, one_body, pairs = self.spaces[number], coefficients.one_body[number], coefficients.pairs[number]
        wanted = without_rounding(one_body) != 0.0 if self.changes is Changes.NOTHING else None
        if self.changes is Changes.EVERYTHING:
            wanted_pairs = None
        elif pairs is None:
            wanted_pairs = np.zeros((len(pairs_of(space)),) * 2, bool)
        else:
            wanted_pairs = without_rounding(pairs) != 0.0
        fixed = coefficients.of_species(number, len(pairs_of(space))) if self.changes is Changes.NOTHING else None
        return many_body_family(space, wanted, wanted_pairs, fixed)

    def _own_values(self, number: int, coefficients: Coefficients) -> NDArray:
        return self._species[number].values(coefficients.of_species(number, len(pairs_of(self.spaces[number]))))

    def _load(self, coefficients: Coefficients, weight: float) -> None:
        """`weight`: of all parts together."""
        self.constant = coefficients.constant
        # rows: own operators, and the left sides of channels with the first species
        family = self._species[0]
        own = (family.start, family.columns, self._own_values(0, coefficients))
        if self.changes is Changes.ONE_BODY and self._unscaled is not None:
            # the channels are those of the first model, times the weight
            self._take_rows([own], None)
            values = self._unscaled.values * weight
            self._left = SparseMatrices(self._unscaled.start, self._unscaled.columns, values)
        else:
            left = [self._hop_matrices(0, each.left) for each in coefficients.between if each.first == 0]
            self._take_rows([own], [part for parts in left for part in parts])
        # columns
        if self.changes is not Changes.NOTHING and len(self.spaces) == 2 and len(self._blocks) == 1:
            family = self._species[1]
            self._on_columns = [SparseMatrices(family.start[None], family.columns, self._own_values(1, coefficients))]
            if self.changes is Changes.EVERYTHING or not self._is_built:
                right = [part for each in coefficients.between for part in self._hop_matrices(1, each.right)]
                self._right = [SparseMatrices.joined(right, self.rows.columns)]
        else:
            self._take_columns(coefficients)
        if self.changes is Changes.ONE_BODY and self._unscaled is None:
            self._unscaled = self._left
        self._is_built = True

    def _hop_matrices(self, number: int, matrices: NDArray) -> list[Csr]:
        """(start, columns, values) of dG(A) for each of some matrices A."""
        if self.changes is Changes.EVERYTHING:
            family = self._hops[number]
            return [(family.start, family.columns, family.values(matrix)) for matrix in matrices]
        hops = [self._hop_matrix(number, matrix) for matrix in matrices]
        return [(each.indptr, each.indices, each.data) for each in hops]

    def _hop_matrix(self, number: int, matrix: NDArray) -> sparse.csr_matrix:
        if self.changes is Changes.EVERYTHING:
            return self._hops[number].matrix(matrix)
        return one_body_matrix(self.spaces[number], matrix)

    def _take_rows(self, own: list[Csr], left: list[Csr] | None) -> None:
        """The parts of matrices on rows that belong to this rank, with columns that say where rows are. `left`: None
        where channels stay."""
        parts = [
            _only_rows(SparseMatrices.joined(each, self.rows.rows), self.rows.first, self.rows.last)
            for each in (own, left)
            if each is not None
        ]
        if not self._is_built:
            needed = np.unique(np.concatenate([each.columns for each in parts])).astype(np.int64)
            self._exchange = RowExchange(self.rows, needed, self._block_bytes)
            self._blocks = self._exchange.blocks
        slots = self._exchange.slots
        blocks = [
            SparseMatrices(each.start, slots(each.columns).astype(np.int32, copy=False), each.values) for each in parts
        ]
        self._on_rows = blocks[0]
        if left is not None:
            self._left = blocks[1]

    def _take_columns(self, coefficients: Coefficients) -> None:
        """The matrices on columns, cut into the blocks that rows come in."""
        sizes = [len(space) for space in self.spaces[1:]]
        total = sparse.csr_matrix((self.rows.columns, self.rows.columns))
        for number in range(1, len(self.spaces)):
            family = self._species[number]
            matrix = sparse.csr_matrix(
                (self._own_values(number, coefficients), family.columns, family.start), shape=family.shape
            )
            total = total + _kronecker(sizes, {number - 1: matrix})
        right = []
        for each in coefficients.between:
            for x, y in zip(each.left, each.right, strict=True):
                second = self._hop_matrix(each.second, y)
                if each.first == 0:
                    right.append(_kronecker(sizes, {each.second - 1: second}))
                else:
                    first = self._hop_matrix(each.first, x)
                    total = total + _kronecker(sizes, {each.first - 1: first, each.second - 1: second})
        has_columns = len(self.spaces) > 1
        self._on_columns = [_block([total] if has_columns else [], block, self.rows.columns) for block in self._blocks]
        self._right = [_block(right, block, self.rows.columns) for block in self._blocks]

    # ------------------------------------------------------------------ products

    def apply(self, source: Vector, target: Vector, scale: float = 1.0, shift: float = 0.0, keep: float = 0.0) -> None:
        """target <- keep target + scale (H - E) source + shift source.

        Quickest for a `source` that `rows.vector()` made: other ranks read it where it is; others are copied first.
        """
        exchange = self._exchange
        for number, (first, _) in enumerate(self._blocks):
            there = exchange.bring(source, number)
            apply_configurations(
                there,
                target,
                self._on_rows,
                self._on_columns[number],
                self._left,
                self._right[number],
                first_row=exchange.first_slot,
                first_column=first,
                scale=scale,
                shift=shift,
                keep=keep if number == 0 else 1.0,
            )
            exchange.release()
        self.products += 1
        self.alive()

    def energy(self, psi: Vector, work: Vector) -> float:
        """<psi|H|psi> of a normalised psi, E included; `work` is overwritten."""
        self.apply(psi, work)
        return self.constant + self.rows.inner(psi, work).real

    @property
    def nbytes(self) -> int:
        """Memory of tables on this rank."""
        tables = [self._on_rows, self._left, *self._on_columns, *self._right]
        return sum(each.nbytes for each in tables) + self._exchange.nbytes

    def free(self) -> None:
        """Give shared memory back (collective)."""
        self._exchange.free()


def _only_rows(matrices: SparseMatrices, first: int, last: int) -> SparseMatrices:
    """Some rows, without the entries of others."""
    if first == 0 and last == matrices.start.shape[1] - 1:
        return matrices
    parts = []
    for start in matrices.start:
        entries = slice(start[first], start[last])
        parts.append((start[first : last + 1] - start[first], matrices.columns[entries], matrices.values[entries]))
    return SparseMatrices.joined(parts, last - first)


def _kronecker(sizes: Sequence[int], matrices: dict[int, sparse.csr_matrix]) -> sparse.csr_matrix:
    """1 (x) .. A_i .. (x) 1 on a product of spaces of these sizes."""
    result = sparse.csr_matrix(np.ones((1, 1)))
    for number, size in enumerate(sizes):
        factor = matrices[number] if number in matrices else sparse.identity(size, format="csr")
        result = factor if result.shape == (1, 1) else sparse.kron(result, factor, format="csr")
    return result


def _block(matrices: list[sparse.csr_matrix], block: tuple[int, int], rows: int) -> SparseMatrices:
    """The columns of a block, of some matrices."""
    first, last = block
    parts = []
    for matrix in matrices:
        columns = matrix if last - first == matrix.shape[1] else matrix[:, first:last]
        columns.sort_indices()
        parts.append((columns.indptr, columns.indices, columns.data))
    return SparseMatrices.joined(parts, rows)
