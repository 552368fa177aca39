"""Sixteen nucleons as four sets of four orbitals that a local functional binds, against their radial equations."""

import numpy as np
import pytest
from physics.systems import require_below, system

KINETIC, T0, T3 = 20.73553, -1090.0, 17288.0
"""hbar^2/2m in MeV fm^2, t_0 in MeV fm^3 and t_3 in MeV fm^6 of a Skyrme force with x_0 = x_3 = 0 and the power one."""


def radial_energy():
    """One s and one p shell in sine functions of the radius: e = 3/8 t_0 rho^2 + t_3 rho^3/16 for as many protons as
    neutrons."""
    radius, number = 14.0, 220
    n = np.arange(1, number + 1)
    h = radius / (number + 1)
    r = h * n
    sines = np.sqrt(2.0 / (number + 1)) * np.sin(np.pi * np.outer(n, n) / (number + 1))
    kinetic = KINETIC * (sines * (np.pi * n / radius) ** 2) @ sines
    density = 0.17 / (1.0 + np.exp((r - 2.6) / 0.5))
    for _ in range(100):
        potential = 0.75 * T0 * density + 0.1875 * T3 * density**2
        energy, filled = 0.0, 0.0
        for turn, nucleons in ((0, 4), (1, 12)):
            levels, states = np.linalg.eigh(kinetic + np.diag(potential + KINETIC * turn * (turn + 1) / r**2))
            lowest = states[:, 0]
            energy += nucleons * (levels[0] - lowest @ (potential * lowest))
            filled = filled + nucleons * lowest**2
        density = 0.7 * density + 0.3 * filled / (4.0 * np.pi * r**2 * h)
    return energy + float(np.sum((0.375 * T0 * density**2 + T3 / 16.0 * density**3) * 4.0 * np.pi * r**2) * h)


@pytest.mark.slow
def test_sixteen_nucleons():
    names = ["proton_up", "proton_down", "neutron_up", "neutron_down"]
    sets = [
        {"name": name, "kind": "fermions", "orbitals": 4, "mass": 0.5 / KINETIC,
         "initial": {"kind": "ground-state", "start": "gaussian"}}
        for name in names
    ]  # fmt: skip
    total, pairs = "+".join(names), ["+".join(names[:2]), "+".join(names[2:])]
    value = f"({0.5 * T0} + {T3 / 12.0}*({total}))*(({total})**2 - 0.5*({pairs[0]})**2 - 0.5*({pairs[1]})**2)"
    functional = [{"kind": "expression", "species": names, "value": value}]
    search = {"tolerance": 1e-5, "saddles": "ignore"}
    found = system([40] * 3, [20.0] * 3, sets, functional=functional, ground_state=search).record()
    # points half a femtometre apart leave 2e-3 MeV; those one apart, 1.4 MeV
    require_below(abs(found["energy"]["total"] - radial_energy()), 4e-3, "energy in MeV")
