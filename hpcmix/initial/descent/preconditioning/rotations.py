"""Rotations of a state as a whole: directions with next to no curvature, which no approximate inverse made of parts
knows.

A lattice of vortices in a round trap may stand at any angle. On a grid it may not quite: the energy depends on the
angle by as little as the grid misses of the cores, and the search has to find the least of that. Along u, which is
i L phi of length one and made tangent, L = r x (-i hbar grad) about an axis, the second variation A is known from a
single application, and to the preconditioner is added

    P -> P + u <u, .> / max(|<u, A u>|, epsilon E)

with E the energies per particle. Directions about axes around which the state is held have a large <u, A u>, and add
little.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hpcmix.initial.descent.curvature import Stationary, Vector
from hpcmix.model.mixture import Mixture

LEAST_CURVATURE = 1e-3
"""epsilon: no step may go farther than the state is like its linearisation. Measured on 72^2, g = 300, rate 0.8, to
1e-6: 460 to 860 iterations; with 1e-4 840, with 1e-6 1140, without these directions 2260."""
REFRESHED = 3
"""So many times a state is refreshed, every 20 iterations, before its rotations are looked for: easy searches are over
by then."""
LEAST_LENGTH = 1e-6
"""|L phi| in units of hbar times the square root of the particles below which a state has nothing to turn."""


class Rotations:
    """The directions of a state and what is added along them; none until :meth:`find`. All methods are collective."""

    def __init__(self) -> None:
        self._refreshed = 0
        self._known = False
        self._directions: list[tuple[Vector, float]] = []

    def forget(self) -> None:
        """The state was refreshed, and is another one."""
        self._refreshed += 1
        self._known = False

    @property
    def due(self) -> bool:
        """Whether they are to be found."""
        return not self._known and self._refreshed > REFRESHED

    def find(self, state: Stationary, mixture: Mixture, fields: Vector) -> None:
        """The rotations about all axes of the grid that the fields do not keep to."""
        self._directions = []
        self._known = True
        unit = mixture.hbar * state.metric(fields, fields) ** 0.5
        for first, second in combinations(range(mixture.grid.dimensions), 2):
            direction = [_turned(mixture, field, first, second) for field in fields]
            state.project(direction)
            length = state.metric(direction, direction) ** 0.5
            if not length > LEAST_LENGTH * unit:
                continue
            image = []
            for part in direction:
                part /= part.real.dtype.type(length)
                image.append(np.empty_like(part))
            state.apply_second_variation(direction, image)
            curvature = max(abs(state.metric(direction, image)), LEAST_CURVATURE * state.energy_scale)
            self._directions.append((direction, 1.0 / curvature))

    def parts(self, state: Stationary, vectors: Vector) -> list[float]:
        """What is to be added along every direction to the preconditioned vectors."""
        return [inverse * state.metric(direction, vectors) for direction, inverse in self._directions]

    def add(self, parts: list[float], vectors: Vector) -> None:
        """Add it."""
        for part, (direction, _) in zip(parts, self._directions, strict=True):
            for vector, along in zip(vectors, direction, strict=True):
                vector += vector.real.dtype.type(part) * along


def _turned(mixture: Mixture, field: np.ndarray, first: int, second: int) -> np.ndarray:
    """i (x_1 p_2 - x_2 p_1) phi."""
    along, across = field.copy(), field.copy()
    mixture.apply_momentum(along, second)
    mixture.apply_momentum(across, first)
    along *= mixture.grid.coordinates[first]
    across *= mixture.grid.coordinates[second]
    along -= across
    along *= field.dtype.type(1j)
    return along
