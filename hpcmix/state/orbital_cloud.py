"""Wave functions: what evolves of a condensate, and of fermions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Block, Part
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.transforms.transform import Transform
from hpcmix.state.cloud import Cloud


@dataclass
class OrbitalCloud(Cloud):
    """The orbitals of a species that this rank's group holds, shape (M, *local grid): one of a condensate, which may be
    in another group; orthonormal (CONVENTIONS.md; of coherently coupled species the norms are their parts)."""

    orbitals: np.ndarray

    stored: ClassVar[Mapping[str, str]] = {"orbitals": "orbitals, before the kick that is still due (pending_kick)"}
    stored_along: ClassVar[Mapping[str, tuple[str, ...]]] = {"orbitals": ("orbital", "grid")}

    def copy(self) -> OrbitalCloud:
        return OrbitalCloud(self.orbitals.copy())

    def laid_out(self, transform: Transform) -> OrbitalCloud:
        fields = transform.empty_fields(len(self.orbitals))
        fields[...] = self.orbitals
        return OrbitalCloud(fields)

    def assign(self, source: OrbitalCloud) -> None:
        np.copyto(self.orbitals, source.orbitals)

    def take_density(self, engine: Engine, weight: float, density: np.ndarray, axes: int) -> None:
        """density = weight sum_j |phi_j|^2 of the orbitals of this rank; zero where it has none."""
        if len(self.orbitals) == 0:
            density[...] = 0.0
        for number, orbital in enumerate(self.orbitals):
            engine.kernels.take_density(orbital, weight, density, add=number > 0, axes=axes)

    def squared_distance(self, other: OrbitalCloud) -> float:
        """sum |f - c|^2 over orbitals and points; by planes, so that no array of a field's size is made."""
        total = 0.0
        for own, counterpart in zip(self.orbitals, other.orbitals, strict=True):
            for plane, beside in zip(np.atleast_2d(own), np.atleast_2d(counterpart), strict=True):
                difference = plane - beside
                total += float(np.sum(np.square(difference.real) + np.square(difference.imag), dtype=np.float64))
        return total

    def looks_finite(self) -> bool:
        """By one value of each orbital: a transform spreads a value that is not finite over the whole grid."""
        first: tuple[slice | int, ...] = (slice(None), *(0,) * (self.orbitals.ndim - 1))
        return bool(np.all(np.isfinite(self.orbitals[first])))

    def is_finite(self) -> bool:
        return bool(np.isfinite(self.orbitals).all())

    def parts(self, communicators: Communicators) -> dict[str, Part]:
        """The orbital is one more global axis. Groups hold neighbouring orbitals, in the order of the groups; a group
        may hold none."""
        grid = communicators.decomposition
        block = grid.position_block(communicators.group.rank)
        counts = communicators.across.allgather(len(self.orbitals))
        before = sum(counts[: communicators.across.rank])
        held = Block((before, *block.start), (len(self.orbitals), *block.shape))
        return {"orbitals": Part((sum(counts), *grid.points), held, self.orbitals)}


def orbital_clouds(arrays: Iterable[np.ndarray]) -> list[Cloud]:
    """Orbitals of one species after the other as clouds, which share their memory."""
    return [OrbitalCloud(array) for array in arrays]
