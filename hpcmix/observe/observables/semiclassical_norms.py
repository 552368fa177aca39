"""The semi-classical norms of a Slater determinant (Cardenas, Miller and Pavlovic (2.9), (2.11)): trace norms of
commutators with omega = sum_j |phi_j><phi_j|.

For an operator A put Y = (1 - omega) A Phi and Z = (1 - omega) A^+ Phi. Then

    [A, omega] = Y Phi^+ - Phi Z^+

maps the span of Phi into its complement by the first part and back by the second: the two parts neither start nor end
in a common space, and ||[A, omega]||_Tr = ||Y||_Tr + ||Z||_Tr, where ||Y||_Tr is the sum of the roots of the
eigenvalues of the M x M Gram matrix Y^+ Y. So an operator of rank 2M on the whole space costs two Gram matrices. For a
self-adjoint A both parts are equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable
from hpcmix.parallel.orbital_algebra import OrbitalAlgebra
from hpcmix.problem.units.dimensions import LENGTH, MOMENTUM


def position_norms(mixture: Mixture, orbitals: np.ndarray, species: int) -> list[float]:
    """||[x, omega]||_Tr for every axis. Collective over the world; needs room for a second set of orbitals."""
    algebra = mixture.algebra(species)
    return [2.0 * _trace_norm(algebra, orbitals, orbitals * x) for x in mixture.grid.coordinates]


def momentum_norms(mixture: Mixture, orbitals: np.ndarray, species: int) -> list[float]:
    """||[i hbar grad, omega]||_Tr for every axis. Collective over the world; needs room for a second set."""
    algebra = mixture.algebra(species)
    return [
        2.0 * _trace_norm(algebra, orbitals, _momentum_times(mixture, orbitals, axis))
        for axis in range(mixture.grid.dimensions)
    ]


def plane_wave_norm(
    mixture: Mixture, orbitals: np.ndarray, species: int, wave_vector: np.ndarray | Sequence[float]
) -> float:
    """||[exp(i xi.x), omega]||_Tr for one vector xi. Collective over the world; needs room for a second set."""
    algebra = mixture.algebra(species)
    phase = sum(float(xi) * x for xi, x in zip(wave_vector, mixture.grid.coordinates, strict=True))
    wave = np.exp(1j * phase).astype(orbitals.dtype)
    return _trace_norm(algebra, orbitals, orbitals * wave) + _trace_norm(algebra, orbitals, orbitals * wave.conj())


def semiclassical_norms(mixture: Mixture, orbitals: np.ndarray, species: int) -> dict[str, list[float]]:
    """``position`` and ``momentum`` as in (2.11), per axis; ``plane_wave`` as in (2.9) for a unit vector xi along each
    axis. Undivided: the paper's bounds are C M hbar and C M hbar sqrt(1 + xi^2). Collective over the world."""
    units = np.eye(mixture.grid.dimensions)
    return {
        "position": position_norms(mixture, orbitals, species),
        "momentum": momentum_norms(mixture, orbitals, species),
        "plane_wave": [plane_wave_norm(mixture, orbitals, species, unit) for unit in units],
    }


def _trace_norm(algebra: OrbitalAlgebra, orbitals: np.ndarray, vectors: np.ndarray) -> float:
    """||(1 - omega) V||_Tr; the vectors V are overwritten."""
    algebra.project_out(orbitals, vectors)
    # from V itself and not from <V|V> - <V|omega|V>: a difference would lose half of the digits
    return float(np.sum(np.sqrt(np.maximum(np.linalg.eigvalsh(algebra.gram(vectors)), 0.0))))


def _momentum_times(mixture: Mixture, orbitals: np.ndarray, axis: int) -> np.ndarray:
    """-i hbar d/dx of every orbital, in a new set. Collective over the group."""
    result = orbitals.copy()
    for orbital in result:
        mixture.apply_momentum(orbital, axis)
    return result


class _SemiclassicalNorms(Observable):
    labels = (
        Label("semiclassical_position", "trace norm of [x, omega]", LENGTH),
        Label("semiclassical_momentum", "trace norm of [i hbar grad, omega]", MOMENTUM),
        Label("semiclassical_plane_wave", "trace norm of [exp(i x), omega]"),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].is_set

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"semiclassical": semiclassical_norms(look.mixture, look.orbital_set(species), species)}


OBSERVABLE = _SemiclassicalNorms()
