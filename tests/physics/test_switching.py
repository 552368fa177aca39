"""Potentials that are switched: on whole steps, through ramps without loss of order, and off for a release."""

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, largest, log_slope, require_below, species, system


def cloud(potential, step, steps, integrator="blanes-moan-4", **entries):
    """One interacting cloud on a line."""
    entries = {"initial": gaussian(1.0, centre=0.3)} | entries
    return system(
        [48],
        [14.0],
        [species("a", particles=2.0, potential=potential, **entries)],
        [contact("a", "a", 1.0)],
        time=evolution(step * steps, step, integrator),
    )


TRAP = {"kind": "harmonic", "frequency": 1.5}


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4", "blanes-moan-rkn-6"])
@pytest.mark.parametrize(
    ("switch", "on"),
    [
        ({"from": 0.30}, range(3, 8)),
        ({"from": 0.34}, range(3, 8)),  # the step from 0.3 to 0.4 has its middle at 0.35
        ({"from": 0.36}, range(4, 8)),
        ({"until": 0.5}, range(0, 5)),
        ({"until": 0.54}, range(0, 5)),
        ({"until": 0.56}, range(0, 6)),
        ({"from": 0.2, "until": 0.6}, range(2, 6)),
    ],
    ids=str,
)
def test_a_hard_switch_counts_by_the_middle_of_the_step(switch, on, integrator):
    """A switched potential is the sequence of whole steps with and without it, to the bit; kicks that are merged across
    steps differ by rounding."""
    switched = cloud([TRAP | switch], 0.1, 8, integrator)
    with_trap, without = cloud([TRAP], 0.1, 8, integrator), cloud([], 0.1, 8, integrator)
    state = switched.state.copy()
    for step in range(8):
        (with_trap if step in on else without).stepper.step(state)
    by_whole_steps = cloud([TRAP | switch], 0.1, 8, integrator)
    for _ in range(8):
        by_whole_steps.stepper.step(by_whole_steps.state)
    np.testing.assert_array_equal(by_whole_steps.state.orbitals[0], state.orbitals[0])
    switched.evolve()
    # eight steps of up to twelve flows, each of which rounds numbers of order one
    np.testing.assert_allclose(switched.state.orbitals[0], state.orbitals[0], rtol=0, atol=1e-13)
    assert largest(switched.state.orbitals[0] - with_trap.evolve().state.orbitals[0]) > 1e-3
    assert largest(switched.state.orbitals[0] - without.evolve().state.orbitals[0]) > 1e-3


@pytest.mark.parametrize("shape", ["linear", "smooth"])
@pytest.mark.parametrize(("integrator", "order"), [("strang", 2), ("blanes-moan-4", 4)])
def test_order_is_kept_across_ramps(shape, integrator, order):
    """Ramps that begin and end on step boundaries: no kick sees a potential beyond a kink of its envelope."""
    drive = [
        {"kind": "expression", "value": "3*cos(x)", "from": 0.25, "until": 0.75, "ramp": 0.25, "ramp_shape": shape},
        {"kind": "expression", "value": "2*sin(x)", "factor": "1 + 0.5*sin(4*t)"},
    ]

    def end(steps, scheme):
        return (
            system(
                *([40], [2 * np.pi]),
                [
                    species(
                        "a",
                        mass=4.0,
                        particles=3.0,
                        potential=drive,
                        initial={"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
                    )
                ],
                [contact("a", "a", 3.0)],
                time=evolution(1.0, 1.0 / steps, scheme),
            )
            .evolve()
            .state.orbitals[0]
        )

    reference = end(48, "blanes-moan-6")
    # multiples of four: the ramps' edges are on step boundaries
    steps = (16, 20, 24, 32)
    errors = [largest(end(n, integrator) - reference) for n in steps]
    measured = log_slope([1 / n for n in steps], errors)
    print(
        f"measured: {integrator} {shape}: order {measured:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}"
    )
    assert measured == pytest.approx(order, abs=0.1)


def test_release_from_the_trap():
    """until = 0: the trap makes the ground state and is gone when it starts to move; what is left is conserved and
    flies apart.
    """
    release = cloud([TRAP | {"until": 0.0}], 0.02, 50, initial={"kind": "ground-state"})
    trapped = cloud([TRAP], 0.02, 50, initial={"kind": "ground-state"})
    np.testing.assert_array_equal(release.state.orbitals[0], trapped.state.orbitals[0])
    start, width = release.record(), release.record()["species"]["a"]["rms_width"][0]
    assert start["energy"]["potential"] == 0.0  # what acts from time 0 on
    assert trapped.record()["energy"]["potential"] > 0.1
    release.evolve()
    end = release.record()
    # splitting error of the fourth order at this step
    require_below(abs(end["energy"]["total"] / start["energy"]["total"] - 1), 1e-7, "energy")
    assert end["species"]["a"]["rms_width"][0] > 1.3 * width
    # interaction energy has become motion
    assert end["energy"]["interaction"] < 0.8 * start["energy"]["interaction"]


def test_a_potential_from_zero_on_has_no_part_in_the_ground_state():
    kick = {"kind": "expression", "value": "2*x", "from": 0.0}
    plain = cloud([TRAP], 0.02, 50, initial={"kind": "ground-state"})
    kicked = cloud([TRAP, kick], 0.02, 50, initial={"kind": "ground-state"})
    np.testing.assert_array_equal(kicked.state.orbitals[0], plain.state.orbitals[0])
    kicked.evolve()
    # the centre of mass of a harmonic trap with a constant force: -(F/omega^2)(1 - cos(omega t))
    exact = -(2.0 / 1.5**2) * (1 - np.cos(1.5 * 1.0))
    require_below(abs(kicked.record()["species"]["a"]["centre"][0] - exact), 1e-6, "centre")
