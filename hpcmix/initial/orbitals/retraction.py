"""Steps of sets of orbitals on their Stiefel manifolds.

A step goes from the block Phi in the tangent direction D, Phi^+ D = 0, to

    Phi(t) = (Phi + t D) C,     C the inverse Cholesky factor of 1 + t^2 D^+ D,

which is orthonormal. T Phi goes along and costs no transform.
"""

from __future__ import annotations

import math

import numpy as np

from hpcmix.initial.orbitals.landscape import OrbitalLandscape
from hpcmix.parallel.orbital_algebra import cholesky_inverse


class Retraction:
    """The curves that leave the blocks of a landscape in the directions D (a `Curve` of conjugate_gradients.py). Blocks
    are moved in place.

    farthest  an orbital turns by arctan(t |d|): beyond a right angle's half nothing is left of what it was.
    """

    cautious = 0.3

    def __init__(
        self, landscape: OrbitalLandscape, directions: list[np.ndarray], kinetic_directions: list[np.ndarray]
    ) -> None:
        self.landscape = landscape
        self.directions = directions
        self.kinetic_directions = kinetic_directions
        self.grams = [landscape.algebra[a].gram(direction) for a, direction in enumerate(directions)]  # D^+ D
        self.slope, self.curvature = self._derivatives()

    @property
    def farthest(self) -> float:
        return 1.0 / math.sqrt(max(max(float(np.linalg.eigvalsh(gram)[-1]) for gram in self.grams), 1e-300))

    def _derivatives(self) -> tuple[float, float]:
        """First and second derivative of the energy with respect to t at t = 0.

        E' = 2 sum_a nu_a Re tr D^+ R,
        E'' = 2 sum_a nu_a tr(D^+ H D - D^+ D Lambda) + sum_a integral rho'_a response_a(rho'),
        rho'_a = 2 nu_a sum_j Re(conj(phi_j) d_j).
        """
        landscape, mixture, directions = self.landscape, self.landscape.mixture, self.directions
        slope = 2.0 * landscape.metric(directions, landscape.gradients)
        changes = landscape.densities_of(landscape.blocks, directions)
        responses = mixture.interactions.responses(landscape.densities, changes)
        response = float(
            mixture.communicators.sum(
                [sum(mixture.grid.integrate(rho, field) for rho, field in zip(changes, responses, strict=True))]
            )[0]
        )
        kinetic = landscape.traces(directions, self.kinetic_directions)
        potential = landscape.summed(
            np.array(
                [
                    sum(float(np.sum((d.real**2 + d.imag**2) * total, dtype=np.float64)) for d in direction)
                    for direction, total in zip(directions, landscape.totals, strict=True)
                ]
            )
        )
        levels = np.array(
            [np.sum(gram * level.T).real for gram, level in zip(self.grams, landscape.levels, strict=True)]
        )
        return slope, response + 2.0 * float(np.dot(landscape.weights, kinetic + potential - levels))

    def descend(self, step: float) -> bool:
        """Step by t, and by less while the energy has risen (by more than its rounding). Where it does not stop rising
        the direction is to be forgotten. Collective."""
        landscape, start = self.landscape, self.landscape.energy
        undo = [np.eye(len(gram), dtype=complex) for gram in self.grams]
        position = 0.0
        for _ in range(10):
            undo = self._move_to(step, position, undo)
            position = step
            landscape.evaluate()
            if landscape.energy <= start + 1e-12 * abs(start):
                return True
            # the parabola through the start, its slope and the energy here has its minimum before half the step
            excess = landscape.energy - start - self.slope * step
            step *= min(0.5, max(0.1, -0.5 * self.slope * step / excess)) if excess > 0.0 else 0.5
        return False

    def _move_to(self, step: float, position: float, undo: list[np.ndarray]) -> list[np.ndarray]:
        """From (Phi + position D) C_old to (Phi + step D) C_new, in place; `undo` holds the inverses of C_old and those
        of C_new come back."""
        landscape, inverses = self.landscape, []
        for a, gram in enumerate(self.grams):
            if a in landscape.held:
                inverses.append(undo[a])
                continue
            factor = cholesky_inverse(np.eye(len(gram)) + step**2 * gram)
            inverses.append(np.linalg.inv(factor))
            number = landscape.blocks[a].real.dtype.type(step - position)
            for moving, direction in (
                (landscape.blocks[a], self.directions[a]),
                (landscape.kinetic[a], self.kinetic_directions[a]),
            ):
                if position:
                    moving[...] = landscape.algebra[a].combined(moving, undo[a])
                moving += number * direction
                moving[...] = landscape.algebra[a].combined(moving, factor)
        return inverses
