"""All modes of a small system, by matrices: of minima, of states that are none, growing ones too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.linalg import eigh, solve

from hpcmix.initial.excitations.complex_states.curvature import flatness
from hpcmix.initial.excitations.complex_states.families import lowest, representatives
from hpcmix.initial.excitations.complex_states.matrices import WholeVectors, complement
from hpcmix.initial.excitations.complex_states.quadratic_form import QuadraticForm
from hpcmix.initial.excitations.complex_states.solutions import spectrum_of_solutions
from hpcmix.initial.excitations.spectrum import Report, Spectrum


class DenseSearch:
    """All modes of a state by matrices, of which the first `modes` are given with the rest of the last multiplet:
    growing ones, the quickest first, then others by frequency; all where `modes` is None.

    H is put together on the first rank, from its application to half of all unit vectors; flat directions are excluded.
    Where H is positive, the frequencies come from a Hermitian matrix and are real; else from B^-1 A with A = Q^+ H Q
    and B = Q^+ Sigma Q, Q an orthonormal basis of what is not excluded. The first rank needs memory for some matrices
    of 2 p n squared. Raises :class:`~hpcmix.initial.excitations.spectrum.ModesNotFound` where they are too large.
    """

    method = "dense"

    def __init__(self, form: QuadraticForm, modes: int | None = None) -> None:
        self._form, self._modes, self._whole = form, modes, WholeVectors(form)

    @property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Nothing: there is no way on from a part of the work."""
        empty = np.zeros((0, *self._form.shape[1:]), np.complex128)
        return empty, empty

    def begin(self, first: np.ndarray | None = None, second: np.ndarray | None = None) -> None:
        """There is no start to choose."""

    def run(
        self,
        max_iterations: int = 0,
        report: Report = lambda iteration, converged, residual: None,
        alive: Callable[[], None] = lambda: None,
    ) -> Spectrum:
        """The modes. Collective; `alive` is called between the columns of the matrix."""
        form, whole, mixture = self._form, self._whole, self._form.mixture
        matrix = whole.matrix(form.apply, alive, 1.0)
        excluded = whole.everywhere(form.excluded)
        answer = None
        if whole.is_root:
            matrix = 0.5 * (matrix + matrix.conj().T)
            energies, columns, levels = _solve(matrix, excluded, whole.sign, flatness(form), form.energy_scale)
            order = lowest(energies, self._modes)
            answer = energies[order] / mixture.hbar, columns[:, order], levels
        frequencies, columns, levels = mixture.communicators.group.bcast(answer)
        vectors = whole.here(columns)
        form.complete(vectors, frequencies)
        spectrum = spectrum_of_solutions(
            form,
            frequencies,
            vectors,
            self.method,
            0,
            curvature=float(levels[0]),
            negative_directions=int(np.sum(levels < 0.0)),
        )
        report(0, len(spectrum), float(np.max(spectrum.residuals, initial=0.0)))
        return spectrum


def _solve(
    matrix: np.ndarray, excluded: np.ndarray, sign: np.ndarray, flat: float, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """hbar omega and the columns of all modes that stand for others, and the eigenvalues of H."""
    basis = complement(excluded)
    levels, turns = eigh(basis.conj().T @ matrix @ basis)
    level = np.abs(levels) <= flat
    if np.any(level):
        soft = basis @ turns[:, level]
        half = len(soft) // 2
        soft = np.concatenate([soft, np.roll(soft, half, axis=0).conj()], axis=1)
        basis = complement(np.concatenate([excluded, soft, sign * soft], axis=1))
        levels, turns = eigh(basis.conj().T @ matrix @ basis)
    basis = basis @ turns  # H is diagonal in it
    signs = basis.conj().T @ (sign * basis)
    if levels[0] > 0.0:
        roots = np.sqrt(levels)
        theta, states = eigh(signs / np.multiply.outer(roots, roots))
        kept = theta > 0.0
        columns = basis @ (states[:, kept] / roots[:, np.newaxis])
        return (1.0 / theta[kept]).astype(complex), columns / np.linalg.norm(columns, axis=0), levels
    energies, states = np.linalg.eig(solve(signs, np.diag(levels).astype(complex)))
    return *representatives(energies, basis @ states, sign, scale), levels
