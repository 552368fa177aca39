"""Compositions of whole numbers in lexicographic order, which rows of occupation numbers of bosons are."""

from __future__ import annotations

import numpy as np

from hpcmix.model.many_body.basis.family import Numbers


class Compositions:
    """All ways to write `total` as an ordered sum of `parts` whole numbers, in lexicographic order.

    With R_k what is left for the parts k, k+1, .. and T[R, M] = C(R + M, M), the number of ways to write R in M + 1
    parts, the rank of (n_0, n_1, ..) is sum_k T[R_k, M_k] - T[R_{k+1}, M_k], M_k = parts - k - 1.
    """

    def __init__(self, total: int, parts: int) -> None:
        self.total, self.parts = total, parts
        table = np.ones((total + 1, parts), np.int64)
        for part in range(1, parts):
            np.cumsum(table[:, part - 1], out=table[:, part])
        self._ways = table

    def all(self) -> Numbers:
        """Every composition, shape (count, parts)."""
        rows = np.zeros((1, 0), np.int64)
        left = np.array([self.total], np.int64)
        for _ in range(self.parts - 1):
            choices = left + 1
            first = np.cumsum(choices) - choices
            number = np.arange(int(choices.sum()), dtype=np.int64) - np.repeat(first, choices)
            rows = np.column_stack([np.repeat(rows, choices, axis=0), number])
            left = np.repeat(left, choices) - number
        return np.column_stack([rows, left])

    def rank(self, numbers: Numbers) -> Numbers:
        """Of rows whose first parts - 1 numbers are given; the last one follows. -1 where one is negative."""
        rank = np.zeros(len(numbers), np.int64)
        left = np.full(len(numbers), self.total, np.int64)
        valid = np.ones(len(numbers), bool)
        for part in range(self.parts - 1):
            number = numbers[:, part]
            after = left - number
            valid &= (number >= 0) & (after >= 0)
            remaining = np.where(valid, after, 0)
            ways = self._ways[:, self.parts - part - 1]
            rank += ways[left] - ways[remaining]
            left = remaining
        return np.where(valid, rank, -1)

    def unrank(self, ranks: Numbers) -> Numbers:
        """The compositions with these numbers, shape (len(ranks), parts)."""
        rest = np.asarray(ranks, np.int64).copy()
        left = np.full(len(rest), self.total, np.int64)
        result = np.empty((len(rest), self.parts), np.int64)
        for part in range(self.parts - 1):
            ways = self._ways[:, self.parts - part - 1]
            after = np.searchsorted(ways, ways[left] - rest, side="left")
            rest -= ways[left] - ways[after]
            result[:, part] = left - after
            left = after
        result[:, -1] = left
        return result
