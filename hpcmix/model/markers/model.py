"""What moves the markers of a classical species, x' = dT/dp, p' = -grad(U + sum_b G_ab * rho_b)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.markers.forces import MARKERS_TOGETHER, MarkerForces
from hpcmix.model.markers.window import Window
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.markers.arrays import Markers


@dataclass(frozen=True)
class MarkerModel:
    """The laws of one species whose density in phase space is carried by markers: sum_i w_i delta(x - x_i) delta(p -
    p_i), its momenta those that belong to the grid's frame (CONVENTIONS.md). Arrays are of places or momenta, (n, d).

    window   S, by which the markers meet the grid.
    kinetic  T.
    forces   of the external potentials.
    number   of markers, on all ranks.
    """

    window: Window
    kinetic: KineticEnergy
    forces: MarkerForces
    number: int

    @property
    def mass(self) -> float:
        """m, code units."""
        return self.forces.mass

    @property
    def rest_mass(self) -> float | None:
        """m where the velocity is p / sqrt(m^2 + p^2), None where it is p / m."""
        return self.kinetic.rest_mass

    def velocity(self, momentum: np.ndarray) -> np.ndarray:
        """dT/dp, shape (n, d). Local."""
        return self.kinetic.velocity(momentum)

    def kinetic_energy(self, momentum: np.ndarray) -> np.ndarray:
        """T of every marker, shape (n,), per particle. Local."""
        return self.kinetic.of_momenta(momentum)

    def potential(self, position: np.ndarray, instant: Instant) -> np.ndarray:
        """b^2 U(t, b y) of the external potentials at places y, shape (n,): what
        :meth:`~hpcmix.model.potentials.external.ExternalPotential.value` is on the grid. Raises
        :class:`~hpcmix.model.potentials.finite.NotFinite`. Local."""
        return self.forces.value(position, instant)

    def gradient(self, position: np.ndarray, instant: Instant) -> np.ndarray:
        """b^3 U'(t, b y) at places y, and what confines an expanding frame, shape (n, d): minus the external force.
        Raises :class:`~hpcmix.model.potentials.finite.NotFinite`. Local."""
        return self.forces.gradient(position, instant)

    def energies(self, markers: Markers, instant: Instant) -> np.ndarray:
        """sum_i w_i T(p_i) and sum_i w_i b^2 U(t, b y_i) over some markers, whose momenta no kick is pending for; of no
        potential the second is zero. Local."""
        totals = np.zeros(2)
        for first in range(0, markers.count, MARKERS_TOGETHER):
            rows = slice(first, first + MARKERS_TOGETHER)
            weight = markers.weight[rows]
            totals[0] += weight @ self.kinetic_energy(markers.momentum[rows])
            if self.forces.forces:
                totals[1] += weight @ self.potential(markers.position[rows], instant)
        return totals
