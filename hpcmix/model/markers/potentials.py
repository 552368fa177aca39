"""External potentials at the places of markers.

Markers never take a potential from the grid: a trap is not periodic. They ask its shape
(:mod:`hpcmix.model.potentials.shapes`); only what a file gives at the grid's points is joined by splines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.markers.splines import PeriodicSpline
from hpcmix.model.potentials.files import values_of_file
from hpcmix.model.potentials.shapes import Coordinates, PotentialShape, shape_of
from hpcmix.problem.sections.species.potentials import FilePotential


@dataclass(frozen=True)
class Splined(PotentialShape):
    """Values at the points of a grid, joined by splines of degree five that repeat with the box."""

    spline: PeriodicSpline

    def values(self, coordinates: Coordinates, time: float) -> np.ndarray:
        places = np.stack(np.broadcast_arrays(*coordinates), axis=-1)
        return self.spline.value(places.reshape(-1, len(coordinates))).reshape(places.shape[:-1])

    def gradient(self, position: np.ndarray, time: float) -> np.ndarray:
        return self.spline.gradient(position)


@singledispatch
def marker_potential(entry: object, grid: Grid, mass: float) -> PotentialShape:
    """What a validated ``potential`` entry is at the places of markers; `mass`: of the species, code units. Local.

    Raises :class:`ValueError` with a sentence where a file does not fit the grid."""
    return shape_of(entry, mass)


@marker_potential.register
def _(entry: FilePotential, grid: Grid, mass: float) -> PotentialShape:
    return Splined(PeriodicSpline(values_of_file(entry, grid, whole=True), grid.lengths))
