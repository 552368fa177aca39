"""Thomas-Fermi densities: the kinetic energy left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.initial.trial.repulsion import require_repulsion
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant

SWEEPS = 300
"""Sweeps over the species before the iteration gives up."""


def thomas_fermi_densities(mixture: Mixture, instant: Instant, tolerance: float = 1e-8) -> list[np.ndarray]:
    """Densities that minimise sum_a integral U_a n_a + 1/2 sum_ab g_ab integral n_a n_b at given particle numbers.

    n_a = max(0, mu_a - U_a - sum_{b != a} g_ab n_b) / g_aa with mu_a from the particle number, solved species by
    species until no density changes by more than `tolerance` of its maximum (or after a fixed number of sweeps, for
    immiscible mixtures that go on drifting). Raises
    :class:`~hpcmix.initial.trial.repulsion.NoThomasFermiDensity` for a species without contact repulsion of its own.
    Collective.
    """
    couplings = mixture.interactions.couplings
    require_repulsion([species.name for species in mixture.species], couplings)
    grid = mixture.grid
    values = [species.external.value(instant) for species in mixture.species]
    external = [np.zeros(grid.position_shape) if u is None else u.astype(np.float64) for u in values]
    densities = [np.zeros(grid.position_shape) for _ in mixture.species]
    for _ in range(SWEEPS):
        change = 0.0
        for a, model in enumerate(mixture.species):
            felt = external[a] + sum(
                (couplings[a, b] * densities[b] for b in range(len(densities)) if b != a and couplings[a, b] != 0.0),
                np.zeros(()),
            )
            new = fill(mixture, felt, couplings[a, a], model.weight)
            largest, step = mixture.communicators.maximum([np.max(new), np.max(np.abs(new - densities[a]))])
            change = max(change, step / largest)
            densities[a] = new
        if change <= tolerance:
            break
    return densities


def fill(mixture: Mixture, potential: np.ndarray, coupling: float, particles: float) -> np.ndarray:
    """max(0, mu - potential) / coupling with mu such that it integrates to `particles`.

    The number is piecewise linear and convex in mu: Newton's iteration from above the solution decreases to it and ends
    exactly. Collective.
    """
    communicators, cell = mixture.communicators, mixture.grid.cell_volume
    # heights above the lowest point: where the repulsion is weak, rounding of the potential itself would hide them
    height = potential + float(communicators.maximum([-np.min(potential)])[0])
    alone = coupling * particles / cell
    level = alone  # with all particles in one cell mu would be this high: an upper bound
    for _ in range(200):
        inside = height < level
        excess, points = communicators.sum(
            [np.sum((level - height)[inside], dtype=np.float64), np.count_nonzero(inside)]
        )
        step = (excess - alone) / points
        level -= step
        if abs(step) <= 1e-15 * level:
            break
    return np.maximum(0.0, level - height) / coupling


def start_of_minimisation(mixture: Mixture, instant: Instant) -> Sequence[np.ndarray | None]:
    """Cheap densities to begin a ground state from, or None for a species without repulsion (it begins from a
    Gaussian).

    Each species alone in its potential with the repulsion of all others added to its own: overlapping clouds of about
    the right size. Collective.
    """
    couplings, weights = mixture.interactions.dilute_couplings, mixture.weights
    densities: list[np.ndarray | None] = []
    for a, species in enumerate(mixture.species):
        others = sum(max(couplings[a, b], 0.0) * weights[b] for b in range(len(weights)) if b != a)
        effective = couplings[a, a] + others / weights[a] if weights[a] > 0.0 else 0.0
        external = species.external.value(instant)
        if effective <= 0.0 or external is None:
            densities.append(None)
        else:
            densities.append(fill(mixture, external.astype(np.float64), effective, species.weight))
    return densities
