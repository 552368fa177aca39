"""The largest current of a species."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.currents import momentum_density_along
from hpcmix.observe.observable import Label, Observable
from hpcmix.problem.units.dimensions import LENGTH, TIME


def largest_current(look: Look, species: int) -> float:
    """The largest |j| on the grid, in the laboratory, of

        j = nu sum_j Re phi_j* (-i hbar grad + A) phi_j / m = nu (hbar/m) sum_j Im(phi_j* grad phi_j) + A rho / m

    in particles per time and length^(d-1). In a frame x = b y it is b^(-d) nu sum_j Re chi_j* D chi_j / m, D of
    :mod:`hpcmix.observe.measures.motion`. Collective over the world.
    """
    mixture, grid, model = look.mixture, look.mixture.grid, look.mixture.species[species]
    contraction, speed = grid.frame.contraction(look.clock), grid.frame.speed(look.clock)
    current = np.zeros((grid.dimensions, *grid.position_shape), mixture.real_dtype)
    for orbital in look.orbitals(species):
        for axis, component in enumerate(current):
            component += (model.weight * contraction) * momentum_density_along(mixture, orbital, species, axis)
    mixture.communicators.sum_over_groups(current)
    if speed != 0.0:
        for component, y in zip(current, grid.coordinates, strict=True):
            component += (model.mass * speed) * y * look.densities[species]
    largest = float(np.sqrt(np.max(np.sum(current**2, axis=0))))
    density = contraction**grid.dimensions  # of a frame that has grown, in the laboratory
    return float(mixture.communicators.maximum([largest])[0]) * density / model.mass


class _LargestCurrent(Observable):
    labels = (
        Label("largest_current", "largest current (momentum per mass)", lambda axes: LENGTH * (1 - axes) + TIME * -1),
    )

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals > 0

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"largest_current": largest_current(look, species)}


OBSERVABLE = _LargestCurrent()
