"""The markers of a species that this rank holds, as measurements want them: completed momenta of the laboratory, and
positions at which the cloud is in one piece."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from hpcmix.model.markers.model import MarkerModel
from hpcmix.observe.look import Look
from hpcmix.observe.measures.unwrapping import axis_lines, in_piece, middle_across_faces


class LaboratoryMarkers:
    """Of a classical species in a look; its density is asked for. Collective over the world when it is made; then
    local, a slice of the markers at a time, in the order in which the cloud has them.

    number  of markers here.
    index   of each among all of the species; weight of each.
    """

    def __init__(self, look: Look, species: int) -> None:
        grid = look.mixture.grid
        lines = axis_lines(look.mixture, look.densities[species])
        cloud = look.cloud(species)
        self._middles = [middle_across_faces(grid, axis, line) for axis, line in enumerate(lines)]
        self._look, self._species = look, species
        self._momenta = look.momenta(species)
        self._position = cloud.position
        self.index, self.weight = cloud.index, cloud.weight
        self.number, self.dimensions = cloud.position.shape

    @cached_property
    def _model(self) -> MarkerModel:
        model = self._look.mixture.species[self._species].markers
        if model is None:
            raise TypeError("a species of orbitals has no markers")
        return model

    def position(self, part: slice) -> np.ndarray:
        """x on the grid, -L/2 <= x < L/2, shape (markers, axes); in a frame that grows the laboratory's by b."""
        return self._position[part]

    def place(self, part: slice) -> np.ndarray:
        """The same where the cloud is in one piece (:mod:`hpcmix.observe.measures.unwrapping`)."""
        columns = zip(self._position[part].T, self._look.mixture.grid.lengths, self._middles, strict=True)
        return np.array([in_piece(x, length, middle) for x, length, middle in columns]).T

    def momentum(self, part: slice) -> np.ndarray:
        """p in the laboratory, shape (markers, axes): pi / b + m b' y of a marker that has pi = b p - m b' x at x = b y
        in a frame that grows."""
        grid, clock = self._look.mixture.grid, self._look.clock
        momenta = self._momenta[part]
        if not grid.frame.expanding:
            return momenta
        mass = self._look.mixture.species[self._species].mass
        return grid.frame.contraction(clock) * momenta + (mass * grid.frame.speed(clock)) * self._position[part]

    def angular_momentum(self, part: slice) -> np.ndarray:
        """x p_y - y p_x of each marker in two dimensions, r x p in three, about the origin: shape (markers,) and
        (markers, 3). What a frame that grows adds to p is along r."""
        x, p = self._position[part], self._momenta[part]
        if self.dimensions == 2:
            return x[:, 0] * p[:, 1] - x[:, 1] * p[:, 0]
        return np.cross(x, p)

    def kinetic_energy(self, momentum: np.ndarray) -> np.ndarray:
        """T(p) of each marker."""
        return self._model.kinetic_energy(momentum)

    def potential(self, part: slice) -> np.ndarray:
        """U(x) of each marker, in the laboratory."""
        instant = self._look.instant
        return self._model.potential(self._position[part], instant) * instant.contraction**2
