"""The Hamiltonian of one species of bosons as a product, without tables of the length of the wave function.

With N particles dG(h) is a sum over pairs too, dG(h) = 1 / (N - 1) sum h_pr a*_p a*_q a_q a_r. All of H then goes by
way of the configurations of two particles less (:mod:`hpcmix.kernels.many_body.pairs`): m (m + 1) / 2 numbers are
taken, multiplied by the matrix V of pairs and given back. Sparse matrices of H (product.py) would have an entry for
each of the up to m^4 / 4 changes of a configuration; they are quicker only where there are few of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from hpcmix.kernels.many_body.pairs import apply_pairs, ways_of
from hpcmix.model.many_body.basis.bosons import BosonConfigurations
from hpcmix.model.many_body.channels import without_rounding
from hpcmix.model.many_body.coefficients import coefficients_of
from hpcmix.model.many_body.hamiltonian import ManyBodyModel
from hpcmix.model.many_body.hops import pair_coefficients
from hpcmix.parallel.many_body.configurations import BLOCK_BYTES, ConfigurationRows, RowExchange, Vector


class PairProduct:
    """H as a product, of all configurations of one species of bosons, two particles and two modes at least.

    As :class:`hpcmix.model.many_body.product.ManyBodyProduct`.
    """

    def __init__(
        self,
        model: ManyBodyModel,
        space: BosonConfigurations,
        rows: ConfigurationRows,
        block_bytes: float = BLOCK_BYTES,
    ) -> None:
        self.spaces, self.rows = (space,), rows
        self.constant, self.products = 0.0, 0
        self.alive: Callable[[], None] = lambda: None
        self._ways = ways_of(space.particles, space.modes)
        self.load([(1.0, model)])
        self._exchange = RowExchange(rows, self._needed(), block_bytes)
        self._places = self._where()

    def _needed(self) -> NDArray[np.int64]:
        """An interval of rows that holds what this rank asks for: n_0 changes by two at most."""
        if self.rows.first == self.rows.last or self.rows.is_one_node:
            return np.zeros(0, np.int64)
        space = self.spaces[0]
        ends = np.zeros((2, space.modes), np.int64)
        first = space.numbers(self.rows.first, self.rows.first + 1)
        last = space.numbers(self.rows.last - 1, self.rows.last)
        ends[0, 0], ends[1, 0] = max(0, first[0, 0] - 2), min(space.particles, last[0, 0] + 2)
        ends[0, -1] = space.particles - ends[0, 0]  # the first with so many in mode 0
        ends[1, 1] = space.particles - ends[1, 0]  # the last one
        lowest, highest = space.rank(ends)
        return np.arange(lowest, highest + 1)

    def _where(self) -> tuple[int, int, int, int, int]:
        """Where rows are in what the exchange brings: three intervals, those of this node in the middle."""
        rows = self.rows
        if rows.is_one_node:
            return (0, rows.rows, 0, 0, 0)
        needed = self._exchange.halo
        before = int(np.count_nonzero(needed < rows.node_first))
        own = rows.node_last - rows.node_first
        shift_before = own - int(needed[0]) if before else 0
        shift_after = own + before - rows.node_last
        return (rows.node_first, rows.node_last, shift_before, -rows.node_first, shift_after)

    def load(self, parts: Sequence[tuple[float, ManyBodyModel]]) -> None:
        """Another Hamiltonian, sum_k weight_k H_k."""
        space = self.spaces[0]
        coefficients = coefficients_of(parts, self.spaces)
        per_pair = coefficients.one_body[0] / (space.particles - 1)
        unit = np.eye(space.modes)
        # W_(pr)(qs) = h_pr delta_qs + delta_pr h_qs, and one half in V
        both = np.multiply.outer(per_pair, unit) + np.multiply.outer(unit, per_pair)
        total = pair_coefficients(space, both)
        if coefficients.pairs[0] is not None:
            total = total + coefficients.pairs[0]
        self._operator = sparse.csr_matrix(without_rounding(total))
        self._start = self._operator.indptr.astype(np.int64)
        self._columns = self._operator.indices.astype(np.int32)

    def apply(self, source: Vector, target: Vector, scale: float = 1.0, shift: float = 0.0, keep: float = 0.0) -> None:
        """target <- keep target + scale H source + shift source."""
        there = self._exchange.bring(source, 0)
        apply_pairs(
            there.reshape(-1),
            target.reshape(-1),
            self.rows.first,
            self._ways,
            self._start,
            self._columns,
            self._operator.data,
            places=self._places,
            scale=scale,
            shift=shift,
            keep=keep,
        )
        self._exchange.release()
        self.products += 1
        self.alive()

    def energy(self, psi: Vector, work: Vector) -> float:
        """<psi|H|psi> of a normalised psi; `work` is overwritten."""
        self.apply(psi, work)
        return self.rows.inner(psi, work).real

    @property
    def nbytes(self) -> int:
        """Memory of tables on this rank."""
        return self._ways.nbytes + self._operator.data.nbytes + self._exchange.nbytes

    def free(self) -> None:
        """Give shared memory back (collective)."""
        self._exchange.free()
