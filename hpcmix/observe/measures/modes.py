"""What is measured of small oscillations around a state: how much of them every species has, and what a probe that
couples to the place of the particles sees.

With c_a = conj(psi_a) u_a + psi_a v_a, the change of the density of a, a mode normalised to sum_a integral |u_a|^2 -
|v_a|^2 = 1 answers a force along x with the strength |sum_a integral x c_a|^2, and a change of a trap with |sum_a
integral r^2 c_a|^2. They obey sum rules: sum over modes of omega times the first is sum_a hbar N_a / (2 m_a).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.spectrum import Spectrum


@dataclass(frozen=True)
class ModeMeasures:
    """Of all modes, the same on every rank.

    weights   integral |u_a|^2 - |v_a|^2, shape (modes, species).
    dipole    integral x c_a along every axis, complex, shape (modes, species, axes).
    monopole  integral r^2 c_a, complex, shape (modes, species). r from the middle of the box.
    The last two have a meaning where the clouds keep away from the faces of the box.
    """

    weights: np.ndarray
    dipole: np.ndarray
    monopole: np.ndarray


def measure_modes(operator: BogoliubovOperator, spectrum: Spectrum) -> ModeMeasures:
    """Measure every mode. Collective."""
    grid, sums = operator.mixture.grid, operator.mixture.communicators
    axes, count = grid.dimensions, len(spectrum)
    local = np.zeros((count, operator.species, axes + 2), np.complex128)
    squares = np.zeros(grid.position_shape)
    for coordinate in grid.coordinates:
        squares = squares + coordinate**2
    for mode, (u, v) in enumerate(zip(spectrum.u, spectrum.v, strict=True)):
        for a, change in enumerate(operator.density_change(list(u), list(v))):
            for axis, coordinate in enumerate(grid.coordinates):
                local[mode, a, axis] = np.sum(coordinate * change)
            local[mode, a, axes] = np.sum(squares * change)
            local[mode, a, axes + 1] = np.sum(np.abs(u[a]) ** 2 - np.abs(v[a]) ** 2)
    measured = np.asarray(sums.sum(local)) * grid.cell_volume
    return ModeMeasures(measured[..., axes + 1].real, measured[..., :axes], measured[..., axes])
