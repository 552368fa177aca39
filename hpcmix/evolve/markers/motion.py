"""Kick and drift of markers: p -= tau grad(U + W)(x) and x += tau dT/dp.

Positions stand still in a kick and momenta in a drift, so that both are exact, and every splitting keeps its order. The
last kick of a step stays pending for momenta as it does for the phases of orbitals (CONVENTIONS.md, Flows).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np

from hpcmix.evolve.kick import Kick
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.process.together import together
from hpcmix.state.cloud import Cloud
from hpcmix.state.marker_cloud import MarkerCloud, marker_cloud

MARKERS_IN_A_CALL = 1 << 14
"""Markers whose external forces are held at a time, beside their coordinates in a second-level cache."""


class MarkerFlows:
    """Moves the markers of all classical species of a mixture; does nothing where there are none."""

    def __init__(self, mixture: Mixture) -> None:
        self._engine = mixture.engine
        self._carried = mixture.carried

    def move(self, clouds: Sequence[Cloud], felt: Sequence[np.ndarray | None], kick: Kick, drift: float | None) -> None:
        """A kick and the drift that follows it, if one does, in place. Collective.

        felt  b^2 W of every species on the grid, None where nothing acts.
        Raises :class:`~hpcmix.model.potentials.external.NotFinite` on every rank where a force is not finite.
        """
        for a, laws in self._carried:
            cloud = marker_cloud(clouds[a])
            moved = kick_and_drift(self._engine, laws, cloud, None, felt[a], kick, drift or 0.0)
            if drift:
                cloud.layout.moved(moved)


def completed_momenta(
    engine: Engine, laws: MarkerModel, cloud: MarkerCloud, felt: np.ndarray | None, kick: Kick
) -> np.ndarray:
    """The momenta of the markers on this rank after a kick that is still due, an array of the caller's, shape (n, d);
    the cloud stays as it is. Arguments and errors as of :meth:`MarkerFlows.move`. Collective."""
    cloud.layout.settle(cloud.markers)  # before the copy, which is to be in the order of the markers' homes
    momentum = cloud.momentum.copy()
    kick_and_drift(engine, laws, cloud, momentum, felt, kick, 0.0)
    return momentum


def kick_and_drift(
    engine: Engine,
    laws: MarkerModel,
    cloud: MarkerCloud,
    others: np.ndarray | None,
    felt: np.ndarray | None,
    kick: Kick,
    drift: float,
) -> np.ndarray:
    """p -= kick grad(U + W), x += drift dT/dp; the largest displacement along each axis. Collective.

    others  momenta in place of the cloud's own, None for these; they are changed in place, and so are the cloud's
            positions where the drift is not zero.
    """
    layout, markers = cloud.layout, cloud.markers
    layout.settle(markers)
    momentum = markers.momentum if others is None else others
    patch = None if felt is None else layout.patch_of(markers, felt)
    geometry, largest = layout.geometry, np.zeros(markers.dimensions)
    # an expression may have no gradient where one rank has a marker: the others learn of it here
    may_fail = laws.forces.may_fail
    with engine.timers.phase("markers"), together(engine.communicators.world) if may_fail else nullcontext():
        for first in range(0, markers.count, MARKERS_IN_A_CALL):
            rows = slice(first, first + MARKERS_IN_A_CALL)
            position = markers.position[rows]
            force = external_gradient(laws, kick, position)
            moved = engine.kernels.gather_kick_drift(
                position, momentum[rows], geometry, patch, force, kick.whole, drift, laws.mass, laws.rest_mass
            )
            np.maximum(largest, moved, out=largest)
    return largest


def external_gradient(laws: MarkerModel, kick: Kick, position: np.ndarray) -> np.ndarray | None:
    """The gradient of the external potentials of a kick at places (n, d), None where there are none; where they are
    switched between its two parts, the mean weighted with the durations. Local."""
    if not laws.forces.act:
        return None
    before = kick.earlier_instant
    if before is None or not laws.forces.differ(before, kick.instant):
        return laws.gradient(position, kick.instant)
    gradient = laws.gradient(position, kick.instant)
    gradient *= kick.duration / kick.whole
    gradient += (kick.earlier / kick.whole) * laws.gradient(position, before)
    return gradient
