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
    coupling: float | None = None
    """Of coherent coupling; None where there is none."""

    @classmethod
    def of(cls, parts: np.ndarray, coupling: np.ndarray | None = None) -> Energy:
        """From the rows (integral of T, of U rho, of W rho) of every species; a pair shares W rho, hence the factor
        1/2. `coupling`: per species."""
        kinetic, potential, mean_field = map(float, np.sum(parts, axis=0))
        return cls(kinetic, potential, 0.5 * mean_field, None if coupling is None else float(np.sum(coupling)))

    @property
    def total(self) -> float:
        """The sum of the terms: conserved while potentials and couplings are constant in time."""
        return self.kinetic + self.potential + self.interaction + (self.coupling or 0.0)

    @property
    def scale(self) -> float:
        """Sum of the magnitudes: what a change of the total is compared with."""
        return abs(self.kinetic) + abs(self.potential) + abs(self.interaction) + abs(self.coupling or 0.0)

    def as_dict(self) -> dict[str, float]:
        """The terms under the names that output files use."""
        return {
            "total": self.total,
            "kinetic": self.kinetic,
            "potential": self.potential,
            "interaction": self.interaction,
            **({} if self.coupling is None else {"coupling": self.coupling}),
        }
