"""How large the tables of a many-body Hamiltonian are, counted without making one (model/many_body/hops.py makes them).

An entry of a species' own operator leads from a configuration to one with up to two particles elsewhere. Of N bosons
in m modes C(N - k + m - 1, m - 1) configurations have k given particles to take; of fermions C(m - 2k, N - k) have them
and room for k others. So entries are counted displacement by displacement, and only those that the modes allow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

INDEX_BYTES = 4
ROW_BYTES = 8


@dataclass(frozen=True)
class Space:
    """The configurations of one species.

    fermions   whether they are.
    particles  N.
    modes      m.
    count      D, the number of configurations.
    complete   whether they are all of N particles in m modes; else counts are those of D configurations that all have
               what an operator takes.
    """

    fermions: bool
    particles: int
    modes: int
    count: int
    complete: bool = True

    def having(self, taken: int, wanted: int) -> int:
        """Configurations with so many given particles to take and, of fermions, so many given modes free for them."""
        if not self.complete:
            return self.count
        if self.particles < taken:
            return 0
        if self.fermions:
            left = self.modes - taken - wanted
            return math.comb(left, self.particles - taken) if left >= self.particles - taken else 0
        return math.comb(self.particles - taken + self.modes - 1, self.modes - 1)


@dataclass(frozen=True)
class Selection:
    """What modes allow: nothing is known of general ones.

    momenta   of plane waves: an interaction keeps their sum. None for other modes.
    kept      whether hops do too, without a potential.
    local     modes that do not overlap: an interaction moves nobody.
    turned    modes of a frame that moves: nothing is kept but the number of channels.
    """

    momenta: Sequence[tuple[int, ...]] | None = None
    kept: bool = True
    local: bool = False
    turned: bool = False

    def hop(self, taken: int, added: int) -> bool:
        """Whether one particle may change its mode by itself."""
        if self.turned or not self.kept or self.momenta is None:
            return True
        return self.momenta[taken] == self.momenta[added]

    def pair(self, taken: tuple[int, int], added: tuple[int, int]) -> bool:
        """Whether an interaction may move two particles so."""
        if self.turned:
            return True
        if self.local:
            return taken == added
        if self.momenta is None:
            return True
        before, after = (
            tuple(a + b for a, b in zip(self.momenta[first], self.momenta[second], strict=True))
            for first, second in (taken, added)
        )
        return before == after


@dataclass(frozen=True)
class OwnMatrix:
    """Of dG(h) and, where the species interacts with itself, its pair operator, in one matrix: its entries, and the
    most in a row."""

    entries: int
    of_a_row: int


def own_matrix(space: Space, selection: Selection, interacts: bool) -> OwnMatrix:
    """Counted change by change."""
    modes = range(space.modes)
    moved = {(q, p) for q in modes for p in modes if p != q and selection.hop(q, p)}
    doubled: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
    for taken, added in _pairs(space, selection) if interacts else ():
        rest_taken, rest_added = _without_common(taken, added)
        if len(rest_taken) == 1:
            moved.add((rest_taken[0], rest_added[0]))
        elif rest_taken:
            doubled.add((tuple(rest_taken), tuple(rest_added)))
    entries = space.count + len(moved) * space.having(1, 1) + len(doubled) * space.having(2, 2)
    return OwnMatrix(entries, 1 + len(moved) + len(doubled))


def _pairs(space: Space, selection: Selection) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    chosen = combinations if space.fermions else combinations_with_replacement
    pairs = list(chosen(range(space.modes), 2))
    for taken in pairs:
        for added in pairs:
            if selection.pair(taken, added):
                yield taken, added


def _without_common(taken: tuple[int, int], added: tuple[int, int]) -> tuple[list[int], list[int]]:
    left, right = list(taken), list(added)
    for mode in taken:
        if mode in right:
            left.remove(mode)
            right.remove(mode)
    return left, right


@dataclass(frozen=True)
class ChannelCounts:
    """Of an interaction with another species: products X_c (x) Y_c, and on one side the hops of all X_c between modes,
    and how many of them have a diagonal."""

    channels: int
    hops: int
    diagonals: int

    def entries(self, space: Space) -> int:
        """Of all matrices of one side."""
        return self.diagonals * space.count + self.hops * space.having(1, 1)


def channel_counts(selection: Selection, modes: int, others: int) -> ChannelCounts:
    """At most so many, with a species of `others` modes."""
    channels = min(modes * (modes + 1) // 2, others * (others + 1) // 2)
    if selection.local:
        channels = modes
    elif selection.momenta is not None:
        channels = len({
            tuple(a - b for a, b in zip(first, second, strict=True))
            for first in selection.momenta
            for second in selection.momenta
        })  # fmt: skip
    if selection.local and not selection.turned:
        return ChannelCounts(modes, 0, modes)
    if selection.momenta is not None and not selection.turned:
        return ChannelCounts(channels, modes * (modes - 1), 1)
    return ChannelCounts(channels, channels * modes * (modes - 1), channels)


def matrix_bytes(entries: int, rows: int, value_bytes: int) -> int:
    """Of a sparse matrix with rows of int64 places and int32 columns."""
    return entries * (INDEX_BYTES + value_bytes) + (rows + 1) * ROW_BYTES
