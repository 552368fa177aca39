"""All interactions with a range, on the periodic box and in free space, as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.convolution import ConvolutionInteraction
from hpcmix.model.kernel_interaction import KernelInteraction


class FiniteRangeInteraction:
    """The sum of its parts, at most one of each kind; false where nothing acts."""

    def __init__(self, species: int, parts: Sequence[KernelInteraction] = ()) -> None:
        self._species = species
        self._parts = tuple(parts)

    def __bool__(self) -> bool:
        return any(self._parts)

    @property
    def for_kicks(self) -> ConvolutionInteraction | None:
        """The one part that acts, where a kick can take its potentials in half way; otherwise None."""
        acting = [part for part in self._parts if part]
        if len(acting) == 1 and isinstance(acting[0], ConvolutionInteraction) and acting[0].is_taken_apart:
            return acting[0]
        return None

    def potentials(self, densities: Sequence[np.ndarray], contraction: float = 1.0) -> list[np.ndarray | None]:
        """W_a of every species, None where no kernel acts, in a frame b^2 W(b y) with b = 1/contraction. The arrays
        belong to this object and are overwritten by the next call. Densities: one real array of this rank per species.
        Collective."""
        result: list[np.ndarray | None] = [None] * self._species
        for part in self._parts:
            for a, field in enumerate(part.potentials(densities, contraction)):
                if result[a] is None:
                    result[a] = field
                elif field is not None:
                    result[a] += field
        return result

    def add_potential(
        self, densities: Sequence[np.ndarray], potentials: Sequence[np.ndarray], contraction: float = 1.0
    ) -> None:
        """Add W_a to every potential, in a frame b^2 W_a(b y), in place. Collective. Densities and potentials: one real
        array of this rank per species."""
        for potential, field in zip(potentials, self.potentials(densities, contraction), strict=True):
            if field is not None:
                potential += field

    def times(self, factors: Mapping[tuple[int, int], float]) -> FiniteRangeInteraction:
        """The same kernels, those of some pairs (lower index first) multiplied by a factor. Shares the transforms."""
        return FiniteRangeInteraction(self._species, [part.times(factors) for part in self._parts])

    def free(self) -> None:
        """Give MPI resources back (collective)."""
        for part in self._parts:
            part.free()
