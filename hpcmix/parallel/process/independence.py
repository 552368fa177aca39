"""Whether orbitals are linearly independent, by their Gram matrix. Imports no MPI."""

from __future__ import annotations

import numpy as np


class LinearlyDependent(ValueError):
    """Orbitals that do not span as many dimensions as there are orbitals; the text says how many they do."""


def condition(gram: np.ndarray, epsilon: float) -> float:
    """Largest over smallest eigenvalue of the Gram matrix of orbitals whose rounding is `epsilon`. Raises
    :class:`LinearlyDependent` where a direction may be made of rounding errors."""
    values = np.linalg.eigvalsh(gram)
    smallest = values[-1] * 200.0 * epsilon
    if not values[0] > smallest:
        raise LinearlyDependent(
            f"{len(gram)} orbitals span only {int(np.sum(values > smallest))} dimensions on this grid"
        )
    return float(values[-1] / values[0])
