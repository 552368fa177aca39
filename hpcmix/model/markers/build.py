"""From the species of a problem file to the laws of their markers; species without markers have none."""

from __future__ import annotations

from functools import singledispatch

from hpcmix.grid import Grid
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.markers.forces import MarkerForces
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.markers.windows import window_of_markers
from hpcmix.problem.sections.species.classical import Classical


@singledispatch
def marker_model(species: object, kinetic: KineticEnergy, grid: Grid) -> MarkerModel | None:
    """The laws of its markers. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a file does not fit
    the grid. Local."""
    return None


@marker_model.register
def _(species: Classical, kinetic: KineticEnergy, grid: Grid) -> MarkerModel:
    forces = MarkerForces.of(f"species.{species.name}.potential", species.potential, species.mass, grid)
    return MarkerModel(window_of_markers(species.markers), kinetic, forces, species.number_of_markers)
