"""The theorem of Anapolitanos, Hott and Hundertmark with its constant, for two species in finitely many modes.

Their proof for bounded pair operators, with w_ab = ||W_ab|| (model/many_body/modes/mode_channels.py) and product data:

    alpha^(1,0) + alpha^(0,1) <= s (e^(D t / hbar) - 1) / D,
    D = 4 max(w_11, w_22) + 3 w_12 (R + 1/R),        R^2 = N_1/N_2,
    s = 2 w_11/(N_1 - 1) + 2 w_22/(N_2 - 1) + 4 R w_12/N_1

A measured value above it is a defect; it exceeds one soon: it is a bound, not an estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.model.many_body.hamiltonian import ManyBodyModel
from hpcmix.model.many_body.modes.mode_channels import operator_norm


@dataclass(frozen=True)
class ExplicitBound:
    """s and D of the bound, in code units of energy."""

    source: float
    rate: float
    hbar: float

    @classmethod
    def of(cls, model: ManyBodyModel) -> ExplicitBound:
        """For a model of two species of bosons whose factors are 1/(N_a - 1) and 1/sqrt(N_1 N_2)."""
        first, second = model.species
        norms = {(pair.first, pair.second): operator_norm(pair.channels) for pair in model.interactions}
        w11, w22, w12 = (norms.get(pair, 0.0) for pair in ((0, 0), (1, 1), (0, 1)))
        ratio = math.sqrt(first.particles / second.particles)
        source = 4.0 * ratio * w12 / first.particles
        for norm, species in ((w11, first), (w22, second)):
            source += 2.0 * norm / (species.particles - 1) if species.particles > 1 else 0.0
        return cls(source, 4.0 * max(w11, w22) + 3.0 * w12 * (ratio + 1.0 / ratio), model.hbar)

    def at(self, time: float) -> float:
        """The bound on alpha^(1,0) + alpha^(0,1) at a time; infinite where it is no number."""
        if self.rate == 0.0:
            return self.source * time / self.hbar
        try:
            return self.source / self.rate * math.expm1(self.rate * time / self.hbar)
        except OverflowError:
            return math.inf
