"""f^ of a classical gas that markers carry: sum_i w_i exp(-i (xi.x_i + eta.p_i)) / sum_i w_i."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.semiclassical.characteristic import Characteristic, Sheet
from hpcmix.observe.semiclassical.wave_sums import lattice_sums, wave_sum_with_slope
from hpcmix.parallel.communicators import Communicators


class OfMarkers(Characteristic):
    """Of the markers of all ranks.

    position, momentum  of this rank's markers, (markers, d), momenta completed; weight: (markers,).
    """

    def __init__(
        self, communicators: Communicators, position: np.ndarray, momentum: np.ndarray, weight: np.ndarray
    ) -> None:
        self._communicators = communicators
        self._places = np.concatenate([position, momentum], axis=1)
        self._weight = weight

    @classmethod
    def of(cls, look: Look, species: int) -> OfMarkers:
        """Of a classical species. Collective."""
        cloud = look.cloud(species)
        return cls(look.mixture.communicators, cloud.position, look.momenta(species)[:], cloud.weight)

    @cached_property
    def _total(self) -> float:
        return float(self._sum(np.array([np.sum(self._weight)]))[0])

    @cached_property
    def widths(self) -> np.ndarray:
        """Root mean square widths along the axes of x, then of p. Collective."""
        moments = [self._weight @ self._places, self._weight @ np.square(self._places)]
        mean, square = self._sum(np.array(moments)) / self._total
        return np.sqrt(np.maximum(square - mean**2, 0.0))

    def on_sheet(self, sheet: Sheet) -> np.ndarray:
        lattice = sheet.dimensions + sheet.joint
        fixed = self._places[:, lattice:] @ np.array(sheet.fixed)
        strengths = self._weight * np.exp(-1j * fixed)
        places = [self._places[:, axis] for axis in range(lattice)]
        modes = self._sum(lattice_sums(places, strengths, sheet.spacing, sheet.reach)) / self._total
        return modes[(slice(None),) * sheet.dimensions + (slice(sheet.reach, None),)] if sheet.is_half else modes

    def with_slope(self, zeta: np.ndarray) -> tuple[complex, np.ndarray]:
        sums = self._sum(wave_sum_with_slope(self._places, self._weight, zeta)) / self._total
        return complex(sums[0]), sums[1:]

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return self._communicators.sum_all(values)
