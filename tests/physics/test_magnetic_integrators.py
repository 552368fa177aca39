"""Integrators with a vector potential: their order, and what mixtures conserve."""

import pytest
from physics.systems import (
    contact,
    evolution,
    gaussian,
    harmonic,
    largest,
    log_slope,
    moving_mixture,
    require_below,
    species,
    system,
)

from hpcmix.splittings import INTEGRATORS

STEPS = {
    "strang": (16, 24, 32),
    "mclachlan-2": (16, 24, 32),
    "blanes-moan-4": (14, 20, 28),
    "blanes-moan-rkn-4": (22, 30, 40),
    "blanes-moan-6": (18, 22, 27),
    "blanes-moan-rkn-6": (4, 5, 6),
}


def magnetic_quench(integrator, steps):
    """Two species that see each other, one of them in a random vector potential, in moving potentials."""
    first = {
        "vector_potential": {"kind": "random", "amplitude": 1.5, "correlation_length": 1.2, "seed": 2},
        "potential": [{"kind": "expression", "value": "3*sin(2*t)*sin(x)"}],
    }
    return moving_mixture(evolution(1.0, 1.0 / steps, integrator), points=32, first=first).evolve()


def test_every_integrator_is_measured():
    assert set(STEPS) == set(INTEGRATORS)


@pytest.fixture(scope="module")
def reference():
    return magnetic_quench("blanes-moan-6", 70).state.orbitals


@pytest.mark.parametrize("integrator", STEPS)
def test_order(integrator, reference):
    """Also with a magnetic and an ordinary species in one mixture."""
    errors = []
    for steps in STEPS[integrator]:
        one = magnetic_quench(integrator, steps)
        errors.append(max(largest(mine - other) for mine, other in zip(one.state.orbitals, reference, strict=True)))
        require_below(largest(one.norms() - 1.0), 1e-12, "norm")
    order = log_slope([1 / n for n in STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.2)


def test_energy_is_conserved_in_a_mixed_mixture():
    """At the integrator's order: a magnetic and an ordinary species, kicked by each other only."""
    changes = []
    for step in (0.1, 0.05):
        one = system(
            [24, 22],
            [12.0, 12.0],
            [
                species("a", vector_potential={"kind": "random", "amplitude": 1.0, "correlation_length": 2.0},
                        potential=harmonic(0.9), initial=gaussian(1.0, centre=[0.8, 0.0])),
                species("b", mass=1.5, potential=harmonic(1.1), initial=gaussian(0.8)),
            ],
            [contact("a", "b", 4.0), contact("a", "a", 2.0)],
            time=evolution(1.0, step, "blanes-moan-4"),
        )  # fmt: skip
        before = one.energy()
        after = one.evolve().energy()
        changes.append(abs(after.total - before.total))
        assert abs(after.kinetic - before.kinetic) > 1e-2
    assert changes[1] < 1e-5
    assert changes[0] / changes[1] > 8.0
