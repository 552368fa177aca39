"""Fluctuations of small systems for tests: systems with [fluctuations] whose pairs are moved by a known map."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.initial.excitations.probes import start_pairs
from hpcmix.observe.fluctuations.record import fluctuation_record
from hpcmix.observe.look import Look
from tests.physics.fluctuation_oracle import Map
from tests.physics.systems import System


def with_pairs(system: System) -> System:
    """The system with the pairs of its [fluctuations] at time zero."""
    section = system.problem.fluctuations
    held = system.mixture.communicators.pairs_of_replica(system.problem.pairs)
    system.state.fluctuations = start_pairs(section, system.mixture, system.state.orbitals, held)
    return system


def moved(system: System, evolved: Map) -> System:
    """The system with pairs u = U f, w = V conj(f), all at once, and the condensates of that time."""
    fluctuations, weights = system.state.fluctuations, system.mixture.weights
    start = np.concatenate([array[:, 0].reshape(len(array), -1) for array in fluctuations.pairs], axis=1).T
    images = evolved.U @ start, evolved.V @ start.conj()
    for which, image in enumerate(images):
        for array, own in zip(fluctuations.pairs, np.split(image, len(fluctuations.pairs)), strict=True):
            array[:, which] = own.T.reshape(array[:, which].shape)
    for a, psi in enumerate(evolved.psi):
        system.state.orbitals[a][0] = psi.reshape(system.grid.position_shape) / np.sqrt(weights[a])
    return system


def record(system: System) -> dict[str, Any]:
    """What a record says of the fluctuations."""
    return fluctuation_record(Look(system.mixture, system.state))
