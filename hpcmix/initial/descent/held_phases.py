"""Species whose phase is held while their density is looked for: fields f exp(i theta) with a real f and a given theta.

They are a real subspace of all fields, and what is orthogonal to it in Re <u|v> is projected out of gradients and
directions. The minimum there has the least energy that a density can have beside these vortices: off the middle of a
trap they are not at rest, and no search without the constraint would keep them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

Phases = Mapping[int, np.ndarray]
"""exp(i theta) on this rank's points by the index of the species; zero where theta has no value, in a vortex."""

FREE: Phases = MappingProxyType({})
"""All phases are found."""


def project_phases(phases: Phases, vectors: list[np.ndarray]) -> None:
    """v -> exp(i theta) Re(exp(-i theta) v) of every species whose phase is held, in place. Local."""
    for index, phase in phases.items():
        vector = vectors[index]
        np.multiply(phase, phase.real * vector.real + phase.imag * vector.imag, out=vector)
