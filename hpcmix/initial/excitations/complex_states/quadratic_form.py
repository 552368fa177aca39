"""The quadratic form of the energy around a stationary state, whatever the phase of its wave functions, on blocks of
pairs of amplitudes x = (u, v).

A small oscillation obeys hbar omega Sigma x = H x with the Hermitian H of
:class:`~hpcmix.initial.excitations.bogoliubov_operator.BogoliubovOperator` and Sigma = diag(1, -1). <x|H x> is the
second variation of E - sum mu N along u + conj(v): H is positive at a minimum, but for the directions along which
nothing changes. Solutions come in twos: with (u, v) and omega also (conj v, conj u) and -conj(omega); where omega is
not real, in fours.
"""

from __future__ import annotations

import numpy as np

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.complex_states.blocks import BlockAlgebra, combined
from hpcmix.model.components.spin import CHARGES, Spin, has_two_charges

CONSERVED = 1e-6
"""Singular value of the products <z|Sigma z'> of flat directions of unit length below which they are zero: they are one
or of the size of the state's residual."""


class QuadraticForm:
    """H on blocks, complex arrays (vectors, 2, species, *local grid), and what is known of its null space.

    operator   H of a state.
    algebra    of blocks.
    psi        sqrt(nu) phi, shape (species, *local grid).
    excluded   an orthonormal basis of what :meth:`project` takes out.
    All methods are collective.
    """

    def __init__(self, operator: BogoliubovOperator) -> None:
        self.operator, self.mixture = operator, operator.mixture
        self.algebra = BlockAlgebra(self.mixture.communicators, self.mixture.grid.cell_volume)
        self.psi = np.array(operator.waves)
        self._flat = np.zeros((0, *self.shape), np.complex128)
        self._excluded_flat = 0
        self.excluded = self._null_space()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one vector on this rank."""
        return (2, *self.psi.shape)

    @property
    def energy_scale(self) -> float:
        """What energies are small beside: chemical potentials, or the lowest kinetic energies of the box."""
        smallest = [species.kinetic.smallest_excitation(self.mixture.grid) for species in self.mixture.species]
        return float(np.max(np.maximum(np.abs(self.operator.chemical_potentials), smallest)))

    @property
    def symmetries(self) -> list[str]:
        """What is excluded, in words."""
        species = self.mixture.species
        phases = [" and ".join(species[a].name for a in sphere) for sphere in self.mixture.spheres]
        phases += [f"spins of {' and '.join(species[a].name for a in spin.members)}" for spin in self._turning_spins]
        return [f"phase of {names}" for names in phases] + ["flat direction"] * self._excluded_flat

    def apply(self, vectors: np.ndarray) -> np.ndarray:
        """H of every vector."""
        images = np.empty_like(vectors)
        for vector, image in zip(vectors, images, strict=True):
            image[0], image[1] = self.operator.apply_form(vector[0], vector[1])
        return images

    # --------------------------------------------------------------- directions along which nothing changes

    def exclude(self, flat: np.ndarray) -> None:
        """Leave more directions out along which the form is flat: vectors x with H x = 0 up to the residual, such as
        shifts of a cloud that nothing holds."""
        self._flat = np.concatenate([self._flat, flat, partners(flat)])
        self._excluded_flat += len(flat)
        self.excluded = self._null_space()

    def project(self, vectors: np.ndarray) -> None:
        """Take out, in place, what belongs to the directions z along which nothing changes: the parts along Sigma z,
        which hold the conserved numbers, and along z. Of the turning of the phase of species a, z = (psi_a,
        -conj(psi_a)): u becomes orthogonal to psi_a and v to conj(psi_a). Frequencies of what is left are those of the
        whole."""
        self.algebra.project_out(self.excluded, vectors)

    def complete(self, vectors: np.ndarray, frequencies: np.ndarray) -> None:
        """Add the parts along the phases' directions z that :meth:`project` took out, in place: with L = Sigma H / hbar
        and L x = omega x + sum beta z they are beta z / omega. Vectors whose frequency is zero stay."""
        phases = self.phases()
        images = signed(self.apply(vectors)) / self.mixture.hbar
        norms = self.algebra.lengths(phases) ** 2
        parts = self.algebra.overlaps(phases, images) / np.where(norms > 0.0, norms, 1.0)[:, np.newaxis]
        nonzero = np.where(frequencies == 0.0, np.inf, frequencies)
        vectors += combined(phases, parts / nonzero)

    def residuals(self, frequencies: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """|L x - omega x| / |omega x| of complete vectors."""
        turning = frequencies.reshape(-1, *[1] * len(self.shape)) * vectors
        distance = self.algebra.lengths(signed(self.apply(vectors)) / self.mixture.hbar - turning)
        return distance / np.maximum(self.algebra.lengths(turning), np.finfo(float).tiny)

    def phases(self) -> np.ndarray:
        """z = (psi_a, -conj(psi_a)) for every sphere, the turning of its phase; and (m psi_m, -m conj(psi_m)), that of
        spins about z where they keep their magnetisation and are not all in m = 0."""
        turned = [dict.fromkeys(sphere, 1.0) for sphere in self.mixture.spheres]
        turned += [dict(zip(spin.members, CHARGES[1], strict=True)) for spin in self._turning_spins]
        vectors = np.zeros((len(turned), *self.shape), np.complex128)
        for vector, charges in zip(vectors, turned, strict=True):
            for species, charge in charges.items():
                vector[0, species] = charge * self.psi[species]
                vector[1, species] = -charge * self.psi[species].conj()
        return vectors

    @property
    def _turning_spins(self) -> list[Spin]:
        """The spinor gases whose spins a turn about z changes, and not as one phase of all. Collective."""
        particles = self.operator.products(self.operator.waves, self.operator.waves).real
        conserved = [spin for spin in self.mixture.rabi.spins if spin.conserved]
        return [spin for spin in conserved if has_two_charges(particles[list(spin.members)])]

    def _null_space(self) -> np.ndarray:
        """An orthonormal basis of what :meth:`project` takes out: Sigma z for all z that are known, and those
        combinations of the z that are conserved beside them, with <z'|Sigma z> = 0 for all z'."""
        known, _ = self.algebra.orthonormal(np.concatenate([self.phases(), self._flat]))
        products = self.algebra.overlaps(known, signed(known))
        _, sizes, turns = np.linalg.svd(products)
        radical = combined(known, turns[sizes < CONSERVED].conj().T)
        return self.algebra.orthonormal(np.concatenate([signed(known), radical]))[0]


def signed(vectors: np.ndarray) -> np.ndarray:
    """Sigma of every vector: (u, v) -> (u, -v)."""
    result = vectors.copy()
    result[:, 1] *= -1.0
    return result


def partners(vectors: np.ndarray) -> np.ndarray:
    """(conj v, conj u) of every vector: the solution with -conj(omega)."""
    return np.ascontiguousarray(vectors[:, ::-1].conj())
