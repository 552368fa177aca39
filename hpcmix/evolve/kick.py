"""A kick: its duration, its instant, and the external potentials of it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from hpcmix.model.mean_field.species import SpeciesModel
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.process.together import together


@dataclass(frozen=True)
class Kick:
    """A kick of some duration in the potentials of an instant.

    A kick may have two parts, the end of one step and the beginning of the next: ``earlier`` is then the part that
    belongs to the step before, in the potentials of ``earlier_instant``. Both parts see the same densities and thus the
    same mean field, at the same scale of the grid's frame; external potentials may be switched between them.

    turning  how long a unitary among species acts at every point after it (:mod:`hpcmix.evolve.pointwise.mixing`).
    """

    duration: float
    instant: Instant
    earlier: float = 0.0
    earlier_instant: Instant | None = None
    turning: float = 0.0

    @property
    def whole(self) -> float:
        """Duration of both parts."""
        return self.earlier + self.duration


def external_potentials(mixture: Mixture, kick: Kick) -> list[list[np.ndarray]]:
    """U_a of a kick, for each species a list of one array or none, and the confinement that the frame brings; nothing
    for markers, which do not take potentials from the grid (model/markers/forces.py).

    Where an external potential is switched between the two parts of a kick, their mean weighted with the durations
    acts. An expression in time may fail at a point that one rank holds: the others learn of it here. Collective.
    """
    with mixture.engine.timers.phase("potential"):
        evaluates = any(species.external.evaluates_expressions for species in mixture.species)
        with together(mixture.communicators.world) if evaluates else nullcontext():
            given = [_external_potential(species, kick) for species in mixture.species]
    return [
        added if species.confinement is None else [*added, species.confinement]
        for species, added in zip(mixture.species, given, strict=True)
    ]


def _external_potential(species: SpeciesModel, kick: Kick) -> list[np.ndarray]:
    if species.orbitals == 0:
        return []
    external = species.external
    before = kick.earlier_instant
    if before is None or not external.differs(before, kick.instant):
        value = external.value(kick.instant)
        return [] if value is None else [value]
    parts = ((kick.earlier, external.value(before)), (kick.duration, external.value(kick.instant)))
    return [(duration / kick.whole * value).astype(value.dtype) for duration, value in parts if value is not None]
