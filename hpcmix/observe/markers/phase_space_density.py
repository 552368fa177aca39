"""A density over two axes of phase space, as files and figures have it. Imports no MPI: figures ask, too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PhaseSpaceDensity:
    """The integral of f over all axes of phase space but two, in bins.

    axes     two of x, y, z, px, py, pz.
    edges    of the bins along each, code units.
    density  shape (bins, bins), particles per area of the two axes.
    """

    axes: tuple[str, str]
    edges: tuple[np.ndarray, np.ndarray]
    density: np.ndarray

    @property
    def name(self) -> str:
        """Such as "x-px"."""
        return "-".join(self.axes)
