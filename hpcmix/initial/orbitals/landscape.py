"""The energy of sets of orbitals and condensates together, its gradient and residuals; everything per species as one
block.

A species is a block Phi = (phi_1 .. phi_M) of orthonormal orbitals. With H = T + U + G * rho and Lambda = Phi^+ H Phi
the gradient on the Stiefel manifold is R = H Phi - Phi Lambda; a stationary block has R = 0, and its orbitals are
eigenfunctions once it is turned so that Lambda is diagonal. A condensate is a block of one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.initial.descent.preconditioning.quadratures import preconditioner_for
from hpcmix.initial.noise.perturbations import complex_noise
from hpcmix.initial.orbitals.preconditioner import BlockPreconditioner
from hpcmix.kernels import dispatch as kernels
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.orbital_algebra import OrbitalAlgebra

SMALLEST_DIFFERENCE = 1e-3
"""Differences of levels, relative to the width of the filled ones, that the preconditioner takes for no smaller: along
those of one shell interactions alone make a curvature."""


@dataclass(frozen=True)
class SoftLevels:
    """The lowest levels outside a set and their states, whole in every orbital group."""

    levels: np.ndarray
    states: np.ndarray


class OrbitalLandscape:
    """Blocks, T Phi, W = U + G * rho, and what follows from them. All methods are collective over the world.

    blocks      arrays (M held here, *grid), changed in place; a condensate's block is whole in every orbital group and
                computed by each, so that nothing but the fermions' blocks is dealt.
    held        species that stay as they are: part of the mean field, not of the search.
    energies    per species the eigenvalues of Lambda, as of the last :meth:`refresh`.
    residuals   per species |H phi_j - Lambda_jj phi_j - ...| / max(|Lambda_jj|, box) of every orbital, as of the last
                :meth:`differentiate`.
    transforms  Fourier pairs of one field so far, in all groups.
    """

    def __init__(self, mixture: Mixture, blocks: list[np.ndarray], instant: Instant, held: frozenset[int]) -> None:
        self.mixture = mixture
        self.blocks = blocks
        self.instant = instant
        self.held = held
        self.weights = mixture.weights
        self.whole = [not species.is_set for species in mixture.species]
        self.algebra = [
            OrbitalAlgebra.replicated(mixture.communicators, mixture.grid.cell_volume) if whole else mixture.algebra(a)
            for a, whole in enumerate(self.whole)
        ]
        condensates = [a for a, whole in enumerate(self.whole) if whole]
        self.condensates = condensates
        self.matrix_preconditioner = preconditioner_for(mixture, condensates)
        self.block_preconditioners = {
            a: BlockPreconditioner(mixture, a) for a, whole in enumerate(self.whole) if not whole
        }
        self.lowest_energies = self.matrix_preconditioner.lowest_energies_of(range(len(blocks)))
        self.kinetic = [np.empty_like(block) for block in blocks]  # T Phi
        self.gradients = [np.zeros_like(block) for block in blocks]  # R
        self.levels = [np.zeros((species.orbitals,) * 2, np.complex128) for species in mixture.species]  # Lambda
        self.densities: list[np.ndarray] = []  # rho
        self.totals: list[np.ndarray] = []  # W
        self.energies = [np.zeros(species.orbitals) for species in mixture.species]
        self.residuals = [np.zeros(species.orbitals) for species in mixture.species]
        self.transforms = 0
        self.energy = math.inf
        self.soft: dict[int, SoftLevels] = {}

    # --------------------------------------------------------------- sums

    def traces(self, left: list[np.ndarray], right: list[np.ndarray]) -> np.ndarray:
        """Re sum_j <left_aj|right_aj> for every species."""
        local = [
            sum(kernels.inner_product(u, v).real for u, v in zip(a, b, strict=True))
            for a, b in zip(left, right, strict=True)
        ]
        return self.summed(np.array(local, float))

    def metric(self, left: list[np.ndarray], right: list[np.ndarray]) -> float:
        """Re sum_aj nu_a <left_aj|right_aj>: what lengths and curvatures are measured with."""
        return float(np.dot(self.weights, self.traces(left, right)))

    def summed(self, local: np.ndarray) -> np.ndarray:
        """Numbers per species of this rank's orbitals and points, summed: a condensate's over one group only."""
        group, world = self.mixture.communicators.sum(local), self.mixture.communicators.sum_all(local)
        return np.where(self.whole, group, world) * self.mixture.grid.cell_volume

    def densities_of(self, blocks: list[np.ndarray], others: list[np.ndarray] | None = None) -> list[np.ndarray]:
        """nu sum_j |phi_j|^2 per species, or with `others` 2 nu sum_j Re(conj(phi_j) other_j); over all groups."""
        mixture = self.mixture
        densities = np.zeros((len(blocks), *mixture.grid.position_shape), mixture.real_dtype)
        for a, (block, density) in enumerate(zip(blocks, densities, strict=True)):
            if others is None:
                for orbital in block:
                    kernels.accumulate_density(orbital, self.weights[a], density)
            else:
                for orbital, other in zip(block, others[a], strict=True):
                    density += (2.0 * self.weights[a]) * (orbital.real * other.real + orbital.imag * other.imag)
            if not self.whole[a]:
                mixture.communicators.sum_over_groups(density)
        return list(densities)

    # --------------------------------------------------------------- energy and gradient

    def apply_kinetic(self, source: list[np.ndarray], target: list[np.ndarray]) -> None:
        """target = T source, for species in the search."""
        with self.mixture.kinetic_together():
            for a, (block, result) in enumerate(zip(source, target, strict=True)):
                result[...] = block
                for orbital in result:
                    self.matrix_preconditioner.apply_kinetic(orbital, a)
                self.transforms += self.mixture.species[a].orbitals

    def evaluate(self) -> None:
        """W of the present blocks and their energy; T Phi must be up to date."""
        mixture = self.mixture
        densities = self.densities_of(self.blocks)
        interaction = mixture.interactions.interact(densities)
        self.densities, self.totals = densities, interaction.mean_fields
        local = float(sum(map(np.sum, interaction.energies.values())))
        for species, density, total in zip(mixture.species, densities, self.totals, strict=True):
            external = species.external.value(self.instant)
            if external is not None:
                local += mixture.grid.integrate(density, external)
                total += external
        kinetic = float(np.dot(self.weights, self.traces(self.blocks, self.kinetic)))
        self.energy = kinetic + float(mixture.communicators.sum([local])[0])

    def refresh(self, companions: Sequence[list[np.ndarray]] = ()) -> None:
        """Orthonormalise the blocks, turn them to eigenfunctions of the present H, and compute all anew. What else
        belongs to the blocks, column by column, is turned with them: `companions`."""
        for a, block in enumerate(self.blocks):
            self.algebra[a].orthonormalise(block)
        self.apply_kinetic(self.blocks, self.kinetic)
        self.evaluate()
        self._turn_to_eigenfunctions(companions)

    def _turn_to_eigenfunctions(self, companions: Sequence[list[np.ndarray]]) -> None:
        """Make Lambda diagonal, energies ascending: a rotation within every block, which changes no density."""
        for a, block in enumerate(self.blocks):
            if a in self.held:
                continue
            self._apply_hamiltonian(a)
            matrix = self.algebra[a].overlaps(block, self.gradients[a])
            self.energies[a], vectors = np.linalg.eigh(0.5 * (matrix + matrix.conj().T))
            if len(vectors) > 1:
                for turned in (block, self.kinetic[a], *(companion[a] for companion in companions)):
                    turned[...] = self.algebra[a].combined(turned, vectors)

    def _apply_hamiltonian(self, a: int) -> None:
        """H Phi into the gradient's place."""
        for gradient, kinetic, orbital in zip(self.gradients[a], self.kinetic[a], self.blocks[a], strict=True):
            np.multiply(orbital, self.totals[a], out=gradient)
            gradient += kinetic

    def differentiate(self) -> None:
        """R = H Phi - Phi Lambda and the residuals."""
        for a, block in enumerate(self.blocks):
            if a in self.held:
                continue
            self._apply_hamiltonian(a)
            matrix = self.algebra[a].overlaps(block, self.gradients[a])
            self.levels[a] = 0.5 * (matrix + matrix.conj().T)
            self.gradients[a] -= self.algebra[a].combined(block, self.levels[a])
            local = np.zeros(len(self.residuals[a]))
            mine = self.algebra[a].mine
            local[mine.start : mine.stop] = [kernels.squared_norm(orbital) for orbital in self.gradients[a]]
            sums = self.mixture.communicators
            norms = np.sqrt((sums.sum if self.whole[a] else sums.sum_all)(local) * self.mixture.grid.cell_volume)
            scale = np.maximum(np.abs(self.levels[a].diagonal().real), self.lowest_energies[a])
            self.residuals[a] = norms / scale

    @property
    def residual(self) -> float:
        """The largest residual of all orbitals."""
        return max(float(np.max(values)) for values in self.residuals)

    # --------------------------------------------------------------- second variation

    def linearised(self) -> None:
        """Make the second variation at the present blocks, which :meth:`differentiate` has seen, ready to be
        applied."""
        if self.condensates:
            kinetic = self.traces(self.blocks, self.kinetic)[self.condensates]
            levels = np.array([self.levels[a][0, 0].real for a in self.condensates])
            fields = [self.blocks[a][0] for a in self.condensates]
            self.matrix_preconditioner.prepare(fields, [self.totals[a] for a in self.condensates], levels, kinetic)
        for a, preconditioner in self.block_preconditioners.items():
            if a not in self.held:
                preconditioner.prepare(self.totals[a], float(np.max(self.levels[a].diagonal().real)))

    def project(self, vectors: list[np.ndarray]) -> None:
        """Make vectors orthogonal to the blocks, in place: Phi^+ D = 0, tangent and no rotation within a block; zero
        for what is held."""
        for a, (block, vector) in enumerate(zip(self.blocks, vectors, strict=True)):
            if a in self.held:
                vector.fill(0.0)
            else:
                self.algebra[a].project_out(block, vector)

    def precondition(self, vectors: list[np.ndarray]) -> None:
        """An approximate inverse of the second variation, in place."""
        if self.condensates:
            self.matrix_preconditioner.apply([vectors[a][0] for a in self.condensates])
        for a, preconditioner in self.block_preconditioners.items():
            if a in self.held:
                continue
            soft = self._in_soft_levels(a, vectors[a])
            preconditioner.apply(vectors[a])
            if soft is not None:
                vectors[a] += soft
        for a in self.held:  # the preconditioner couples the condensates; what is held stays
            vectors[a].fill(0.0)
        self.transforms += sum(species.orbitals for a, species in enumerate(self.mixture.species) if a not in self.held)

    def _in_soft_levels(self, a: int, vector: np.ndarray) -> np.ndarray | None:
        """sum_e |e> <e|d_j> / (epsilon_e - Lambda_jj) over the levels outside that are known: the inverse of the second
        variation without its interaction, where a difference of two levels is small and the rest of the preconditioner
        far off."""
        soft = self.soft.get(a)
        if soft is None:
            return None
        mine = self.algebra[a].mine
        # a group may hold none of the orbitals
        rows = [array.reshape(len(array), math.prod(array.shape[1:])) for array in (soft.states, vector)]
        local = rows[0].conj() @ rows[1].T
        parts = self.mixture.communicators.sum(local.astype(np.complex128)) * self.mixture.grid.cell_volume
        own = self.levels[a].diagonal().real[mine.start : mine.stop]
        width = max(float(np.ptp(self.levels[a].diagonal().real)), float(self.lowest_energies[a]))
        parts /= np.maximum(soft.levels[:, np.newaxis] - own, SMALLEST_DIFFERENCE * width)
        return (parts.T.astype(vector.dtype) @ rows[0]).reshape(vector.shape)

    def apply_second_variation(self, vectors: list[np.ndarray], result: list[np.ndarray]) -> None:
        """result_a = (T_a + W_a) D_a - D_a Lambda_a + W'_a Phi_a with W' the change of the mean fields along D: half
        the second derivative of the energy along the manifolds is :meth:`metric` of D and this. Tangent again after
        :meth:`project`."""
        self.apply_kinetic(vectors, result)
        changes = self.mixture.interactions.responses(self.densities, self.densities_of(self.blocks, vectors))
        for a, (block, vector, applied) in enumerate(zip(self.blocks, vectors, result, strict=True)):
            if a in self.held:
                continue
            for orbital, moving, target in zip(block, vector, applied, strict=True):
                target += self.totals[a] * moving
                target += changes[a] * orbital
            applied -= self.algebra[a].combined(vector, self.levels[a])
        self.project(result)

    def noise(self) -> list[np.ndarray]:
        """Independent random numbers at every point of every orbital: a vector that has a part of every direction."""
        grid, vectors = self.mixture.grid, []
        for a, block in enumerate(self.blocks):
            vector = np.empty_like(block)
            for orbital, number in zip(vector, self.algebra[a].mine, strict=True):
                orbital[...] = complex_noise(grid, 0, (1 << 61) + (a << 32) + number)
            vectors.append(vector)
        return vectors

    def move_to(self, start: list[np.ndarray], vectors: list[np.ndarray], step: float) -> None:
        """Put the blocks at start + step vectors, made orthonormal, and see what that is."""
        for block, first, vector in zip(self.blocks, start, vectors, strict=True):
            np.multiply(vector, vector.real.dtype.type(step), out=block)
            block += first
        self.refresh()

    @property
    def energy_scale(self) -> float:
        """What curvatures are small beside."""
        largest = [np.max(np.abs(levels.diagonal().real)) for levels in self.levels]
        return float(np.max(np.maximum(largest, self.lowest_energies)))
