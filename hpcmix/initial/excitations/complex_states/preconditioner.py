"""An approximate inverse of the quadratic form around a state with any phase, cheap in both spaces."""

from __future__ import annotations

import numpy as np

from hpcmix.initial.descent.preconditioning.preconditioner import Preconditioner
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm


class AmplitudePreconditioner:
    """P = S [alpha / (alpha + T)] S^+ with S S^+ = (alpha + B(x))^-1, a Hermitian 2p x 2p matrix at every point.

    B is the form without T, made positive: max(W - mu, 0) on its diagonal, and of the interaction (psi, conj psi) g+
    (psi, conj psi)^+ with g+ the positive part of the couplings. It is what the ground-state search has
    (:class:`~hpcmix.initial.descent.preconditioning.preconditioner.Preconditioner`) for u and v apart, so that the
    phase of psi stays in it; alpha is the same multiple of the kinetic energy per particle. T is that without a vector
    potential. P is positive, whatever the form is.
    """

    def __init__(self, form: QuadraticForm) -> None:
        self._mixture = mixture = form.mixture
        operator = form.operator
        self._spectral = Preconditioner(mixture)
        images = [np.array(wave) for wave in operator.waves]
        for species, image in enumerate(images):
            mixture.apply_kinetic(image, species)
        particles = operator.products(operator.waves, operator.waves).real
        kinetic = np.maximum(operator.products(operator.waves, images).real, particles * self._spectral.lowest_energies)
        self._alpha = Preconditioner.KINETIC_MULTIPLE * float(np.sum(kinetic) / np.sum(particles))
        values, vectors = np.linalg.eigh(mixture.interactions.dilute_couplings)
        couplings = (vectors * np.maximum(values, 0.0)) @ vectors.T
        count = len(mixture.species)
        waves = [*form.psi, *form.psi.conj()]
        self._factor: list[list[np.ndarray]] = []
        for row in range(2 * count):
            self._factor.append([])
            a = row % count
            for column in range(row + 1):
                b = column % count
                entry = couplings[a, b] * waves[row] * waves[column].conj()
                if row == column:
                    entry = entry.real + np.maximum(operator.potentials[a], 0.0) + self._alpha
                for c in range(column):
                    entry = entry - self._factor[row][c] * self._factor[column][c].conj()
                if row == column:
                    self._factor[row].append(np.sqrt(entry.real))
                else:
                    self._factor[row].append(entry / self._factor[column][column])

    def apply(self, vectors: np.ndarray) -> None:
        """P of every vector, in place. Collective."""
        count = len(self._mixture.species)
        for vector in vectors:
            fields = vector.reshape(2 * count, *vector.shape[2:])  # u of all species, then v
            for row, field in enumerate(fields):
                for column in range(row):
                    field -= self._factor[row][column] * fields[column]
                field /= self._factor[row][row]
            for row, field in enumerate(fields):
                self._spectral.apply_lowpass(field, row % count, self._alpha)
            for row in reversed(range(2 * count)):
                for below in range(row + 1, 2 * count):
                    fields[row] -= self._factor[below][row].conj() * fields[below]
                fields[row] /= self._factor[row][row]
