"""Numpy twin of :mod:`hpcmix.kernels.losses`, point by point in double precision.

The series. Let lambda be the largest 1/rho_a |d rho_a/dt| of the components at the beginning. In units of rho_a(0) the
densities obey s_a' = -s_a (a polynomial of the s_b of degree two at most, whose coefficients are positive and sum to
lambda at most), so that their Taylor coefficients are at most those of u' = lambda u^3, u = (1 - 2 lambda t)^(-1/2):

    |s_k| <= binom(2k, k) (lambda / 2)^k <= (2 lambda)^k

Over a piece of length 1/(32 lambda) what is left out beyond degree 12 is thus below 16^-13 / 5, a fifth of a rounding.
Where 2 lambda t is small, terms end when (2 lambda t)^k, the most that the (k+1)-th can be beside the first, is
negligible.
Densities only fall, so that pieces get longer and their number grows like the logarithm of lambda t where particles
meet; where they leave by themselves it is 32 lambda t.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DEGREE = 12
PIECE = 1.0 / 32.0
"""Longest piece, in units of 1/lambda."""
NEGLIGIBLE = 2.0**-55
MOST = 1e12
"""Largest lambda t that is followed: the result is not finite beyond, which the guard of a run sees."""

_BLOCK = 4096

Values = NDArray[np.float64]


class Reaction(Protocol):
    """:class:`hpcmix.kernels.losses.Reaction`."""

    @property
    def rate(self) -> float: ...
    @property
    def meeting(self) -> tuple[int, ...]: ...
    @property
    def shares(self) -> tuple[float, ...]: ...
    @property
    def profile(self) -> NDArray | None: ...


def react(
    densities: Sequence[NDArray], fields: Sequence[Sequence[NDArray]], reactions: Sequence[Reaction], duration: float
) -> Values:
    """See :func:`hpcmix.kernels.losses.react`."""
    total = np.zeros(len(reactions))
    flat = [density.reshape(-1) for density in densities]
    lines = [[field.reshape(-1) for field in array] for array in fields]
    profiles = [None if reaction.profile is None else reaction.profile.reshape(-1) for reaction in reactions]
    for first in range(0, flat[0].size, _BLOCK):
        block = slice(first, first + _BLOCK)
        rho = np.array([density[block] for density in flat], np.float64)
        rates = np.array(
            [
                np.full(rho.shape[1], reaction.rate)
                if profile is None
                else reaction.rate * profile[block].astype(float)
                for reaction, profile in zip(reactions, profiles, strict=True)
            ]
        )
        with np.errstate(all="ignore"):  # what is not finite is seen by the guard of a run
            remaining, events = _solution(rho, rates, reactions, duration)
            factors = np.sqrt(remaining)
        for array, factor in zip(lines, factors, strict=True):
            for field in array:
                field[block] = field[block] * factor  # in double precision, then rounded
        total += events.sum(axis=1)
    return total


def _solution(rho: Values, rates: Values, reactions: Sequence[Reaction], time: float) -> tuple[Values, Values]:
    """rho(time) / rho(0) of every component and e_r(time) of every reaction."""
    if all(len(reaction.meeting) == 1 for reaction in reactions):
        return _alone(rho, rates, reactions, time)
    if len(reactions) == 1 and len(set(reactions[0].meeting)) == 1:
        return _alike(rho, rates, reactions[0], time)
    if len(reactions) == 1 and len(reactions[0].meeting) == 2:
        return _of_two(rho, rates, reactions[0], time)
    return _series(rho, rates, reactions, time)


def _alone(rho: Values, rates: Values, reactions: Sequence[Reaction], time: float) -> tuple[Values, Values]:
    """s = exp(-Gamma t), Gamma the sum of a component's rates, which share what leaves."""
    whole = np.zeros_like(rho)
    for reaction, rate in zip(reactions, rates, strict=True):
        whole[reaction.meeting[0]] += rate
    left = -np.expm1(-whole * time)
    # of rates that vanish there is nothing to share
    per_rate = rho * np.divide(left, whole, out=np.zeros_like(left), where=whole > 0.0)
    events = np.array([rate * per_rate[each.meeting[0]] for each, rate in zip(reactions, rates, strict=True)])
    return np.exp(-whole * time), events


