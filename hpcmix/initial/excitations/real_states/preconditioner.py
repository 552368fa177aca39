"""Approximate inverses of A_+ and A_- that cost one Fourier pair for both.

P = S^T [alpha / (alpha + T)] S with S^T S = (alpha + B(x))^-1, as for ground states
(initial/descent/preconditioner.py), which says why; of A_+ B has 2 psi_a g+_ab psi_b, of A_- it has not. T sees
p + i q as one complex field.
"""

from __future__ import annotations

import numpy as np

from hpcmix.initial.descent.preconditioner import Preconditioner
from hpcmix.initial.excitations.real_states.operator import RealOperator

Factor = list[list[np.ndarray]]
"""The Cholesky factor of alpha + B at every point, row after row."""

LEAST = 0.1
"""A pivot is at least this part of alpha: a coupling may have levels below the chemical potential somewhere."""


class PairPreconditioner:
    """Of an operator, for rows (m, species, *grid)."""

    def __init__(self, operator: RealOperator) -> None:
        mixture, waves = operator.mixture, operator.waves
        self._operator, self._mixture = operator, mixture
        self._lowpass = Preconditioner(mixture)
        values, vectors = np.linalg.eigh(mixture.couplings)
        repulsion = (vectors * np.maximum(values, 0.0)) @ vectors.T
        self._alpha = Preconditioner.KINETIC_MULTIPLE * self._kinetic_energy()
        self._plus = self._factor_of(waves, 2.0 * repulsion)
        self._minus = self._factor_of(waves, np.zeros_like(repulsion))

    def apply(self, p: np.ndarray, q: np.ndarray) -> None:
        """p <- P_+ p and q <- P_- q, in place. A Fourier pair for every row and species. Collective."""
        field = np.empty(p.shape[2:], np.complex128)
        for first, second in zip(p, q, strict=True):
            _solve_lower(self._plus, first)
            _solve_lower(self._minus, second)
            for a in range(len(first)):
                field.real, field.imag = first[a], second[a]
                self._lowpass.apply_lowpass(field, a, self._alpha)
                first[a], second[a] = field.real, field.imag
            _solve_upper(self._plus, first)
            _solve_upper(self._minus, second)
        self._operator.general.transforms += len(p) * len(self._mixture.species)

    def _kinetic_energy(self) -> float:
        """<T> per particle, at least the smallest above rest."""
        general, grid = self._operator.general, self._mixture.grid
        images = [wave.copy() for wave in general.waves]
        for a, image in enumerate(images):
            self._mixture.apply_kinetic(image, a)
        general.transforms += len(images)
        norms = np.sum(general.products(general.waves, general.waves).real)
        mean = float(np.sum(general.products(general.waves, images).real) / norms)
        return max(mean, *(species.kinetic.smallest_excitation(grid) for species in self._mixture.species))

    def _factor_of(self, waves: np.ndarray, repulsion: np.ndarray) -> Factor:
        """Of alpha + max(W_a - mu_a, 0) delta_ab + R_ab + psi_a repulsion_ab psi_b."""
        coupling = self._operator.coupling
        factor: Factor = []
        for a in range(len(waves)):
            row: list[np.ndarray] = []
            for b in range(a + 1):
                entry = repulsion[a, b] * waves[a] * waves[b] + coupling[a, b]
                if a == b:
                    entry += np.maximum(self._operator.potentials[a], 0.0) + self._alpha
                for c in range(b):
                    entry -= row[c] * (row[c] if a == b else factor[b][c])
                row.append(np.sqrt(np.maximum(entry, LEAST * self._alpha)) if a == b else entry / factor[b][b])
            factor.append(row)
        return factor


def _solve_lower(factor: Factor, row: np.ndarray) -> None:
    for a, part in enumerate(row):
        for b in range(a):
            part -= factor[a][b] * row[b]
        part /= factor[a][a]


def _solve_upper(factor: Factor, row: np.ndarray) -> None:
    for a in reversed(range(len(row))):
        for b in range(a + 1, len(row)):
            row[a] -= factor[b][a] * row[b]
        row[a] /= factor[a][a]
