"""Sums over the pairs of amplitudes: one way over all pairs, on which everything that is measured of them is taken.

A sum over a basis of functions f is a sum over those that are followed for themselves and a mean over the probes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.state.fluctuations import Fluctuations


class PairSum(ABC):
    """Something that is added up over pairs. Calls are collective over the group of ranks that share the pairs."""

    @abstractmethod
    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        """Add a pair, (u, w) of every species in an array (2, *local grid), complete; not to be kept or changed.

        number  among all pairs.
        weight  with which it counts in sums over a basis: one, or one over the number of probes.
        """


def fluctuations_of(look: Look) -> Fluctuations:
    """The fluctuations of a state that is known to have some. Raises TypeError."""
    if look.state.fluctuations is None:
        raise TypeError("no fluctuations are followed in this state")
    return look.state.fluctuations


def go_over(look: Look, sums: Sequence[PairSum]) -> None:
    """Take every pair that this replica holds into every sum. Collective over the group."""
    fluctuations = fluctuations_of(look)
    for number, pair in zip(fluctuations.held, look.pairs(), strict=True):
        weight = 1.0 if number < fluctuations.exact else 1.0 / fluctuations.section.sampled
        for each in sums:
            each.take(number, weight, pair)
