"""Steps of condensates along great circles of their spheres.

A step turns phi and the unit direction e = d/|d| against each other,

    phi -> phi cos(theta) + e sin(theta),     e -> e cos(theta) - phi sin(theta),     theta = t |d|,

with one t for all spheres: phi stays on its sphere, and e is transported along. T phi and T e turn with them and cost
no transform.
"""

from __future__ import annotations

import math

import numpy as np

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.initial.descent.landscape import Landscape
from hpcmix.kernels import dispatch as kernels


class GreatCircles:
    """The great circles that leave the fields of a landscape in the directions d (a `Curve` of
    conjugate_gradients.py). Fields and directions are moved in place.

    farthest  a quarter of the circle that is turned most by a t.
    Raises :class:`NotConverged` where the directions are not finite.
    """

    cautious = 0.1

    def __init__(
        self,
        landscape: Landscape,
        directions: list[np.ndarray],
        kinetic_directions: list[np.ndarray],
        work: np.ndarray,
    ) -> None:
        self.landscape = landscape
        self.directions = directions
        self.kinetic_directions = kinetic_directions
        self.lengths = np.sqrt(landscape.sphere_products(directions, directions))
        self.slope, self.curvature = self._derivatives()
        self._work = work  # one field

    @property
    def farthest(self) -> float:
        longest = float(np.max(self.lengths))
        if not (longest > 0.0 and math.isfinite(longest)):
            raise NotConverged(
                "ground state: the energies leave the range of double precision; "
                "are particles, strengths and potentials of the size you mean?"
            )
        return 0.5 * math.pi / longest

    def _derivatives(self) -> tuple[float, float]:
        """First and second derivative of the energy with respect to t at t = 0.

        E' = 2 sum_a nu_a Re <d_a|r_a>,
        E'' = 2 sum_a nu_a (<d_a|(H d)_a> - mu_a |d_a|^2) + sum_a integral rho'_a response_a(rho'),  rho'_a = 2 nu_a
        Re(conj(phi_a) d_a).
        """
        landscape, mixture, directions = self.landscape, self.landscape.mixture, self.directions
        slope = 2.0 * landscape.metric(directions, landscape.gradients)
        changes = landscape.density_changes(directions)
        responses = mixture.interactions.responses(landscape.densities, changes)
        local = np.zeros(len(directions))
        for a, (direction, total) in enumerate(zip(directions, landscape.totals, strict=True)):
            local[a] = 2.0 * landscape.weights[a] * mixture.grid.integrate(
                direction.real**2 + direction.imag**2, total
            ) + mixture.grid.integrate(changes[a], responses[a])
        local[0] += 2.0 * landscape.coupling_curvature(directions)
        kinetic = landscape.products(directions, self.kinetic_directions)
        curvature = float(np.sum(mixture.communicators.sum(local))) + 2.0 * float(
            np.dot(
                landscape.weights,
                kinetic - landscape.chemical_potentials * landscape.products(directions, directions),
            )
        )
        return slope, curvature

    def descend(self, step: float) -> bool:
        """Turn by `step`, then improve it by secants until the slope has fallen to a fifth and the energy has not
        risen. The direction stays worth remembering. Collective."""
        landscape, farthest = self.landscape, self.farthest
        start_energy, position, slope_behind, behind = landscape.energy, 0.0, self.slope, 0.0
        for _ in range(8):
            self._turn((step - position) * self.lengths)
            position = step
            landscape.evaluate()
            here = self._slope_here()
            risen = landscape.energy > start_energy + 1e-12 * abs(start_energy)
            if not risen and abs(here) <= 0.2 * abs(self.slope):
                break
            if risen or here > 0.0:  # too far: the minimum lies between
                fall = slope_behind - here
                secant = slope_behind / fall if fall else 0.5
                step = behind + (position - behind) * min(0.9, max(0.1, secant))
            else:
                behind, slope_behind, step = position, here, min(farthest, position + 2.0 * (position - behind))
                if step <= position:
                    break
        return True

    def _slope_here(self) -> float:
        """dE/dt at the present fields along the transported direction: 2 sum_a nu_a Re <d_a|(H phi)_a>."""
        landscape, local = self.landscape, []
        for a, (direction, total) in enumerate(zip(self.directions, landscape.totals, strict=True)):
            np.multiply(landscape.fields[a], total, out=self._work)
            self._work += landscape.kinetic[a]
            landscape.add_coupling(landscape.fields, a, self._work)
            local.append(kernels.inner_product(direction, self._work).real)
        products = landscape.mixture.communicators.sum(local) * landscape.mixture.grid.cell_volume
        if landscape.magnetisations:  # of the direction only the tangent part moves along the curve
            products -= self._normal_slopes()
        return 2.0 * float(np.dot(landscape.weights, products))

    def _turn(self, angles: np.ndarray) -> None:
        """Turn phi and d (and T phi, T d) against each other by the angles, in place."""
        for a, (angle, length) in enumerate(zip(angles, self.lengths, strict=True)):
            if length == 0.0:
                continue
            number = self._work.real.dtype.type
            cosine, sine = math.cos(angle), math.sin(angle)
            for first, second in (
                (self.landscape.fields[a], self.directions[a]),
                (self.landscape.kinetic[a], self.kinetic_directions[a]),
            ):
                np.multiply(first, number(cosine), out=self._work)
                self._work += number(sine / length) * second
                second *= number(cosine)
                second -= number(sine * length) * first
                first[...] = self._work
        self.landscape.restore_magnetisations()

    def _normal_slopes(self) -> np.ndarray:
        """What the normals of magnetisations that are kept add to Re <d_a|(H phi)_a>: n_a Re <phi_a|(H phi)_a>, with
        n_a of the direction."""
        landscape, products = self.landscape, []
        for a, total in enumerate(landscape.totals):
            np.multiply(landscape.fields[a], total, out=self._work)
            self._work += landscape.kinetic[a]
            landscape.add_coupling(landscape.fields, a, self._work)
            products.append(kernels.inner_product(landscape.fields[a], self._work).real)
        summed = landscape.mixture.communicators.sum(products) * landscape.mixture.grid.cell_volume
        return np.asarray(landscape.normal_parts(self.directions) * summed)
