"""Checks that a species' potentials and initial state fit the grid."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.species import Species

Finding = tuple[tuple[str | int, ...], str]


def check_on_grid(species: Species, grid: Grid, hbar: float) -> Iterator[Finding]:
    """Yield path (within the species) and sentence for everything that does not fit the grid."""
    for index, potential in enumerate(species.potential):
        for path, message in (*potential.misplaced(grid), *potential.misfits(grid)):
            yield ("potential", index, *path), message
    if species.number_of_orbitals > math.prod(grid.points):
        points = math.prod(grid.points)
        yield ("orbitals",), f"{species.number_of_orbitals} are more than the grid's {points} points can hold"
    if species.vector_potential is not None:
        for path, message in species.vector_potential.misfits(grid):
            yield ("vector_potential", *path), message
    initial = species.initial
    own = (*initial.beyond_the_modes(grid, hbar), *initial.misfits(grid), *initial.misplaced_imprints(grid))
    if species.is_set and getattr(initial, "modes", None) is not None:
        yield ("initial", "modes"), "are those of condensates, and this species has a set of orbitals"
    for path, message in (*_check_centre(initial, grid), *own):
        yield ("initial", *path), message
    noise = species.wave_functions.noise if species.has_orbitals else None
    if noise is not None:
        for path, message in noise.unfit_for(grid, hbar, species.mass):
            yield ("initial", "noise", *path), message


def _check_centre(thing: object, grid: Grid) -> Iterator[Finding]:
    for axis, centre in enumerate(getattr(thing, "centre", ())):
        half = grid.lengths[axis] / 2.0
        if abs(centre) > half:
            name = grid.axes[axis]
            message = f"{centre:.6g} on axis {name} is outside the box, which reaches from {-half:.6g} to {half:.6g}"
            yield ("centre", axis), message
