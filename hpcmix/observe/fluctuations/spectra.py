"""Spectra of fluctuations, over shells of wave numbers of about one length."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.fluctuations.sums import PairSum
from hpcmix.observe.measures.spectra.shells import Shells


class MomentumShells(PairSum):
    """sum_f |w_a^(k)|^2: how many particles outside have which wave number; all shells together are <N_a>."""

    def __init__(self, mixture: Mixture, shells: Shells) -> None:
        self._mixture, self._shells = mixture, shells
        self._sums: list[np.ndarray] = [np.zeros(0)] * len(mixture.species)

    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        transform = self._mixture.transform
        for a, fields in enumerate(pair):
            spectrum = transform.forward(np.ascontiguousarray(fields[1]), transform.work)
            sums = weight * self._shells.local_sums(spectrum.real**2 + spectrum.imag**2)
            self._sums[a] = sums if self._sums[a].size == 0 else self._sums[a] + sums

    def particles(self) -> list[list[float]]:
        """Per species the particles of every shell. Collective over the world."""
        grid = self._mixture.grid
        scale = grid.cell_volume / math.prod(grid.points)
        return [(scale * self._shells.over_ranks(self._of(a))).tolist() for a in range(len(self._sums))]

    def _of(self, species: int) -> np.ndarray:
        sums = self._sums[species]
        return sums if sums.size else np.zeros(self._shells.modes.size)


class StructureFactor(PairSum):
    """The static structure factor of the quadratic fluctuations,

        S_ab(k) = sum_f Re[ d_a^(k) conj(d_b^(k)) ] / sqrt(N_a N_b),    d = conj(psi) u + psi conj(w)

    the mean over each shell; one at the start, where a = b. k = 0 is the fluctuation of the number of particles.

    condensates  phi_a(t), complete.
    """

    def __init__(self, mixture: Mixture, shells: Shells, condensates: Sequence[np.ndarray]) -> None:
        self._mixture, self._shells = mixture, shells
        self._roots = [math.sqrt(nu) * phi for nu, phi in zip(mixture.weights, condensates, strict=True)]
        norms = [float(np.vdot(root, root).real) for root in self._roots]
        self._particles = mixture.grid.cell_volume * mixture.communicators.sum(norms)
        count = len(self._roots)
        self._spectra = [mixture.transform.empty_wave() for _ in range(count)]
        self._sums = np.zeros((count, count, shells.modes.size))

    def take(self, number: int, weight: float, pair: Sequence[np.ndarray]) -> None:
        for root, (u, w), spectrum in zip(self._roots, pair, self._spectra, strict=True):
            self._mixture.transform.forward(root.conj() * u + root * w.conj(), spectrum)
        for a, one in enumerate(self._spectra):
            for b, other in enumerate(self._spectra[: a + 1]):
                self._sums[a, b] += weight * self._shells.local_sums(one.real * other.real + one.imag * other.imag)

    def values(self) -> list[list[list[float | None]]]:
        """S_ab of every shell, None where a species is empty. Collective over the world."""
        sums = self._shells.over_ranks(self._sums)
        per_mode = self._mixture.grid.cell_volume**2 * sums / self._shells.modes_of_filled
        count = len(self._roots)
        values: list[list[list[float | None]]] = [[[] for _ in range(count)] for _ in range(count)]
        for a in range(count):
            for b in range(count):
                particles = math.sqrt(self._particles[a] * self._particles[b])
                line = per_mode[max(a, b), min(a, b)]
                values[a][b] = (line / particles).tolist() if particles > 0.0 else [None] * len(line)
        return values
