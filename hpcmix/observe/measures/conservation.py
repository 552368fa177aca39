"""How well what must not change is kept: particle numbers, and the energy. Imports no arrays and no MPI: figures, which
need neither, ask too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NORM_OF_A_TRANSFORM = {"double": 4e-16, "single": 2e-7}
"""Relative change of the norm that a transform and its inverse may make, always to the same side for a given grid
(measured; sizes with a factor 3)."""

PARTICLE_LIMIT = {"double": 1e-6, "single": 1e-2}
"""Relative change of a particle number that rounding does not explain."""


def conserved_energy(record: Mapping[str, Any]) -> tuple[float, float]:
    """The energy of a record that the flow conserves, of samples of a Wigner function the field's, and sum_i |E_i| over
    the terms of its energy, which a drift is relative to: the total itself may be zero, or small beside its terms, and
    says nothing of how large an error is."""
    terms = record["energy"]
    size = sum(abs(value) for name, value in terms.items() if name != "total")
    return record.get("field_energy", terms["total"]), size


def energy_drift(total: float, size: float, first: float, first_size: float) -> float:
    """(E - E_0) / max(sum_i |E_i|, sum_i |E_0,i|): the drift of an energy, as the guard, the end of the log,
    summary.json and the figure ``energy`` have it. Zero where there is no energy at all, as of a uniform free gas.

    total, size          of the energy and of its terms, now.
    first, first_size    the same at the time from which on nothing acts on the system from outside.
    """
    largest = max(size, first_size)
    return (total - first) / largest if largest else 0.0
