"""How much of a cloud lies at the faces of the box, where a vector potential that is not periodic jumps and a trap
ends."""

from __future__ import annotations

import numpy as np

from hpcmix.model.mixture import Mixture

SMALL = 1e-6
"""Density at the faces, relative to the largest, up to which nothing is said: a thousandth of the amplitude."""


def shares_at_faces(mixture: Mixture, density: np.ndarray) -> list[float]:
    """Per axis the largest density on the two planes next to the face, the first x = -L/2 and the last x = L/2 - h,
    relative to the largest everywhere; zeros of a species that is empty. Collective over the group."""
    here = np.zeros(mixture.grid.dimensions + 1)
    for axis, (points, part) in enumerate(zip(mixture.grid.points, mixture.grid.position_block.slices, strict=True)):
        for plane in {0, points - 1}:
            if part.start <= plane < part.stop:
                here[axis] = max(here[axis], float(np.max(np.take(density, plane - part.start, axis=axis))))
    here[-1] = np.max(density)
    *at_faces, everywhere = mixture.communicators.maximum(here)
    return [float(one / everywhere) if everywhere > 0.0 else 0.0 for one in at_faces]
