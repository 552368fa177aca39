"""Maps of blocks of amplitudes as whole matrices, for small systems."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import qr

from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.spectrum import ModesNotFound
from hpcmix.problem.sections.excitations import LARGEST_MATRIX

BATCH = 64
"""Columns made at a time."""


class WholeVectors:
    """Where the amplitudes of a form stand in whole vectors: u of all species, one after the other, then v.

    size  species times points: whole vectors have twice as many entries.
    Raises :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound` beyond :data:`LARGEST_MATRIX`.
    """

    def __init__(self, form: QuadraticForm) -> None:
        self._form, self._sums = form, form.mixture.communicators
        grid, species = form.mixture.grid, form.shape[1]
        every = int(np.prod(grid.points))
        self.size = species * every
        if self.size > LARGEST_MATRIX:
            raise ModesNotFound(
                f"excitations: {species} species on {every} points make matrices of {2 * self.size}^2 numbers, and "
                f"{2 * LARGEST_MATRIX}^2 are the limit; use a smaller grid or another excitations.method"
            )
        points = np.arange(every).reshape(grid.points)[grid.position_block.slices].ravel()
        starts = [half * self.size + a * every for half in range(2) for a in range(species)]
        self._places = np.concatenate([start + points for start in starts])
        self.is_root = self._sums.group.rank == 0

    def matrix(self, apply: Callable[[np.ndarray], np.ndarray], alive: Callable[[], None], sign: float) -> np.ndarray:
        """The matrix of a complex-linear map of blocks, whole on the first rank of the group and of no size elsewhere.
        Half of it comes from the other half: the map of (conj v, conj u) is `sign` times (conj v', conj u') of the
        images. Collective."""
        size = self.size
        matrix = np.zeros((2 * size, 2 * size), np.complex128) if self.is_root else np.zeros((0, 0), np.complex128)
        for first in range(0, size, BATCH):
            alive()
            numbers = np.arange(first, min(first + BATCH, size))
            units = (self._places == numbers[:, np.newaxis]).astype(np.complex128).reshape(-1, *self._form.shape)
            images = self.everywhere(apply(units))
            if self.is_root:
                matrix[:, numbers] = images
                matrix[:size, size + numbers] = sign * images[size:].conj()
                matrix[size:, size + numbers] = sign * images[:size].conj()
        return matrix

    def everywhere(self, vectors: np.ndarray) -> np.ndarray:
        """The vectors of a block whole on every rank, one a column. Collective."""
        whole = np.zeros((len(vectors), 2 * self.size), np.complex128)
        whole[:, self._places] = vectors.reshape(len(vectors), -1)
        return np.asarray(self._sums.sum(whole)).T

    def here(self, columns: np.ndarray) -> np.ndarray:
        """This rank's part of whole vectors, one a column, as a block. Local."""
        return np.array(columns.T[:, self._places].reshape(-1, *self._form.shape), order="C")

    @property
    def sign(self) -> np.ndarray:
        """The diagonal of Sigma, a column."""
        return np.repeat([1.0, -1.0], self.size)[:, np.newaxis]


def complement(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis of what is orthogonal to the columns, which may depend on each other."""
    turn, triangle, _ = qr(columns, mode="full", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    rank = int(np.sum(sizes > 1e-9 * sizes[0]))
    return np.asarray(turn[:, rank:])
