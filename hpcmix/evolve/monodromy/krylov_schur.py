"""The eigenvalues of largest modulus of a linear map that is known by its action, on vectors dealt over ranks: block
Arnoldi with thick restarts (Stewart, SIAM J. Matrix Anal. Appl. 23 (2001) 601).

The decomposition  S V = V H + Q C  holds throughout, with V and Q orthonormal together. The vectors Q, a block, are
what S was not applied to yet; |C y| is the residual of the Ritz vector V y with H y = theta y. Blocks find multiplets
whole, and a map that moves many vectors at once is asked for many at once. The small problems are LAPACK's, on every
rank with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import schur

from hpcmix.initial.excitations.complex_states.blocks import BlockAlgebra, combined


@dataclass(frozen=True)
class RitzValues:
    """theta, by descending modulus, and |S x - theta x| / |theta x| of its vectors; how often the map was applied to a
    vector."""

    values: np.ndarray
    residuals: np.ndarray
    applied: int


class KrylovSchur:
    """A Krylov space of a map, which is made larger, and smaller again around what is wanted of it.

    apply    the map S of a block of vectors. Collective.
    algebra  of blocks.
    start    the block that it begins with; as many vectors are moved at a time.
    largest  vectors that the space has at most, at least three blocks.
    """

    def __init__(
        self, apply: Callable[[np.ndarray], np.ndarray], algebra: BlockAlgebra, start: np.ndarray, largest: int
    ) -> None:
        self._apply, self._algebra = apply, algebra
        self._block = len(start)
        self._largest = max(largest, 3 * self._block)
        self._next, _ = algebra.orthonormal(start)
        self._basis = self._next[:0]
        self._projection = np.zeros((0, 0), complex)
        self._coupling = np.zeros((len(self._next), 0), complex)
        self._applied = 0

    def expand(self) -> None:
        """Apply the map until the space is as large as it may be, or holds all that the start reaches. Collective."""
        while len(self._next) and len(self._basis) + len(self._next) <= self._largest:
            size, count = len(self._basis), len(self._next)
            images = self._apply(self._next)
            self._applied += count
            self._basis = np.concatenate([self._basis, self._next])
            products = np.zeros((size + count, count), complex)
            for _ in range(2):
                parts = self._algebra.overlaps(self._basis, images)
                images = images - combined(self._basis, parts)
                products += parts
            scale = float(np.max(np.abs(products), initial=0.0))
            alive = self._algebra.lengths(images) > 1e-13 * scale  # what is left is rounding: the space is complete
            images[~alive] = 0.0
            if np.any(alive):
                following, rest = self._algebra.orthonormal(images)
                self._algebra.project_out(self._basis, following)
            else:
                following, rest = images[:0], np.zeros((0, count), complex)
            whole = np.zeros((size + count, size + count), complex)
            whole[:size, :size] = self._projection
            whole[size:, :size] = self._coupling
            whole[:, size:] = products
            self._projection = whole
            self._coupling = np.concatenate([np.zeros((len(following), size)), rest], axis=1)
            self._next = following

    @property
    def complete(self) -> bool:
        """Whether the space is invariant: its Ritz values are eigenvalues."""
        return len(self._next) == 0

    def ritz(self) -> RitzValues:
        """The Ritz values of the present space. Local."""
        values, states = np.linalg.eig(self._projection)
        order = np.argsort(-np.abs(values), kind="stable")
        values, states = values[order], states[:, order]
        residuals = np.linalg.norm(self._coupling @ states, axis=0) if len(self._coupling) else np.zeros(len(values))
        return RitzValues(values, residuals / np.maximum(np.abs(values), np.finfo(float).tiny), self._applied)

    def restrict(self, wanted: int) -> None:
        """Keep the `wanted` Ritz values of largest modulus only, and some room beside them. Local."""
        size = len(self._basis)
        kept = min(max(wanted + self._block, size // 2), size - self._block)
        if kept >= size or kept <= 0:
            return
        values = np.linalg.eigvals(self._projection)
        moduli = np.sort(np.abs(values))[::-1]
        bound = 0.5 * (moduli[kept - 1] + moduli[kept])
        form, turns, kept = schur(self._projection, output="complex", sort=lambda value: abs(value) > bound)
        if not 0 < kept < size:
            return
        self._basis = combined(self._basis, turns[:, :kept])
        self._projection = form[:kept, :kept]
        self._coupling = self._coupling @ turns[:, :kept]

    def vectors(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The `count` Ritz values of largest modulus and their vectors, of unit length. Local."""
        values, states = np.linalg.eig(self._projection)
        order = np.argsort(-np.abs(values), kind="stable")[:count]
        return values[order], combined(self._basis, states[:, order])


def largest_eigenvalues(
    space: KrylovSchur,
    wanted: Callable[[np.ndarray], int],
    tolerance: float,
    restarts: int,
    report: Callable[[RitzValues, int], None] = lambda ritz, count: None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues, vectors and residuals |S x - theta x| / |theta x| of the `wanted` ones of largest modulus, which is
    asked for the Ritz values by descending modulus; after `restarts` as good as they are by then. Collective."""
    for restart in range(restarts + 1):
        space.expand()
        ritz = space.ritz()
        count = wanted(ritz.values)
        report(ritz, count)
        if space.complete or restart == restarts or (restart and np.all(ritz.residuals[:count] <= tolerance)):
            break
        if np.all(ritz.residuals[: count + 1] <= tolerance):  # what is not wanted is known to be that
            break
        space.restrict(count)
    values, vectors = space.vectors(count)
    return values, vectors, ritz.residuals[:count]
