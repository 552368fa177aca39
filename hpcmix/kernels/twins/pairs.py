"""The numpy twin of :mod:`hpcmix.kernels.many_body.pairs`: a pair at a time, for all k at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

PIECE = 2**16
"""Configurations k that are worked out at once."""


def apply_pairs(
    source: NDArray,
    target: NDArray,
    first: int,
    places: tuple[int, int, int, int, int],
    ways: NDArray[np.int64],
    roots: NDArray,
    start: NDArray,
    columns: NDArray,
    values: NDArray,
    scale: float,
    shift: float,
    keep: float,
) -> None:
    """As :func:`hpcmix.kernels.many_body.pairs.apply_pairs`."""
    particles, modes = ways.shape[0] - 1, ways.shape[1]
    pairs = [(p, q) for p in range(modes) for q in range(p, modes)]
    operator = sparse.csr_matrix((values, columns, start), shape=(len(pairs), len(pairs)))
    own = source[_places(np.arange(first, first + len(target)), places)]
    target[...] = keep * target + shift * own if keep != 0.0 else shift * own
    count = int(ways[particles - 2, -1])
    for begin in range(0, count, PIECE):
        occupations = _unrank(np.arange(begin, min(begin + PIECE, count)), particles - 2, ways)
        ranks, inner = [], []
        factors = []
        for p, q in pairs:
            more = occupations.copy()
            factor = roots[more[:, p] + 1]
            more[:, p] += 1
            factor = factor * roots[more[:, q] + 1]
            more[:, q] += 1
            rank = _rank(more, particles, ways)
            ranks.append(rank)
            factors.append(factor)
            inner.append(factor * source[_places(rank, places, len(source))])
        for rank, factor, added in zip(ranks, factors, operator @ np.array(inner), strict=True):
            there = (rank >= first) & (rank < first + len(target))
            np.add.at(target, rank[there] - first, scale * (factor * added)[there])


def _places(ranks: NDArray, places: tuple[int, int, int, int, int], size: int | None = None) -> NDArray:
    """Where configurations are in the source; those that are not there count as its first."""
    low, high, before, inside, after = places
    moved = ranks + np.where(ranks < low, before, np.where(ranks < high, inside, after))
    return moved if size is None else np.where((moved >= 0) & (moved < size), moved, 0)


def _rank(occupations: NDArray, particles: int, ways: NDArray) -> NDArray:
    modes = ways.shape[1]
    rank, left = np.zeros(len(occupations), np.int64), np.full(len(occupations), particles, np.int64)
    for mode in range(modes - 1):
        after = left - occupations[:, mode]
        rank += ways[left, modes - 1 - mode] - ways[after, modes - 1 - mode]
        left = after
    return rank


def _unrank(ranks: NDArray, particles: int, ways: NDArray) -> NDArray:
    modes = ways.shape[1]
    rest, left = ranks.astype(np.int64), np.full(len(ranks), particles, np.int64)
    result = np.empty((len(ranks), modes), np.int64)
    for mode in range(modes - 1):
        column = ways[:, modes - 1 - mode]
        after = np.searchsorted(column, column[left] - rest, side="left")
        rest = rest - (column[left] - column[after])
        result[:, mode] = left - after
        left = after
    result[:, -1] = left
    return result
