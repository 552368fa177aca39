"""Interactions through kernels without periodic images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.terms.periodic import Rescale
from hpcmix.model.terms.term import Fields, PairTerm
from hpcmix.parallel.padded_transform import PaddedTransform, Place


class FreeSpaceTerm(PairTerm):
    """All free-space kernels of a mixture.

    multipliers  {(a, b): (array, folded)} with a <= b, kernels of one pair added up (model/padded_multiplier.py).
    transform    for as many fields as there are species that take part.
    rescale      as in model/terms/periodic.py.

    energy       1/2 sum_ab integral rho_a (G_ab * rho_b)
    potential    W_a = sum_b G_ab * rho_b           (the derivative of the energy with respect to rho_a)

    As in model/terms/periodic.py a density is transformed once and a potential comes back once.
    """

    def __init__(
        self,
        multipliers: dict[tuple[int, int], tuple[np.ndarray, bool]],
        species: int,
        transform: PaddedTransform,
        rescale: Mapping[tuple[int, int], Rescale] | None = None,
    ) -> None:
        self._multipliers = multipliers
        self._rescale = rescale or {}
        self._contraction = 1.0
        self._transform = transform
        self._species = species
        self._partners = {
            a: [b for b in range(species) if (min(a, b), max(a, b)) in multipliers]
            for a in sorted({a for pair in multipliers for a in pair})
        }
        self._potentials = {a: transform.empty_position() for a in self._partners}

    def potentials(self, densities: Sequence[np.ndarray], contraction: float = 1.0) -> Fields:
        """W_a of every species, None where no kernel acts, in a frame b^2 W(b y) with b = 1/contraction. The arrays
        belong to this object and are overwritten by the next call. Densities: one real array of this rank per species.
        Collective."""
        if contraction != self._contraction:
            with self._transform.timers.phase("kernels"):
                for pair, fill in self._rescale.items():
                    fill(contraction, self._multipliers[pair][0])
            self._contraction = contraction
        self._transform.convolve(
            [densities[a] for a in self._partners], list(self._potentials.values()), self._multiply
        )
        return [self._potentials.get(a) for a in range(self._species)]

    def times(self, factors: Mapping[tuple[int, int], float]) -> FreeSpaceTerm:
        """The same kernels, those of some pairs (lower index first) multiplied by a factor. Shares the transform."""
        multipliers = {
            pair: (values * values.dtype.type(factors.get(pair, 1.0)), folded)
            for pair, (values, folded) in self._multipliers.items()
        }
        return FreeSpaceTerm(multipliers, self._species, self._transform)

    def _multiply(self, spectra: Sequence[np.ndarray], place: Place) -> None:
        """The spectra of all W_a in place of those of all rho_a, on one block."""
        spectrum_of = dict(zip(self._partners, spectra, strict=True))
        if len(spectra) == 1:
            self._product(next(iter(self._partners)), next(iter(self._partners)), place, spectra[0], spectra[0])
            return
        results = [np.empty_like(spectrum) for spectrum in spectra]
        product = np.empty_like(spectra[0])
        for result, (a, (first, *others)) in zip(results, self._partners.items(), strict=True):
            self._product(a, first, place, spectrum_of[first], result)
            for b in others:
                self._product(a, b, place, spectrum_of[b], product)
                result += product
        for spectrum, result in zip(spectra, results, strict=True):
            spectrum[...] = result

    def _product(self, a: int, b: int, place: Place, spectrum: np.ndarray, out: np.ndarray) -> None:
        """out = G_ab rho_b on one block; a folded multiplier is read backwards in the second halves of its axes."""
        multiplier, folded = self._multipliers[min(a, b), max(a, b)]
        if not folded:
            np.multiply(spectrum, multiplier[:, place.y, place.z], out=out)
            return
        y = place.y
        if place.upper:
            length = self._transform.padded[1]
            y = slice(length - y.start, length - y.stop, -1)
        block = multiplier[:, y, place.z]
        half = multiplier.shape[0]
        np.multiply(spectrum[:half], block, out=out[:half])
        np.multiply(spectrum[half:], block[half - 2 : 0 : -1], out=out[half:])

    def free(self) -> None:
        """Give the transform's MPI resources back (collective)."""
        self._transform.free()
