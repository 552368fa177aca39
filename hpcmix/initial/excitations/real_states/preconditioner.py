"""Approximate inverses of A_+ and A_-, one Fourier pair for two rows of either.

P = S^T [alpha / (alpha + T)] S + D with S^T S = (alpha + B(x))^-1, the first as for ground states
(initial/descent/preconditioning/preconditioner.py), which says why. Of A_- B is max(W_a - mu_a, 0) delta_ab and the
coherent coupling, of A_+ that and 2 psi_a g+_ab psi_b. Where B is large beside alpha the first part is too small for
all but the slowest waves, and two things help: of A_+ alpha grows with the repulsion, and outside of the clouds, where
U_a - mu_a is large in a box that is wider than they are,

    D_a = B_a / ((alpha + B_a) (T_max + B_a)),        B_a = max(W_a - mu_a, 0),

which is nothing inside and never more than the inverse of T + B. Measured for a Thomas-Fermi cloud of N a = 160 in one
dimension, in a box of three radii: 24 iterations in place of more than 200.
"""

from __future__ import annotations

import numpy as np

from hpcmix.initial.descent.preconditioning.preconditioner import Preconditioner
from hpcmix.initial.excitations.real_states.operator import RealOperator

Factor = list[list[np.ndarray]]
"""The Cholesky factor of alpha + B at every point, row after row."""

STIFF = 0.3
"""alpha of A_+ in units of the mean repulsion 2 psi g psi, at least that of A_-; measured: 1 costs a tenth more."""
LEAST = 0.1
"""A pivot is at least this part of alpha: a coupling may have levels below the chemical potential somewhere."""


class PairPreconditioner:
    """Of an operator, for rows (m, species, *grid)."""

    def __init__(self, operator: RealOperator) -> None:
        mixture, waves = operator.mixture, operator.waves
        self._operator, self._mixture = operator, mixture
        self._lowpass = Preconditioner(mixture)
        values, vectors = np.linalg.eigh(mixture.interactions.dilute_couplings)
        repulsion = 2.0 * (vectors * np.maximum(values, 0.0)) @ vectors.T
        soft = Preconditioner.KINETIC_MULTIPLE * self._kinetic_energy()
        stiff = max(soft, STIFF * self._repulsion_energy(repulsion))
        none = np.zeros_like(repulsion)
        self._plus = _Half(self._lowpass, stiff, self._factor_of(waves, repulsion, stiff), self._outside(stiff))
        self._minus = _Half(self._lowpass, soft, self._factor_of(waves, none, soft), self._outside(soft))

    def apply(self, p: np.ndarray, q: np.ndarray) -> None:
        """p <- P_+ p and q <- P_- q, in place. A Fourier pair for every row and species, and one more of each species
        where the number of rows is odd. Collective."""
        pairs = self._plus.apply(p) + self._minus.apply(q)
        self._operator.general.transforms += pairs

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

    def _outside(self, alpha: float) -> np.ndarray:
        """D of every species at every point."""
        grid, result = self._mixture.grid, np.maximum(self._operator.potentials, 0.0)
        for species, barrier in zip(self._mixture.species, result, strict=True):
            fastest = species.multiplier.largest(grid) - species.kinetic.rest_energy
            barrier[...] = barrier / ((alpha + barrier) * (fastest + barrier))
        return result

    def _repulsion_energy(self, repulsion: np.ndarray) -> float:
        """The mean over the particles of 2 psi_a g+_ab psi_b, its largest level at every point being meant: the trace
        is no less."""
        grid, waves = self._mixture.grid, self._operator.waves
        densities = waves**2
        levels = np.tensordot(np.diagonal(repulsion), densities, 1)
        local = np.array([np.sum(levels * np.sum(densities, axis=0)), np.sum(densities)])
        energy, particles = self._mixture.communicators.sum(local) * grid.cell_volume
        return float(energy / particles)

    def _factor_of(self, waves: np.ndarray, repulsion: np.ndarray, alpha: float) -> Factor:
        """Of alpha + max(W_a - mu_a, 0) delta_ab + R_ab + psi_a repulsion_ab psi_b."""
        coupling = self._operator.coupling
        factor: Factor = []
        for a in range(len(waves)):
            row: list[np.ndarray] = []
            for b in range(a + 1):
                entry = repulsion[a, b] * waves[a] * waves[b] + coupling[a, b]
                if a == b:
                    entry += np.maximum(self._operator.potentials[a], 0.0) + alpha
                for c in range(b):
                    entry -= row[c] * (row[c] if a == b else factor[b][c])
                row.append(np.sqrt(np.maximum(entry, LEAST * alpha)) if a == b else entry / factor[b][b])
            factor.append(row)
        return factor


class _Half:
    """P of one of the two, two rows as one complex field at a time."""

    def __init__(self, lowpass: Preconditioner, alpha: float, factor: Factor, outside: np.ndarray) -> None:
        self._lowpass, self._alpha, self._factor, self._outside = lowpass, alpha, factor, outside

    def apply(self, rows: np.ndarray) -> int:
        """rows <- P rows, in place; how many Fourier pairs that took."""
        field, pairs = np.empty(rows.shape[2:], np.complex128), 0
        for begin in range(0, len(rows), 2):
            both = rows[begin : begin + 2]
            beside = self._outside * both
            for row in both:
                _solve_lower(self._factor, row)
            for a in range(both.shape[1]):
                field.real, field.imag = both[0, a], both[-1, a]
                self._lowpass.apply_lowpass(field, a, self._alpha)
                both[-1, a] = field.imag
                both[0, a] = field.real
                pairs += 1
            for row in both:
                _solve_upper(self._factor, row)
            both += beside
        return pairs


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
