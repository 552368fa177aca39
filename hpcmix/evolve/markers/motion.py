"""Kick and drift of markers: p -= tau grad(U + W)(x) and x += tau dT/dp.

Positions stand still in a kick and momenta in a drift, so that both are exact, and every splitting keeps its order. The
last kick of a step stays pending for momenta as it does for the phases of orbitals (CONVENTIONS.md, Flows).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

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
        Raises :class:`~hpcmix.model.potentials.finite.NotFinite` on every rank where a force is not finite.
        """
        for a, laws in self._carried:
            cloud = marker_cloud(clouds[a])
            moved = kick_and_drift(self._engine, laws, cloud, felt[a], kick, drift or 0.0)
            if drift:
                cloud.layout.moved(moved)


@dataclass(frozen=True)
class CompletedMomenta:
    """The momenta of the markers on this rank after a kick that is still due, made some at a time when they are asked
    for: no second array of all is needed. The cloud stays as it is, and must meanwhile.

    field  b^2 W on the rank's patch, None where nothing acts; nobody else's.
    """

    engine: Engine
    laws: MarkerModel
    cloud: MarkerCloud
    field: np.ndarray | None
    kick: Kick

    @classmethod
    def of(
        cls, engine: Engine, laws: MarkerModel, cloud: MarkerCloud, felt: np.ndarray | None, kick: Kick
    ) -> CompletedMomenta:
        """Arguments and errors as of :meth:`MarkerFlows.move`. Collective."""
        layout, markers = cloud.layout, cloud.markers
        layout.settle(markers)
        field = None if felt is None else layout.patch_of(markers, felt).copy()
        if laws.forces.may_fail:  # here, where all ranks learn of it
            with together(engine.communicators.world):
                for first in range(0, markers.count, MARKERS_IN_A_CALL):
                    external_gradient(laws, kick, markers.position[first : first + MARKERS_IN_A_CALL])
        return cls(engine, laws, cloud, field, kick)

    def __getitem__(self, rows: slice) -> np.ndarray:
        """Of consecutive markers in the cloud's order, an array of the caller's, shape (n, d). Local."""
        momentum, position = self.cloud.momentum[rows].copy(), self.cloud.position[rows]
        move(self.engine, self.laws, self.cloud, position, momentum, self.field, self.kick, 0.0)
        return momentum


def kick_and_drift(
    engine: Engine, laws: MarkerModel, cloud: MarkerCloud, felt: np.ndarray | None, kick: Kick, drift: float
) -> np.ndarray:
    """p -= kick grad(U + W), x += drift dT/dp; the largest displacement along each axis. Collective."""
    layout, markers = cloud.layout, cloud.markers
    layout.settle(markers)
    patch = None if felt is None else layout.patch_of(markers, felt)
    # an expression may have no gradient where one rank has a marker: the others learn of it here
    with together(engine.communicators.world) if laws.forces.may_fail else nullcontext():
        return move(engine, laws, cloud, markers.position, markers.momentum, patch, kick, drift)


def move(
    engine: Engine,
    laws: MarkerModel,
    cloud: MarkerCloud,
    position: np.ndarray,
    momentum: np.ndarray,
    patch: np.ndarray | None,
    kick: Kick,
    drift: float,
) -> np.ndarray:
    """The same of some markers, in place, with the field on the rank's patch. Local."""
    geometry, largest = cloud.layout.geometry, np.zeros(cloud.markers.dimensions)
    with engine.timers.phase("gather"):
        for first in range(0, len(position), MARKERS_IN_A_CALL):
            rows = slice(first, first + MARKERS_IN_A_CALL)
            force = external_gradient(laws, kick, position[rows])
            moved = engine.kernels.gather_kick_drift(
                position[rows], momentum[rows], geometry, patch, force, kick.whole, drift, laws.mass, laws.rest_mass
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