def _alike(rho: Values, rates: Values, reaction: Reaction, time: float) -> tuple[Values, Values]:
    """Particles of one component: 1/(1 + K rho t) of two, 1/sqrt(1 + 2 K rho^2 t) of three."""
    member, remaining = reaction.meeting[0], np.ones_like(rho)
    if len(reaction.meeting) == 2:
        y = rates[0] * rho[member] * time
        whole = 1.0 + y
        remaining[member], gone = 1.0 / whole, y / whole
    else:
        y = 2.0 * rates[0] * rho[member] ** 2 * time
        whole = 1.0 + y
        root = np.sqrt(whole)
        remaining[member], gone = 1.0 / root, y / (whole + root)
    return remaining, (rho[member] * gone)[np.newaxis]


def _of_two(rho: Values, rates: Values, reaction: Reaction, time: float) -> tuple[Values, Values]:
    """a + b, whose difference d = rho_a - rho_b stays: with a the denser of the two, e = exp(-K d t) and f = (1 - e)/d,
    which is K t where they are equal, rho_a(t) = rho_a / (1 + rho_b f) and rho_b(t) = rho_b e / (1 + rho_b f)."""
    first, second = reaction.meeting
    denser = rho[first] >= rho[second]
    more, less = np.where(denser, rho[first], rho[second]), np.where(denser, rho[second], rho[first])
    difference, strength = more - less, rates[0] * time
    x = strength * difference
    f = np.where(difference > 0.0, np.divide(-np.expm1(-x), difference), strength)
    whole = 1.0 + less * f
    of_more, of_less = 1.0 / whole, np.exp(-x) / whole
    remaining = np.ones_like(rho)
    remaining[first], remaining[second] = np.where(denser, of_more, of_less), np.where(denser, of_less, of_more)
    return remaining, (more * (less * f / whole))[np.newaxis]


def _series(rho: Values, rates: Values, reactions: Sequence[Reaction], time: float) -> tuple[Values, Values]:
    remaining, events = np.ones_like(rho), np.zeros_like(rates)
    now, left = rho.copy(), np.full(rho.shape[1], time)
    active = np.arange(rho.shape[1])
    while active.size:
        fastest = _fastest(now[:, active], rates[:, active], reactions)
        fastest[~(fastest * time <= MOST)] = np.nan
        piece = np.fmin(left[active], PIECE / fastest)
        piece[np.isnan(fastest)] = np.nan
        after, taken = _piece(now[:, active], rates[:, active], reactions, piece, 2.0 * fastest * piece)
        before = now[:, active]
        remaining[:, active] *= np.divide(after, before, out=np.ones_like(after), where=before != 0.0)
        events[:, active] += taken
        now[:, active] = after
        left[active] -= piece
        active = active[left[active] > 0.0]
    return remaining, events


def _fastest(rho: Values, rates: Values, reactions: Sequence[Reaction]) -> Values:
    """lambda of every point."""
    speeds = np.zeros_like(rho)
    for reaction, rate in zip(reactions, rates, strict=True):
        for member in dict.fromkeys(reaction.meeting):
            others = list(reaction.meeting)
            others.remove(member)
            speeds[member] += reaction.shares[member] * rate * np.prod(rho[others], axis=0)
    return np.max(speeds, axis=0)


def _piece(
    rho: Values, rates: Values, reactions: Sequence[Reaction], time: Values, ratio: Values
) -> tuple[Values, Values]:
    """Densities after one piece, and e_r of it: coefficients by products of series. `ratio`: 2 lambda t, by which terms
    fall at least."""
    series = np.zeros((DEGREE + 1, *rho.shape))
    series[0] = rho
    pairs = np.zeros((DEGREE, *rates.shape))
    after, events, power, size = rho.copy(), np.zeros_like(rates), time, np.ones_like(time)
    for k in range(DEGREE):
        for number, reaction in enumerate(reactions):
            first, *others = reaction.meeting
            term = series[k, first]
            if others:
                term = sum(series[i, first] * series[k - i, others[0]] for i in range(k + 1))
            if len(others) == 2:
                pairs[k, number] = term
                term = sum(pairs[i, number] * series[k - i, others[1]] for i in range(k + 1))
            speed = rates[number] * term / (k + 1)
            events[number] += speed * power
            for member in dict.fromkeys(reaction.meeting):
                series[k + 1, member] -= reaction.shares[member] * speed
        after += series[k + 1] * power
        size = size * ratio
        power = np.where(size <= NEGLIGIBLE, 0.0, power * time)
    return after, events
