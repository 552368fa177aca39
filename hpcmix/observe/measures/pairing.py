"""How strongly the condensates make pairs: the norm of what multiplies two creation operators in the quadratic
Hamiltonian of the fluctuations.

    |K2|_HS^2 = sum_ab double integral rho_a(x) R_ab(x - y)^2 rho_b(y)
    (K2)_ab(x, y) = psi_a(x) R_ab(x - y) psi_b(y)

with R_ab(x - y) = dW_a(x) / d rho_b(y), the kernel G_ab as it acts on the grid: at a point, g_ab over the volume
element.
"""

from __future__ import annotations

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.observe.look import Look


class PairingNorm:
    """|K2|_HS of mixtures all of whose kernels depend on the distance in the periodic box alone: points and periodic
    kernels, no functionals of the densities and no kernels in free space."""

    def __init__(self, mixture: Mixture) -> None:
        self._mixture = mixture
        self._squares: list[list[np.ndarray]] = []
        self._instant: Instant | None = None

    def __call__(self, look: Look) -> float:
        """In code units of energy on the clock of the frame. Collective."""
        mixture = self._mixture
        known, instant = self._instant, look.instant
        if known is None or known.contraction != instant.contraction or mixture.interactions.differ(known, instant):
            self._instant = instant
            self._squares = [self._squares_of(b, instant) for b in range(len(mixture.species))]
        spectra = [self._spectrum(density) for density in look.densities]
        local = 0.0
        for squares, felt in zip(self._squares, spectra, strict=True):
            for square, feels in zip(squares, spectra, strict=True):
                local += float(np.sum((feels.conj() * square * felt).real))
        (whole,) = mixture.communicators.sum([local])
        return float(np.sqrt(whole * mixture.transform.inverse_points)) * mixture.grid.cell_volume

    def _squares_of(self, species: int, instant: Instant) -> list[np.ndarray]:
        """The transforms of R_ab^2 of all a: the mean fields that a particle of species b makes, which stands at the
        first point of the box. Collective."""
        mixture, grid = self._mixture, self._mixture.grid
        densities = np.zeros((len(mixture.species), *grid.position_shape), mixture.real_dtype)
        slices = grid.position_block.slices
        if densities[0].size and all(part.start == 0 for part in slices):
            densities[species].flat[0] = 1.0 / grid.cell_volume
        return [self._spectrum(field**2) for field in mixture.interactions.mean_fields(densities, instant)]

    def _spectrum(self, values: np.ndarray) -> np.ndarray:
        transform = self._mixture.transform
        return transform.forward(values.astype(transform.wave_dtype), transform.empty_wave())
