"""The energy of a mixture, term by term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Energy:
    """Energies of the whole system in code units, weights included (CONVENTIONS.md, Wave functions and densities)."""

    kinetic: float
    potential: float
    interaction: float

    @classmethod
    def of(cls, parts: np.ndarray) -> Energy:
        """From the rows (integral of T, of U rho, of W rho) of every species; a pair shares W rho, hence the factor
        1/2."""
        kinetic, potential, mean_field = map(float, np.sum(parts, axis=0))
        return cls(kinetic, potential, 0.5 * mean_field)

    @property
    def total(self) -> float:
        """kinetic + potential + interaction: conserved while the potentials are constant in time."""
        return self.kinetic + self.potential + self.interaction

    @property
    def scale(self) -> float:
        """Sum of the magnitudes: what a change of the total is compared with."""
        return abs(self.kinetic) + abs(self.potential) + abs(self.interaction)

    def as_dict(self) -> dict[str, float]:
        """The terms under the names that output files use."""
        return {
            "total": self.total,
            "kinetic": self.kinetic,
            "potential": self.potential,
            "interaction": self.interaction,
        }
