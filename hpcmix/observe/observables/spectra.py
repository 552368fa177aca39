"""Spectra over shells of wave numbers: particles, and the parts of the kinetic energy of condensates."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.averages import particle_spectrum
from hpcmix.observe.measures.spectra.flow import flow_spectra
from hpcmix.observe.measures.spectra.shells import shell_entries, shells
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import ENERGY, LENGTH

SHELL = "wave_numbers"
"""The dimension of spectra, and the entry of records that is the coordinate along it."""

_WIDTH = "Shell j holds the wave vectors with |k| from (j - 1/2) dk to (j + 1/2) dk, dk = 2 pi / (longest side)"
_ENERGY = "the sum over the shells of the three parts is the kinetic energy; divide by dk for a density E(k)"
_FLOW = "w = sqrt(rho) v, v = (hbar grad theta + A) / m in the laboratory"
PARTS = ("incompressible", "compressible", "quantum_pressure")

SHELL_LABELS = (
    Label(SHELL, "mean |k| of the wave vectors in a shell", LENGTH * -1, SHELL, definition=_WIDTH),
    Label("wave_vectors", "number of wave vectors in a shell", None, SHELL),
)


class _Spectra(Observable):
    """See :mod:`hpcmix.observe.measures.spectra.flow`."""

    labels = (
        *SHELL_LABELS,
        Label(
            "spectra_particles",
            "particles in a shell of wave numbers",
            None,
            SHELL,
            "nu sum_j |phi_j^(k)|^2 dV / points, summed over a shell; all shells together are the particles",
        ),
        Label(
            "spectra_incompressible",
            "incompressible kinetic energy in a shell of wave numbers",
            ENERGY,
            SHELL,
            f"m |w^ - k (k.w^)/k^2|^2 / 2 of {_FLOW}; {_ENERGY}",
        ),
        Label(
            "spectra_compressible",
            "compressible kinetic energy in a shell of wave numbers",
            ENERGY,
            SHELL,
            f"m |k.w^|^2 / (2 k^2) of {_FLOW}, and what w^ is at k = 0; {_ENERGY}",
        ),
        Label(
            "spectra_quantum_pressure",
            "quantum pressure in a shell of wave numbers",
            ENERGY,
            SHELL,
            f"hbar^2 |(grad sqrt(rho))^|^2 / (2 m); {_ENERGY}",
        ),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals > 0

    def of_whole(self, look: Look) -> dict[str, Any]:
        return shell_entries(look)

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        mixture, model, binned = look.mixture, look.mixture.species[species], look.once(shells)
        particles = particle_spectrum(look, species)
        found = {"particles": binned.filled(mixture.communicators.sum(binned.local_sums(particles))).tolist()}
        if not model.is_set and model.kinetic.rest_mass is None:
            local = np.zeros((len(PARTS), binned.modes.size))
            for orbital in look.orbitals(species):
                local += flow_spectra(mixture, orbital, species, binned).rows
            rows = binned.filled(mixture.communicators.sum_all(local))
            found |= {name: row.tolist() for name, row in zip(PARTS, rows, strict=True)}
        return {"spectra": found}


OBSERVABLE = _Spectra()
