"""What the markers of a classical species are sampled with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcmix.initial.markers.points.sobol import ScrambledSobol
from hpcmix.model.kinetic.free import KineticEnergy


@dataclass(frozen=True)
class Setting:
    """The species, the box and the markers.

    where      key of its ``initial``, for messages.
    particles  integral of f, the sum of all weights.
    kinetic    T; it knows hbar.
    mass       m.
    lengths    of the box, centred at the origin.
    number     N of the markers, on all ranks.
    seed       of their points.
    """

    where: str
    particles: float
    kinetic: KineticEnergy
    mass: float
    lengths: tuple[float, ...]
    number: int
    seed: int

    @property
    def dimensions(self) -> int:
        """d."""
        return len(self.lengths)

    @property
    def hbar(self) -> float:
        """Code units."""
        return self.kinetic.hbar

    @property
    def planck_constant(self) -> float:
        """2 pi hbar: a cell of phase space holds (2 pi hbar)^d."""
        return 2.0 * np.pi * self.hbar

    @property
    def volume(self) -> float:
        """Of the box."""
        return float(np.prod(self.lengths))

    def uniform(self, index: np.ndarray) -> np.ndarray:
        """The points of some markers in the cube (0, 1)^(2 d), shape (number, 2 d)."""
        return ScrambledSobol(2 * self.dimensions, self.seed).points(index)


@dataclass(frozen=True)
class Sample:
    """Some markers: x and p of shape (number, d), w of shape (number,)."""

    position: np.ndarray
    momentum: np.ndarray
    weight: np.ndarray
