"""The Bogoliubov operator of a stationary state: what small oscillations around it obey.

With psi_a = sqrt(nu_a) phi_a, h_a = T_a + U_a + W_a + the coherent coupling R, and

    (K1 f)_a = psi_a sum_b G_ab * (conj(psi_b) f_b),        (K2 g)_a = psi_a sum_b G_ab * (psi_b g_b)

(G the second variation of the interaction energy, of local functionals too), a small oscillation

    psi_a(t) = exp(-i mu t / hbar) [psi_a + u_a exp(-i omega t) + conj(v_a) exp(i omega t)]

is a solution to first order where

    H (u, v) = hbar omega Sigma (u, v),        Sigma = diag(1, -1),
    H = [[h - mu + K1, K2], [conj(K2), conj(h - mu + K1)]].

Of a spinor gas c_2 F.f belongs to h, K1 has f_k psi c_2 (psi^+ f_k f) and K2 f_k psi c_2 (g^T f_k psi) for k = x, y, z.
H is Hermitian, and the second variation of the energy: positive where the state is a minimum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.kernels import dispatch as kernels
from hpcmix.model.components.spin import Spin, along_spin, parts_of_charges, spin_density
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.state.orbital_cloud import orbital_clouds

Vector = list[np.ndarray]
"""One complex array of this rank per species."""


class BogoliubovOperator:
    """H of a state at an instant, and how stationary the state is.

    waves       psi_a = sqrt(nu_a) phi_a, complex arrays of this rank.
    densities   rho_a = |psi_a|^2.
    potentials  U_a + W_a - mu_a, real.
    coupling    the matrix R of the instant; of spins at a given magnetisation in the frame that turns with them.
    chemical_potentials
                per species that of its sphere, the species whose particles have one number; of a spinor gas that
                keeps its magnetisation mu + m lambda, with a parameter for that too.
    spins       c_2 F of the state, of every spinor gas.
    residual    the largest of |h phi - mu phi| / |mu phi| over the spheres, as ground states are judged.
    transforms  Fourier pairs (forward and backward) of one complex field so far, convolutions not counted.
    All methods are collective, but for what says otherwise.
    """

    def __init__(self, mixture: Mixture, orbitals: Sequence[np.ndarray], instant: Instant) -> None:
        """`orbitals`: phi_a, one complex array of this rank per species, norms as CONVENTIONS.md has them. Every rank
        has all species: of a mixture with one orbital group."""
        self.mixture, self.instant = mixture, instant
        self.transforms = 0
        roots = np.sqrt(mixture.weights)
        self.waves = [np.asarray(root * orbital, np.complex128) for root, orbital in zip(roots, orbitals, strict=True)]
        self.coupling = mixture.rabi.without_precession(instant)
        clouds = orbital_clouds(np.ascontiguousarray(orbital)[np.newaxis] for orbital in orbitals)
        self.densities = mixture.densities(clouds)
        fields = mixture.interactions.mean_fields(self.densities)
        self.spins = [self._spin_field(spin) for spin in mixture.rabi.spins]
        self.potentials = [mixture.potential(a, field, instant) for a, field in enumerate(fields)]
        self.chemical_potentials = np.zeros(len(self.waves))
        self.residual = 0.0
        self._find_chemical_potentials()

    @property
    def species(self) -> int:
        """Their number."""
        return len(self.waves)

    def products(self, left: Sequence[np.ndarray], right: Sequence[np.ndarray]) -> np.ndarray:
        """<left_a|right_a> of every species."""
        local = [kernels.inner_product(first, second) for first, second in zip(left, right, strict=True)]
        return np.asarray(self.mixture.communicators.sum(np.array(local)) * self.mixture.grid.cell_volume)

    def sphere_sums(self, values: np.ndarray) -> np.ndarray:
        """For every species the sum of values of all species of its sphere. Local."""
        sums = np.zeros_like(values)
        for sphere in self.mixture.spheres:
            sums[list(sphere)] = np.sum(values[list(sphere)])
        return sums

    def apply_one_body(self, vector: Sequence[np.ndarray], conjugated: bool = False) -> Vector:
        """(h - mu) f, or conj(h - mu) f: new arrays."""
        result = []
        for a, (part, potential) in enumerate(zip(vector, self.potentials, strict=True)):
            turned = conjugated and isinstance(self.mixture.species[a].kinetic, KrylovKineticEnergy)
            field = np.array(part.conj() if turned else part, np.complex128, order="C")  # applied to in place
            self.mixture.apply_kinetic(field, a)
            if turned:
                np.conj(field, out=field)
            field += potential * part
            result.append(field)
        self.transforms += len(result)
        matrix = self.coupling.conj() if conjugated else self.coupling
        for group in self.mixture.rabi.groups:
            for a in group:
                for b in group:
                    if matrix[a, b] != 0.0:
                        result[a] += matrix[a, b] * vector[b]
        for (a, b), values in self.mixture.local.fields(self.instant).items():
            result[a] += (values.conj() if conjugated else values) * vector[b]
        for spin, spin_field in zip(self.mixture.rabi.spins, self.spins, strict=True):
            components = [part.conj() if conjugated else part for part in spin.of(vector)]
            for a, along in zip(spin.members, along_spin(spin_field, components), strict=True):
                result[a] += along.conj() if conjugated else along
        return result

    def _spin_field(self, spin: Spin) -> list[np.ndarray]:
        psi = spin.of(self.waves)
        return [spin.strength * part.real for part in spin_density(psi, psi)]

    def _add_spin_responses(
        self, u: Sequence[np.ndarray], v: Sequence[np.ndarray], upper: Vector, lower: Vector
    ) -> None:
        """upper += c_2 G.f psi and lower += c_2 conj(conj(G).f psi), with G_k = psi^+ f_k u + v^T f_k psi the change of
        F."""
        for spin in self.mixture.rabi.spins:
            psi = spin.of(self.waves)
            along_u = spin_density(psi, spin.of(u))
            along_v = spin_density([part.conj() for part in spin.of(v)], psi)
            change = [spin.strength * (first + second) for first, second in zip(along_u, along_v, strict=True)]
            for target, turned in zip(spin.of(upper), along_spin(change, psi), strict=True):
                target += turned
            mirrored = along_spin([part.conj() for part in change], psi)
            for target, turned in zip(spin.of(lower), mirrored, strict=True):
                target += turned.conj()

    def apply_form(self, u: Sequence[np.ndarray], v: Sequence[np.ndarray]) -> tuple[Vector, Vector]:
        """H (u, v), two new vectors: with c_b = conj(psi_b) u_b + psi_b v_b, the change of a density,

        (h - mu) u_a + psi_a sum_b G_ab * c_b,        conj(h - mu) v_a + conj(psi_a) sum_b G_ab * c_b.
        """
        changes = [wave.conj() * first + wave * second for wave, first, second in zip(self.waves, u, v, strict=True)]
        real = self.responses([np.ascontiguousarray(change.real) for change in changes])
        imaginary = self.responses([np.ascontiguousarray(change.imag) for change in changes])
        upper, lower = self.apply_one_body(u), self.apply_one_body(v, conjugated=True)
        for first, second, wave, even, odd in zip(upper, lower, self.waves, real, imaginary, strict=True):
            field = even + 1j * odd
            first += wave * field
            second += wave.conj() * field
        self._add_spin_responses(u, v, upper, lower)
        return upper, lower

    def responses(self, changes: Sequence[np.ndarray]) -> Vector:
        """sum_b G_ab * c_b for real changes c_b of the densities."""
        return self.mixture.interactions.responses(self.densities, changes)

    def density_change(self, u: Sequence[np.ndarray], v: Sequence[np.ndarray]) -> Vector:
        """conj(psi_a) u_a + psi_a v_a: how the density of every species oscillates, with exp(-i omega t). Local."""
        return [wave.conj() * first + wave * second for wave, first, second in zip(self.waves, u, v, strict=True)]

    def _find_chemical_potentials(self) -> None:
        """mu of every sphere, subtracted from the potentials, and the residual."""
        images = self.apply_one_body(self.waves)
        norms = self.sphere_sums(self.products(self.waves, self.waves).real)
        occupied = np.where(norms > 0.0, norms, 1.0)
        products = self.products(self.waves, images).real
        self.chemical_potentials = self.sphere_sums(products) / occupied
        for members in (list(spin.members) for spin in self.mixture.rabi.spins if spin.conserved):
            particles = self.products(self.waves, self.waves).real[members]
            self.chemical_potentials[members] = parts_of_charges(particles, products[members])
        for image, wave, potential, mu in zip(
            images, self.waves, self.potentials, self.chemical_potentials, strict=True
        ):
            image -= mu * wave
            potential -= mu
        grid = self.mixture.grid
        smallest = np.array([one.kinetic.smallest_excitation(grid) for one in self.mixture.species])
        scale = np.maximum(np.abs(self.chemical_potentials), smallest)
        distances = np.sqrt(self.sphere_sums(self.products(images, images).real) / occupied)
        self.residual = float(np.max(distances / scale))
