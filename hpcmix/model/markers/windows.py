"""The windows of a problem's species. Imports no MPI."""

from __future__ import annotations

from functools import singledispatch

from hpcmix.model.markers.window import Window
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.classical import Classical, MarkersSection


def windows_of(problem: Problem) -> tuple[Window | None, ...]:
    """The window of every species, None where no markers carry it."""
    return tuple(window_of(species) for species in problem.species)


@singledispatch
def window_of(species: object) -> Window | None:
    """The window of the markers of a species."""
    return None


@window_of.register
def _(species: Classical) -> Window:
    return window_of_markers(species.markers)


def window_of_markers(markers: MarkersSection) -> Window:
    """The narrowest window that keeps their tolerance."""
    return Window.of_tolerance(markers.tolerance)
