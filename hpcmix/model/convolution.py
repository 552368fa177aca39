"""Interactions through a kernel on the periodic box, W = G * rho, by multipliers in wave-number space: energy and
potential side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.parallel.transform import Transform


class ConvolutionInteraction:
    """All kernels of a mixture that act on the periodic box.

    multipliers  {(a, b): G_ab^(k)} with a <= b on the wave-number block of `transform`, the transform of real fields;
                 kernels of one pair added up.

    energy       1/2 sum_ab integral rho_a (G_ab * rho_b)
    potential    W_a = sum_b G_ab * rho_b           (the derivative of the energy with respect to rho_a)

    A density is transformed once, as a real field, however many pairs it takes part in, and each species' potential
    comes back once.
    """

    def __init__(self, multipliers: dict[tuple[int, int], np.ndarray], species: int, transform: Transform) -> None:
        self._transform = transform
        self._species = species
        self._involved = sorted({a for pair in multipliers for a in pair})
        self._matrix = [[multipliers.get((min(a, b), max(a, b))) for b in self._involved] for a in self._involved]
        self._potentials = [transform.empty_position() for _ in self._involved]

    def potentials(self, densities: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        """W_a of every species, None where no kernel acts. The arrays belong to this object and are overwritten by the
        next call. Densities: one real array of this rank per species. Collective."""
        result: list[np.ndarray | None] = [None] * self._species
        self._transform.convolve([densities[a] for a in self._involved], self._matrix, self._potentials)
        for a, potential in zip(self._involved, self._potentials, strict=True):
            result[a] = potential
        return result

    def times(self, factors: Mapping[tuple[int, int], float]) -> ConvolutionInteraction:
        """The same kernels, those of some pairs (lower index first) multiplied by a factor. Shares the transform."""
        multipliers = {}
        for a, row in zip(self._involved, self._matrix, strict=True):
            for b, values in zip(self._involved, row, strict=True):
                if a <= b and values is not None:
                    multipliers[a, b] = values * values.dtype.type(factors.get((a, b), 1.0))
        return ConvolutionInteraction(multipliers, self._species, self._transform)

    def free(self) -> None:
        """Give the transform's MPI resources back (collective)."""
        self._transform.free()
