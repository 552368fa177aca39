"""What the fluctuations of coherent states do to the one-particle density matrix, where every mode is followed.

    N_a (gamma_a - |phi_a><phi_a|)  ->  D_a = gamma_aa + |chi_a><phi_a| + |phi_a><chi_a|,      chi_a = sqrt(nu_a) M_a

as N grows (evolve/fluctuations/correction.py has M). The trace of D_a is zero: particles that leave the condensate's
function are missing in it.
"""

from __future__ import annotations

import math

import numpy as np

from hpcmix.observe.fluctuations.numbers import condensates_of
from hpcmix.observe.fluctuations.sums import fluctuations_of
from hpcmix.observe.look import Look
from hpcmix.parallel.decomposition import Block, Part


def corrections(look: Look) -> list[np.ndarray]:
    """D_a of every species on this rank: D_a(x, y) dV for the points x of its block and all points y, shape (points
    here, points); in an expanding frame the frame's. The same in every replica. Collective over the world."""
    created, _ = expectations(look)
    return [created[a, :, a] + change for a, change in enumerate(_changes(look))]


def expectations(look: Look) -> tuple[np.ndarray, np.ndarray]:
    """gamma_ab(x, y) dV = <b_b^+(y) b_a(x)> dV = sum_f w_a(x) conj(w_b(y)) dV and alpha_ab(x, y) dV = <b_a(x) b_b(y)>
    dV = sum_f u_a(x) w_b(y) dV for the points x of this rank's block and all points y, shape (species, points here,
    species, points). The same in every replica. Collective over the world."""
    mixture, grid = look.mixture, look.mixture.grid
    count, held = len(mixture.species), len(fluctuations_of(look).held)
    own = np.empty((2, held, count, grid.position_block.size), np.complex128)
    for number, pair in enumerate(look.pairs()):
        for a, fields in enumerate(pair):
            own[:, number, a] = fields.reshape(2, -1)
    upper, lower = own
    whole = _everywhere(look, lower.reshape(held * count, -1)).reshape(held, -1)
    products = np.stack([_product(lower, whole.conj()), _product(upper, whole)])
    mixture.communicators.sum_over_replicas(products)
    gamma, alpha = grid.cell_volume * products.reshape(2, count, grid.position_block.size, count, -1)
    return gamma, alpha


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """sum over pairs of left_x right_y."""
    return left.reshape(len(left), -1).T @ right


def _changes(look: Look) -> list[np.ndarray]:
    """(|chi_a><phi_a| + |phi_a><chi_a|) dV of every species, shape (points here, points). Collective."""
    mixture = look.mixture
    changes = []
    for nu, condensate, moved in zip(mixture.weights, condensates_of(look), look.correction(), strict=True):
        phi, chi = condensate.ravel(), math.sqrt(nu) * moved.ravel()
        everywhere = _everywhere(look, np.stack([phi, chi]))
        outer = np.outer(chi, everywhere[0].conj()) + np.outer(phi, everywhere[1].conj())
        changes.append(mixture.grid.cell_volume * outer)
    return changes


def _everywhere(look: Look, fields: np.ndarray) -> np.ndarray:
    """Fields on this rank's points, shape (number, points here), on all points. Collective over the group."""
    grid = look.mixture.grid
    whole = np.zeros((len(fields), *grid.points), np.complex128)
    whole[(slice(None), *grid.position_block.slices)] = fields.reshape(-1, *grid.position_shape)
    return look.mixture.communicators.sum(whole).reshape(len(fields), -1)


def density_matrices(look: Look) -> dict[str, Part]:
    """gamma and alpha as parts of global arrays of shape (species, *grid, species, *grid), D_a of every species of
    shape (*grid, *grid) by the names of their datasets. Collective over the world."""
    mixture, grid = look.mixture, look.mixture.grid
    count, block = len(mixture.species), grid.position_block
    gamma, alpha = expectations(look)
    everywhere = tuple(0 for _ in grid.points)
    place = Block((0, *block.start, 0, *everywhere), (count, *block.shape, count, *grid.points))
    shape = (count, *grid.points, count, *grid.points)
    parts = {
        name: Part(shape, place, matrix.reshape(place.shape)) for name, matrix in (("gamma", gamma), ("alpha", alpha))
    }
    alone = Block((*block.start, *everywhere), (*block.shape, *grid.points))
    for a, (species, change) in enumerate(zip(mixture.species, _changes(look), strict=True)):
        matrix = gamma[a, :, a] + change
        parts[f"{species.name}/D"] = Part((*grid.points, *grid.points), alone, matrix.reshape(alone.shape))
    return parts


def correction_traces(look: Look) -> list[float]:
    """tr D_a = sum_f |w_a|^2 + 2 Re <psi_a, M_a> of every species, of those that are coherently coupled all together:
    zero but for rounding. Collective over the world."""
    mixture = look.mixture
    created = np.zeros(len(mixture.species))
    for pair in look.pairs():
        created += [float(np.vdot(w, w).real) for _, w in pair]
    mixture.communicators.sum_over_replicas(created)
    overlaps = [
        2.0 * math.sqrt(nu) * float(np.vdot(phi, moved).real)
        for nu, phi, moved in zip(mixture.weights, condensates_of(look), look.correction(), strict=True)
    ]
    traces = mixture.grid.cell_volume * mixture.communicators.sum(created + overlaps)
    for sphere in mixture.spheres:
        traces[list(sphere)] = sum(traces[a] for a in sphere)
    return traces.tolist()
