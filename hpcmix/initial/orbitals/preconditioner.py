"""The preconditioner of a block of orbitals: an approximate inverse of H - epsilon above the Fermi energy."""

from __future__ import annotations

import numpy as np

from hpcmix.initial.descent.preconditioning.preconditioner import Preconditioner
from hpcmix.model.mixture import Mixture


class BlockPreconditioner:
    """P = S [alpha / (alpha + T)] S with S = (alpha + max(W - epsilon_F, 0))^(-1/2): the symmetric combination of
    kinetic energy and potential of Antoine, Levitt and Tang (2017), the same for every orbital of the block.

    alpha is the Fermi energy above the potential's bottom, the scale on which the occupied orbitals move; epsilon_F the
    highest level. One operator for all orbitals keeps the search independent of their rotation among each other.
    """

    FERMI_MULTIPLE = 1.0
    """alpha in units of epsilon_F minus the smallest W; measured: 0.6 to 1.5 are about as good, 0.3 and
    2.5 need up to twice the iterations."""

    def __init__(self, mixture: Mixture, species: int) -> None:
        self._mixture = mixture
        self._species = species
        self._spectral = Preconditioner(mixture, [])
        self._alpha = 0.0
        self._root: np.ndarray | None = None

    def prepare(self, total: np.ndarray, fermi_energy: float) -> None:
        """Take over the present W and the highest level. Collective over the group."""
        lowest = -float(self._mixture.communicators.maximum([-np.min(total)])[0])
        smallest = float(self._spectral.lowest_energies_of([self._species])[0])
        self._alpha = self.FERMI_MULTIPLE * max(fermi_energy - lowest, smallest)
        self._root = 1.0 / np.sqrt(self._alpha + np.maximum(total - fermi_energy, 0.0))

    def apply(self, block: np.ndarray) -> None:
        """phi_j <- P phi_j for every orbital of the block, in place. Collective over the group."""
        for orbital in block:
            orbital *= self._root
            self._spectral.apply_lowpass(orbital, self._species, self._alpha)
            orbital *= self._root
