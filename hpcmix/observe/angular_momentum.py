"""Angular momentum about the origin."""

from __future__ import annotations

import numpy as np

from hpcmix.model.mixture import Mixture


def has_angular_momentum(mixture: Mixture) -> bool:
    """Whether records hold the angular momentum: in two and three dimensions, where something turns the particles - a
    vector potential or a rotating frame."""
    return mixture.grid.dimensions > 1 and not all(one.kinetic.diagonal for one in mixture.species)


def components(mixture: Mixture) -> int:
    """How many components it has: in two dimensions the one along z."""
    return 1 if mixture.grid.dimensions == 2 else 3


def angular_momentum(mixture: Mixture, orbital: np.ndarray, species: int) -> np.ndarray:
    """This rank's part of <phi| r x (-i hbar grad + A) |phi> for one orbital, A without what a rotating frame adds: the
    angular momentum in the laboratory, in any gauge. Collective over the group.

    The box is periodic: it has its usual meaning while the cloud keeps away from the faces.
    """
    grid = mixture.grid
    found = np.zeros(components(mixture))
    for axis in range(grid.dimensions):
        current = _current(mixture, orbital, species, axis)
        for other in range(grid.dimensions):
            if other == axis:
                continue
            # (r x p)_c = r_a p_b - r_b p_a with (a, b, c) in cyclic order
            third = 3 - axis - other
            sign = 1.0 if (other + 1) % 3 == axis else -1.0
            place = 0 if grid.dimensions == 2 else third
            if grid.dimensions == 3 or third == 2:
                found[place] += sign * float(np.sum(grid.coordinates[other] * current, dtype=np.float64))
    return found * grid.cell_volume


def _current(mixture: Mixture, orbital: np.ndarray, species: int, axis: int) -> np.ndarray:
    """Re conj(phi) (-i hbar d/dx + A) phi along one axis."""
    kinetic, grid = mixture.species[species].kinetic, mixture.grid
    if kinetic.diagonal:
        moved = orbital.copy()
        table = (mixture.hbar / grid.points[axis]) * grid.wave_numbers(axis, odd=True)
        mixture.transform.multiply_along(moved, axis, table + 0j)
        return orbital.real * moved.real + orbital.imag * moved.imag
    moved = kinetic.momentum.along(orbital, axis)
    current = (orbital.real * moved.real + orbital.imag * moved.imag) / kinetic.momentum.scale
    frame = kinetic.momentum.frame[axis]
    if frame is not None:
        current -= (orbital.real**2 + orbital.imag**2) * frame
    return current
