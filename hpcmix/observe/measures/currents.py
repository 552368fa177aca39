"""Currents of single orbitals."""

from __future__ import annotations

import numpy as np

from hpcmix.model.mixture import Mixture


def momentum_density_along(mixture: Mixture, orbital: np.ndarray, species: int, axis: int) -> np.ndarray:
    """Re conj(phi) (-i hbar d/dx + A) phi along one axis, A without what a rotating frame adds. Collective over the
    group."""
    momentum = mixture.species[species].kinetic_momentum
    if momentum is None:
        moved = orbital.copy()
        mixture.apply_momentum(moved, axis)
        return orbital.real * moved.real + orbital.imag * moved.imag
    moved = momentum.along(orbital, axis)
    current = (orbital.real * moved.real + orbital.imag * moved.imag) / momentum.scale
    frame = momentum.frame[axis]
    if frame is not None:
        current -= (orbital.real**2 + orbital.imag**2) * frame
    return current
