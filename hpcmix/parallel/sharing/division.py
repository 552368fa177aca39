"""How the ranks of a run are divided: orbital groups or replicas, and the pencil grid of each. Pure arithmetic, no MPI,
so that ``hpcmix plan`` and ``hpcmix job`` divide as a run does.

Where pairs of fluctuations evolve beside the condensates, these are what ``parallel.orbital_groups`` deals: every group
is a replica, with all condensates and a contiguous part of the pairs.

What a problem file asks for is what its author wants on the ranks of its author: on a number of ranks that it does not
fit it gives way, and the log says so. What an option asks for is meant for this run, and is refused where it does not
fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.parallel.decomposition import Decomposition, choose_pencil_grid, largest_split
from hpcmix.parallel.precision import Precision
from hpcmix.parallel.sharing.orbital_groups import choose_groups, fits, require_equal_groups
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted


@dataclass(frozen=True)
class Division:
    """Ranks = replicas x groups x pencil grid; `notes` are sentences about what the file asks for and does not get."""

    groups: int
    decomposition: Decomposition
    notes: tuple[str, ...] = ()
    replicas: int = 1

    @property
    def in_words(self) -> str:
        """Such as "4 x 2 pencils", "2 orbital groups of 4 slabs"."""
        grid = self.decomposition.in_words
        if self.replicas > 1:
            return f"{self.replicas} groups of {grid}, each with the condensates and its part of the pairs"
        return f"{self.groups} orbital groups of {grid}" if self.groups > 1 else grid


@dataclass(frozen=True)
class DivisionRequest:
    """What is to be shared by ranks, and how it is asked for.

    points       of the grid.
    orbitals     number of orbitals of every species.
    pairs        number of pairs of fluctuations, 0 where there are none: they are what the groups then share.
    markers      of all classical species: groups share them beside the orbitals.
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
    pairs: int = 0
    markers: int = 0

    @property
    def shares(self) -> int:
        """How many things there are to be dealt to groups."""
        return self.pairs or max(sum(self.orbitals), self.markers)


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
        fitting = _fitting_groups(groups, ranks, request.shares)
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
    if request.pairs:
        replicas = choose_replicas(
            request.pairs, len(request.orbitals), points, ranks, groups, pencil_grid, memory_per_rank, real_bytes
        )
        grid = choose_pencil_grid(points, ranks // replicas, pencil_grid)
        return Division(1, Decomposition(points, grid), tuple(notes), replicas)
    groups = choose_groups(
        request.orbitals, points, ranks, groups, pencil_grid, node_ranks, memory_per_rank, real_bytes, request.markers
    )
    return Division(
        groups, Decomposition(points, choose_pencil_grid(points, ranks // groups, pencil_grid)), tuple(notes)
    )


PAIRS_PER_REPLICA = 2
"""The fewest pairs that a replica is given unasked: with them a fifth of its fields are condensates, which every
replica moves again."""


def choose_replicas(
    pairs: int,
    species: int,
    points: tuple[int, ...],
    ranks: int,
    asked: int | None = None,
    pencil_grid: tuple[int, int] | None = None,
    memory_per_rank: float = math.inf,
    real_bytes: int = 8,
) -> int:
    """How many replicas of the condensates share the pairs of fluctuations: as asked for, else as many as have memory
    and at least :data:`PAIRS_PER_REPLICA` pairs each, because nothing moves between replicas in a step.

    The arguments are those of :func:`~hpcmix.parallel.sharing.orbital_groups.choose_groups`. Where nothing fits into
    memory the choice is the one that needs least. Raises :class:`ProblemError` when the ranks cannot be divided as
    asked.
    """
    if asked is not None:
        require_equal_groups(ranks, asked)
        if asked > pairs:
            raise ProblemError.of("parallel.orbital_groups", too_many_groups(asked, pairs))
        return asked
    if pencil_grid is not None:
        size = pencil_grid[0] * pencil_grid[1]
        return ranks // size if ranks % size == 0 and ranks // size <= pairs else 1
    limit, needs = largest_split(points), dict[int, float]()
    for replicas in _divisors(ranks):
        if fits(ranks // replicas, limit) and (replicas == 1 or pairs >= PAIRS_PER_REPLICA * replicas):
            block = Decomposition(points, choose_pencil_grid(points, ranks // replicas)).position_block(0).size
            needs[replicas] = 2.0 * real_bytes * block * fields_of_replica(species, -(-pairs // replicas))
    roomy = [replicas for replicas, needed in needs.items() if needed <= memory_per_rank]
    return max(roomy) if roomy else min(needs, key=needs.__getitem__, default=1)


def fields_of_replica(species: int, pairs: int) -> float:
    """Complex fields of the grid that a replica of so many pairs works with: u and w of every pair, condensates with
    their densities and potentials, and what transforms work in; an eighth more in passing."""
    return 1.12 * (2 * species * pairs + 3 * species + 2)


def too_many_groups(groups: int, pairs: int) -> str:
    """The sentence that refuses more groups than there are pairs."""
    return (
        f"{groups} groups cannot share {counted(pairs, 'pair')} of [fluctuations]: every group needs at least one; "
        f"use at most {pairs}"
    )


def _divisors(number: int) -> list[int]:
    """All of them, the least first; quick for numbers of ranks that no machine has, too."""
    small = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    return [*small, *(number // divisor for divisor in reversed(small) if divisor * divisor != number)]


def _fitting_groups(asked: int, ranks: int, orbitals: int) -> int:
    """The largest number of groups up to the one asked for that divides the ranks and leaves each an orbital."""
    return max(divisor for divisor in _divisors(ranks) if divisor <= min(asked, orbitals))
