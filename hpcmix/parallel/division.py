"""How the ranks of a run are divided: orbital groups, and the pencil grid of each. Pure arithmetic, no MPI, so that
``hpcmix plan`` and ``hpcmix job`` divide as a run does.

What a problem file asks for is what its author wants on the ranks of its author: on a number of ranks that it does not
fit it gives way, and the log says so. What an option asks for is meant for this run, and is refused where it does not
fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.parallel.decomposition import Decomposition, choose_pencil_grid, largest_split
from hpcmix.parallel.orbital_groups import choose_groups
from hpcmix.parallel.precision import Precision
from hpcmix.problem.reading.values import counted


@dataclass(frozen=True)
class Division:
    """Ranks = groups x pencil grid; `notes` are sentences about what the file asks for and does not get."""

    groups: int
    decomposition: Decomposition
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DivisionRequest:
    """What is to be shared by ranks, and how it is asked for.

    points       of the grid.
    orbitals     number of orbitals of every species.
    groups, pencil_grid
                 as asked for, None to choose.
    groups_give_way, pencil_grid_gives_way
                 whether they give way to a number of ranks that they do not fit; else it is refused.
    """

    points: tuple[int, ...]
    orbitals: tuple[int, ...]
    precision: Precision = Precision.DOUBLE
    groups: int | None = None
    pencil_grid: tuple[int, int] | None = None
    groups_give_way: bool = True
    pencil_grid_gives_way: bool = True


def divide(
    request: DivisionRequest, ranks: int, node_ranks: int | None = None, memory_per_rank: float = math.inf
) -> Division:
    """The division of so many ranks as asked for, or the quickest.

    node_ranks, memory_per_rank  as :func:`choose_groups` takes them.
    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where the grid has no room for the ranks, or not as an
    option asks."""
    points, groups, pencil_grid = request.points, request.groups, request.pencil_grid
    notes = []
    if groups is not None and request.groups_give_way:
        fitting = _fitting_groups(groups, ranks, sum(request.orbitals))
        if fitting != groups:
            instead = f"divided into {counted(fitting, 'orbital group')}"
            notes.append(f"orbital_groups = {groups} of the file is not for {counted(ranks, 'rank')}: {instead}")
            groups = fitting
    if pencil_grid is not None and request.pencil_grid_gives_way:
        limit, size = largest_split(points), pencil_grid[0] * pencil_grid[1]
        possible = {ranks // groups} if groups is not None else {ranks // n for n in _divisors(ranks)}
        if size not in possible or pencil_grid[0] > limit[0] or pencil_grid[1] > limit[1]:
            asked = list(pencil_grid)[: max(1, len(points) - 1)]
            notes.append(f"pencil_grid = {asked} of the file is not for {counted(ranks, 'rank')}: chosen anew")
            pencil_grid = None
    real_bytes = request.precision.real_bytes
    groups = choose_groups(
        request.orbitals, points, ranks, groups, pencil_grid, node_ranks, memory_per_rank, real_bytes
    )
    return Division(
        groups, Decomposition(points, choose_pencil_grid(points, ranks // groups, pencil_grid)), tuple(notes)
    )


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def _fitting_groups(asked: int, ranks: int, orbitals: int) -> int:
    """The largest number of groups up to the one asked for that divides the ranks and leaves each an orbital."""
    return max(divisor for divisor in _divisors(ranks) if divisor <= min(asked, orbitals))
