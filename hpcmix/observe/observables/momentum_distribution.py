"""How many particles have which momentum along each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.averages import averages, particle_spectrum
from hpcmix.observe.measures.spectrum import axis_sums
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH


def momentum_distribution(mixture: Mixture, modes: Sequence[np.ndarray]) -> dict[str, list[float]]:
    """Per axis the number of particles in each mode of the box along it, summed over the other axes: modes
    m = -floor(n/2) .. ceil(n/2)-1 in ascending order, momentum 2 pi hbar m / L. Collective over the group.

    modes  per axis this rank's part (:class:`~hpcmix.observe.measures.averages.Averages`).
    """
    grid = mixture.grid
    distribution = {}
    for axis, (name, own) in enumerate(zip("xyz", modes, strict=False)):
        line = np.zeros(grid.points[axis])
        line[grid.wave_block.slices[axis]] = own
        distribution[name] = np.fft.fftshift(mixture.communicators.sum(line)).tolist()
    return distribution


class _MomentumDistribution(Observable):
    labels = (
        *(
            Label(f"momentum_distribution_{axis}", f"particles in each mode along {axis}", None, f"wave_numbers_{axis}")
            for axis in "xyz"
        ),
        *(
            Label(f"wave_numbers_{axis}", f"wave numbers along {axis}", LENGTH * -1, f"wave_numbers_{axis}")
            for axis in "xyz"
        ),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals > 0

    def of_whole(self, look: Look) -> dict[str, Any]:
        grid = look.mixture.grid
        return {
            f"wave_numbers_{axis}": np.fft.fftshift(grid.wave_numbers(place)).tolist()
            for place, axis in enumerate("xyz"[: grid.dimensions])
        }

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        modes = look.once(averages)[species].modes
        if modes is None:
            modes = axis_sums(particle_spectrum(look, species))
        return {"momentum_distribution": momentum_distribution(look.mixture, modes)}


OBSERVABLE = _MomentumDistribution()
