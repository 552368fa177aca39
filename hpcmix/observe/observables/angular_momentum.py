"""Angular momentum about the origin."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.markers.laboratory import LaboratoryMarkers
from hpcmix.observe.measures.currents import momentum_density_along
from hpcmix.observe.observable import Label, Observable
from hpcmix.parallel.process.exact_sums import exact_sums
from hpcmix.problem.units.dimensions import ACTION


def has_angular_momentum(mixture: Mixture) -> bool:
    """Whether every record holds the angular momentum: in two and three dimensions, where something turns the particles
    - a vector potential or a rotating frame."""
    return mixture.grid.dimensions > 1 and not all(species.kinetic.diagonal for species in mixture.species)


def components(mixture: Mixture) -> int:
    """How many components it has: in two dimensions the one along z."""
    return 1 if mixture.grid.dimensions == 2 else 3


def angular_momentum(mixture: Mixture, orbital: np.ndarray, species: int) -> np.ndarray:
    """This rank's part of <phi| r x (-i hbar grad + A) |phi> for one orbital, A without what a rotating frame adds: the
    angular momentum in the laboratory, in any gauge. Collective over the group.

    The box is periodic: it has its usual meaning while the cloud keeps away from the faces.
    """
    grid = mixture.grid
    momentum = np.zeros(components(mixture))
    for axis in range(grid.dimensions):
        current = momentum_density_along(mixture, orbital, species, axis)
        for other in range(grid.dimensions):
            if other == axis:
                continue
            # (r x p)_c = r_a p_b - r_b p_a with (a, b, c) in cyclic order
            third = 3 - axis - other
            sign = 1.0 if (other + 1) % 3 == axis else -1.0
            place = 0 if grid.dimensions == 2 else third
            if grid.dimensions == 3 or third == 2:
                momentum[place] += sign * float(np.sum(grid.coordinates[other] * current, dtype=np.float64))
    return momentum * grid.cell_volume


def angular_momenta(look: Look) -> np.ndarray:
    """nu sum_j <phi_j| r x (-i hbar grad + A) |phi_j> of every species, of a classical one sum_i w_i r_i x p_i; shape
    (species, components). Collective over the world; see :meth:`Look.once`."""
    mixture = look.mixture
    momenta = np.zeros((len(mixture.species), components(mixture)))
    for a, species in enumerate(mixture.species):
        for orbital in look.orbitals(a):
            momenta[a] += species.weight * angular_momentum(mixture, orbital, a)
    momenta = mixture.communicators.sum_all(momenta)
    for a, _ in mixture.carried:
        momenta[a] = _of_markers(look, a)
    return momenta


def _of_markers(look: Look, species: int) -> np.ndarray:
    """sum_i w_i r_i x p_i. Collective over the world."""
    markers = LaboratoryMarkers(look, species)

    def columns(part: slice) -> np.ndarray:
        turning = markers.angular_momentum(part).reshape(-1, components(look.mixture))
        return markers.weight[part] * turning.T

    return exact_sums(look.mixture.communicators.world, markers.number, columns)


class _AngularMomentum(Observable):
    labels = (Label("angular_momentum", "angular momentum r x (-i hbar grad + A)", ACTION),)

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        return {"angular_momentum": look.once(angular_momenta)[species].tolist()}


class _WhereTurned(_AngularMomentum):
    def concerns(self, mixture: Mixture, species: int) -> bool:
        return has_angular_momentum(mixture)


OBSERVABLE = _AngularMomentum()
TURNED = _WhereTurned()
