"""Interactions through a kernel, W = G * rho, by multipliers in wave-number space: energy and potential side by
side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.parallel.transform import Transform


class ConvolutionInteraction:
    """All kernels of a mixture.

    multipliers  {(a, b): G_ab^(k)} with a <= b on the wave-number block of `transform`, the transform of real fields;
                 kernels of one pair added up.

    energy       1/2 sum_ab integral rho_a (G_ab * rho_b)
    potential    W_a = sum_b G_ab * rho_b           (the derivative of the energy with respect to rho_a)

    A density is transformed once, as a real field, however many pairs it takes part in, and each species' potential
    comes back once.
    """

    def __init__(
        self, multipliers: dict[tuple[int, int], np.ndarray], species: int, transform: Transform | None
    ) -> None:
        self._multipliers = multipliers
        self._transform = transform
        self._species = species
        self._partners = [[b for b in range(species) if self._key(a, b) in multipliers] for a in range(species)]
        involved = [a for a in range(species) if self._partners[a]]
        self._spectra = {a: transform.empty_wave() for a in involved}
        if involved:
            self._sum = transform.empty_wave()
            self._potential = transform.empty_position()

    @staticmethod
    def _key(a: int, b: int) -> tuple[int, int]:
        return (a, b) if a <= b else (b, a)

    def __bool__(self) -> bool:
        return bool(self._multipliers)

    def add_potential(self, densities: Sequence[np.ndarray], potentials: Sequence[np.ndarray]) -> None:
        """Add W_a to every potential, in place. Collective. Densities and potentials: one real array of this rank per
        species."""
        if not self:
            return
        transform = self._transform
        for a, spectrum in self._spectra.items():
            transform.forward(densities[a], spectrum)
        for a in self._spectra:
            first, *others = self._partners[a]
            with transform.timers.phase("multiply"):
                np.multiply(self._spectra[first], self._multipliers[self._key(a, first)], out=self._sum)
                for b in others:
                    self._sum += self._spectra[b] * self._multipliers[self._key(a, b)]
            transform.backward(self._sum, self._potential)
            potentials[a] += self._potential

    def free(self) -> None:
        """Give the transform's MPI resources back (collective)."""
        if self._transform is not None:
            self._transform.free()
