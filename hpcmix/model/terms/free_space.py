"""Kernels without periodic images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.potentials.envelope import BEFORE_START, Instant
from hpcmix.model.terms.kernel_term import KernelShape, KernelTerm
from hpcmix.model.terms.term import Densities, Fields
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.transforms.padded import Place


class FreeSpaceTerm(KernelTerm):
    """All free-space kernels of a mixture.

    As in model/terms/periodic.py a channel is transformed once and comes back once.
    """

    def __init__(self, shapes: Sequence[KernelShape], engine: Engine) -> None:
        super().__init__(shapes, engine)
        self._transform = engine.padded_transform(self.channels.count)
        self._potentials = {int(a): self._transform.empty_position() for a in self.channels.felt}

    def potentials(self, densities: Densities, instant: Instant = BEFORE_START) -> Fields:
        self._set_scale(instant.contraction)
        if self._potentials:
            inward, outward = self.channels.inward, self.channels.outward[self.channels.felt]
            self._transform.convolve(densities, inward, list(self._potentials.values()), outward, self._multiply)
        return [self._potentials.get(a) for a in range(self._species)]

    def times(self, factors: Mapping[tuple[int, int], float]) -> FreeSpaceTerm:
        return FreeSpaceTerm(self._shapes_times(factors), self._engine)

    def _multiply(self, spectra: Sequence[np.ndarray], place: Place) -> None:
        """The spectra of all channels' fields in place of those of their densities, on one block."""
        pairs = [[e for e in range(len(spectra)) if self._multiplier(d, e) is not None] for d in range(len(spectra))]
        if all(partners == [d] for d, partners in enumerate(pairs)):
            for d, spectrum in enumerate(spectra):
                self._product(d, d, place, spectrum, spectrum)
            return
        results = [np.zeros_like(spectrum) for spectrum in spectra]
        product = np.empty_like(spectra[0])
        for d, (result, partners) in enumerate(zip(results, pairs, strict=True)):
            for e in partners:
                self._product(d, e, place, spectra[e], product)
                result += product
        for spectrum, result in zip(spectra, results, strict=True):
            spectrum[...] = result

    def _product(self, d: int, e: int, place: Place, spectrum: np.ndarray, out: np.ndarray) -> None:
        """out = M_de times a spectrum on one block; a folded multiplier is read backwards in the second halves of its
        axes."""
        multiplier, padded = self._multipliers[self.channels.blends[min(d, e), max(d, e)]], self._transform.padded
        if multiplier.shape[0] == padded[0]:
            np.multiply(spectrum, multiplier[:, place.y, place.z], out=out)
            return
        y = place.y
        if place.upper:
            y = slice(padded[1] - y.start, padded[1] - y.stop, -1)
        block = multiplier[:, y, place.z]
        half = multiplier.shape[0]
        np.multiply(spectrum[:half], block, out=out[:half])
        np.multiply(spectrum[half:], block[half - 2 : 0 : -1], out=out[half:])
