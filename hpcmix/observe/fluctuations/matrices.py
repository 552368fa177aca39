"""The matrices of the Bogoliubov map, where every mode of the grid is followed.

    b(t) = U b + V b^+,      U_ab(x, y) dV,  V_ab(x, y) dV      between the points of the grid

in the orthonormal basis of functions that are dV^(-1/2) at one point: U U^+ - V V^+ = 1, U V^T = V U^T, <b^+ b> = V V^+
and <b b> = U V^T as products of matrices. Of a basis of functions f the pairs are U f and V conj(f), so that

    U = sum_f (U f) f^+,      V = sum_f (V conj(f)) f^T.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.excitations.probes import exact_functions
from hpcmix.observe.fluctuations.corrections import density_matrices
from hpcmix.observe.fluctuations.sums import PairSum, fluctuations_of, go_over
from hpcmix.observe.look import Look
from hpcmix.parallel.decomposition import Block, Part

PAIRS_AT_ONCE = 256
"""Of which copies are kept for a product of matrices."""


def all_matrices(look: Look) -> dict[str, Part]:
    """What snapshots hold of the fluctuations as matrices, by the names of their datasets: U and V, gamma and alpha,
    and per species D (corrections.py). The same in every replica. Collective over the world."""
    return bogoliubov_matrices(look) | density_matrices(look)


def bogoliubov_matrices(look: Look) -> dict[str, Part]:
    """U and V as parts of global arrays of shape (species, *grid, species, *grid), the first two for the rows; the same
    in every replica. In an expanding frame they are the frame's. Collective over the world."""
    mixture, communicators = look.mixture, look.mixture.communicators
    grid, count = mixture.grid, len(mixture.species)
    sums = _Matrices(look)
    go_over(look, [sums])
    sums.finish()
    block = grid.position_block
    place = Block((0, *block.start, 0, *(0 for _ in grid.points)), (count, *block.shape, count, *grid.points))
    found = {}
    for name, matrix in (("U", sums.normal), ("V", sums.anomalous)):
        communicators.sum_over_replicas(matrix)
        found[name] = Part((count, *grid.points, count, *grid.points), place, matrix.reshape(place.shape))
    return found


class _Matrices(PairSum):
    """Adds up the products of pairs with the functions that they are the images of."""

    def __init__(self, look: Look) -> None:
        mixture = look.mixture
        self._grid = mixture.grid
        self._functions = _every_function(look)
        self._columns = self._functions.shape[1]
        rows = len(mixture.species) * mixture.grid.position_block.size
        self.normal, self.anomalous = np.zeros((2, rows, len(mixture.species), self._columns), np.complex128)
        self._species = -1
        self._waiting: list[tuple[int, np.ndarray]] = []

    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        species, mode = divmod(number, self._columns)
        if species != self._species or len(self._waiting) == PAIRS_AT_ONCE:
            self.finish()
        self._species = species
        self._waiting.append((mode, np.array([[fields[which] for fields in pair] for which in (0, 1)])))

    def finish(self) -> None:
        """Add what has not been added yet."""
        if not self._waiting:
            return
        modes = self._functions[self._species][[mode for mode, _ in self._waiting]]
        images = np.array([image for _, image in self._waiting]).reshape(len(modes), 2, -1)
        volume = self._grid.cell_volume
        self.normal[:, self._species] += volume * (images[:, 0].T @ modes.conj())
        self.anomalous[:, self._species] += volume * (images[:, 1].T @ modes)
        self._waiting.clear()


def _every_function(look: Look) -> np.ndarray:
    """The functions f of every species on the whole grid, shape (species, points, points). Collective over the
    group."""
    mixture = look.mixture
    grid, points = mixture.grid, int(np.prod(mixture.grid.points))
    fluctuations = fluctuations_of(look)
    found = np.empty((len(mixture.species), points, points), np.complex128)
    for a, whole in enumerate(found):
        local = np.zeros((points, *grid.points), np.complex128)
        functions = exact_functions(fluctuations.section, mixture, fluctuations.start, a)
        local[(slice(None), *grid.position_block.slices)] = functions
        whole[...] = mixture.communicators.sum(local).reshape(points, points)
    return found
