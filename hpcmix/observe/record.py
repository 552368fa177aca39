"""One record of the time series: everything that is measured of a state."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.evolve.completion import completed_orbitals
from hpcmix.model.energy import Energy
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.observe.moments import density_moments
from hpcmix.state import State


def observe(mixture: Mixture, state: State, before_start: bool = False) -> dict[str, Any]:
    """Step, time, energy by term and, per species, particles, chemical potential, centre, widths, largest density and
    momentum ``nu sum_j <phi_j| -i hbar grad |phi_j>``.

    The chemical potential is <phi|H|phi> per particle, averaged over the orbitals. Potentials are those that act from
    the state's time on (after a switch at that very time), or those of time 0- with `before_start`. Names and nesting
    as in summary.json. Code units. Collective.
    """
    instant = Instant.before_start() if before_start else Instant(state.time, state.time + 0.5 * state.step_size)
    densities = mixture.densities(state.orbitals)
    mean_fields = mixture.mean_fields(densities)
    sums = np.zeros((len(mixture.species), 1 + mixture.grid.dimensions))
    for a, one in enumerate(mixture.species):
        for orbital in completed_orbitals(mixture, state, a, mean_fields[a]):
            sums[a] += one.weight * mixture.spectral_averages(orbital, a)
    potentials = mixture.communicators.sum(mixture.potential_energies(densities, mean_fields, instant))
    sums = mixture.communicators.sum(sums)
    parts = np.column_stack([sums[:, 0], potentials])
    species: dict[str, Any] = {}
    for a, one in enumerate(mixture.species):
        moments = density_moments(mixture, densities[a])
        species[one.name] = {
            "particles": moments["particles"],
            "chemical_potential": float(np.sum(parts[a])) / moments["particles"],
            **{name: moments[name] for name in ("centre", "rms_width", "maximum_density")},
            "momentum": sums[a, 1:].tolist(),
        }
    return {"step": state.step, "time": state.time, "energy": Energy.of(parts).as_dict(), "species": species}
