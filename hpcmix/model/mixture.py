"""The canonical mean-field model: what acts on the orbitals of every species.

    i hbar d/dt phi_aj = [ T_a + U_a(t, x) + sum_b (G_ab * rho_b)(t, x) ] phi_aj,        rho_a = nu_a sum_j |phi_aj|^2

    E = sum_a nu_a sum_j <phi_aj| T_a + U_a |phi_aj> + 1/2 sum_ab integral rho_a (G_ab * rho_b)

(EQUATIONS section 1.) Every system that hpcmix solves is this equation with a choice of T, U, G and nu.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.grid import Grid
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.contact import ContactInteraction
from hpcmix.model.convolution import ConvolutionInteraction
from hpcmix.model.energy import Energy
from hpcmix.model.envelope import Instant
from hpcmix.model.kinetic import NonrelativisticKineticEnergy
from hpcmix.model.potentials import ExternalPotential
from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.transform import Transform


@dataclass(frozen=True)
class SpeciesModel:
    """What one species brings: its name, mass, weight nu (particles per orbital), kinetic energy T and external
    potential U."""

    name: str
    mass: float
    weight: float
    kinetic: NonrelativisticKineticEnergy
    external: ExternalPotential


class Mixture:
    """All species, their interactions, and the grid they live on.

    transform   the complex transform; every sum over ranks goes through its communicators.
    Arrays are this rank's blocks; densities and potentials are lists of one real array per species.
    """

    def __init__(
        self,
        grid: Grid,
        transform: Transform,
        species: Sequence[SpeciesModel],
        contact: ContactInteraction,
        convolution: ConvolutionInteraction,
        hbar: float,
    ) -> None:
        self.grid = grid
        self.transform = transform
        self.species = tuple(species)
        self.contact = contact
        self.convolution = convolution
        self.hbar = hbar
        self.weights = np.array([one.weight for one in self.species])

    @property
    def communicators(self) -> Communicators:
        """The ranks that share this model's grid."""
        return self.transform.communicators

    @property
    def real_dtype(self) -> np.dtype:
        """Type of densities and potentials."""
        return np.empty(0, self.transform.wave_dtype).real.dtype

    def free(self) -> None:
        """Give the transforms' MPI resources back (collective)."""
        self.convolution.free()
        self.transform.free()

    def conserves_energy_after(self, time: float) -> bool:
        """Whether no external potential changes at or after `time`."""
        return not any(one.external.changes_after(time) for one in self.species)

    # --------------------------------------------------------------- densities and potentials

    def density(self, orbitals: np.ndarray, weight: float) -> np.ndarray:
        """rho = weight sum_j |phi_j|^2 of one species' orbitals, shape (M, *grid)."""
        density = np.zeros(self.grid.position_shape, self.real_dtype)
        for orbital in orbitals:
            kernels.accumulate_density(orbital, weight, density)
        return density

    def densities(self, orbitals: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The density of every species."""
        return [self.density(array, one.weight) for array, one in zip(orbitals, self.species, strict=True)]

    def mean_fields(self, densities: Sequence[np.ndarray]) -> list[np.ndarray]:
        """W_a = sum_b G_ab * rho_b, without the external potential. Collective."""
        fields = [np.zeros_like(density) for density in densities]
        self.contact.add_potential(densities, fields)
        self.convolution.add_potential(densities, fields)
        return fields

    def potentials(self, densities: Sequence[np.ndarray], instant: Instant) -> list[np.ndarray]:
        """U_a + W_a at an instant. Collective."""
        fields = self.mean_fields(densities)
        for one, field in zip(self.species, fields, strict=True):
            external = one.external.value(instant)
            if external is not None:
                field += external
        return fields

    # --------------------------------------------------------------- energies

    def integrate(self, left: np.ndarray, right: np.ndarray) -> float:
        """integral left(x) right(x) of two real arrays over this rank's block, accumulated in double precision."""
        return self.grid.cell_volume * float(np.sum(left * right, dtype=np.float64))

    def kinetic_energy(self, orbital: np.ndarray, species: int) -> float:
        """This rank's part of <phi|T|phi> for one orbital. Collective."""
        spectrum = self.transform.forward(orbital, self.transform.work)
        symbols = self.species[species].kinetic.axis_symbols(self.grid)
        return kernels.weighted_norm(spectrum, symbols) * self.grid.cell_volume * self.transform.inverse_points

    def energy_parts(
        self, orbitals: Sequence[np.ndarray], densities: Sequence[np.ndarray], instant: Instant
    ) -> np.ndarray:
        """Per species, the columns integral of T, of U rho and of W rho, weights included, summed over the ranks.
        Collective."""
        fields = self.mean_fields(densities)
        parts = np.zeros((len(self.species), 3))
        for a, one in enumerate(self.species):
            external = one.external.value(instant)
            parts[a] = (
                one.weight * sum(self.kinetic_energy(orbital, a) for orbital in orbitals[a]),
                0.0 if external is None else self.integrate(densities[a], external),
                self.integrate(densities[a], fields[a]),
            )
        return self.communicators.sum(parts)

    def energy(self, orbitals: Sequence[np.ndarray], instant: Instant) -> Energy:
        """The energy by term. Collective."""
        return Energy.of(self.energy_parts(orbitals, self.densities(orbitals), instant))
