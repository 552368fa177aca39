"""How much of a cloud lies at the faces of the box, where a vector potential that is not periodic jumps."""

from __future__ import annotations

import numpy as np

from hpcmix.model.mixture import Mixture

SMALL = 1e-6
"""Density at the faces, relative to the largest, up to which nothing is said: a thousandth of the amplitude."""


def share_at_faces(mixture: Mixture, density: np.ndarray) -> float:
    """The largest density on the planes x_axis = -L/2 of all axes, relative to the largest everywhere. Collective over
    the group."""
    here = [0.0, float(np.max(density))]
    for axis, start in enumerate(mixture.grid.position_block.start):
        if start == 0:
            here[0] = max(here[0], float(np.max(np.take(density, 0, axis=axis))))
    at_faces, everywhere = mixture.communicators.maximum(here)
    return float(at_faces / everywhere) if everywhere > 0.0 else 0.0
