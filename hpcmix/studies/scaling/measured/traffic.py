"""What the model counts in a step of the fullest rank: work, messages and bytes (docs/development/scaling.md).

Pure arithmetic, no MPI. All counts are of one rank and one step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpcmix.model.terms.channels import channels_through
from hpcmix.parallel.decomposition import Decomposition, joined_fields
from hpcmix.parallel.sharing.orbital_groups import OrbitalGroups
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.costs.fields import real_bytes
from hpcmix.running.planning.costs.markers import even_patch
from hpcmix.running.planning.costs.steps import convolutions_per_kick

IN_PLACE = "shared-memory"

MARKER_WORK = {2: 150.0, 3: 400.0}
"""Work of a marker in a kick, by the dimensions: its time over 4e-10 s, what a drift and a kick take per point and log2
of their number (parallel/sharing/orbital_groups.py). Measured 60 and 165 ns."""


@dataclass(frozen=True)
class Division:
    """How the ranks are used.

    ranks_per_node  consecutive ranks share a node.
    in_place        whether ranks that share a grid and a node work on it in place, without messages.
    """

    points: tuple[int, ...]
    ranks: int
    groups: int
    pencil_grid: tuple[int, int]
    ranks_per_node: int
    in_place: bool


@dataclass(frozen=True)
class Traffic:
    """The counts.

    work            pairs of transforms times points times log2 of the number of points.
    node_messages   messages to ranks on the same node, one after the other.
    node_bytes      what they carry.
    network_messages, network_bytes     the same to other nodes.
    copied_bytes    read and written to pack messages and to unpack them.
    """

    work: float = 0.0
    node_messages: float = 0.0
    node_bytes: float = 0.0
    network_messages: float = 0.0
    network_bytes: float = 0.0
    copied_bytes: float = 0.0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


def traffic_of(problem: Problem, division: Division) -> Traffic:
    """The counts for a problem in two or three dimensions with a [time]. Raises ValueError for one dimension, where
    every rank works on whole lines."""
    if len(division.points) == 1:
        raise ValueError("the model knows grids of two and three dimensions: in one every rank works on whole lines")
    decomposition = Decomposition(division.points, division.pencil_grid)
    block = decomposition.position_block(0).size
    drifts = len(problem.timing.splitting.drifts)  # as many kicks: the last one of a step is done with the next step's
    items = OrbitalGroups(problem.orbitals, division.groups).largest
    periodic, free = (channels_through(problem, kind).count for kind in ("periodic", "free"))
    pairs = drifts * (items + convolutions_per_kick(problem))
    total = Traffic(work=pairs * block * math.log2(math.prod(division.points)))
    size = 2 * real_bytes(problem) * block
    # a drift moves the orbitals there and back; a kick the half spectra of densities, in free space as large as fields
    moved = [(drifts, items, size), (drifts, periodic, size // 2), (drifts, free, size)]
    total += _exchanges(division, [entry for entry in moved if entry[1]])
    total += _markers(problem, division, drifts)
    total += _sums(division, drifts, real_bytes(problem) * block * len(problem.species))
    return total


def _markers(problem: Problem, division: Division, kicks: int) -> Traffic:
    """Markers dealt evenly, and in every kick the patch of each species to the blocks and back: its cells but those of
    the rank's own block, to the ranks that have them, about two along each axis."""
    total, grid_ranks, d = Traffic(), math.prod(division.pencil_grid), len(division.points)
    for index in problem.classical:
        markers = problem.species[index].number_of_markers / division.ranks
        total += Traffic(work=kicks * markers * MARKER_WORK[d])
        if grid_ranks == 1:
            continue
        cells = even_patch(problem, index, grid_ranks) * (grid_ranks - 1) / grid_ranks
        near = min(grid_ranks, division.ranks_per_node)
        share = (grid_ranks - near) / (grid_ranks - 1)
        messages, carried = 2.0 * kicks * min(2**d, grid_ranks - 1), 2.0 * kicks * 8 * cells
        total += Traffic(
            node_messages=messages * (1.0 - share),
            node_bytes=carried * (1.0 - share),
            network_messages=messages * share,
            network_bytes=carried * share,
            copied_bytes=4.0 * carried,
        )
    return total


def _exchanges(division: Division, moved: Sequence[tuple[int, int, int]]) -> Traffic:
    """Transposes: how often, how many fields at a time, bytes of a field on this rank."""
    first, second = division.pencil_grid
    per_node = division.ranks_per_node
    total = Traffic()
    if division.in_place and second == 1 and first <= per_node:
        return total  # ranks of a node work on the lines where they lie: they wait, and send nothing
    # neighbours in the second direction are consecutive ranks; in the first they are `second` apart
    for ranks, on_node in ((first, max(1, per_node // second)), (second, per_node)):
        if ranks == 1:
            continue
        near = min(ranks, on_node) - 1
        far = ranks - 1 - near
        for times, fields, size in moved:
            calls = 2.0 * times * math.ceil(fields / joined_fields(size, ranks, fields))
            carried = 2.0 * times * fields * size / ranks
            total += Traffic(
                node_messages=calls * near,
                node_bytes=carried * near,
                network_messages=calls * far,
                network_bytes=carried * far,
                copied_bytes=4.0 * 2.0 * times * fields * size,
            )
    return total


def _sums(division: Division, kicks: int, density_bytes: float) -> Traffic:
    """Densities of all species over the orbital groups in every kick, and the vote of all ranks in every step.

    A sum over G ranks: 2 log2 G messages and 2 (1 - 1/G) times the array (R. Rabenseifner, ICCS 2004). The vote: log2
    of the number of ranks.
    """
    near = min(division.ranks, division.ranks_per_node)
    total = Traffic(node_messages=math.log2(near), network_messages=math.log2(division.ranks / near))
    groups = division.groups
    if groups > 1:
        near = min(groups, max(1, division.ranks_per_node * groups // division.ranks))
        carried = 2.0 * kicks * density_bytes * (groups - 1) / groups
        share = (groups - near) / (groups - 1)
        total += Traffic(
            node_messages=2.0 * kicks * math.log2(near),
            node_bytes=carried * (1.0 - share),
            network_messages=2.0 * kicks * math.log2(groups / near),
            network_bytes=carried * share,
        )
    return total
