"""The spins' part of a kick: exact, and at every point for itself (model/components/spin.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant


def turn_spins(mixture: Mixture, orbitals: Sequence[np.ndarray], duration: float, instant: Instant) -> None:
    """psi <- exp(-i duration c_2 F.f / hbar) psi of every spinor gas, in place: it commutes with the kick of potentials
    that are the same for all components, and changes neither their density nor F. Local.

    orbitals  of all species in position space, an array of orbitals each.
    """
    for spin in mixture.rabi.spins:
        strength = spin.strength_in_frame(instant.contraction, mixture.grid.dimensions)
        angle = strength * mixture.weights[spin.members[0]] * duration / mixture.hbar
        mixture.engine.kernels.turn_spins(*(array[0] for array in spin.of(orbitals)), angle)
