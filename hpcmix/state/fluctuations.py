"""Pairs of amplitudes: quadratic fluctuations around the condensates, which evolve beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.transforms.transform import Transform
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.state.beginning import Beginning

STORED = {
    "pairs": "u and w of the pairs of fluctuations, before the kick that is still due (pending_kick)",
    "start": "the wave function at time zero, of norm one",
    "correction": "first correction to the condensate of coherent states, before the kick that is still due",
}
"""What a checkpoint keeps of the fluctuations of a species: name of an array -> what it holds, in words."""

STORED_ALONG = {"pairs": ("pair", "u_and_w", "grid"), "start": ("grid",), "correction": ("grid",)}
"""What the axes of these arrays are, as clouds have it (:attr:`hpcmix.state.cloud.Cloud.stored_along`)."""


@dataclass
class Fluctuations:
    """The images of some functions f under the Bogoliubov map b(t) = U b + V b^+ along the flow of psi = sqrt(nu) phi:
    for each of them a pair u = U f, w = V conj(f), in all species at once. Both obey

        i hbar u' = (h + K1) u + K2 conj(w),      i hbar w' = (h + K1) w + K2 conj(u)

    with (K1 f)_a = psi_a sum_b G_ab * (conj(psi_b) f_b) and (K2 g)_a = psi_a sum_b G_ab * (psi_b g_b). At the start u =
    f and w = 0, where the fluctuations begin as the vacuum. For every real-linear combination S f = u + w, S is the
    tangent map of the mean-field flow.

    pairs   per species a complex array (pairs held here, 2, *local grid): [:, 0] is u and [:, 1] is w. Between steps
            they lack the pending kick that the orbitals lack (:class:`hpcmix.state.progress.Progress`): its shear and
            its phase; and they are half way to position space where the state is.
    held    which of all pairs these are; every species has the same.
    exact   how many of all pairs, the first ones, belong to functions that are followed for themselves: M per species,
            species after species, each zero at the start in all species but its own, the first of each species the
            condensate's own, f = phi(0). The others are probes, random functions in all species at once.
    section the file's, by which the functions f can be made again.
    start   phi_a(0) of every species, of its shape on the local grid; the same in every replica, as the corrections.
    correction
            per species M_a in an array of one field, the first correction to the condensate of coherent states, where
            it is followed: i hbar M' = (h + K1) M + K2 conj(M) + S, the source made by the fluctuations;
            before the pending kick.
    beginning
            numbers of time zero, made when they are first asked for.
    """

    pairs: list[np.ndarray]
    held: range
    exact: int
    section: FluctuationsSection = field(default_factory=FluctuationsSection)
    start: list[np.ndarray] = field(default_factory=list)
    correction: list[np.ndarray] = field(default_factory=list)
    beginning: Beginning | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if any(len(array) != len(self.held) for array in self.pairs):
            counts = ", ".join(str(len(array)) for array in self.pairs)
            raise ValueError(f"there must be {len(self.held)} pairs of every species, not {counts}")

    @property
    def fields(self) -> list[np.ndarray]:
        """Per species u and w of all pairs in turn, (2 pairs, *local grid); the memory is the pairs' own."""
        return [array.reshape(2 * len(array), *array.shape[2:]) for array in self.pairs]

    @property
    def moving(self) -> list[list[np.ndarray]]:
        """Everything that drifts as orbitals do: :attr:`fields`, and the correction where there is one."""
        return [self.fields, self.correction] if self.correction else [self.fields]

    def copy(self) -> Fluctuations:
        """Pairs that share no memory with these."""
        return replace(
            self,
            pairs=[array.copy() for array in self.pairs],
            start=[array.copy() for array in self.start],
            correction=[array.copy() for array in self.correction],
        )

    def laid_out(self, transform: Transform) -> Fluctuations:
        """A copy whose fields lie where the transform can work on them in place. Collective."""
        return replace(
            self,
            pairs=[_laid_out(array, transform) for array in self.pairs],
            start=[array.copy() for array in self.start],
            correction=[_alone(array, transform) for array in self.correction],
        )

    def parts(self, names: Sequence[str], communicators: Communicators) -> dict[str, Part]:
        """The pairs of every species, named in `names`, as parts of global arrays of shape (pairs, 2, *grid), by the
        names of their datasets. Replicas hold neighbouring pairs, in their order. Collective over the world."""
        grid = communicators.decomposition
        block = grid.position_block(communicators.group.rank)
        count = sum(communicators.between.allgather(len(self.held)))
        held = Block((self.held.start, 0, *block.start), (len(self.held), 2, *block.shape))
        return {
            f"{name}/pairs": Part((count, 2, *grid.points), held, array)
            for name, array in zip(names, self.pairs, strict=True)
        }

    def copies(self, names: Sequence[str], communicators: Communicators) -> dict[str, Part]:
        """What every replica has the same of, as parts of global arrays of the grid's shape."""
        grid = communicators.decomposition
        block = grid.position_block(communicators.group.rank)
        single = {"start": self.start, "correction": [array[0] for array in self.correction]}
        return {
            f"{name}/{word}": Part(grid.points, block, array)
            for word, arrays in single.items()
            for name, array in zip(names, arrays, strict=False)
        }

    def is_finite(self) -> bool:
        """Whether every value here is finite."""
        return all(bool(np.isfinite(array).all()) for array in (*self.pairs, *self.correction))

    def looks_finite(self) -> bool:
        """Whether every pair is finite here as far as one value of each field tells: a transform spreads a value that
        is not finite over the whole grid."""
        first: tuple[slice | int, ...] = (slice(None), slice(None), *(0,) * (self.pairs[0].ndim - 2))
        return all(bool(np.isfinite(array[first]).all()) for array in self.pairs)


def _alone(array: np.ndarray, transform: Transform) -> np.ndarray:
    fields = transform.empty_fields(1)
    fields[...] = array
    return fields


def _laid_out(array: np.ndarray, transform: Transform) -> np.ndarray:
    fields = transform.empty_fields(2 * len(array)).reshape(array.shape)
    fields[...] = array
    return fields
