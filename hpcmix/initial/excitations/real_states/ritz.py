"""The small problem of a search for modes: the best pairs (p, q) in the spans of two bases.

With Gram matrices G_+ = <B_p|A_+ B_p>, G_- = <B_q|A_- B_q> and M = <B_p|B_q>, the pairs that make p^T q stationary
under p^T A_+ p = q^T A_- q = 1 are the singular vectors of L^-1 M R^-T, G_+ = L L^T and G_- = R R^T, and their singular
values are 1 / (hbar omega): the largest belong to the lowest frequencies (Thouless; Bai and Li, SIAM J. Matrix Anal.
Appl. 33 (2012) 1075 and 34 (2013) 392).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DEPENDENT = 1e-11
"""Eigenvalue of a scaled Gram matrix, relative to its largest, below which a direction is dropped: rounding makes up
more than a hundred-thousandth of it."""
INDEPENDENT = 1e-8
"""Singular value of a set of directions of unit length, relative to the largest, below which one is dropped."""
NEGATIVE = 1e-8
"""A scaled Gram matrix has eigenvalues between 0 and the number of rows; one so far below zero is no rounding."""


class NegativeForm(Exception):
    """A form that is positive at a minimum is not: the text says which, `value` the energy per particle moved, relative
    to the length of the direction."""

    def __init__(self, form: str, coefficients: np.ndarray) -> None:
        super().__init__(f"{form} has a negative direction")
        self.form, self.coefficients = form, coefficients


@dataclass(frozen=True)
class RitzPairs:
    """energies      hbar omega, ascending.
    p, q          coefficients in the bases, a column for each pair, with p^T q = 1.
    bases         matrices that make the bases orthonormal in G_+ and G_-, without what depends on the rest.
    """

    energies: np.ndarray
    p: np.ndarray
    q: np.ndarray
    bases: tuple[np.ndarray, np.ndarray]

    def moves(self, chosen: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients of what the chosen pairs have outside of the first `rows` of the bases, orthonormal in G_+ and
        G_-, and orthogonal there to all pairs: directions that stay independent however small the moves are."""
        found = []
        for coefficients, basis in ((self.p, self.bases[0]), (self.q, self.bases[1])):
            inverse = np.linalg.pinv(basis)
            pairs = np.linalg.qr(inverse @ coefficients)[0]
            moved = coefficients[:, chosen].copy()
            moved[:rows] = 0.0
            moved = inverse @ moved
            moved /= np.maximum(np.linalg.norm(moved, axis=0), np.finfo(float).tiny)
            for _ in range(2):  # once leaves rounding of the size of the quotient of both
                moved -= pairs @ (pairs.T @ moved)
            vectors, sizes, _ = np.linalg.svd(moved, full_matrices=False)
            found.append(basis @ vectors[:, sizes > INDEPENDENT * max(sizes[0], np.finfo(float).tiny)])
        count = min(part.shape[1] for part in found)
        return found[0][:, :count], found[1][:, :count]


def ritz_pairs(gram_plus: np.ndarray, gram_minus: np.ndarray, overlaps: np.ndarray, count: int) -> RitzPairs:
    """The `count` lowest pairs, or as many as the bases have. Raises :class:`NegativeForm`."""
    left, right = _inverse_root(gram_plus, "A_+"), _inverse_root(gram_minus, "A_-")
    first, singular, second = np.linalg.svd(left.T @ overlaps @ right, full_matrices=False)
    count = min(count, int(np.sum(singular > 0.0)))
    energies = 1.0 / singular[:count]
    scale = np.sqrt(energies)
    pairs = left @ first[:, :count] * scale, right @ second[:count].T * scale
    return RitzPairs(energies, *pairs, (left, right))


def _inverse_root(gram: np.ndarray, form: str) -> np.ndarray:
    """T with T^T G T = 1 on what is independent."""
    gram = 0.5 * (gram + gram.T)
    diagonal = np.diagonal(gram)
    if np.any(diagonal <= 0.0):
        raise NegativeForm(form, np.eye(len(gram))[int(np.argmin(diagonal))])
    scales = 1.0 / np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(scales[:, np.newaxis] * gram * scales)
    if values[0] < -NEGATIVE:
        raise NegativeForm(form, scales * vectors[:, 0])
    kept = values > DEPENDENT * values[-1]
    return np.asarray(scales[:, np.newaxis] * vectors[:, kept] / np.sqrt(values[kept]))
