"""Moments of densities: particle number, centre, widths, largest density; and the momentum."""

from __future__ import annotations

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture


def density_moments(mixture: Mixture, density: np.ndarray) -> dict[str, float | list[float]]:
    """Of one species: ``particles`` = integral rho, ``centre`` = <x>, ``rms_width`` = sqrt(<x^2> - <x>^2) per axis,
    ``maximum_density``.

    Averages are over the density. The box is periodic: centre and width have their usual meaning while the cloud keeps
    away from its edges. Collective.
    """
    grid = mixture.grid
    sums = [float(np.sum(density, dtype=np.float64))]
    lines = []
    for axis in range(grid.dimensions):
        others = tuple(other for other in range(grid.dimensions) if other != axis)
        line = np.sum(density, axis=others, dtype=np.float64)
        x = grid.coordinates[axis].ravel()
        lines.append((x, line))
        sums.append(float(np.dot(x, line)))
    total, *first = mixture.communicators.sum(sums)
    centre = np.array(first) / total
    # second moments about the centre, not <x^2> - <x>^2: a narrow cloud far from the origin would lose its digits
    spread = mixture.communicators.sum(
        [float(np.dot((x - c) ** 2, line)) for (x, line), c in zip(lines, centre, strict=True)]
    )
    largest = mixture.communicators.maximum([float(np.max(density))])
    return {
        "particles": float(total * grid.cell_volume),
        "centre": centre.tolist(),
        "rms_width": np.sqrt(spread / total).tolist(),
        "maximum_density": float(largest[0]),
    }


def momentum(mixture: Mixture, orbitals: np.ndarray, weight: float) -> list[float]:
    """nu sum_j <phi_j| -i hbar grad |phi_j> of one species, per axis, code units. Collective.

    ``sum_k hbar k |phi^(k)|^2 dV / n_points``; the Nyquist mode of an even axis counts as k = 0.
    """
    grid = mixture.grid
    totals = np.zeros(grid.dimensions)
    zeros = [np.zeros(n) for n in grid.wave_block.shape]
    for orbital in orbitals:
        spectrum = mixture.transform.forward(orbital, mixture.transform.work)
        for axis in range(grid.dimensions):
            weights = list(zeros)
            weights[axis] = mixture.hbar * grid.local_wave_numbers(axis, odd=True)
            totals[axis] += kernels.weighted_norm(spectrum, weights)
    return (mixture.communicators.sum(totals) * weight * grid.cell_volume * mixture.transform.inverse_points).tolist()
