"""Contact interactions G_ab = g_ab delta: energy and potential side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class ContactInteraction:
    """All contact couplings of a mixture.

    couplings  symmetric matrix g_ab, code units of energy x volume.

    energy     1/2 sum_ab g_ab integral rho_a rho_b
    potential  W_a = sum_b g_ab rho_b           (the derivative of the energy with respect to rho_a)
    """

    def __init__(self, couplings: np.ndarray) -> None:
        self.couplings = np.array(couplings, dtype=float)

    def __bool__(self) -> bool:
        return bool(np.any(self.couplings))

    def add_potential(
        self, densities: Sequence[np.ndarray], potentials: Sequence[np.ndarray], factor: float = 1.0
    ) -> None:
        """Add factor W_a to every potential, in place. Densities and potentials: one real array of this rank per
        species."""
        for row, potential in zip(self.couplings, potentials, strict=True):
            for coupling, density in zip(row, densities, strict=True):
                if coupling != 0.0:
                    potential += factor * coupling * density
