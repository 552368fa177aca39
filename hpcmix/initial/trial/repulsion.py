"""Which mixtures have Thomas-Fermi densities. Imports no MPI."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class NoThomasFermiDensity(ValueError):
    """A species has no Thomas-Fermi density; the text says which and why."""


def require_repulsion(names: Sequence[str], couplings: np.ndarray) -> None:
    """Raise :class:`NoThomasFermiDensity` for a species without contact repulsion of its own."""
    for a, name in enumerate(names):
        if couplings[a, a] <= 0.0:
            raise NoThomasFermiDensity(
                f'species "{name}" has no contact repulsion of its own, so it has no Thomas-Fermi density'
            )
