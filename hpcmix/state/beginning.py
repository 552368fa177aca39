"""What measurements of fluctuations need to know of their start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Beginning:
    """Numbers of time zero.

    norms     integral |phi_a|^2 of every species: one, or its part where species are coherently coupled.
    overlaps  I_ab = integral rho_a rho_b, shape (species, species).
    gram      <f_i, f_j> of the probes that this replica holds, all species together. The other functions are
              orthonormal, and orthogonal to the probes.
    tails     what lies beyond the grid's wave numbers of what makes pairs, shape (species, species)
              (observe/fluctuations/beyond_grid.py); interactions do not change in time, and outside of an expanding
              frame it does not either. None where it is not known, or nobody has asked yet.
    """

    norms: np.ndarray
    overlaps: np.ndarray
    gram: np.ndarray
    tails: np.ndarray | None = None
