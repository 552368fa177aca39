"""Markers that pass round the box so often in a step that rounding leaves nothing of their places."""

from __future__ import annotations

from collections.abc import Iterator

from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.classical import Classical

MOST_ROUNDS = 1e6
"""Lengths of the box in a step: of a place 1e-10 of the box is left then, which forces at the finest tolerances
notice."""


def check_speeds(parts: Parts, grid: Grid, hbar: float) -> Iterator[Finding]:
    """Refuse initial momenta that carry markers too often round the box in a step. Of scaled parts."""
    if parts.time is None:
        return
    for index, species in parts.classical.items():
        rounds = _rounds(species, grid, hbar, parts.time.step_size)
        axis = max(range(grid.dimensions), key=rounds.__getitem__)
        if rounds[axis] > MOST_ROUNDS:
            message = (
                f'lets markers of "{species.name}" pass {rounds[axis]:.3g} lengths of the box along '
                f"{grid.axes[axis]} in a step, and beyond {MOST_ROUNDS:.0e} rounding leaves too little of their "
                "places; check momenta, mass, particles and time.step"
            )
            yield ("species", index, "initial"), message, None


def _rounds(species: Classical, grid: Grid, hbar: float, step: float) -> list[float]:
    """Lengths of the box along each axis that the fastest marker passes in a step, as far as the file tells."""
    momenta = species.initial.largest_momenta(species.particles, species.mass, hbar, grid)
    speeds = [momentum / species.mass for momentum in momenta]
    if species.kinetic == "semirelativistic":
        speeds = [min(1.0, speed) for speed in speeds]
    return [speed * step / length for speed, length in zip(speeds, grid.lengths, strict=True)]
