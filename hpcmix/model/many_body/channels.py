"""Pair operators as sums of as few hops as possible.

The same W_(pr)(qs) is a sum of products X_c (x) Y_c in many ways. What a product of the Hamiltonian costs is the number
of hops of all X_c and Y_c: the matrix entries off the diagonal, and one for a diagonal. Between plane waves rows of W
that belong to the same difference of momenta are proportional and make one channel, however the channels were found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpcmix.model.many_body.hamiltonian import Channels

ROUNDING = 2e-15
"""Entries below this part of the largest one are rounding and become zero."""


def without_rounding(values: NDArray) -> NDArray:
    """The same without what rounding left: real where the imaginary parts are negligible, small entries zero."""
    size = float(np.abs(values).max(initial=0.0))
    result = np.array(values)
    if np.iscomplexobj(result):
        result.real[np.abs(result.real) <= ROUNDING * size] = 0.0
        result.imag[np.abs(result.imag) <= ROUNDING * size] = 0.0
        return result if result.imag.any() else np.ascontiguousarray(result.real)
    result[np.abs(result) <= ROUNDING * size] = 0.0
    return result


def pair_operator(channels: Channels) -> NDArray:
    """W, shape (m_a, m_a, m_b, m_b), in the order p, r, q, s."""
    left = channels.strengths[:, None, None] * channels.left
    return np.tensordot(left, channels.right, axes=(0, 0))


def hops(matrices: NDArray) -> int:
    """What matrices (count, m, m) cost: entries off the diagonal, and one for a diagonal."""
    diagonal = np.diagonal(matrices, axis1=1, axis2=2)
    return int(np.count_nonzero(matrices) - np.count_nonzero(diagonal) + np.count_nonzero(diagonal.any(axis=1)))


def cheapest(channels: Channels) -> Channels:
    """The same pair operator with the fewest hops of those ways that are tried: as given, or grouped by proportional
    rows of W."""
    given = Channels(channels.strengths, without_rounding(channels.left), without_rounding(channels.right))
    grouped = _grouped(channels)
    return grouped if _cost(grouped) < _cost(given) else given


def _cost(channels: Channels) -> int:
    return hops(channels.left) + hops(channels.right) + 4 * len(channels)  # and a pass over the tile for each


def _grouped(channels: Channels) -> Channels:
    first, second = channels.left.shape[1], channels.right.shape[1]
    operator = without_rounding(pair_operator(channels).reshape(first**2, second**2))
    tolerance = ROUNDING * float(np.abs(operator).max(initial=0.0))
    heads = np.zeros((0, second**2), operator.dtype)
    places = np.zeros(0, np.int64)
    factors: list[NDArray] = []
    for number in np.nonzero(operator.any(axis=1))[0]:
        row = operator[number]
        ratios = row[places] / heads[np.arange(len(heads)), places]
        fits = np.nonzero(np.abs(row - ratios[:, None] * heads).max(axis=1, initial=0.0) <= 2.0 * tolerance)[0]
        if len(fits):
            factors[fits[0]][number] = ratios[fits[0]]
            continue
        heads = np.vstack([heads, row])
        places = np.append(places, np.argmax(np.abs(row)))
        own = np.zeros(first**2, operator.dtype)
        own[number] = 1.0
        factors.append(own)
    left = np.array(factors, operator.dtype).reshape(len(factors), first, first)
    return Channels(np.ones(len(heads)), left, heads.reshape(-1, second, second))
