"""The spin of spinor gases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hpcmix.model.components.spin import spin_density, squared_length
from hpcmix.observe.look import Look
from hpcmix.observe.observable import Label, Observable


class _TotalSpin(Observable):
    """integral F over all spinor gases, F = psi^+ f psi in units of hbar; the integral of |F|, which is the number of
    particles where all spins of a place point the same way and zero where they lie against each other; and F_z per
    particle, NaN of none. Of samples of a Wigner function F_z and the number are those of particles, the other
    components and the length those of the field. Nothing where there are no spins."""

    labels = (
        Label("spin_x", "spin along x, in units of hbar"),
        Label("spin_y", "spin along y, in units of hbar"),
        Label("spin_z", "spin along z, in units of hbar"),
        Label("spin_length", "integral of the length of the density of spin, in units of hbar"),
        Label("magnetisation", "spin along z per particle of the spinor gases"),
    )

    def of_whole(self, look: Look) -> dict[str, Any]:
        mixture = look.mixture
        if not mixture.rabi.spins:
            return {}
        sums = np.zeros(5)
        for spin in mixture.rabi.spins:
            psi = [np.sqrt(mixture.weights[a]) * look.orbital_set(a)[0] for a in spin.members]
            field = [part.real for part in spin_density(psi, psi)]
            sums += [
                *(np.sum(part, dtype=np.float64) for part in field),
                np.sum(np.sqrt(squared_length(field)), dtype=np.float64),
                sum(np.sum(part.real**2 + part.imag**2, dtype=np.float64) for part in psi),
            ]
        x, y, z, length, particles = (mixture.communicators.sum(sums) * mixture.grid.cell_volume).tolist()
        for spin in mixture.rabi.spins:
            vacua = [mixture.species[a].vacuum for a in spin.members]
            halves = [0.0 if vacuum is None else 0.5 * vacuum.modes for vacuum in vacua]
            z, particles = z - (halves[0] - halves[2]), particles - sum(halves)
        magnetisation = z / particles if particles != 0.0 else math.nan
        return {"spin": {"x": x, "y": y, "z": z, "length": length}, "magnetisation": magnetisation}


SPIN = _TotalSpin()
