"""The energy of a search that has stand-ins for classical species, with what the species themselves have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.model.mean_field.energies import spectral_averages
from hpcmix.model.mixture import Mixture
from hpcmix.model.potentials.envelope import Instant
from hpcmix.parallel.markers.arrays import pieces
from hpcmix.parallel.process.together import together
from hpcmix.state.marker_cloud import MarkerCloud


def marker_energies(mixture: Mixture, clouds: Mapping[int, MarkerCloud]) -> float:
    """sum_i w_i (T(p_i) - T(0) + U(x_i)) over all classical species, in the potentials of time 0-. Collective over the
    world."""
    local, instant = 0.0, Instant.before_start()
    with together(mixture.communicators.world):
        for index, laws in mixture.carried:
            cloud = clouds[index]
            for rows in pieces(cloud.markers.count):
                moving = laws.kinetic_energy(cloud.momentum[rows]) - laws.kinetic.rest_energy
                local += float(cloud.weight[rows] @ (moving + laws.potential(cloud.position[rows], instant)))
    return float(mixture.communicators.sum_all([local])[0])


def stand_in_energies(seen: Mixture, mixture: Mixture, states: Sequence[np.ndarray]) -> float:
    """N <phi|T + U|phi> of all stand-ins, which a search counts, with T as the search has it. Collective over the
    group."""
    local, instant = 0.0, Instant.before_start()
    for index, _ in mixture.carried:
        field, model = states[index][0], seen.species[index]
        local += model.particles * float(spectral_averages(seen, field, index)[0])
        external = model.external.value(instant)
        if external is not None:
            density = (model.particles * (field.real**2 + field.imag**2)).astype(np.float64)
            local += seen.grid.integrate(density, external)
    return float(seen.communicators.sum([local])[0])
