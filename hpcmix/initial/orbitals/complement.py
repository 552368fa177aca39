"""The lowest levels outside a set of orbitals: does the set fill the lowest levels, does it close a shell, and which
directions are soft where it does not?"""

from __future__ import annotations

import numpy as np

from hpcmix.initial.descent.preconditioning.preconditioner import Preconditioner
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.initial.orbitals.preconditioner import BlockPreconditioner
from hpcmix.model.mixture import Mixture

VECTORS = 4
"""States looked for at once: the lowest of them converges the quicker, and degenerate levels are found together."""
ITERATIONS = 80
RELATIVE = 3e-4
"""Residual relative to the levels' width at which the lowest level is known well enough: its error is the square."""


def lowest_outside(
    mixture: Mixture,
    species: int,
    block: np.ndarray,
    total: np.ndarray,
    highest: float,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The lowest levels of T + W among the states orthogonal to the block, ascending, and their wave functions, a few
    at once; the first is known well, the others less so. Collective.

    LOBPCG (Knyazev, SIAM J. Sci. Comput. 23 (2001) 517) in the complement. The few vectors are whole in every orbital
    group; only the projections on the block are summed over the groups.

    total    W = U + G * rho on this rank, held fixed.
    highest  the highest level of the block, for the preconditioner.
    start    states to begin with, from an earlier look; None begins with noise.
    """
    return _Complement(mixture, species, block, total, highest).lowest(start)


class _Complement:
    def __init__(self, mixture: Mixture, species: int, block: np.ndarray, total: np.ndarray, highest: float) -> None:
        self.mixture, self.species, self.block, self.total = mixture, species, block, total
        self.spectral = Preconditioner(mixture, [])
        self.preconditioner = BlockPreconditioner(mixture, species)
        self.preconditioner.prepare(total, highest)
        self.scale = abs(highest) + float(self.spectral.lowest_energies_of([species])[0])

    def lowest(self, start: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The levels and their states."""
        if start is None:
            size = self.mixture.grid.cell_volume * np.prod(self.mixture.grid.points)
            vectors = self._noise() / np.sqrt(size)
            # smooth noise within the cloud: what the preconditioner makes of white noise
            self.preconditioner.apply(vectors)
            self.preconditioner.apply(vectors)
        else:
            vectors = start.copy()
        self._project(vectors)
        directions: np.ndarray | None = None
        values, vectors, _ = self._rayleigh_ritz(vectors, None)
        for _ in range(ITERATIONS):
            residuals = self._hamiltonian(vectors) - values[:, np.newaxis] * _rows(vectors)
            norms = np.sqrt(np.real(np.diag(self._overlaps(residuals, residuals))))
            if norms[0] <= RELATIVE * self.scale:
                break
            search = residuals.reshape(vectors.shape)
            self.preconditioner.apply(search)
            self._project(search)
            search /= np.sqrt(np.real(np.diag(self._overlaps(search, search)))).reshape(-1, *[1] * (search.ndim - 1))
            others = search if directions is None else np.concatenate([search, directions])
            values, vectors, directions = self._rayleigh_ritz(vectors, others)
            self._project(vectors)
        return values, vectors

    def _noise(self) -> np.ndarray:
        grid = self.mixture.grid
        noise = [complex_noise(grid, 0, (1 << 61) + (self.species << 32) + number) for number in range(VECTORS)]
        return np.array(noise, self.mixture.transform.wave_dtype)

    def _hamiltonian(self, vectors: np.ndarray) -> np.ndarray:
        """H of every vector, as rows."""
        result = vectors.copy()
        for field in result:
            self.spectral.apply_kinetic(field, self.species)
        result += self.total * vectors
        return _rows(result)

    def _overlaps(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        product = _rows(left).conj() @ _rows(right).T
        return self.mixture.communicators.sum(product.astype(np.complex128)) * self.mixture.grid.cell_volume

    def _project(self, vectors: np.ndarray) -> None:
        """Take the block's part out of the vectors, in place; twice, for rounding."""
        for _ in range(2):
            part = np.zeros_like(vectors)
            if len(self.block):
                coefficients = self._overlaps(self.block, vectors)
                _rows(part)[...] = coefficients.T.astype(vectors.dtype) @ _rows(self.block)
            else:
                self._overlaps(vectors[:0], vectors)  # the group's sum is collective over its own ranks only
            self.mixture.communicators.sum_over_groups(part)
            vectors -= part

    def _rayleigh_ritz(
        self, vectors: np.ndarray, others: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Lowest levels and states in the span of the vectors and the others; and what of the states came from the
        others: the next conjugate directions."""
        from scipy.linalg import LinAlgError, eigh

        basis = vectors if others is None else np.concatenate([vectors, others])
        gram = self._overlaps(basis, basis)
        energy = self._overlaps(basis, self._hamiltonian(basis))
        gram, energy = 0.5 * (gram + gram.conj().T), 0.5 * (energy + energy.conj().T)
        try:
            values, states = eigh(energy, gram, subset_by_index=[0, len(vectors) - 1])
        except LinAlgError:  # directions that depend on each other: a basis of those that do not
            sizes, turns = np.linalg.eigh(gram)
            kept = turns[:, sizes > 1e-10 * sizes[-1]] / np.sqrt(sizes[sizes > 1e-10 * sizes[-1]])
            values, states = np.linalg.eigh(kept.conj().T @ energy @ kept)
            values, states = values[: len(vectors)], kept @ states[:, : len(vectors)]
        states = states.astype(basis.dtype)
        new = (states.T @ _rows(basis)).reshape(vectors.shape)
        if others is None:
            return values, new, None
        directions = (states[len(vectors) :].T @ _rows(others)).reshape(vectors.shape)
        norms = np.sqrt(np.real(np.diag(self._overlaps(directions, directions))))
        directions /= np.maximum(norms, 1e-300).reshape(-1, *[1] * (directions.ndim - 1))
        return values, new, directions


def _rows(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), int(np.prod(array.shape[1:])))
