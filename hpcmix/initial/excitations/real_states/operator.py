"""The Bogoliubov operator of a real stationary state, halved.

Where psi, the coherent coupling and the kinetic energies are real, K1 = K2 = K, and p = u + v, q = u - v obey

    A_- q = hbar omega p,        A_+ p = hbar omega q,        A_- = h - mu,        A_+ = A_- + 2 K,

both real and symmetric. T is applied to p + i q as one complex field. A species' psi may have a phase of its own that
is the same at all points: it is turned away, and with it that of the coupling (a dressed state is such).

Symmetries leave directions in which nothing happens: a phase for every sphere, A_- psi = 0, and where nothing holds a
cloud, or the direction of a state without the symmetry of its trap, displacements and rotations d psi, A_+ d psi = 0.
p is then orthogonal to psi and q to d psi, and neither equation asks for q along psi and p along d psi. So p and q are
both sought in the complement of all of them: frequencies are not changed by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hpcmix.initial.excitations.bogoliubov_operator import BogoliubovOperator
from hpcmix.initial.excitations.real_states.basis import flattened
from hpcmix.model.kinetic.magnetic import KrylovKineticEnergy

IMAGINARY = 1e-9
"""Share of psi that may be imaginary in a state that counts as real: rounding is 1e-14, and the residual allowed of a
state 1e-8 and below."""
FREE = 1e-6
"""Force of the external potential on a displaced or turned state, relative to the energies, below which the direction
is free. A trap of frequency omega leaves m omega^2 times the width; a rotation in an isotropic trap rounding."""
ANISOTROPIC = 3e-3
"""|A_+ D psi| relative to |D psi| and the energies beyond which something else holds a direction, dipoles a rotation.
What a grid leaves of a displacement that it resolves to eight digits is 1e-5, or 1e-3 where a functional is no smooth
function of psi in the tails of a droplet."""
UNMOVED = 1e-6
"""Change of a state over one spacing of the grid, relative to itself, below which it has the symmetry."""


def phases_of_real_state(operator: BogoliubovOperator) -> np.ndarray | None:
    """The angle theta_a of every species for which exp(-i theta_a) psi_a and the coupling are real; None where there
    are none, or T is not real (vector potentials, rotation), or the coupling depends on place. Collective."""
    magnetic = any(isinstance(species.kinetic, KrylovKineticEnergy) for species in operator.mixture.species)
    if magnetic or operator.mixture.local:
        return None
    squares = operator.products([wave.conj() for wave in operator.waves], operator.waves)  # integral of psi^2
    theta = 0.5 * np.angle(squares)
    turned = [np.exp(-1j * angle) * wave for angle, wave in zip(theta, operator.waves, strict=True)]
    sizes = operator.products(operator.waves, operator.waves).real
    imaginary = operator.products([wave.imag + 0j for wave in turned], [wave.imag + 0j for wave in turned]).real
    coupling = _turned(operator.coupling, theta)
    if np.any(imaginary > IMAGINARY**2 * sizes):
        return None
    if np.any(np.abs(coupling.imag) > IMAGINARY * np.max(np.abs(coupling), initial=0.0)):
        return None
    return np.asarray(theta)


def _turned(matrix: np.ndarray, theta: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-1j * theta)[:, np.newaxis] * matrix * np.exp(1j * theta))


class RealOperator:
    """A_+ and A_- of a real state, on rows (m, species, *grid) of this rank, and the complement they act in.

    waves     psi_a, real: shape (species, *grid).
    theta     the angles that were turned away.
    removed   orthonormal rows of the directions in which nothing happens, phases first.
    symmetries  their names.
    All methods are collective.
    """

    def __init__(self, general: BogoliubovOperator, theta: np.ndarray) -> None:
        self.general, self.theta = general, theta
        self.mixture = general.mixture
        turned = [np.exp(-1j * angle) * wave for angle, wave in zip(theta, general.waves, strict=True)]
        self.waves = np.array([wave.real for wave in turned])
        self.potentials = np.array(general.potentials)
        self.coupling = _turned(general.coupling, theta).real
        self.shape = self.waves.shape
        self.symmetries: list[str] = []
        self.removed = np.zeros((0, *self.shape))
        for sphere in self.mixture.spheres:
            phase = np.zeros(self.shape)
            phase[list(sphere)] = self.waves[list(sphere)]
            names = " and ".join(self.mixture.species[a].name for a in sphere)
            self._remove(f"phase of {names}", phase)
        self._phases = len(self.removed)
        for name, direction in self._free_directions():
            self._remove(name, direction)

    @property
    def transforms(self) -> int:
        """Fourier pairs of one complex field so far."""
        return self.general.transforms

    @property
    def energy_scale(self) -> float:
        """What frequencies are small beside."""
        smallest = [one.kinetic.smallest_excitation(self.mixture.grid) for one in self.mixture.species]
        return float(np.max(np.maximum(np.abs(self.general.chemical_potentials), smallest)))

    # --------------------------------------------------------------- products of rows

    def overlaps(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The matrix of sum_a integral left_ia right_ja, the same on every rank."""
        return self.overlaps_of([(left, right)])[0]

    def overlaps_of(self, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
        """Several of them with one sum over the ranks."""
        local = [flattened(left) @ flattened(right).T for left, right in pairs]
        summed = self.mixture.communicators.sum(np.concatenate([matrix.ravel() for matrix in local]))
        ends = np.cumsum([matrix.size for matrix in local])[:-1]
        parts = np.split(np.asarray(summed) * self.mixture.grid.cell_volume, ends)
        return [part.reshape(matrix.shape) for part, matrix in zip(parts, local, strict=True)]

    def norms(self, rows: np.ndarray) -> np.ndarray:
        """The length of every row."""
        flat = flattened(rows)
        squares = self.mixture.communicators.sum(np.einsum("ij,ij->i", flat, flat)) * self.mixture.grid.cell_volume
        return np.asarray(np.sqrt(squares))

    def project(self, *blocks: np.ndarray) -> None:
        """Make rows orthogonal to :attr:`removed`, in place."""
        if not len(self.removed):
            return
        for rows, parts in zip(blocks, self.overlaps_of([(rows, self.removed) for rows in blocks]), strict=True):
            flattened(rows)[...] -= parts @ flattened(self.removed)

    # --------------------------------------------------------------- the operator

    def apply(
        self,
        p: np.ndarray,
        q: np.ndarray,
        projected: bool = True,
        into: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """A_+ p and A_- q for rows p and q, `projected` or not, in new arrays or `into` some. A Fourier pair for every
        row and species."""
        plus, minus = (np.empty_like(p), np.empty_like(q)) if into is None else into
        field = np.empty(self.shape[1:], np.complex128)
        for first, second, upper, lower in zip(p, q, plus, minus, strict=True):
            for a, potential in enumerate(self.potentials):
                field.real, field.imag = first[a], second[a]
                self.mixture.apply_kinetic(field, a)
                np.multiply(potential, first[a], out=upper[a])
                np.multiply(potential, second[a], out=lower[a])
                upper[a] += field.real
                lower[a] += field.imag
            for group in self.mixture.rabi.groups:
                for a in group:
                    for b in group:
                        upper[a] += self.coupling[a, b] * first[b]
                        lower[a] += self.coupling[a, b] * second[b]
            responses = self.general.responses(list(self.waves * first))
            for a, (response, wave) in enumerate(zip(responses, self.waves, strict=True)):
                upper[a] += 2.0 * wave * response
        self.general.transforms += len(p) * self.general.species
        if projected:
            self.project(plus, minus)
        return plus, minus

    def completed(self, p: np.ndarray, q: np.ndarray, energies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pairs of the complement with the parts along :attr:`removed` that the whole equations have:
        <psi|q> = <psi|A_+ p> / (hbar omega) and <d psi|p> = <d psi|A_- q> / (hbar omega); new arrays."""
        if not len(self.removed):
            return p.copy(), q.copy()
        removed = self.removed
        plus, minus = self.apply(p, q, projected=False)
        along_q, along_p = self.overlaps_of([(plus, removed), (minus, removed)])
        phases = np.arange(len(removed)) < self._phases
        weights = 1.0 / energies[:, np.newaxis]
        shape = p.shape
        more_q = (along_q * phases * weights) @ flattened(removed)
        more_p = (along_p * ~phases * weights) @ flattened(removed)
        return p + more_p.reshape(shape), q + more_q.reshape(shape)

    # --------------------------------------------------------------- symmetries

    def _remove(self, name: str, direction: np.ndarray) -> None:
        row = direction[np.newaxis].copy()
        before = float(self.norms(row)[0])
        self.project(row)
        length = float(self.norms(row)[0])
        if not length > 1e-8 * before:  # a combination of those before
            return
        self.symmetries.append(name)
        self.removed = np.concatenate([self.removed, row / length])

    def _generators(self, fields: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """Displacements along the axes and rotations between them, applied to real fields of all species."""
        axes, grid = "xyz"[: self.mixture.grid.dimensions], self.mixture.grid
        gradients = []
        for axis, name in enumerate(axes):
            gradient = np.empty(self.shape)
            for own, target in zip(fields, gradient, strict=True):
                field = own.astype(np.complex128)
                self.mixture.apply_momentum(field, axis)
                target[...] = -field.imag / self.mixture.hbar  # -i hbar d/dx of a real field
            gradients.append(gradient)
            yield f"displacement along {name}", -gradient
        for i in range(len(axes)):
            for j in range(i):
                turned = grid.coordinates[j] * gradients[i] - grid.coordinates[i] * gradients[j]
                yield f"rotation of {axes[j]} into {axes[i]}", turned

    def _free_directions(self) -> Iterator[tuple[str, np.ndarray]]:
        """D psi for the displacements and rotations D that change the state and that nothing holds: [D, U] psi =
        D (U psi) - U D psi vanishes, and A_+ D psi is small."""
        external = np.zeros(self.shape)
        for species, potential in zip(self.mixture.species, external, strict=True):
            value = species.external.value(self.general.instant)
            if value is not None:
                potential[...] = value
        size = float(self.norms(self.waves[np.newaxis])[0])
        of_waves, of_held = (self._generators(fields) for fields in (self.waves, external * self.waves))
        for (name, direction), (_, held) in zip(of_waves, of_held, strict=True):
            length = float(self.norms(direction[np.newaxis])[0])
            if not length * max(self.mixture.grid.spacings) > UNMOVED * size:
                continue
            force = float(self.norms((held - external * direction)[np.newaxis])[0])
            if force > FREE * length * self.energy_scale:
                continue
            image, _ = self.apply(direction[np.newaxis], np.zeros((1, *self.shape)))
            if float(self.norms(image)[0]) <= ANISOTROPIC * length * self.energy_scale:
                yield name, direction
