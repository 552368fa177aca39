"""Potentials and couplings that are switched: at their times, through ramps without loss of order, and off for a
release."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from physics.systems import System, contact, evolution, gaussian, largest, log_slope, require_below, species, system

from hpcmix.problem.files.load import parse_problem
from hpcmix.splittings import INTEGRATORS


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
    ("switch", "counts"),
    [
        ({"from": 0.30}, [3, 5]),
        ({"from": 0.34}, [4, 5]),
        ({"until": 0.56}, [6, 3]),
        ({"from": 0.2, "until": 0.6}, [2, 4, 2]),
        ({"from": 0.43, "until": 0.47}, [5, 1, 4]),  # shorter than a step, within one
        ({"from": 0.77}, [8, 1]),
    ],
    ids=str,
)
def test_a_hard_switch_acts_from_its_time_until_its_time(switch, counts, integrator):
    """A switched potential is the sequence of steps with and without it between the switching times, to the bit; kicks
    that are merged across steps differ by rounding."""
    begin, end = switch.get("from", 0.0), switch.get("until", 1.0)
    switched = cloud([TRAP | switch], 0.1, 8, integrator)
    with_trap, without = cloud([TRAP], 0.1, 8, integrator), cloud([], 0.1, 8, integrator)
    table = switched.problem.time.fixed_steps
    assert [one.count for one in table.stretches] == counts
    assert table.switching_times == [time for time in (begin, end) if 0.0 < time < 0.8]
    assert max(one.size for one in table.stretches) <= 0.1 * (1 + 1e-12)
    state = switched.state.copy()
    for stretch in table.stretches:
        on = begin <= stretch.mark.time < end
        state.progress = replace(state.progress, mark=stretch.mark, step_size=stretch.size)
        for _ in range(stretch.count):
            (with_trap if on else without).stepper.step(state)
    by_whole_steps = cloud([TRAP | switch], 0.1, 8, integrator)
    for step in range(table.steps):
        assert by_whole_steps.state.time == table.time(step)
        by_whole_steps.stepper.step(by_whole_steps.state)
    np.testing.assert_array_equal(by_whole_steps.state.orbitals[0], state.orbitals[0])
    switched.evolve()
    # ten steps of up to twelve flows, each of which rounds numbers of order one
    np.testing.assert_allclose(switched.state.orbitals[0], state.orbitals[0], rtol=0, atol=1e-13)
    if end - begin > 0.1 and begin < 0.7:
        assert largest(switched.state.orbitals[0] - with_trap.evolve().state.orbitals[0]) > 1e-3
        assert largest(switched.state.orbitals[0] - without.evolve().state.orbitals[0]) > 1e-3


PULSED = """
[units]
length = "1 um"
mass = "86.909 u"
[grid]
points = [8]
lengths = ["10 um"]
[[species]]
name = "up"
mass = "86.909 u"
particles = 1000
initial = { kind = "expression", amplitude = "1" }
[[species]]
name = "down"
mass = "86.909 u"
particles = 0
[[coupling]]
between = ["up", "down"]
rabi_frequency = "5 kHz"
from = "FROM us"
until = "UNTIL us"
[time]
final = "200 us"
step = "20 us"
integrator = "INTEGRATOR"
"""


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4", "blanes-moan-6"])
@pytest.mark.parametrize(("begin", "end"), [(0, 50), (30, 80), (45, 53), (0, 8), (188, 196)])
def test_a_pulse_between_two_steps_turns_by_its_area(begin, end, integrator):
    """Without interactions a pulse leaves N cos^2(Omega T / 2): half after 50 us at 5 kHz, whatever the step."""
    text = PULSED.replace("FROM", str(begin)).replace("UNTIL", str(end)).replace("INTEGRATOR", integrator)
    state = System(parse_problem(text)).evolve()
    left = state.record()["species"]["up"]["particles"]
    exact = 1000.0 * np.cos(np.pi * 5e3 * (end - begin) * 1e-6) ** 2
    if end - begin == 50:
        assert exact == pytest.approx(500.0, rel=1e-12)
    require_below(abs(left - exact), 1e-9, "atoms")  # some tens of flows round a thousand atoms


BENT = {
    "trap": [{"kind": "expression", "value": "6*cos(x)", "from": 0.33, "until": 0.67}],
    "linear-ramp": [{"kind": "expression", "value": "6*cos(x)", "from": 0.33, "ramp": 0.34}],
    "smooth-ramp": [
        {"kind": "expression", "value": "6*cos(x)", "from": 0.33, "ramp": 0.34, "ramp_shape": "smooth"},
        {"kind": "expression", "value": "2*sin(x)", "factor": "1 + 0.5*sin(4*t)"},
    ],
}
FIRST = {"strang": 20, "blanes-moan-4": 11, "blanes-moan-6": 5, "blanes-moan-rkn-6": 5}
"""Of so many steps, and of twice as many, none ends at 0.33 or 0.67 by itself, and each of the three stretches has
exactly twice as many steps for half the step."""


def end_of_bent(name, steps, integrator):
    bent = system(
        [40],
        [2 * np.pi],
        [
            species(
                "a",
                mass=4.0,
                particles=3.0,
                potential=BENT[name],
                initial={"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
            )
        ],
        [contact("a", "a", 3.0)],
        time=evolution(1.0, 1.0 / steps, integrator),
    )
    counts = [one.count for one in bent.problem.time.fixed_steps.stretches]
    return bent.evolve().state.orbitals[0], counts


@cache
def reference_of_bent(name):
    return end_of_bent(name, 60, "blanes-moan-6")[0]


@pytest.mark.parametrize("integrator", FIRST)
@pytest.mark.parametrize("name", BENT)
def test_order_is_kept_with_switches_and_corners_between_steps(name, integrator):
    ends = [end_of_bent(name, n, integrator) for n in (FIRST[integrator], 2 * FIRST[integrator])]
    assert ends[1][1] == [2 * count for count in ends[0][1]] and len(ends[0][1]) == 3
    errors = [largest(end - reference_of_bent(name)) for end, _ in ends]
    measured = float(np.log2(errors[0] / errors[1]))
    print(f"measured: {integrator} {name}: order {measured:.3f}, errors {', '.join(f'{e:.1e}' for e in errors)}")
    # at these coarse steps the next terms show by up to four tenths; a lost order would show by one at least
    assert measured > INTEGRATORS[integrator].order - 0.5


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
