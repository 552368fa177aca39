"""The momentum of a species."""

from __future__ import annotations

from typing import Any

from hpcmix.observe.look import Look
from hpcmix.observe.measures.averages import averages
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import MOMENTUM as OF_MOMENTUM


class _Momentum(Observable):
    """nu sum_j <phi_j| -i hbar grad + A |phi_j>."""

    labels = (Label("momentum", "kinetic momentum -i hbar grad + A", OF_MOMENTUM),)

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"momentum": look.once(averages)[species].momentum.tolist()}


MOMENTUM = _Momentum()
