"""The preconditioner of the ground-state search: an approximate inverse of the energy's second derivative, cheap in
both spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.mixture import Mixture

Triangle = list[list[np.ndarray]]
"""The lower triangle of a symmetric matrix, or its Cholesky factor, at every point, row after row."""


class Preconditioner:
    """P = S^T [alpha / (alpha + T)] S, where S^T S = (alpha + B(x))^-1 is a p x p matrix at every point.

    The second derivative of the energy in psi_a = sqrt(nu_a) phi_a is (T_a + W_a - mu_a) delta_ab + 2 psi_a g_ab psi_b;
    B is its part without T, made positive: B_ab = max(W_a - mu_a, 0) delta_ab + Re R_ab + 2 psi_a g+_ab psi_b with g+
    the positive part of the matrix of couplings, and R the coherent coupling, which must have no negative level. T and
    B are combined symmetrically as Antoine, Levitt and Tang (2017), section 3, combine T with the potential. They work
    with one component and W in place of B; the matrix matters for mixtures, where total density is stiff and the
    densities' difference is soft (measured: 26 iterations in place of 92 to 1e-10 for a miscible mixture, 69 in place
    of more than 300 for a weakly immiscible one). S is the inverse Cholesky factor of alpha + B.

    alpha is a few times the kinetic energy per particle: the scale of the soft modes. Kernels with a range enter W but
    not the matrix.
    """

    KINETIC_MULTIPLE = 10.0
    """alpha in units of the mean kinetic energy per particle; measured: 8 to 16 are about as good, 2 and 40 need twice
    the iterations."""

    def __init__(
        self, mixture: Mixture, members: Sequence[int] | None = None, coupling: np.ndarray | None = None
    ) -> None:
        """`members`: the species that :meth:`prepare` and :meth:`apply` are for, in the order of their fields; all
        unless given. `coupling`: R among them, none unless given. The other methods take any species."""
        self._mixture = mixture
        self._members = range(len(mixture.species)) if members is None else members
        self._weights = mixture.weights[list(self._members)]
        # a species without particles is held, and its share is not used: any number but zero
        self._roots = np.sqrt(np.where(self._weights > 0.0, self._weights, 1.0))
        values, vectors = np.linalg.eigh(mixture.interactions.dilute_couplings[np.ix_(self._members, self._members)])
        self._couplings = (vectors * np.maximum(values, 0.0)) @ vectors.T
        self._coupling = np.zeros_like(self._couplings) if coupling is None else coupling.real
        self.lowest_energies = self.lowest_energies_of(self._members)
        """Per member the smallest kinetic energy of the box above that of rest: the scale where others vanish."""
        self._factor: Triangle = []
        self._alpha = 0.0

    def lowest_energies_of(self, species: Sequence[int]) -> np.ndarray:
        """The smallest kinetic energy of the box above that of rest, for some species."""
        mixture = self._mixture
        return np.array([mixture.species[a].kinetic.smallest_excitation(mixture.grid) for a in species])

    def prepare(
        self,
        fields: list[np.ndarray],
        totals: list[np.ndarray],
        chemical_potentials: np.ndarray,
        kinetic_energies: np.ndarray,
    ) -> None:
        """Take over the present fields phi_a, W_a, mu_a and <phi|T|phi> of the sphere of each: the Cholesky factor of
        alpha + B at every point."""
        self._alpha = self._scale_of(kinetic_energies)
        self._factor = factorised(self._stiffness(fields, totals, chemical_potentials, self._coupling_at))

    def apply(self, fields: list[np.ndarray]) -> None:
        """phi_a <- (1/sqrt(nu_a)) sum_b P_ab sqrt(nu_b) phi_b, in place. Collective."""
        self._solve(self._factor, fields)
        for a, field in enumerate(fields):
            self.apply_lowpass(field, self._members[a], self._alpha)
        self._solve_transposed(self._factor, fields)

    def _scale_of(self, kinetic_energies: np.ndarray) -> float:
        """alpha where <phi|T|phi> of every sphere is this."""
        weights = self._weights
        kinetic = float(np.dot(weights, np.maximum(kinetic_energies, self.lowest_energies)) / np.sum(weights))
        return self.KINETIC_MULTIPLE * kinetic

    def _coupling_at(self, a: int, b: int) -> np.ndarray | float:
        """What couples the species a and b coherently."""
        return float(self._coupling[a, b])

    def _stiffness(
        self,
        fields: list[np.ndarray],
        totals: list[np.ndarray],
        chemical_potentials: np.ndarray,
        coupling: Callable[[int, int], np.ndarray | float],
    ) -> Triangle:
        """alpha + B at every point."""
        moduli = [np.sqrt(nu) * np.abs(field) for nu, field in zip(self._weights, fields, strict=True)]
        rows: Triangle = []
        for a, row in enumerate(self._couplings):
            rows.append([])
            for b in range(a + 1):
                entry = (2.0 * row[b]) * moduli[a] * moduli[b]
                if self._coupling[a, b] != 0.0:
                    entry += coupling(a, b)
                if a == b:
                    entry += np.maximum(totals[a] - chemical_potentials[a], 0.0) + self._alpha
                rows[a].append(entry)
        return rows

    def _solve(self, factor: Triangle, fields: list[np.ndarray]) -> None:
        """sqrt(nu) phi <- L^-1 sqrt(nu) phi with L the factor, in place."""
        roots = self._roots
        for a, field in enumerate(fields):
            for b in range(a):
                field -= (roots[b] / roots[a]) * factor[a][b] * fields[b]
            field /= factor[a][a]

    def _solve_transposed(self, factor: Triangle, fields: list[np.ndarray]) -> None:
        """sqrt(nu) phi <- (L^T)^-1 sqrt(nu) phi, in place."""
        roots = self._roots
        for a in reversed(range(len(fields))):
            for b in range(a + 1, len(fields)):
                fields[a] -= (roots[b] / roots[a]) * factor[b][a] * fields[b]
            fields[a] /= factor[a][a]

    def apply_lowpass(self, field: np.ndarray, species: int, alpha: float) -> None:
        """field <- [alpha / (alpha + T)] field, in place. Collective."""
        scale = alpha * self._mixture.transform.inverse_points
        self._multiply(field, species, lambda symbol: scale / (alpha + symbol))

    def apply_kinetic(self, field: np.ndarray, species: int) -> None:
        """field <- T field, in place. Collective."""
        self._mixture.apply_kinetic(field, species)

    def apply_decay(self, field: np.ndarray, species: int, duration: float) -> None:
        """field <- exp(-duration T) field, in place: imaginary time. Collective."""
        kinetic = self._mixture.species[species].kinetic
        if isinstance(kinetic, KrylovKineticEnergy):
            kinetic.decay(field, duration)
            return
        scale = self._mixture.transform.inverse_points
        self._multiply(field, species, lambda symbol: scale * np.exp(-duration * symbol))

    def _multiply(self, field: np.ndarray, species: int, factor: Callable[[np.ndarray], np.ndarray]) -> None:
        """Multiply the spectrum by factor(T(k)), plane by plane: no table of the grid's size."""
        kinetic = self._mixture.species[species].kinetic

        def multiplier(spectrum: np.ndarray) -> None:
            for place, symbol in kinetic.planes(self._mixture.grid):
                spectrum[place] *= factor(symbol)

        self._mixture.transform.multiply(field, multiplier)


def factorised(matrix: Triangle) -> Triangle:
    """The Cholesky factor of a positive matrix, in its place."""
    for a, row in enumerate(matrix):
        for b in range(a + 1):
            for c in range(b):
                row[b] -= row[c] * matrix[b][c]
            row[b] = np.sqrt(row[b]) if a == b else row[b] / matrix[b][b]
    return matrix
