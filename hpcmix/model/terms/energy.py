"""The energy of a mixture, term by term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Energy:
    """Energies of the whole system in code units, weights included (CONVENTIONS.md, Wave functions and densities).

    terms     of the terms of the interaction, by name.
    coupling  of coherent coupling; None where there is none.
    """

    kinetic: float
    potential: float
    terms: Mapping[str, float] = field(default_factory=dict)
    coupling: float | None = None

    @classmethod
    def of(
        cls,
        kinetic: np.ndarray,
        potential: np.ndarray,
        terms: Mapping[str, np.ndarray],
        coupling: np.ndarray | None = None,
    ) -> Energy:
        """From the parts of every species."""
        return cls(
            float(np.sum(kinetic)),
            float(np.sum(potential)),
            {name: float(np.sum(shares)) for name, shares in terms.items()},
            None if coupling is None else float(np.sum(coupling)),
        )

    @property
    def total(self) -> float:
        """The sum of the parts: conserved while potentials and couplings are constant in time."""
        return self.kinetic + self.potential + sum(self.terms.values()) + (self.coupling or 0.0)

    @property
    def scale(self) -> float:
        """Sum of the magnitudes: what a change of the total is compared with."""
        parts = (self.kinetic, self.potential, *self.terms.values(), self.coupling or 0.0)
        return sum(map(abs, parts))

    def as_dict(self) -> dict[str, float]:
        """The parts under the names that output files use."""
        return {
            "total": self.total,
            "kinetic": self.kinetic,
            "potential": self.potential,
            **self.terms,
            **({} if self.coupling is None else {"coupling": self.coupling}),
        }
