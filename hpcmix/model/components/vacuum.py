"""Half a quantum in every mode of a projector: what a field that is sampled from a Wigner function holds beside the
particles.

A sample psi stands for symmetrically ordered operators, |psi|^2 for psi^+ psi + delta_P(0)/2. With the M modes
exp(i k x) of hbar^2 k^2 / 2m <= cutoff in the volume V

    rho = |psi|^2 - M / 2V,    n_k = |alpha_k|^2 - 1/2,    kinetic energy = sum_k (hbar^2 k^2 / 2m) (|alpha_k|^2 - 1/2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.grid import Grid
from hpcmix.parallel.communicators import Communicators
from hpcmix.problem.sections.species.noise import WignerNoise


@dataclass(frozen=True)
class Vacuum:
    """The projector of a species, and what half a quantum in each of its modes amounts to.

    cutoff   largest kinetic energy of a mode.
    to_energy
             hbar^2 / 2m.
    modes    M.
    density  M / 2V.
    kinetic  sum_k hbar^2 k^2 / 4m.
    """

    cutoff: float
    to_energy: float
    modes: int
    density: float
    kinetic: float

    @classmethod
    def of(cls, noise: WignerNoise, grid: Grid, communicators: Communicators, hbar: float, mass: float) -> Vacuum:
        """That of a species. Collective over the group."""
        to_energy = hbar**2 / (2.0 * mass)
        energies = to_energy * _squares(grid)
        held = energies <= noise.cutoff
        modes, total = communicators.sum([float(np.count_nonzero(held)), float(np.sum(energies[held]))])
        return cls(noise.cutoff, to_energy, round(float(modes)), float(modes) / (2.0 * grid.volume), 0.5 * float(total))

    def energies(self, grid: Grid) -> np.ndarray:
        """hbar^2 k^2 / 2m on this rank's block of wave numbers."""
        energies: np.ndarray = self.to_energy * _squares(grid)
        return energies

    def half_quanta(self, grid: Grid) -> np.ndarray:
        """1/2 for the modes of the projector and zero for others, on this rank's block of wave numbers."""
        return np.where(self.energies(grid) <= self.cutoff, 0.5, 0.0)


def _squares(grid: Grid) -> np.ndarray:
    """k^2 on this rank's block of wave numbers."""
    squares: np.ndarray = sum(
        (wave_numbers**2 for wave_numbers in grid.broadcast_wave_numbers(grid.wave_block)), start=np.zeros(())
    )
    return squares
