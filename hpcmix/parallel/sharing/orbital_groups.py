"""How orbitals are dealt to groups of ranks: pure arithmetic, no MPI, so that ``hpcmix plan`` can use it too.

Every orbital of every species is one work item, a condensate's too (ranks = orbital groups x pencil grid). The items
stand in one row, species after species as in the problem file, and every group takes a contiguous part of it: the first
groups one item more where the number does not divide. A group may therefore hold no orbital of some species, and
a condensate lives in one group only; what all groups need of it is its density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.parallel.decomposition import Decomposition, choose_pencil_grid, largest_split, part
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted

MEMORY_SHARE = 0.8
"""Part of a node's memory that fields may take."""


@dataclass(frozen=True)
class OrbitalGroups:
    """The orbitals of all species dealt to `groups` groups.

    orbitals  number of orbitals M_a of every species.
    """

    orbitals: tuple[int, ...]
    groups: int

    def held(self, group: int, species: int) -> range:
        """Which orbitals of a species a group holds, counted within the species."""
        first, count = part(sum(self.orbitals), self.groups, group)
        before = sum(self.orbitals[:species])
        begin = min(max(first - before, 0), self.orbitals[species])
        end = min(max(first + count - before, 0), self.orbitals[species])
        return range(begin, end)

    def held_by_all(self, species: int) -> list[range]:
        """:meth:`held` for every group, in order."""
        return [self.held(group, species) for group in range(self.groups)]

    @property
    def largest(self) -> int:
        """Number of orbitals of the first group, which has the most."""
        return part(sum(self.orbitals), self.groups, 0)[1]


@dataclass(frozen=True)
class Cost:
    """What a step of all orbitals costs. The factors are rounded from measurements of 32 orbitals on 96^3 on two ranks
    of one node: whole orbitals in 115 ms, slabs by messages in 154, by shared memory in 100.

    per_point       seconds of a drift and a kick per point and log2 of the number of points.
    shared, messages     factor for pencils that exchange within a node and between nodes.
    whole           factor for groups of one rank that share a node's memory with others: their orbitals do not stay in
                    cache as the parts of one orbital do.
    exchange        seconds that an exchange takes however little it moves.
    density         seconds per point and species of summing densities over groups.
    """

    per_point: float = 4e-10
    shared: float = 1.0
    messages: float = 1.5
    whole: float = 1.15
    exchange: float = 4e-5
    density: float = 2e-9

    def seconds(self, orbitals: tuple[int, ...], groups: int, decomposition: Decomposition, node_ranks: int) -> float:
        """Estimated seconds of a drift and a kick of all orbitals."""
        block = decomposition.position_block(0).size
        items = OrbitalGroups(orbitals, groups).largest
        work = self.per_point * block * math.log2(max(2, math.prod(decomposition.points)))
        if decomposition.ranks > 1:
            split = sum(ranks > 1 for ranks in decomposition.pencil_grid)
            work = work * (self.shared if decomposition.ranks <= node_ranks else self.messages)
            work += 2.0 * split * self.exchange
        elif groups > 1:
            work *= self.whole
        return items * work + (self.density * block * len(orbitals) if groups > 1 else 0.0)


def require_equal_groups(ranks: int, asked: int) -> None:
    """Raises :class:`ProblemError` where the ranks cannot be divided into so many groups of equal size."""
    if ranks % asked:
        raise ProblemError.of(
            "parallel.orbital_groups",
            f"{counted(ranks, 'rank')} cannot be divided into {asked} groups of equal size; "
            f'use a divisor of {ranks}, or orbital_groups = "auto"',
        )


def choose_groups(
    orbitals: tuple[int, ...],
    points: tuple[int, ...],
    ranks: int,
    asked: int | None = None,
    pencil_grid: tuple[int, int] | None = None,
    node_ranks: int | None = None,
    memory_per_rank: float = math.inf,
    real_bytes: int = 8,
    markers: int = 0,
) -> int:
    """The number of orbital groups for `ranks` ranks: the one asked for, else the quickest that fits into memory.

    asked            as in the problem file, None to choose.
    pencil_grid      asked for, or None; it fixes the number of groups where that is not asked for.
    node_ranks       ranks of one node (None: all of them).
    memory_per_rank  bytes; where nothing fits, the choice that needs least.
    markers          of classical species, which groups deal out as well: as many as there are may be asked for. Unasked
                     they are shared by the boxes of one group, which need no sum over groups.
    The same arguments give the same choice: measured costs are constants (:class:`Cost`), so that two runs of one job
    are divided alike. Raises :class:`ProblemError` when the ranks cannot be divided as asked.
    """
    total = sum(orbitals)
    if asked is not None:
        require_equal_groups(ranks, asked)
        if asked > max(total, markers):
            raise ProblemError.of(
                "parallel.orbital_groups",
                f"{asked} groups cannot share {counted(total, 'orbital')}: every group needs at least one; "
                f"use at most {total}",
            )
        return asked
    limit = largest_split(points)
    if pencil_grid is not None:
        size = pencil_grid[0] * pencil_grid[1]
        return ranks // size if ranks % size == 0 and ranks // size <= max(total, markers) else 1
    if all(number <= 1 for number in orbitals):
        return 1  # condensates and markers alone: their kicks are fused over the species, which groups would prevent
    candidates: list[tuple[bool, float, int]] = []
    for groups in range(1, min(ranks, total) + 1):
        size = ranks // groups
        if ranks % groups or not fits(size, limit):
            continue
        decomposition = Decomposition(points, choose_pencil_grid(points, size))
        needed = _bytes(orbitals, groups, decomposition, real_bytes)
        seconds = Cost().seconds(orbitals, groups, decomposition, node_ranks or ranks)
        too_large = needed > memory_per_rank
        candidates.append((too_large, needed if too_large else seconds, groups))
    return min(candidates)[2] if candidates else 1


def fits(ranks: int, limit: tuple[int, int]) -> bool:
    """Whether some pencil grid of so many ranks leaves every rank points, within :func:`largest_split`."""
    return any(ranks % first == 0 and first <= limit[0] and ranks // first <= limit[1] for first in range(1, ranks + 1))


def _bytes(orbitals: tuple[int, ...], groups: int, decomposition: Decomposition, real_bytes: int) -> float:
    """Bytes of a rank: its orbitals, two work grids, and density, potential and kernel per species."""
    per_point = 2 * (OrbitalGroups(orbitals, groups).largest + 2) + 4 * len(orbitals)
    return float(real_bytes * per_point * decomposition.position_block(0).size)
