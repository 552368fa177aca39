"""Shells of wave numbers of about one length."""

from __future__ import annotations

import math

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look


class Shells:
    """The grid's wave vectors by |k| in units of the longest wave of the box, dk = 2 pi / max L: shell j has |k| from
    (j - 1/2) dk to (j + 1/2) dk. Shells without a wave vector are left out.

    In an expanding frame wave numbers are the frame's: those of the laboratory relative to the local velocity of the
    expansion, times b. Made collectively over the group.

    modes         how many wave vectors every shell has.
    wave_numbers  the mean of |k| in every shell that has any.
    """

    def __init__(self, mixture: Mixture) -> None:
        grid = mixture.grid
        width = 2.0 * math.pi / max(grid.lengths)
        moduli = np.sqrt(sum(k**2 for k in grid.broadcast_wave_numbers(grid.wave_block)))
        self._mixture = mixture
        self._places = np.rint(moduli / width).astype(np.intp).ravel()
        largest = math.sqrt(sum((math.pi / spacing) ** 2 for spacing in grid.spacings))
        self._count = int(largest / width + 0.5) + 1
        local = np.array([self._binned(np.ones(self._places.size)), self._binned(moduli.ravel())])
        self.modes, total = mixture.communicators.sum(local)
        self._filled = self.modes > 0.0
        self.wave_numbers = (total[self._filled] / self.modes[self._filled]).tolist()

    def _binned(self, values: np.ndarray) -> np.ndarray:
        return np.bincount(self._places, values, self._count)

    def local_sums(self, values: np.ndarray) -> np.ndarray:
        """Sums over the shells of a real array on this rank's wave numbers. Local."""
        return self._binned(values.ravel())

    def over_ranks(self, sums: np.ndarray) -> np.ndarray:
        """Rows of local sums of this replica's pairs as sums over all, only of shells that have wave vectors.
        Collective over the world."""
        total = self._mixture.communicators.sum(sums)
        self._mixture.communicators.sum_over_replicas(total)
        return self.filled(total)

    def filled(self, sums: np.ndarray) -> np.ndarray:
        """Of sums over all shells those of shells that have wave vectors."""
        return sums[..., self._filled]

    @property
    def modes_of_filled(self) -> np.ndarray:
        """How many wave vectors every shell has."""
        return self.modes[self._filled]


def shells(look: Look) -> Shells:
    """The shells of a look's grid. Collective over the group; see :meth:`Look.once`."""
    return Shells(look.mixture)


def shell_entries(look: Look) -> dict[str, list[float]]:
    """What spectra in shells stand beside in a record: |k| of every shell, and how many wave vectors it has.
    Collective over the group."""
    made = look.once(shells)
    return {"wave_numbers": made.wave_numbers, "wave_vectors": made.modes_of_filled.tolist()}
