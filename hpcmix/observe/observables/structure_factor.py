"""The static structure factor of the densities over shells of wave numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.spectra.shells import shell_entries, shells
from hpcmix.observe.observable import Label, Observable
from hpcmix.observe.observables.spectra import SHELL


def structure_factors(look: Look) -> np.ndarray:
    """S_ab of every shell, shape (species, species, shells),

        S_ab(k) = Re rho_a^(k) conj(rho_b^(k)) / sqrt(N_a N_b),    rho^(k) = integral rho(x) exp(-i k x) dx

    the mean over the wave vectors of the shell; N_a is the integral of the density. NaN of an empty species.
    Collective over the world; needs a complex field for every species."""
    mixture, binned = look.mixture, look.once(shells)
    transform, grid, count = mixture.transform, mixture.grid, len(mixture.species)
    spectra = []
    for density in look.densities:
        field = np.array(density, dtype=transform.wave_dtype)
        spectra.append(transform.forward(field, transform.empty_wave()))
    local = np.zeros((count, count, binned.modes.size))
    for a in range(count):
        for b in range(a + 1):
            product = spectra[a].real * spectra[b].real + spectra[a].imag * spectra[b].imag
            local[a, b] = local[b, a] = binned.local_sums(product)
    sums = binned.filled(mixture.communicators.sum(local)) * grid.cell_volume**2
    numbers = np.sqrt(np.diagonal(sums)[0])  # k = 0 is the first shell, alone
    root = np.sqrt(np.multiply.outer(numbers, numbers))  # of coupled species what is theirs now
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / binned.modes_of_filled / root[..., np.newaxis])


class _StructureFactor(Observable):
    """Of the densities as they are: what fluctuations add is theirs (``fluctuations.also``)."""

    labels = (
        Label(
            "structure_factor",
            "static structure factor of the densities of two species in a shell of wave numbers",
            None,
            SHELL,
            "mean over a shell of Re rho_a^(k) conj(rho_b^(k)) / sqrt(N_a N_b), rho^ the integral of rho exp(-ikx); "
            "sqrt(N_a N_b) at k = 0, and zero elsewhere of uniform densities",
        ),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals > 0

    def of_whole(self, look: Look) -> dict[str, Any]:
        return shell_entries(look)

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        mixture, rows = look.mixture, look.once(structure_factors)[species]
        others = (b for b in range(len(mixture.species)) if self.concerns(mixture, b))
        return {"structure_factor": {mixture.species[b].name: _numbers(rows[b]) for b in others}}


def _numbers(row: np.ndarray) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in row]


OBSERVABLE = _StructureFactor()
