"""How few convolutions the kernels of a mixture take.

Kernels that differ by a factor only have one shape g_s, and all kernels of a mixture are

    G_ab(x) = sum_s c^s_ab g_s(x)

with a symmetric matrix c^s for each shape. The densities take part through the space that these matrices act on: with
vectors v_d that span it, the channels,

    W_a = sum_d outward_ad F^-1[ sum_e M_de(k) F[ sum_b inward_eb rho_b ] ]

one transform for each channel and not for each species. Masses that attract each other, c_ab = -m_a m_b, are one
channel whatever the number of species; two species with kernels of three shapes are two.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.markers.window import Window
from hpcmix.model.markers.windows import windows_of
from hpcmix.model.potentials.envelope import Envelope
from hpcmix.problem.schema import Problem

NEGLIGIBLE = 1e-14
"""Part of a matrix of couplings, scaled to rows of size one, that is taken for rounding: the products of charges as a
file gives them differ from a matrix of rank one by a few times 1e-16."""

Blend = tuple[tuple[float, int], ...]
"""A multiplier sum_s coefficient_s g_s: (coefficient, number of the shape) for each part."""


@dataclass(frozen=True)
class Channels:
    """The channels of a mixture's kernels, none where every coupling is zero.

    inward    real matrix (channels, species): what of the densities a channel transforms.
    outward   real matrix (species, channels): how a channel's field acts on the species.
    blends    M_de for d <= e as a blend of shapes; pairs that are not named do not act on each other.
    """

    inward: np.ndarray
    outward: np.ndarray
    blends: dict[tuple[int, int], Blend]

    @property
    def felt(self) -> np.ndarray:
        """The species that take part, by index."""
        return np.flatnonzero(np.any(self.outward != 0.0, axis=1))

    @property
    def multipliers(self) -> list[Blend]:
        """The different multipliers."""
        return list(dict.fromkeys(self.blends.values()))

    @property
    def count(self) -> int:
        """The number of channels, and of real transforms there and back."""
        return len(self.inward)


@dataclass(frozen=True, eq=False)
class PairShape:
    """Kernels that differ by a factor only.

    interaction  the number of one that has this shape.
    couplings    the symmetric matrix of factors between all species, the scaling's included.
    windows      of the classical members that every pair of them has (model/markers/multipliers.py).
    envelope     their course in time, which the couplings are without.
    """

    interaction: int
    couplings: np.ndarray
    windows: tuple[Window, ...]
    envelope: Envelope


def shapes_of(problem: Problem, boundary: str) -> list[PairShape]:
    """The shapes of the kernels with this boundary."""
    shapes: dict[Hashable, PairShape] = {}
    windows = windows_of(problem)
    for index, entry in enumerate(problem.interaction):
        if entry.kernel_boundary != boundary:
            continue
        a, b = problem.pair(entry.between)
        met = tuple(sorted((window for window in (windows[a], windows[b]) if window), key=lambda one: one.width))
        none = np.zeros((len(problem.species),) * 2)
        envelope = Envelope.of(entry)
        shape = PairShape(index, none, met, envelope)
        couplings = shapes.setdefault((entry.shape(problem), met, envelope), shape).couplings
        couplings[a, b] += problem.prefactors.kernel_factor(a, b) * entry.coefficient(problem)
        couplings[b, a] = couplings[a, b]
    return list(shapes.values())


def by_envelope(shapes: Sequence[PairShape]) -> dict[Envelope, list[PairShape]]:
    """The shapes that have one course in time, a term of their own."""
    groups: dict[Envelope, list[PairShape]] = {}
    for shape in shapes:
        groups.setdefault(shape.envelope, []).append(shape)
    return groups


def channels_through(problem: Problem, boundary: str) -> Channels:
    """The channels of all kernels with this boundary, those of kernels with another course in time apart."""
    species = len(problem.species)
    inward, outward = np.zeros((0, species)), np.zeros((species, 0))
    blends: dict[tuple[int, int], Blend] = {}
    shapes = shapes_of(problem, boundary)
    for group in by_envelope(shapes).values():
        own, first = channels_of([shape.couplings for shape in group], species), len(inward)
        numbers = [shapes.index(shape) for shape in group]
        inward, outward = np.vstack([inward, own.inward]), np.hstack([outward, own.outward])
        blends |= {
            (first + d, first + e): tuple((coefficient, numbers[shape]) for coefficient, shape in blend)
            for (d, e), blend in own.blends.items()
        }
    return Channels(inward, outward, blends)


def channels_of(couplings: Sequence[np.ndarray], species: int) -> Channels:
    """The channels of kernels of several shapes, by the symmetric matrix of each shape's couplings between all
    species."""
    inward, outward = np.zeros((0, species)), np.zeros((species, 0))
    blends: dict[tuple[int, int], Blend] = {}
    for members in _connected(couplings, species):
        block = np.ix_(members, members)
        parts = {shape: matrix[block] for shape, matrix in enumerate(couplings) if np.any(matrix[block])}
        first = len(inward)
        into, out, more = _one_shape(*parts.popitem()) if len(parts) == 1 else _several_shapes(parts)
        inward = np.vstack([inward, np.zeros((len(into), species))])
        inward[first:, members] = into
        outward = np.hstack([outward, np.zeros((species, len(into)))])
        outward[members, first:] = out
        blends |= {(first + d, first + e): blend for (d, e), blend in more.items()}
    return Channels(inward, outward, blends)


def _connected(couplings: Sequence[np.ndarray], species: int) -> Iterator[list[int]]:
    """The sets of species that act on each other, over others or themselves: what does not act on a species is in none
    of its channels, to the last bit."""
    near = np.zeros((species, species), bool)
    for matrix in couplings:
        near |= matrix != 0.0
    left = [a for a in range(species) if np.any(near[a])]
    while left:
        members: set[int] = set()
        grown = {left[0]}
        while grown != members:
            members = grown
            grown = members | {b for a in members for b in range(species) if near[a, b]}
        yield sorted(members)
        left = [a for a in left if a not in members]


def _one_shape(shape: int, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[tuple[int, int], Blend]]:
    """c = S V diag(lambda) V^T S: a channel for each eigenvalue that is not zero, all with the same multiplier."""
    scales = _scales(matrix)
    values, vectors = np.linalg.eigh(matrix / np.multiply.outer(scales, scales))
    kept = np.abs(values) > NEGLIGIBLE * np.max(np.abs(values))
    values, vectors = values[kept], _with_definite_signs(vectors[:, kept]) * scales[:, np.newaxis]
    return vectors.T, vectors * values, {(d, d): ((1.0, shape),) for d in range(len(values))}


def _several_shapes(parts: dict[int, np.ndarray]) -> tuple[np.ndarray, np.ndarray, dict[tuple[int, int], Blend]]:
    """c^s = S V m^s V^T S with vectors V that span what all matrices act on; the species themselves where that is
    everything."""
    scales = _scales(sum(np.abs(matrix) / np.max(np.abs(matrix)) for matrix in parts.values()))
    scaled = {shape: matrix / np.multiply.outer(scales, scales) for shape, matrix in parts.items()}
    vectors, singular, _ = np.linalg.svd(np.hstack([matrix / np.max(np.abs(matrix)) for matrix in scaled.values()]))
    kept = singular > NEGLIGIBLE * singular[0]
    if np.all(kept):
        basis, blended = np.eye(len(scales)), parts
    else:
        vectors = _with_definite_signs(vectors[:, kept])
        basis = vectors * scales[:, np.newaxis]
        blended = {shape: _without_rounding(vectors.T @ matrix @ vectors) for shape, matrix in scaled.items()}
    count = basis.shape[1]
    blends = {
        (d, e): tuple((float(matrix[d, e]), shape) for shape, matrix in blended.items() if matrix[d, e] != 0.0)
        for d in range(count)
        for e in range(d, count)
    }
    return basis.T, basis, {pair: blend for pair, blend in blends.items() if blend}


def _scales(matrix: np.ndarray) -> np.ndarray:
    """Powers of two that the rows and columns of a symmetric matrix are divided by, so that the largest number of every
    row is about one: a species with a small charge counts as much as the others (Knight, Ruiz and Ucar, SIAM J. Matrix
    Anal. Appl. 35 (2014) 931). Every row has a number that is not zero."""
    logarithms = np.log2(np.abs(matrix), out=np.full(matrix.shape, -np.inf), where=matrix != 0.0)
    scales = np.zeros(len(matrix))
    for _ in range(60):  # distances from one halve
        scales += 0.5 * np.max(logarithms - np.add.outer(scales, scales), axis=1)
    return np.exp2(np.round(scales))


def _with_definite_signs(vectors: np.ndarray) -> np.ndarray:
    """Columns whose largest number is positive: libraries differ in the sign of a vector."""
    largest = np.argmax(np.abs(vectors), axis=0)
    return vectors * np.where(np.take_along_axis(vectors, largest[np.newaxis], axis=0) < 0.0, -1.0, 1.0)


def _without_rounding(matrix: np.ndarray) -> np.ndarray:
    """Zero for what is rounding beside the largest number."""
    return np.where(np.abs(matrix) > NEGLIGIBLE * np.max(np.abs(matrix)), matrix, 0.0)
