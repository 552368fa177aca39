"""Potentials whose centre moves."""

import numpy as np
import pytest
from physics.systems import contact, evolution, expression, largest, require_below, species, system

LENGTH, MASS = 20.0, 1.3
WAVES = 3
MOMENTUM = 2.0 * np.pi * WAVES / LENGTH
"""One wave of the box moves at MOMENTUM / MASS."""


def stirred(centre, momentum, steps=60, final=1.0):
    """A uniform gas with an obstacle that is far from the faces."""
    obstacle = {"kind": "gaussian", "height": 1.5, "width": 0.9, "centre": [centre]}
    return system(
        [96],
        [LENGTH],
        [
            species(
                "a", mass=MASS, particles=20.0, potential=[obstacle], initial=expression("1") | {"momentum": momentum}
            )
        ],
        [contact("a", "a", 0.6)],
        time=evolution(final, final / steps, "blanes-moan-4"),
    )


def test_an_obstacle_that_moves_is_a_gas_that_flows():
    """An obstacle that moves at v through a gas at rest against a fixed one in the gas boosted by -v: the same density
    but for the shift v t. A drift of a wave exp(-i p x / hbar) is a shift of its own, so that both make the same errors
    of the step."""
    speed = MOMENTUM / MASS
    final = LENGTH / 16.0 / speed  # six cells
    moving = stirred(f"-1 + {speed!r}*t", 0.0, final=final).evolve()
    fixed = stirred(-1.0, -MOMENTUM, final=final).evolve()
    assert largest(moving.density() - np.mean(moving.density())) > 0.1
    # what the grid cuts off of the obstacle moves by less than a part in 1e-10 of it with the cells
    require_below(largest(moving.density() - np.roll(fixed.density(), 6)), 1e-9, "densities")


def test_a_shaken_trap_carries_the_ground_state():
    """Kohn: the cloud stays what it is around x'' = -omega^2 (x - c(t)); with c = sin(nu t) and x(0) = x'(0) = 0
    x = omega^2 (omega sin(nu t) - nu sin(omega t)) / (omega (omega^2 - nu^2))."""
    omega, nu = 1.4, 0.8
    made = system(
        [64],
        [16.0],
        [species("a", particles=3.0, potential=[{"kind": "harmonic", "frequency": omega, "centre": [f"sin({nu}*t)"]}])],
        [contact("a", "a", 1.0)],
        time=evolution(2.0, 0.05, "blanes-moan-6"),
    )
    before = np.max(made.density())
    made.evolve()
    record = made.record()["species"]["a"]
    t = 2.0
    exact = omega**2 * (omega * np.sin(nu * t) - nu * np.sin(omega * t)) / (omega * (omega**2 - nu**2))
    assert exact > 0.5
    assert record["centre"][0] == pytest.approx(exact, abs=1e-8)  # steps of order six
    assert np.max(made.density()) < before * (1 + 1e-9)


TABLE = {"times": [0.0, 0.4, 0.8], "values": [0.0, 0.5, 0.3]}
FORMS = {
    "gaussian": ({"height": 1.5, "width": 0.8}, "1.5*exp(-((x-C)**2/1.28))"),
    "box": ({"height": 2.0, "lengths": 7.0, "edge": 0.8}, "2*(1 - 0.5*(1+tanh((3.5-abs(x-C))/0.8)))"),
    "harmonic": ({"frequency": 1.1}, "0.605*(x-C)**2"),
}


@pytest.mark.parametrize("kind", FORMS)
def test_a_moving_centre_is_the_expression(kind):
    keys, form = FORMS[kind]
    made = [
        system(
            [48],
            [14.0],
            [species("a", particles=2.0, potential=[entry], initial={"kind": "gaussian", "width": 1.0})],
            [contact("a", "a", 0.5)],
            time=evolution(0.6, 0.1, "strang"),
        ).evolve()
        for entry in (
            {"kind": kind, "centre": ["0.3*sin(2*t) - 0.4"]} | keys,
            {"kind": "expression", "value": form.replace("C", "(0.3*sin(2*t) - 0.4)")},
        )
    ]
    # six steps round numbers of order one
    require_below(largest(made[0].field() - made[1].field()), 1e-13, kind)


def test_a_table_moves_and_then_rests():
    """Steps end where it begins and ends, and the energy is conserved from then on."""
    made = system(
        [48],
        [14.0],
        [
            species(
                "a",
                particles=2.0,
                potential=[{"kind": "harmonic", "frequency": 1.0, "centre": [TABLE]}],
            )
        ],
        time=evolution(1.0, 0.3),
    )
    assert made.problem.time.fixed_steps.switching_times == [0.8]
    assert not made.mixture.conserves_energy_after(0.79) and made.mixture.conserves_energy_after(0.8)
    (entry,) = made.problem.species[0].potential
    assert entry.centre_at(-1.0) == (0.0,) and entry.centre_at(0.4) == (0.5,) and entry.centre_at(9.0) == (0.3,)
    places = [entry.centre_at(t)[0] for t in np.linspace(0.0, 0.4, 41)]
    assert np.all(np.diff(places) > 0.0) and np.max(places) == 0.5  # monotone between monotone values
