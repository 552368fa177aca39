"""The energy at a set of fields, its gradient, and the residual: what every method that looks for a ground state
needs.

The fields live on a product of unit spheres. A sphere is one species, or the species that a coherent coupling turns
into each other: of them the norms' sum is fixed, and they share one weight nu and one chemical potential.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.initial.preconditioner import Preconditioner
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture


class Landscape:
    """One field per species, T phi, W = U + G * rho, the coupling R of the instant, and what follows from them.

    fields      complex arrays of this rank, changed in place by whoever searches.
    held        species that stay as they are: part of the mean field, not of the search.
    energy      total energy of the fields as of the last :meth:`evaluate`.
    residual    largest of |H phi - mu phi| / |mu phi| over the spheres as of the last :meth:`differentiate`.
    chemical_potentials
                per species that of its sphere.
    transforms  Fourier pairs (forward and backward) of one field so far.
    All methods are collective.
    """

    def __init__(self, mixture: Mixture, fields: list[np.ndarray], instant: Instant, held: frozenset[int]) -> None:
        self.mixture = mixture
        self.fields = fields
        self.instant = instant
        self.held = held
        self.weights = mixture.weights
        self.coupling = mixture.rabi.matrix(instant)
        self.coupled = [(a, b) for group in mixture.rabi.groups for a in group for b in group]
        self.preconditioner = Preconditioner(mixture, coupling=self.coupling)
        self._same_sphere = np.zeros((len(fields), len(fields)))
        for sphere in mixture.spheres:
            self._same_sphere[np.ix_(sphere, sphere)] = 1.0
        self.kinetic = [np.empty_like(f) for f in fields]  # T phi
        self.gradients = [np.zeros_like(f) for f in fields]  # H phi - mu phi
        self.densities: Sequence[np.ndarray] = []  # rho
        self.totals: list[np.ndarray] = []  # W
        self.chemical_potentials = np.zeros(len(fields))
        self.transforms = 0
        self.residual = self.energy = math.inf

    def products(self, left: list[np.ndarray], right: list[np.ndarray]) -> np.ndarray:
        """Re <left_a | right_a> for every species. Collective."""
        local = [kernels.inner_product(u, v).real for u, v in zip(left, right, strict=True)]
        return self.mixture.communicators.sum(local) * self.mixture.grid.cell_volume

    def sphere_products(self, left: list[np.ndarray], right: list[np.ndarray]) -> np.ndarray:
        """For every species the sum of Re <left_b | right_b> over its sphere. Collective."""
        return self._same_sphere @ self.products(left, right)

    def add_coupling(self, source: list[np.ndarray], species: int, target: np.ndarray) -> None:
        """target += sum_b R_ab source_b for one species a."""
        for a, b in self.coupled:
            if a == species and self.coupling[a, b] != 0.0:
                target += source[b].dtype.type(self.coupling[a, b]) * source[b]

    def coupling_energy(self, fields: list[np.ndarray]) -> float:
        """This rank's part of sum_ab nu Re <phi_a|R_ab|phi_b>."""
        energies = self.mixture.coupling_energies([field[np.newaxis] for field in fields], self.instant)
        return 0.0 if energies is None else float(np.sum(energies))

    def apply_kinetic(self, source: list[np.ndarray], target: list[np.ndarray]) -> None:
        """target = T source."""
        for a, (field, result) in enumerate(zip(source, target, strict=True)):
            result[...] = field
            self.preconditioner.apply_kinetic(result, a)
        self.transforms += len(source)

    def evaluate(self) -> None:
        """W_a = U_a + sum_b G_ab * rho_b of the present fields, and their energy; T phi must be up to date."""
        mixture = self.mixture
        densities = mixture.densities([field[np.newaxis] for field in self.fields])
        interaction = mixture.interact(densities)
        self.densities, self.totals = densities, interaction.mean_fields
        local = np.array([sum(map(np.sum, interaction.energies.values())), self.coupling_energy(self.fields)])
        for one, density, total in zip(mixture.species, densities, self.totals, strict=True):
            external = one.external.value(self.instant)
            if external is not None:
                local[1] += mixture.grid.integrate(density, external)
                total += external
        kinetic = float(np.dot(self.weights, self.products(self.fields, self.kinetic)))
        self.energy = kinetic + float(np.sum(mixture.communicators.sum(local)))

    def refresh(self) -> None:
        """Normalise phi and compute T phi and W anew."""
        norms = np.sqrt(self.sphere_products(self.fields, self.fields))
        for field, norm in zip(self.fields, norms, strict=True):
            field /= field.real.dtype.type(norm)
        self.apply_kinetic(self.fields, self.kinetic)
        self.evaluate()

    def differentiate(self) -> None:
        """r_a = (H phi)_a - mu_a phi_a, mu_a and the residual."""
        for a, (gradient, kinetic, total) in enumerate(zip(self.gradients, self.kinetic, self.totals, strict=True)):
            np.multiply(self.fields[a], total, out=gradient)
            gradient += kinetic
            self.add_coupling(self.fields, a, gradient)
        self.chemical_potentials = self.sphere_products(self.fields, self.gradients)
        for gradient, field, mu in zip(self.gradients, self.fields, self.chemical_potentials, strict=True):
            gradient -= field.real.dtype.type(mu) * field
        for a in self.held:
            self.gradients[a].fill(0.0)
        norms = np.sqrt(self.sphere_products(self.gradients, self.gradients))
        self.residual = float(
            np.max(norms / np.maximum(np.abs(self.chemical_potentials), self.preconditioner.lowest_energies))
        )
