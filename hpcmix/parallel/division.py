"""How the ranks of a run are divided: orbital groups, and the pencil grid of each. Pure arithmetic, no MPI, so that
``hpcmix plan`` and ``hpcmix job`` divide as a run does.

What a problem file asks for is what its author wants on the ranks of its author: on a number of ranks that it does not
fit it gives way, and the log says so. What a ``--set`` option asks for is meant for this run, and is refused where it
does not fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.parallel.decomposition import Decomposition, choose_pencil_grid, largest_split
from hpcmix.parallel.orbital_groups import choose_groups
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem


@dataclass(frozen=True)
class Division:
    """Ranks = groups x pencil grid; `notes` are sentences about what the file asks for and does not get."""

    groups: int
    decomposition: Decomposition
    notes: tuple[str, ...] = ()


def divide(
    problem: Problem,
    ranks: int,
    node_ranks: int | None = None,
    memory_per_rank: float = math.inf,
    points: tuple[int, ...] | None = None,
) -> Division:
    """The division of so many ranks that a problem asks for, or the quickest for it.

    node_ranks, memory_per_rank  as :func:`choose_groups` takes them.
    points  of the grid, where it is not the problem's own.
    Raises :class:`~hpcmix.problem.errors.ProblemError` where the grid has no room for the ranks, or not as an option
    asks.
    """
    points = points or problem.grid.points
    options = problem.parallel
    groups = problem.orbital_groups
    pencil_grid = None if options.pencil_grid == "auto" else options.pencil_grid
    notes = []
    if groups is not None and not problem.is_option("parallel", "orbital_groups"):
        fitting = _fitting_groups(groups, ranks, sum(problem.orbitals))
        if fitting != groups:
            instead = f"divided into {counted(fitting, 'orbital group')}"
            notes.append(f"orbital_groups = {groups} of the file is not for {counted(ranks, 'rank')}: {instead}")
            groups = fitting
    if pencil_grid is not None and not problem.is_option("parallel", "pencil_grid"):
        limit, size = largest_split(points), pencil_grid[0] * pencil_grid[1]
        possible = {ranks // groups} if groups is not None else {ranks // n for n in _divisors(ranks)}
        if size not in possible or pencil_grid[0] > limit[0] or pencil_grid[1] > limit[1]:
            asked = list(pencil_grid)[: max(1, len(points) - 1)]
            notes.append(f"pencil_grid = {asked} of the file is not for {counted(ranks, 'rank')}: chosen anew")
            pencil_grid = None
    real_bytes = 8 if options.precision == "double" else 4
    groups = choose_groups(
        problem.orbitals, points, ranks, groups, pencil_grid, node_ranks, memory_per_rank, real_bytes
    )
    return Division(
        groups, Decomposition(points, choose_pencil_grid(points, ranks // groups, pencil_grid)), tuple(notes)
    )


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]


def _fitting_groups(asked: int, ranks: int, orbitals: int) -> int:
    """The largest number of groups up to the one asked for that divides the ranks and leaves each an orbital."""
    return max(divisor for divisor in _divisors(ranks) if divisor <= min(asked, orbitals))
