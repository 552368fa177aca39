"""Checks that a species' potentials and initial state fit the grid."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.reading.misfits import Misfit, under
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.species import Species


def check_on_grid(species: Species, grid: Grid, hbar: float) -> Iterator[Misfit]:
    """Yield path (within the species) and sentence for everything that does not fit the grid."""
    for index, potential in enumerate(species.potential):
        yield from under((*potential.misplaced(grid), *potential.misfits(grid)), "potential", index)
    if species.number_of_orbitals > math.prod(grid.points):
        points = math.prod(grid.points)
        yield ("orbitals",), f"{species.number_of_orbitals} are more than the grid's {points} points can hold"
    if species.vector_potential is not None:
        yield from under(species.vector_potential.misfits(grid), "vector_potential")
    initial = species.initial
    own = (*initial.beyond_the_modes(grid, hbar), *initial.misfits(grid), *initial.misplaced_imprints(grid))
    if species.is_set and getattr(initial, "modes", None) is not None:
        yield ("initial", "modes"), "are those of condensates, and this species has a set of orbitals"
    yield from under((*_check_centre(initial, grid), *own), "initial")
    noise = species.wave_functions.noise if species.has_orbitals else None
    if noise is not None:
        yield from under(noise.unfit_for(grid, hbar, species.mass), "initial", "noise")


def _check_centre(thing: object, grid: Grid) -> Iterator[Misfit]:
    for axis, centre in enumerate(getattr(thing, "centre", ())):
        half = grid.lengths[axis] / 2.0
        if abs(centre) > half:
            name = grid.axes[axis]
            message = f"{centre:.6g} on axis {name} is outside the box, which reaches from {-half:.6g} to {half:.6g}"
            yield ("centre", axis), message
