"""Currents of single orbitals."""

from __future__ import annotations

import numpy as np

from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.mixture import Mixture


def momentum_density_along(mixture: Mixture, orbital: np.ndarray, species: int, axis: int) -> np.ndarray:
    """Re conj(phi) (-i hbar d/dx + A) phi along one axis, A without what a rotating frame adds. Collective over the
    group."""
    kinetic = mixture.species[species].kinetic
    if isinstance(kinetic, KineticEnergy):
        moved = orbital.copy()
        mixture.apply_momentum(moved, axis)
        return orbital.real * moved.real + orbital.imag * moved.imag
    moved = kinetic.momentum.along(orbital, axis)
    current = (orbital.real * moved.real + orbital.imag * moved.imag) / kinetic.momentum.scale
    frame = kinetic.momentum.frame[axis]
    if frame is not None:
        current -= (orbital.real**2 + orbital.imag**2) * frame
    return current
