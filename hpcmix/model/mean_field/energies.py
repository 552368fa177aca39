"""The energy of a mixture by term: averages over its clouds, in the laboratory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.model.components.spin import along_spin, spin_density
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.model.terms.energy import Energy
from hpcmix.model.terms.term import Densities
from hpcmix.state.cloud import Cloud
from hpcmix.state.marker_cloud import marker_cloud


def spectral_averages(mixture: Mixture, orbital: np.ndarray, species: int) -> np.ndarray:
    """This rank's part of <phi|T|phi> and, per axis, of <phi| -i hbar grad + A |phi> for one orbital. Collective.

    Where T is a multiplier these are ``sum_k T(k) |phi^(k)|^2 dV / n_points``, and hbar k in place of T(k); the
    Nyquist mode of an even axis has no direction and counts as k = 0 in the second.
    """
    kinetic = mixture.species[species].kinetic
    if isinstance(kinetic, KrylovKineticEnergy):
        return kinetic.averages(orbital) * mixture.grid.cell_volume
    return averages_of_spectrum(mixture, mixture.transform.forward(orbital, mixture.transform.work), species)


def averages_of_spectrum(mixture: Mixture, spectrum: np.ndarray, species: int) -> np.ndarray:
    """The same from an orbital's transform, where T is a multiplier. Local."""
    grid = mixture.grid
    averages = [mixture.species[species].multiplier.norm(grid, spectrum)]
    zeros = [np.zeros(n) for n in grid.wave_block.shape]
    for axis in range(grid.dimensions):
        weights = list(zeros)
        weights[axis] = mixture.hbar * grid.local_wave_numbers(axis, odd=True)
        averages.append(mixture.engine.kernels.weighted_norm(spectrum, weights))
    return np.array(averages) * (grid.cell_volume * mixture.transform.inverse_points)


def potential_energies(
    mixture: Mixture, densities: Densities, mean_fields: Sequence[np.ndarray], instant: Instant
) -> np.ndarray:
    """Per species, this rank's part of the integrals of U rho and of W rho in the laboratory; the same in every
    group. The mean fields are those of the instant. (Half of the second is the energy of pairs; of a chemical
    potential it is the whole.) U of markers is not on the grid: :func:`marker_energies`."""
    parts = np.zeros((len(mixture.species), 2))
    for a, species in enumerate(mixture.species):
        external = None if species.markers is not None else species.external.value(instant)
        if external is not None:
            parts[a, 0] = mixture.grid.integrate(densities[a], external)
        parts[a, 1] = mixture.grid.integrate(densities[a], mean_fields[a])
    return parts * instant.contraction**2


def spin_energies(mixture: Mixture, orbitals: Sequence[np.ndarray], instant: Instant) -> np.ndarray:
    """Per species, this rank's part of c_2/2 integral F.(psi^+ f psi)_a, in the laboratory: what a component has of
    the energy of spins.

    orbitals  of the components, complete and in position space; others are not looked at."""
    energies = np.zeros(len(mixture.species))
    for spin in mixture.rabi.spins:
        psi = [np.sqrt(mixture.weights[a]) * orbitals[a][0] for a in spin.members]
        strength = spin.strength_in_frame(instant.contraction, mixture.grid.dimensions) * instant.contraction**2
        field = along_spin([part.real for part in spin_density(psi, psi)], psi)
        for a, own, turned in zip(spin.members, psi, field, strict=True):
            product = mixture.engine.kernels.inner_product(own, np.ascontiguousarray(turned, own.dtype))
            energies[a] = 0.5 * strength * mixture.grid.cell_volume * product.real
    return energies


def coupling_energies(mixture: Mixture, orbitals: Sequence[np.ndarray], instant: Instant) -> np.ndarray | None:
    """Per species, this rank's part of nu Re sum_b <phi_a|R_ab|phi_b>; None where nothing is coupled.

    orbitals  of the coupled species, complete (no pending kick); others are not looked at.
    """
    if not mixture.rabi.groups:
        return None
    matrix, energies = mixture.rabi.matrix(instant), np.zeros(len(mixture.species))
    for group in mixture.rabi.groups:
        for a in group:
            for b in group:
                overlap = mixture.engine.kernels.inner_product(orbitals[a][0], orbitals[b][0])
                energies[a] += (mixture.weights[a] * mixture.grid.cell_volume) * (matrix[a, b] * overlap).real
    for a, share in mixture.local.energies(orbitals, instant).items():
        energies[a] += mixture.weights[a] * mixture.grid.cell_volume * share
    return energies


def marker_energies(mixture: Mixture, clouds: Sequence[Cloud], instant: Instant) -> np.ndarray:
    """Per species sum_i w_i T(p_i) and sum_i w_i U(x_i) over the markers of this rank, shape (species, 2), where
    grid and laboratory agree and no kick is pending; zero for species without markers. Local."""
    parts = np.zeros((len(mixture.species), 2))
    for a, laws in mixture.carried:
        parts[a] = laws.energies(marker_cloud(clouds[a]).markers, instant)
    return parts


def energy(mixture: Mixture, clouds: Sequence[Cloud], instant: Instant) -> Energy:
    """The energy by term, of clouds whose wave functions are complete (no pending kick), where grid and laboratory
    agree. Collective."""
    densities, orbitals = mixture.densities(clouds), [cloud.orbitals for cloud in clouds]
    kinetic = np.zeros(len(mixture.species))
    for a, species in enumerate(mixture.species):
        kinetic[a] = species.weight * sum(spectral_averages(mixture, orbital, a)[0] for orbital in orbitals[a])
    interaction = mixture.interactions.interact(densities)
    terms = dict(interaction.energies)
    if mixture.rabi.spins:
        terms["spin"] = spin_energies(mixture, orbitals, instant)
    potentials = potential_energies(mixture, densities, interaction.mean_fields, instant)
    sums = mixture.communicators
    coupling = coupling_energies(mixture, orbitals, instant)
    of_markers = (
        sums.sum_all(marker_energies(mixture, clouds, instant)) if mixture.carried else np.zeros_like(potentials)
    )
    return Energy.of(
        sums.sum_all(kinetic) + of_markers[:, 0],
        sums.sum(potentials)[:, 0] + of_markers[:, 1],
        {name: sums.sum(share) for name, share in terms.items()},
        None if coupling is None else sums.sum(coupling),
    )
