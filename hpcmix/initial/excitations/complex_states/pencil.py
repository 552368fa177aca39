"""The largest eigenvalues of a Hermitian pencil, A x = theta B x with B positive, by locally optimal block
preconditioned conjugate gradients (Knyazev, SIAM J. Sci. Comput. 23 (2001) 517)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.excitations.complex_states.blocks import BlockAlgebra, combined

Operator = Callable[[np.ndarray], np.ndarray]
"""Of a block of vectors, not in place."""
Change = Callable[[np.ndarray], None]
"""Of a block of vectors, in place."""


class NotPositive(Exception):
    """B has a negative direction: `vector`, a block of one, with <x|B x> < 0."""

    def __init__(self, vector: np.ndarray) -> None:
        super().__init__("the form has a negative direction")
        self.vector = vector


@dataclass(frozen=True)
class Pencil:
    """A, B, an approximate inverse of B, and the projection onto the space that is searched in. Collective."""

    algebra: BlockAlgebra
    left: Operator
    right: Operator
    precondition: Change
    project: Change


@dataclass
class Ritz:
    """Approximate solutions, theta descending.

    values     theta.
    vectors    x with <x_i|B x_j> = delta_ij.
    images     A x and B x of them.
    residuals  |A x - theta B x| / |A x|.
    iterations done for them.
    """

    values: np.ndarray
    vectors: np.ndarray
    images: tuple[np.ndarray, np.ndarray]
    residuals: np.ndarray
    iterations: int = 0


def largest_of_pencil(
    pencil: Pencil,
    start: np.ndarray,
    converged: Callable[[Ritz], bool],
    max_iterations: int,
    report: Callable[[Ritz], None] = lambda ritz: None,
) -> Ritz:
    """Improve the block `start` until `converged` says so, or for `max_iterations`; what has been reached by then.
    Raises :class:`NotPositive`. Collective.

    Every iteration looks for the best combinations of the vectors, their preconditioned residuals and the last
    directions. Images are combined as vectors are, so that A and B are applied to the residuals alone; the vectors'
    own are computed anew every so many iterations, and before somebody is told that they are good.
    """
    return _Search(pencil, start).run(converged, max_iterations, report)


REFRESH = 20
"""Iterations after which images are computed anew: in between they gather rounding errors."""


class _Search:
    def __init__(self, pencil: Pencil, start: np.ndarray) -> None:
        self.pencil, self.algebra = pencil, pencil.algebra
        vectors = start.copy()
        pencil.project(vectors)
        vectors, _ = self.algebra.orthonormal(vectors)
        self.count = len(vectors)
        self.directions: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None
        self.ritz = self._rayleigh_ritz(self._with_images(vectors), None)
        self.fresh = True

    def run(self, converged: Callable[[Ritz], bool], max_iterations: int, report: Callable[[Ritz], None]) -> Ritz:
        for iteration in range(max_iterations + 1):
            self.ritz.iterations = iteration
            if (converged(self.ritz) or iteration % REFRESH == REFRESH - 1) and not self.fresh:
                self._refresh()
                self.ritz.iterations = iteration
            report(self.ritz)
            if converged(self.ritz) or iteration == max_iterations:
                break
            self._improve()
        return self.ritz

    def _with_images(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return vectors, self.pencil.left(vectors), self.pencil.right(vectors)

    def _refresh(self) -> None:
        vectors = self.ritz.vectors
        self.pencil.project(vectors)
        self.ritz = self._rayleigh_ritz(self._with_images(vectors), None, keep_directions=True)
        self.fresh = True

    def _improve(self) -> None:
        ritz, algebra = self.ritz, self.algebra
        search = ritz.images[0] - _columns(ritz.values, ritz.images[1])
        self.pencil.project(search)  # what is excluded has large parts of B x, which no step can make smaller
        self.pencil.precondition(search)
        self.pencil.project(search)
        # what the search has of the vectors and the last directions changes nothing but rounding
        kept = ritz.vectors if self.directions is None else np.concatenate([ritz.vectors, self.directions[0]])
        algebra.project_out(algebra.orthonormal(kept)[0], search)
        search, _ = algebra.orthonormal(search)
        others = self._with_images(search)
        if self.directions is not None:
            others = tuple(np.concatenate(parts) for parts in zip(others, self.directions, strict=True))  # type: ignore[assignment]
        self.ritz = self._rayleigh_ritz((ritz.vectors, *ritz.images), others)
        self.fresh = False

    def _rayleigh_ritz(
        self,
        own: tuple[np.ndarray, np.ndarray, np.ndarray],
        others: tuple[np.ndarray, np.ndarray, np.ndarray] | None,
        keep_directions: bool = False,
    ) -> Ritz:
        """The best of the span; what of them came from the others are the next directions."""
        parts = own if others is None else tuple(np.concatenate(pair) for pair in zip(own, others, strict=True))
        basis, left, right = parts
        gram, form = self.algebra.gram(basis), self.algebra.overlaps(basis, right)
        top = self.algebra.overlaps(basis, left)
        form, top = 0.5 * (form + form.conj().T), 0.5 * (top + top.conj().T)
        values, turns = _solve(gram, form, top, basis)
        turns = turns[:, : self.count]
        vectors, left, right = (combined(part, turns) for part in parts)
        if others is not None:
            came = turns.copy()
            came[: len(own[0])] = 0.0
            moved = tuple(combined(part, came) for part in parts)
            lengths = self.algebra.lengths(moved[0])
            scale = 1.0 / np.where(lengths > 0.0, lengths, 1.0)
            self.directions = tuple(_columns(scale, part) for part in moved)  # type: ignore[assignment]
        elif not keep_directions:
            self.directions = None
        values = values[: self.count]
        residual = left - _columns(values, right)
        self.pencil.project(residual)
        lengths = self.algebra.lengths(left)
        return Ritz(values, vectors, (left, right), self.algebra.lengths(residual) / lengths)


def _columns(factors: np.ndarray, block: np.ndarray) -> np.ndarray:
    """Every vector times its factor."""
    return factors.reshape(-1, *[1] * (block.ndim - 1)) * block


def _solve(gram: np.ndarray, form: np.ndarray, top: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """theta descending and the coefficients, with B = 1 between them, of the small problem; directions that depend on
    each other are left out."""
    lengths = np.sqrt(np.maximum(np.diag(gram).real, 1e-300))
    sizes, axes = np.linalg.eigh(gram / np.multiply.outer(lengths, lengths))
    kept = axes[:, sizes > 1e-11 * sizes[-1]] / np.sqrt(sizes[sizes > 1e-11 * sizes[-1]])
    kept = kept / lengths[:, np.newaxis]
    levels, turns = np.linalg.eigh(kept.conj().T @ form @ kept)
    if levels[0] <= 0.0:
        raise NotPositive(combined(basis, kept @ turns[:, :1]))
    kept = kept @ (turns / np.sqrt(levels))
    values, states = np.linalg.eigh(kept.conj().T @ top @ kept)
    return values[::-1], kept @ states[:, ::-1]
