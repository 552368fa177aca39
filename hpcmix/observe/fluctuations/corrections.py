"""What the fluctuations of coherent states do to the one-particle density matrix, where every mode is followed.

    N_a (gamma_a - |phi_a><phi_a|)  ->  D_a = gamma_aa + |chi_a><phi_a| + |phi_a><chi_a|,      chi_a = sqrt(nu_a) M_a

as N grows (evolve/correction.py has M). The trace of D_a is zero: particles that leave the condensate's function are
missing in it.
"""

from __future__ import annotations

import math

import numpy as np

from hpcmix.observe.fluctuations.numbers import condensates_of
from hpcmix.observe.fluctuations.sums import fluctuations_of
from hpcmix.observe.look import Look


def corrections(look: Look) -> list[np.ndarray]:
    """D_a of every species on this rank: D_a(x, y) dV for the points x of its block and all points y, shape (points
    here, points); in an expanding frame the frame's. The same in every replica. Collective over the world."""
    mixture, grid = look.mixture, look.mixture.grid
    communicators = mixture.communicators
    condensates, moved = condensates_of(look, mixture), look.correction()
    rows, points = grid.position_block.size, math.prod(grid.points)
    totals = [np.zeros((rows, points), np.complex128) for _ in mixture.species]
    own = [np.empty((len(fluctuations_of(look).held), rows), np.complex128) for _ in mixture.species]
    for number, pair in enumerate(look.pairs()):
        for waves, (_, w) in zip(own, pair, strict=True):
            waves[number] = w.ravel()
    for a, (total, created) in enumerate(zip(totals, own, strict=True)):
        total += created.T @ _everywhere(look, created).conj()
        communicators.sum_over_replicas(total)
        phi, chi = condensates[a].ravel(), math.sqrt(mixture.weights[a]) * moved[a].ravel()
        whole = _everywhere(look, np.stack([phi, chi]))
        total += np.outer(chi, whole[0].conj()) + np.outer(phi, whole[1].conj())
        total *= grid.cell_volume
    return totals


def _everywhere(look: Look, fields: np.ndarray) -> np.ndarray:
    """Fields on this rank's points, shape (number, points here), on all points. Collective over the group."""
    grid = look.mixture.grid
    whole = np.zeros((len(fields), *grid.points), np.complex128)
    whole[(slice(None), *grid.position_block.slices)] = fields.reshape(-1, *grid.position_shape)
    return look.mixture.communicators.sum(whole).reshape(len(fields), -1)


def correction_traces(look: Look) -> list[float]:
    """tr D_a = sum_f |w_a|^2 + 2 Re <psi_a, M_a> of every species, zero but for rounding. Collective over the world."""
    mixture = look.mixture
    created = np.zeros(len(mixture.species))
    for pair in look.pairs():
        created += [float(np.vdot(w, w).real) for _, w in pair]
    mixture.communicators.sum_over_replicas(created)
    overlaps = [
        2.0 * math.sqrt(nu) * float(np.vdot(phi, moved).real)
        for nu, phi, moved in zip(mixture.weights, condensates_of(look, mixture), look.correction(), strict=True)
    ]
    return (mixture.grid.cell_volume * mixture.communicators.sum(created + overlaps)).tolist()
