"""From the species of a problem file to the laws of their markers; species without markers have none."""

from __future__ import annotations

from functools import singledispatch

from hpcmix.grid import Grid
from hpcmix.model.kinetic.free import KineticEnergy
from hpcmix.model.markers.forces import MarkerForces
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.markers.window import Window
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.classical import Classical


def windows_of(problem: Problem) -> tuple[Window | None, ...]:
    """The window of every species, None where no markers carry it."""
    return tuple(window_of(species) for species in problem.species)


@singledispatch
def window_of(species: object) -> Window | None:
    """The window of the markers of a species."""
    return None


@window_of.register
def _(species: Classical) -> Window:
    return Window.of_tolerance(species.markers.tolerance)


@singledispatch
def marker_model(species: object, kinetic: KineticEnergy, grid: Grid) -> MarkerModel | None:
    """The laws of its markers. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where a file does not fit
    the grid. Local."""
    return None


@marker_model.register
def _(species: Classical, kinetic: KineticEnergy, grid: Grid) -> MarkerModel:
    forces = MarkerForces.of(f"species.{species.name}.potential", species.potential, species.mass, grid)
    return MarkerModel(Window.of_tolerance(species.markers.tolerance), kinetic, forces, species.markers.number)
