"""Hermitian matrices as real vectors: the orthonormal basis that pair densities are written in.

    E_pp,        (E_pr + E_rp) / sqrt 2,        i (E_pr - E_rp) / sqrt 2        for p < r

with tr(H_i H_j) = delta_ij. The operator of the density at x, N(x)_pr = conj(phi_p(x)) phi_r(x), is Hermitian, so that
n_i(x) = tr(H_i N(x)) are real fields, N(x) = sum_i n_i(x) H_i. Of real modes the third kind has none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ROOT_HALF = math.sqrt(0.5)


@dataclass(frozen=True)
class Element:
    """One matrix of the basis: of the modes p <= r, the symmetric kind or the antisymmetric one (p < r)."""

    first: int
    second: int
    antisymmetric: bool = False

    def component(self, matrices: np.ndarray) -> np.ndarray:
        """tr(H_i A) of Hermitian matrices A, shape (..., m, m): real, shape (...)."""
        entry = matrices[..., self.first, self.second]
        if self.first == self.second:
            return entry.real
        # tr(i (E_pr - E_rp) A) / sqrt 2 = i (A_rp - A_pr) / sqrt 2 = sqrt 2 Im A_pr
        return 2.0 * ROOT_HALF * (entry.imag if self.antisymmetric else entry.real)

    def density(self, modes: np.ndarray) -> np.ndarray:
        """n_i(x) = tr(H_i N(x)), real, the shape of a mode."""
        product = np.conj(modes[self.first]) * modes[self.second]
        if self.first == self.second:
            return product.real
        return 2.0 * ROOT_HALF * (product.imag if self.antisymmetric else product.real)

    def matrix(self, modes: int) -> np.ndarray:
        """H_i, complex (m, m)."""
        result = np.zeros((modes, modes), np.complex128)
        if self.first == self.second:
            result[self.first, self.first] = 1.0
        elif self.antisymmetric:
            result[self.first, self.second], result[self.second, self.first] = 1j * ROOT_HALF, -1j * ROOT_HALF
        else:
            result[self.first, self.second] = result[self.second, self.first] = ROOT_HALF
        return result


def elements(modes: int, real: bool = False) -> list[Element]:
    """The basis of Hermitian (m, m) matrices, m^2 of them; of real symmetric ones m (m + 1) / 2."""
    basis = []
    for p in range(modes):
        for r in range(p, modes):
            basis.append(Element(p, r))
            if p != r and not real:
                basis.append(Element(p, r, antisymmetric=True))
    return basis


def combined(basis: list[Element], coefficients: np.ndarray, modes: int) -> np.ndarray:
    """sum_i c_i H_i for every row of real coefficients (rows, basis): complex (rows, m, m), Hermitian to the bit."""
    result = np.zeros((len(coefficients), modes, modes), np.complex128)
    for element, column in zip(basis, coefficients.T, strict=True):
        p, r = element.first, element.second
        if p == r:
            result[:, p, p] += column
            continue
        step = (1j if element.antisymmetric else 1.0) * ROOT_HALF * column
        result[:, p, r] += step
        result[:, r, p] += step.conj()
    return result
