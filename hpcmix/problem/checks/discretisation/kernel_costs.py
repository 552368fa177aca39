"""What the transforms of the kernels cost before the first step, known from the file: nothing is begun that would not
end.

A kernel in free space is cut at its reach R and summed over the wave numbers of a grid with room for it between images
(model/pair_kernels/padded_multiplier.py): n + R/h points along every axis, so that a long box asks for its length along
the short axes too. Where the cut transform has no closed form it is a quadrature
(model/pair_kernels/radial/transform.py): nodes along r times nodes along k, (R k_max)^2 numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import InteractionSection

SECONDS_PER_WAVE = {1: 2e-8, 2: 4e-8, 3: 4e-8}
"""Of a cosine, J_0 or sin(kr)/kr at a node, measured to a factor of two."""

WAVES = 13.3
"""Of a quadrature in units of (R k_max)^2: 20 nodes to every 4/R of k, 16 to every 6/k_max of r."""

SECONDS_PER_VALUE = {False: 6e-8, True: 2e-7}
"""Of a cut kernel's transform at a wave number of the wide grid: in closed form, or by a quadrature's series."""

MOST_SECONDS = 10.0
"""What the set-up of a kernel may take at least..."""

MOST_SECONDS_PER_POINT = 1e-5
"""...and for every point of the grid: some hundred steps."""


@dataclass(frozen=True)
class KernelCost:
    """Of a kernel on a grid, for a rank.

    values  numbers of a padded sum, zero on the periodic box; wide the points along each axis.
    seconds, bytes  about what the set-up takes, all on this rank; bytes beyond what a run keeps.
    """

    wide: tuple[int, ...]
    values: float
    waves: float
    seconds: float
    bytes: float


def wide_points(points: int, spacing: float, reach: float) -> int:
    """Points of the grid that a cut kernel needs along an axis: (n - 1) h + R fit between images, and even."""
    return 2 * math.ceil((points + reach / spacing) / 2.0)


def kernel_cost(interaction: InteractionSection, grid: Grid) -> KernelCost:
    """What it takes to make the multiplier of an interaction's kernel."""
    diagonal = math.hypot(*grid.lengths)
    largest = math.hypot(*(math.pi / spacing for spacing in grid.spacings))
    quadrature = interaction.quadrature(grid.dimensions, diagonal)
    waves = columns = 0.0
    if quadrature is not None:
        radius, columns = quadrature
        waves = WAVES * max(1.0, radius * largest) ** 2
    seconds = waves * SECONDS_PER_WAVE[grid.dimensions] * max(1.0, columns / 20.0)
    needed = 8.0 * columns * max(1.0, largest * (quadrature[0] if quadrature else 0.0)) * (16.0 / 6.0 + 20.0 / 4.0)
    wide: tuple[int, ...] = ()
    values = 0.0
    if interaction.kernel_boundary == "free":
        reach = interaction.reach(diagonal)
        wide = tuple(wide_points(n, spacing, reach) for n, spacing in zip(grid.points, grid.spacings, strict=True))
        values = float(interaction.parts * math.prod(count // 2 + 1 for count in wide))
        seconds += values * SECONDS_PER_VALUE[quadrature is not None]
        needed += 8.0 * sum(2.0 * n * count for n, count in zip(grid.points, wide, strict=True))
    return KernelCost(wide, values, waves, seconds, needed)


def check_cost(interaction: Any, grid: Grid) -> Iterator[Misfit]:
    """Yield key and sentence where a kernel's set-up would take longer than anybody waits."""
    if interaction.kernel_boundary is None:
        return
    cost = kernel_cost(interaction, grid)
    allowed = max(MOST_SECONDS, MOST_SECONDS_PER_POINT * math.prod(grid.points))
    if cost.seconds <= allowed:
        return
    if cost.values * SECONDS_PER_VALUE[True] > 0.5 * cost.seconds:
        sizes = " x ".join(f"{points:.4g}" for points in cost.wide)
        message = (
            f"this kernel in free space needs room for its reach along every axis, {sizes} points, too many for a grid "
            f"of {math.prod(grid.points):.4g}; make box and cells less elongated, or use a boundary that is "
            '"periodic"'
        )
        yield ("boundary",), message
        return
    message = (
        f"the transform of this kernel is a quadrature of {cost.waves:.2g} numbers on this grid, because its range is "
        "very many spacings; use a shorter range, or a grid with larger spacings"
    )
    yield (), message
