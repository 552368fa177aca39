"""The energy at a set of fields, its gradient, and the residual: what every method that looks for a ground state
needs.

The fields live on a product of unit spheres. A sphere is one species, or the species that a coherent coupling turns
into each other: of them the norms' sum is fixed, and they share one weight nu and one chemical potential.
"""

from __future__ import annotations

import math

import numpy as np

from hpcmix.initial.descent.held_phases import FREE, Phases, project_phases
from hpcmix.initial.descent.preconditioning.quadratures import preconditioner_for
from hpcmix.initial.descent.preconditioning.rotations import Rotations
from hpcmix.initial.descent.spins import Magnetisations, SpinEnergies
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mean_field.energies import coupling_energies
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant


class Landscape:
    """One field per species, T phi, W = U + G * rho, the coupling R of the instant, and what follows from them.

    fields      complex arrays of this rank, changed in place by whoever searches.
    held        species that stay as they are: part of the mean field, not of the search.
    phases      of species whose phase is held (held_phases.py); their gradients, residuals and second variations are
                those of real functions.
    energy      total energy of the fields as of the last :meth:`evaluate`.
    residual    largest of |H phi - mu phi| / |mu phi| over the spheres as of the last :meth:`differentiate`.
    chemical_potentials
                per species that of its sphere.
    transforms  Fourier pairs (forward and backward) of one field so far.
    All methods are collective.
    """

    def __init__(
        self,
        mixture: Mixture,
        fields: list[np.ndarray],
        instant: Instant,
        held: frozenset[int],
        phases: Phases = FREE,
    ) -> None:
        self.mixture = mixture
        self.phases = phases
        self.fields = fields
        self.instant = instant
        self.held = held
        self.weights = mixture.weights
        self.coupling = mixture.rabi.matrix(instant)
        self.coupled = [(a, b) for group in mixture.rabi.groups for a in group for b in group]
        self.preconditioner = preconditioner_for(mixture, coupling=self.coupling)
        self._turns = any(species.kinetic.rotates for species in mixture.species)
        self._rotations = Rotations()
        self._same_sphere = np.zeros((len(fields), len(fields)))
        for sphere in mixture.spheres:
            self._same_sphere[np.ix_(sphere, sphere)] = 1.0
        self.spins, self.magnetisations = SpinEnergies(mixture), Magnetisations(mixture)
        self.kinetic = [np.empty_like(f) for f in fields]  # T phi
        self.gradients = [np.zeros_like(f) for f in fields]  # H phi - mu phi
        self.densities = np.empty(0)  # rho
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

    def metric(self, left: list[np.ndarray], right: list[np.ndarray]) -> float:
        """sum_a nu_a Re <left_a | right_a>: what lengths and curvatures are measured with. Collective."""
        return float(np.dot(self.weights, self.products(left, right)))

    def add_coupling(self, source: list[np.ndarray], species: int, target: np.ndarray) -> None:
        """target += sum_b R_ab source_b + (c_2 F.f source)_a for one species a."""
        for a, b in self.coupled:
            if a == species and self.coupling[a, b] != 0.0:
                target += source[b].dtype.type(self.coupling[a, b]) * source[b]
        self.spins.add_to(source, species, target)
        if self.mixture.local:
            self.mixture.local.add_to(source, species, target, self.instant)

    def coupling_energy(self, fields: list[np.ndarray]) -> float:
        """This rank's part of sum_ab nu Re <phi_a|R_ab|phi_b>."""
        energies = coupling_energies(self.mixture, [field[np.newaxis] for field in fields], self.instant)
        return 0.0 if energies is None else float(np.sum(energies))

    def coupling_curvature(self, vectors: list[np.ndarray]) -> float:
        """This rank's part of half the second derivative of the energies of coupling and spins along the vectors."""
        return self.coupling_energy(vectors) + self.spins.second_variation(self.fields, vectors)

    def apply_kinetic(self, source: list[np.ndarray], target: list[np.ndarray]) -> None:
        """target = T source."""
        for a, (field, result) in enumerate(zip(source, target, strict=True)):
            result[...] = field
            self.preconditioner.apply_kinetic(result, a)
        self.transforms += len(source)

    def evaluate(self) -> None:
        """W_a = U_a + sum_b G_ab * rho_b of the present fields, and their energy; T phi must be up to date."""
        mixture = self.mixture
        densities = self._densities()
        interaction = mixture.interactions.interact(densities)
        self.densities, self.totals = densities, interaction.mean_fields
        local = np.array([sum(map(np.sum, interaction.energies.values())), self.coupling_energy(self.fields)])
        local[1] += self.spins.see(self.fields)
        for species, density, total in zip(mixture.species, densities, self.totals, strict=True):
            external = species.external.value(self.instant)
            if external is not None:
                local[1] += mixture.grid.integrate(density, external)
                total += external
        kinetic = float(np.dot(self.weights, self.products(self.fields, self.kinetic)))
        self.energy = kinetic + float(np.sum(mixture.communicators.sum(local)))

    def _densities(self) -> np.ndarray:
        """nu |phi|^2 of every species; every orbital group has all fields, so that nothing is summed over groups."""
        mixture = self.mixture
        densities = mixture.engine.empty((len(self.fields), *mixture.grid.position_shape), mixture.real_dtype)
        for field, weight, density in zip(self.fields, self.weights, densities, strict=True):
            mixture.engine.kernels.take_density(field, weight, density, add=False, axes=0)
        return densities

    def refresh(self) -> None:
        """Normalise phi and compute T phi and W anew."""
        project_phases(self.phases, self.fields)
        norms = np.sqrt(self.sphere_products(self.fields, self.fields))
        for field, norm in zip(self.fields, norms, strict=True):
            field /= field.real.dtype.type(norm)
        self.restore_magnetisations()
        self.apply_kinetic(self.fields, self.kinetic)
        self.evaluate()
        self._rotations.forget()

    def restore_magnetisations(self) -> None:
        """Bring phi, which is normalised, to the magnetisations that are kept, and T phi along."""
        if self.magnetisations:
            factors = np.ones(len(self.fields))
            self.magnetisations.scale(factors, self.products(self.fields, self.fields))
            for field, kinetic, factor in zip(self.fields, self.kinetic, factors, strict=True):
                field *= field.real.dtype.type(factor)
                kinetic *= field.real.dtype.type(factor)

    def normal_parts(self, vectors: list[np.ndarray]) -> np.ndarray:
        """For every species the number n_a with which phi_a n_a is what real vectors have of the normals of all that is
        kept."""
        if not self.magnetisations:
            return self.sphere_products(self.fields, vectors)
        products = self.products(self.fields, vectors)
        parts = self._same_sphere @ products
        self.magnetisations.combine(parts, self.products(self.fields, self.fields), products)
        return parts

    def differentiate(self) -> None:
        """r_a = (H phi)_a - mu_a phi_a, mu_a and the residual."""
        for a, (gradient, kinetic, total) in enumerate(zip(self.gradients, self.kinetic, self.totals, strict=True)):
            np.multiply(self.fields[a], total, out=gradient)
            gradient += kinetic
            self.add_coupling(self.fields, a, gradient)
        self.chemical_potentials = self.normal_parts(self.gradients)
        for gradient, field, mu in zip(self.gradients, self.fields, self.chemical_potentials, strict=True):
            gradient -= field.real.dtype.type(mu) * field
        for a in self.held:
            self.gradients[a].fill(0.0)
        project_phases(self.phases, self.gradients)
        norms = np.sqrt(self.sphere_products(self.gradients, self.gradients))
        self.residual = float(
            np.max(norms / np.maximum(np.abs(self.chemical_potentials), self.preconditioner.lowest_energies))
        )

    # --------------------------------------------------------------- second variation

    def linearised(self) -> None:
        """Make the second variation at the present fields, which :meth:`differentiate` has seen, ready to be
        applied."""
        self.preconditioner.prepare(
            self.fields, self.totals, self.chemical_potentials, self.sphere_products(self.fields, self.kinetic)
        )
        if self._turns and self._rotations.due:
            self._rotations.find(self, self.mixture, self.fields)

    def project(self, vectors: list[np.ndarray]) -> None:
        """Make vectors tangent to the spheres and orthogonal to the turning of every sphere's phase, in place:
        d_a - phi_a sum_b <phi_b|d_b> over the sphere of a; zero for what is held."""
        local = [kernels.inner_product(phi, d) for phi, d in zip(self.fields, vectors, strict=True)]
        products = self.mixture.communicators.sum(local) * self.mixture.grid.cell_volume
        parts = self._same_sphere @ products
        if self.magnetisations:
            self.magnetisations.combine(parts, self.products(self.fields, self.fields), products)
        for a, (field, vector) in enumerate(zip(self.fields, vectors, strict=True)):
            if a in self.held:
                vector.fill(0.0)
            else:
                vector -= vector.dtype.type(parts[a]) * field
        project_phases(self.phases, vectors)

    def precondition(self, vectors: list[np.ndarray]) -> None:
        """An approximate inverse of the second variation, in place."""
        parts = self._rotations.parts(self, vectors)
        self.preconditioner.apply(vectors)
        self._rotations.add(parts, vectors)
        for a in self.held:  # the preconditioner couples the species; what is held stays
            vectors[a].fill(0.0)
        project_phases(self.phases, vectors)
        self.transforms += len(vectors)

    def density_changes(self, vectors: list[np.ndarray]) -> list[np.ndarray]:
        """rho'_a = 2 nu_a Re(conj(phi_a) d_a), what the densities change by along the vectors."""
        return [
            (2.0 * nu * (field.real * d.real + field.imag * d.imag)).astype(self.mixture.real_dtype, copy=False)
            for nu, field, d in zip(self.weights, self.fields, vectors, strict=True)
        ]

    def apply_second_variation(self, vectors: list[np.ndarray], result: list[np.ndarray]) -> None:
        """result_a = (T_a + W_a - mu_a) d_a + sum_b R_ab d_b + phi_a W'_a with W' the change of the mean fields along
        d: half the second derivative of the energy along the spheres is :meth:`metric` of d and this. Tangent again
        after :meth:`project`."""
        self.apply_kinetic(vectors, result)
        changes = self.mixture.interactions.responses(self.densities, self.density_changes(vectors))
        for a, (vector, applied, change) in enumerate(zip(vectors, result, changes, strict=True)):
            applied += (self.totals[a] - self.totals[a].dtype.type(self.chemical_potentials[a])) * vector
            self.add_coupling(vectors, a, applied)
            applied += change * self.fields[a]
        self.spins.add_responses(self.fields, vectors, result)
        self.project(result)

    def noise(self) -> list[np.ndarray]:
        """Independent random numbers at every point of every field: a vector that has a part of every direction."""
        grid, dtype = self.mixture.grid, self.mixture.transform.wave_dtype
        return [complex_noise(grid, 0, (1 << 61) + (a << 32)).astype(dtype) for a in range(len(self.fields))]

    def move_to(self, start: list[np.ndarray], vectors: list[np.ndarray], step: float) -> None:
        """Put the fields at start + step vectors, normalised, and see what that is."""
        for field, first, vector in zip(self.fields, start, vectors, strict=True):
            np.multiply(vector, vector.real.dtype.type(step), out=field)
            field += first
        self.refresh()

    @property
    def energy_scale(self) -> float:
        """What curvatures are small beside."""
        return float(np.max(np.maximum(np.abs(self.chemical_potentials), self.preconditioner.lowest_energies)))
