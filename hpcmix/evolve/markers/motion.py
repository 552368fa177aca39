"""Kick and drift of markers: p -= tau grad(U + W)(x) and x += tau dT/dp.

Positions stand still in a kick and momenta in a drift, so that both are exact, and every splitting keeps its order. The
last kick of a step stays pending for momenta as it does for the phases of orbitals (CONVENTIONS.md, Flows).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from hpcmix.evolve.kick import Kick
from hpcmix.model.markers.model import MarkerModel
from hpcmix.model.mixture import Mixture
from hpcmix.parallel.process.together import together
from hpcmix.state.cloud import Cloud
from hpcmix.state.marker_cloud import MarkerCloud, marker_cloud

MARKERS_IN_A_CALL = 1 << 16
"""Markers whose external forces are held at a time: three megabytes at most."""


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
            self._move(marker_cloud(clouds[a]), laws, felt[a], kick, drift or 0.0)

    def _move(self, cloud: MarkerCloud, laws: MarkerModel, felt: np.ndarray | None, kick: Kick, drift: float) -> None:
        layout, markers = cloud.layout, cloud.markers
        patch = None if felt is None else layout.patch_of(markers, felt)
        geometry = layout.geometry
        largest = np.zeros(markers.dimensions)
        with self._engine.timers.phase("markers"), self._failing_together(laws):
            for first in range(0, markers.count, MARKERS_IN_A_CALL):
                rows = slice(first, first + MARKERS_IN_A_CALL)
                position = markers.position[rows]
                moved = self._engine.kernels.gather_kick_drift(
                    position,
                    markers.momentum[rows],
                    geometry,
                    patch,
                    external_gradient(laws, kick, position),
                    kick.whole,
                    drift,
                    laws.mass,
                    laws.rest_mass,
                )
                np.maximum(largest, moved, out=largest)
        if drift != 0.0:
            layout.moved(largest)

    def _failing_together(self, laws: MarkerModel) -> AbstractContextManager[None]:
        """An expression may have no gradient where one rank has a marker: the others learn of it here."""
        return together(self._engine.communicators.world) if laws.forces.may_fail else nullcontext()


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
