"""Checks of what the expanding frame cannot take, or not until the time infinity (docs/methods/expanding-frame.md)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.sections.calculation.output import OutputOptions
from hpcmix.problem.sections.frames.rotating import Rotation
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.times.evolution import TimeOptions


def check_frame(
    grid: Grid,
    species: dict[int, Species],
    interaction: dict[int, Any],
    coupling: Iterable[int],
    rotation: Rotation | None,
    time: TimeOptions | None,
    output: OutputOptions | None,
) -> Iterator[Misfit]:
    """Yield path and sentence for everything that contradicts an expanding frame. Species, interactions and couplings
    are by their index in the file."""
    for index in coupling:
        message = (
            "does not go with the expanding frame: it mixes wave functions whose phases the frame takes up by their "
            'masses; use frame = "fixed"'
        )
        yield ("coupling", index, "rabi_frequency"), message
    if rotation is not None:
        yield ("rotation",), "is for a frame that does not expand; grid.frame does"
    for index, entry in species.items():
        if entry.vector_potential is not None:
            yield ("species", index, "vector_potential"), "is for a frame that is fixed; grid.frame expands"
        if entry.kinetic != "nonrelativistic":
            message = (
                f'"{entry.kinetic}" does not go with the expanding frame, whose phase takes p^2/2m up; '
                'use frame = "fixed"'
            )
            yield ("species", index, "kinetic"), message
        for number, potential in enumerate(entry.potential):
            place = ("species", index, "potential", number)
            if potential.at_points_only and potential.until + potential.ramp > 0.0:
                message = (
                    "a potential from a file is known at the grid's points only, and these move with the expanding "
                    "frame; it can be on before time zero alone: until = 0, without a ramp"
                )
                yield (*place, "path"), message
            elif time is not None and math.isinf(time.final) and math.isinf(potential.until):
                message = (
                    'never ends, so that time.final = "infinity" is not reached in the expanding frame; '
                    "give it an until"
                )
                yield (*place, "until"), message
    for position, request in enumerate(output.observables.requests if output is not None else ()):
        if request.in_frame:
            continue
        message = (
            "is of wave functions of the laboratory, whose phase no grid resolves when the frame has expanded; "
            'leave it out or use frame = "fixed"'
        )
        yield ("output", "observables", "also", position), message
    if time is not None and math.isinf(time.final):
        yield from _check_infinity(grid, interaction)


def _check_infinity(grid: Grid, interaction: dict[int, Any]) -> Iterator[Misfit]:
    """Whether b^2 W is finite where b is infinite. It goes like b^(2-d) for a finite integral of the kernel; what grows
    faster acts over all distances."""
    for index, entry in interaction.items():
        power = entry.growth_with_the_frame(grid.dimensions)
        if power <= 0.0:
            continue
        local = power <= 2.0 - grid.dimensions
        reason = "dilutes too slowly in one dimension" if local else "acts over all distances"
        scale = "the scale b" if power == 1.0 else f"b^{power:.3g}, b the scale"
        message = (
            f"{reason}: in the expanding frame it grows like {scale}, and "
            'time.final = "infinity" is not reached; give a finite time'
        )
        yield ("interaction", index, "kind"), message
