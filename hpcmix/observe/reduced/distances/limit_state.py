"""The state of infinitely many particles: what psi tends to in norm (Lewin, Nam and Schlein, Am. J. Math. 137 (2015)).

The quadratic Hamiltonian takes the vacuum of particles outside the condensates to the quasi-free state

    Phi = det(1 - Z conj(Z))^(1/4) exp( 1/2 sum_ij Z_ij a*_i a*_j ) |0>,        Z = V conj(U)^-1 = Z^T

with the Bogoliubov map b(t) = U b + V b^+: all a_i - sum_j Z_ij a*_j annihilate it. Component by component,

    <n|Phi> = n_i^(-1/2) sum_j Z_ij (n - e_i)_j^(1/2) <n - e_i - e_j|Phi>        for any i with n_i > 0

and <0|Phi> its first factor, up to a phase.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.observe.reduced.state import SharedState, Space


def limit_amplitudes(spaces: Sequence[Space], pairs: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """<n|Phi> on the configurations of all species, shape (D1, D2, ..).

    spaces  with a first column of `occupations` that is the condensate, or the classical part of a coherent state: all
            other columns, species after species, are the modes of `pairs`.
    pairs   Z.
    Raises ValueError where the modes do not fit.
    """
    sizes = [space.columns - 1 for space in spaces]
    if pairs.shape != (sum(sizes), sum(sizes)):
        raise ValueError(f"Z has the shape {pairs.shape}, and the configurations {sum(sizes)} modes")
    shape = tuple(len(space) for space in spaces)
    owner = np.repeat(np.arange(len(spaces)), sizes)
    column = np.concatenate([1 + np.arange(size) for size in sizes])
    totals = _totals(spaces, shape)
    amplitudes = np.zeros(math.prod(shape), np.complex128)
    norm = np.linalg.det(np.eye(len(pairs)) - pairs @ pairs.conj())
    amplitudes[totals == 0] = float(norm.real) ** 0.25
    for total in range(2, int(totals.max(initial=0)) + 1, 2):
        level = np.flatnonzero(totals == total)
        amplitudes[level] = _level(spaces, shape, pairs, owner, column, level, amplitudes)
    return amplitudes.reshape(shape)


def limit_distance(state: SharedState, pairs: NDArray[np.complex128]) -> float:
    """min over phases of |psi - e^(i phase) Phi| for psi of norm one: (2 - 2 |<psi|Phi>|)^(1/2), with what Phi has
    beyond the configurations of psi. Collective."""
    cut = state.cut
    phi = limit_amplitudes(state.spaces, pairs).reshape(len(state.spaces[0]), -1)[cut.first : cut.last]
    overlap = np.vdot(state.psi, phi)
    squares = np.linalg.norm(state.psi) ** 2
    real, imaginary, square = (float(number) for number in state.sum(np.array([overlap.real, overlap.imag, squares])))
    return math.sqrt(max(0.0, square + 1.0 - 2.0 * math.hypot(real, imaginary)))


def _totals(spaces: Sequence[Space], shape: tuple[int, ...]) -> NDArray[np.int64]:
    """How many particles are outside, of every configuration of all species."""
    outside = [space.occupations[:, 1:].sum(axis=1) for space in spaces]
    grids = np.meshgrid(*outside, indexing="ij")
    return sum(grids, start=np.zeros(shape, np.int64)).ravel()


def _level(
    spaces: Sequence[Space],
    shape: tuple[int, ...],
    pairs: NDArray[np.complex128],
    owner: NDArray[np.int64],
    column: NDArray[np.int64],
    level: NDArray[np.int64],
    amplitudes: NDArray[np.complex128],
) -> NDArray[np.complex128]:
    """The components of all configurations with the same number outside, from those with two less."""
    numbers = np.unravel_index(level, shape)
    rows = [space.occupations[own].copy() for space, own in zip(spaces, numbers, strict=True)]
    outside = np.concatenate([own[:, 1:] for own in rows], axis=1)
    taken = np.argmax(outside > 0, axis=1)  # i, the first mode that is occupied
    weights = 1.0 / np.sqrt(outside[np.arange(len(level)), taken])
    for a, space in enumerate(spaces):
        here = owner[taken] == a
        rows[a][here] -= _units(space)[column[taken[here]]]
    result = np.zeros(len(level), np.complex128)
    for mode in range(len(owner)):
        a, place = owner[mode], column[mode]
        occupied = np.flatnonzero(rows[a][:, place] > 0)
        after = [own[occupied] for own in rows]
        roots = np.sqrt(after[a][:, place])
        after[a] = after[a] - _units(spaces[a])[place]
        ranks = [space.rank(own) for space, own in zip(spaces, after, strict=True)]
        before = amplitudes[np.ravel_multi_index(ranks, shape)]
        result[occupied] += weights[occupied] * pairs[taken[occupied], mode] * roots * before
    return result


def _units(space: Space) -> NDArray[np.int64]:
    """What one particle more in a mode takes from the rest, by the column of the mode: the condensate has one less
    where the number of particles is sharp."""
    return np.array([space.unit(place) - space.unit(0) for place in range(space.columns)])
