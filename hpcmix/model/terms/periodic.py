"""Interactions through a kernel on the periodic box, W = G * rho, by multipliers in wave-number space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hpcmix.model.terms.term import Fields, PairTerm
from hpcmix.parallel.transform import Transform

Rescale = Callable[[float, np.ndarray], None]
"""Fills an array with the multiplier of b^2 G(b y) at 1/b, its first argument (model/scaled_multipliers.py)."""


class PeriodicTerm(PairTerm):
    """All kernels of a mixture that act on the periodic box.

    multipliers  {(a, b): G_ab^(k)} with a <= b on the wave-number block of `transform`, the transform of real fields;
                 kernels of one pair added up.
    rescale      how to fill them anew when the grid's frame has grown, for the same pairs; none where it never does.

    energy       1/2 sum_ab integral rho_a (G_ab * rho_b)
    potential    W_a = sum_b G_ab * rho_b           (the derivative of the energy with respect to rho_a)

    A density is transformed once, as a real field, however many pairs it takes part in, and each species' potential
    comes back once.
    """

    def __init__(
        self,
        multipliers: dict[tuple[int, int], np.ndarray],
        species: int,
        transform: Transform,
        rescale: Mapping[tuple[int, int], Rescale] | None = None,
    ) -> None:
        self._multipliers = multipliers
        self._rescale = rescale or {}
        self._contraction = 1.0
        self._transform = transform
        self._species = species
        self._involved = sorted({a for pair in multipliers for a in pair})
        self._matrix = [[multipliers.get((min(a, b), max(a, b))) for b in self._involved] for a in self._involved]
        self._potentials = [transform.empty_position() for _ in self._involved]

    def potentials(self, densities: Sequence[np.ndarray], contraction: float = 1.0) -> Fields:
        """W_a of every species, None where no kernel acts. The arrays belong to this object and are overwritten by the
        next call. Densities: one real array of this rank per species. Collective.

        contraction  1/b in a frame x = b y: the potentials are then b^2 W(b y).
        """
        if contraction != self._contraction:
            with self._transform.timers.phase("kernels"):
                for pair, fill in self._rescale.items():
                    fill(contraction, self._multipliers[pair])
            self._contraction = contraction
        result: Fields = [None] * self._species
        self._transform.convolve([densities[a] for a in self._involved], self._matrix, self._potentials)
        for a, potential in zip(self._involved, self._potentials, strict=True):
            result[a] = potential
        return result

    def times(self, factors: Mapping[tuple[int, int], float]) -> PeriodicTerm:
        """The same kernels, those of some pairs (lower index first) multiplied by a factor. Shares the transform."""
        multipliers = {}
        for a, row in zip(self._involved, self._matrix, strict=True):
            for b, values in zip(self._involved, row, strict=True):
                if a <= b and values is not None:
                    multipliers[a, b] = values * values.dtype.type(factors.get((a, b), 1.0))
        return PeriodicTerm(multipliers, self._species, self._transform)

    def free(self) -> None:
        """Give the transform's MPI resources back (collective)."""
        self._transform.free()
