"""Uniform magnetic fields: exact levels, orbits, gauges, and the faces of the box."""

import math

import numpy as np
import pytest
from physics.systems import contact, evolution, expression, gaussian, harmonic, largest, require_below, species, system

from hpcmix.model.concentration import shares_at_faces


@pytest.mark.parametrize("field", [0.0, 0.7, -2.0])
@pytest.mark.parametrize("gauge", ["symmetric", "landau"])
def test_fock_darwin_ground_state(field, gauge):
    """E = hbar sqrt(omega^2 + omega_c^2 / 4), omega_c = B / m, in a trap."""
    mass, omega = 1.4, 0.8
    one = system(
        [40, 39],
        [15.0, 14.0],
        [
            species(
                "a",
                mass=mass,
                vector_potential={"kind": "uniform", "field": field, "gauge": gauge},
                potential=harmonic(omega),
            )
        ],
    )
    assert one.ground_state.residual <= 1e-10
    # the energy's error is the residual's square; the grid resolves the Gaussian and, in Landau's gauge, its phase
    # B x y / 2
    require_below(abs(one.ground_state.energy - math.hypot(omega, 0.5 * field / mass)), 1e-10, "Fock-Darwin energy")


def test_imaginary_time_finds_the_same_ground_state():
    """exp(-s T) in a Krylov space: the Fock-Darwin energy again."""
    one = system(
        [24, 23],
        [11.0, 11.0],
        [species("a", vector_potential={"kind": "uniform", "field": 1.2}, potential=harmonic(1.0))],
        ground_state={"method": "imaginary-time", "tolerance": 1e-3, "max_iterations": 2000, "step": 0.1},
    )
    assert one.ground_state.method == "imaginary-time"
    # an energy's error is of the order of the square of its residual
    require_below(abs(one.ground_state.energy - math.hypot(1.0, 0.6)), 1e-5, "energy by imaginary time")


def test_fock_darwin_levels_of_fermions():
    """E = hbar Omega (2 n + |l| + 1) + l hbar omega_c / 2, filled from the lowest: the orbitals turn one way."""
    omega, field = 1.0, 1.1
    one = system(
        [26, 27],
        [15.0, 15.0],
        [
            species(
                "f",
                kind="fermions",
                orbitals=6,
                vector_potential={"kind": "uniform", "field": field},
                potential=harmonic(omega),
            )
        ],
        ground_state={"tolerance": 1e-7},
    )
    effective = math.hypot(omega, 0.5 * field)
    levels = sorted(
        effective * (2 * n + abs(turns) + 1) + 0.5 * turns * field for n in range(6) for turns in range(-8, 9)
    )
    found = one.ground_state.levels["f"]
    require_below(largest(np.array(found.energies) - levels[:6]), 1e-7, "Fock-Darwin levels")
    assert found.gap == pytest.approx(levels[6] - levels[5], abs=1e-3)
    record = one.record()
    assert record["energy"]["total"] == pytest.approx(sum(levels[:6]), abs=1e-7)
    assert record["species"]["f"]["orthonormality_defect"] < 1e-12


@pytest.mark.parametrize("along", ["z", "x"], ids=["two dimensions", "three, along x"])
def test_cyclotron_motion(along):
    """m dv/dt = B x v: the centre of a cloud runs round a circle with omega_c = B / m, whatever its shape; the momentum
    of a record is m v.
    """
    mass, field, boost = 1.3, 1.7, 0.9
    rate = field / mass
    plane = along == "z"
    one = system(
        [46, 45] if plane else [6, 46, 45],
        [16.0, 16.0] if plane else [5.0, 16.0, 16.0],
        [
            species(
                "a",
                mass=mass,
                vector_potential={"kind": "uniform", "field": field if plane else [field, 0.0, 0.0]},
                initial=gaussian([1.1, 0.9, 1.1][plane:], momentum=[0.0, boost, 0.0][plane:]),
            )
        ],
        [contact("a", "a", 1.0)] if plane else [],
        time=evolution(1.5 if plane else 0.2, 0.1, "blanes-moan-rkn-6"),
    )
    assert one.record()["species"]["a"]["momentum"][-2] == pytest.approx(boost, abs=1e-10)
    one.evolve()
    record, angle = one.record()["species"]["a"], rate * one.time
    centre = boost / (mass * rate) * np.array([np.sin(angle), 1.0 - np.cos(angle)])
    require_below(largest(np.array(record["centre"][-2:]) - centre), 1e-8, "centre on the cyclotron circle")
    momentum = boost * np.array([np.cos(angle), np.sin(angle)])
    require_below(largest(np.array(record["momentum"][-2:]) - momentum), 1e-8, "kinetic momentum")


def test_gauges_give_the_same_density():
    """Landau and symmetric gauge, the gauge's phase on the initial state."""
    field, ends = 1.4, []
    for gauge, phase in (("symmetric", "0.3*x"), ("landau", f"0.3*x + {field / 2}*x*y")):
        one = system(
            [64, 64],
            [16.0, 16.0],
            [
                species(
                    "a",
                    particles=2.0,
                    vector_potential={"kind": "uniform", "field": field, "gauge": gauge},
                    potential=harmonic([0.7, 0.9]),
                    initial={"kind": "expression", "amplitude": "exp(-((x-0.5)**2 + 1.3*y**2)/2)", "phase": phase},
                )
            ],
            [contact("a", "a", 0.5)],
            time=evolution(0.5, 0.1, "blanes-moan-rkn-6"),
        )
        start = one.density()
        one.evolve()
        assert largest(one.density() - start) > 1e-2
        ends.append((one.density(), one.record()["species"]["a"]))
    require_below(largest(ends[0][0] - ends[1][0]), 1e-9, "density in two gauges")
    for key in ("momentum", "angular_momentum", "centre"):
        assert ends[0][1][key] == pytest.approx(ends[1][1][key], abs=1e-8)


def test_clouds_at_the_faces():
    """What a warning is made of: the density on the faces over the largest."""
    one = system([16, 17], [8.0, 9.0], [species("a", initial=gaussian(1.0))], time=evolution(1.0, 0.1))
    # the nearest planes are x = 3.5, and x = 0 is a point of the grid; y = 7.5 h, and y = h/2 nearest to the centre
    half = 0.5 * 9.0 / 17.0
    at_faces = [math.exp(-(3.5**2)), math.exp(half**2 - (15.0 * half) ** 2)]
    assert shares_at_faces(one.mixture, one.density()) == pytest.approx(at_faces, rel=1e-12)


def test_single_precision():
    """Fields in single precision: errors of 1e-6 of a flow."""
    entries = [species("a", vector_potential={"kind": "uniform", "field": 1.0}, potential=harmonic(1.0),
                       initial=expression("exp(-(x-1)**2/2 - y**2)"))]  # fmt: skip
    ends = [
        system([20, 20], [12.0, 12.0], entries, time=evolution(0.2, 0.02, "strang"), parallel={"precision": precision})
        .evolve()
        .density()
        for precision in ("double", "single")
    ]
    assert ends[1].dtype == np.float32
    require_below(largest(ends[0] - ends[1]), 2e-5 * largest(ends[0]), "density in single precision")
