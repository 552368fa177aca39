"""One record of the time series: everything that is measured of a state."""

from __future__ import annotations

from typing import Any

import numpy as np

from hpcmix.model.energy import Energy
from hpcmix.model.envelope import Instant
from hpcmix.model.mixture import Mixture
from hpcmix.observe.moments import density_moments, momentum
from hpcmix.state import State


def observe(mixture: Mixture, state: State, before_start: bool = False) -> dict[str, Any]:
    """Step, time, energy by term and, per species, particles, chemical potential, centre, widths, largest density and
    momentum.

    The chemical potential is <phi|H|phi> per particle, averaged over the orbitals. Potentials are those that act from
    the state's time on (after a switch at that very time), or those of time 0- with `before_start`. Names and nesting
    as in summary.json. Code units. Collective.
    """
    instant = Instant.before_start() if before_start else Instant(state.time, state.time + 0.5 * state.step_size)
    densities = mixture.densities(state.orbitals)
    parts = mixture.energy_parts(state.orbitals, densities, instant)
    species: dict[str, Any] = {}
    for a, one in enumerate(mixture.species):
        moments = density_moments(mixture, densities[a])
        species[one.name] = {
            "particles": moments["particles"],
            "chemical_potential": float(np.sum(parts[a])) / moments["particles"],
            **{name: moments[name] for name in ("centre", "rms_width", "maximum_density")},
            "momentum": momentum(mixture, state.orbitals[a], one.weight),
        }
    return {"step": state.step, "time": state.time, "energy": Energy.of(parts).as_dict(), "species": species}
