"""How much of a state sits at the edge of the configurations that are kept: the error of the picture of excitations.

Of bosons those with K particles outside mode 0, of fermions with K outside the first N modes, above a coherent state
with K fluctuations: where the weight is not small, more configurations are needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Statistics
from hpcmix.observe.reduced.state import BodyState, Space

LARGEST_EDGE = 1e-3
"""Weight at the edge above which nothing is resolved."""

TOGETHER = 2**18
"""Amplitudes that are looked at a time."""


def outside(space: Space) -> NDArray[np.int64]:
    """How many particles of every configuration are outside; fluctuations above a coherent state are all outside."""
    occupations = space.occupations
    if space.columns > space.modes:
        return np.sum(occupations[:, 1:], axis=1)
    if space.statistics is Statistics.FERMIONS:
        return np.sum(occupations[:, space.particles :], axis=1)
    return np.sum(occupations[:, 1:], axis=1)


def numbers_outside(state: BodyState) -> list[NDArray[np.float64]]:
    """For every species the probability that 0, 1, 2 .. of its particles are outside. Collective."""
    counts = [outside(space) for space in state.spaces]
    shares = [np.zeros(int(np.max(own)) + 1) for own in counts]
    rows = state.share(len(state.spaces[0]))
    together = max(1, TOGETHER // max(1, math.prod(len(space) for space in state.spaces[1:])))
    for number in range(state.largest(-(-len(rows) // together))):
        part = rows[number * together : (number + 1) * together]
        psi = state.rows(np.arange(part.start, part.stop))
        weights = psi.real**2 + psi.imag**2
        for axis, own in enumerate(counts):
            others = tuple(place for place in range(weights.ndim) if place != axis)
            marginal = np.sum(weights, axis=others)
            labels = own[part.start : part.stop] if axis == 0 else own
            shares[axis] += np.bincount(labels, marginal, minlength=len(shares[axis]))
    return [state.sum(own) for own in shares]


def edge_weights(state: BodyState, excitations: Sequence[int | None]) -> list[float]:
    """The weight of configurations with K particles outside, per species; 0 where K is None or as many as there are.

    excitations  K of every species. Collective.
    """
    shares = []
    for space, most, weights in zip(state.spaces, excitations, numbers_outside(state), strict=True):
        everybody = space.columns == space.modes and most is not None and most >= space.particles
        shares.append(0.0 if most is None or everybody or most >= len(weights) else float(weights[most]))
    return shares
