"""The expanding frame is another way to write the same fields: against large boxes at rest, exact solutions, and the
conservation of the laboratory's energy up to the time infinity."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from physics.systems import (
    contact,
    coulomb,
    dipolar,
    evolution,
    expanding,
    gaussian,
    gaussian_kernel,
    harmonic,
    largest,
    log_slope,
    require_below,
    scattering,
    species,
    system,
    table,
    yukawa,
)

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.splittings import INTEGRATORS

RATE = 1.4
"""About that of the clouds below, which then stay where they are in the frame."""
WIDTH = 1.0 / math.sqrt(RATE)

GRIDS = {1: (80, 17.0), 2: (56, 14.5), 3: (32, 11.5)}
"""Points and length of the frame's box. At the end its edge sees the clouds at 1e-9 of their top, and so does the
Nyquist mode; in three dimensions at 6e-8, and far below with 40 points."""


def free(entry: dict) -> dict:
    return {**entry, "boundary": "free"}


def clouds(d: int) -> list[dict]:
    """Two Gaussians of different masses beside each other, which traps have let go."""
    trap = [harmonic(RATE, until=0.0)]
    light = gaussian(WIDTH, centre=[0.25, 0.1, -0.1][:d], momentum=[0.0, 0.3, 0.1][:d])
    heavy = gaussian(WIDTH / math.sqrt(1.2), centre=[-0.25, 0.0, 0.2][:d])
    return [
        species("light", particles=2.0, potential=trap, initial=light),
        species("heavy", mass=1.2, particles=1.5, potential=trap, initial=heavy),
    ]


def both_ways(d: int, kinds: list[dict], interactions: list[dict], step: float = 0.04, points: int | None = None):
    """The system at b = 1.5: in the frame, and in a box at rest that is as long as the frame's is then, with the same
    spacing."""
    scale, length = 1.5, GRIDS[d][1]
    points = points or GRIDS[d][0]
    final = math.sqrt(scale**2 - 1.0) / RATE
    arguments = {"time": evolution(final, step)}
    frame = system([points] * d, [length] * d, kinds, interactions, grid=expanding(RATE), **arguments)
    wide = system([round(scale * points)] * d, [scale * length] * d, kinds, interactions, **arguments)
    return frame.evolve(), wide.evolve()


def laboratory(moving, species_index: int, orbital: int = 0) -> np.ndarray:
    """phi = b^(-d/2) exp(i m b' x^2 / (2 hbar b)) chi at the frame's points."""
    grid, clock, mixture = moving.grid, moving.state.time, moving.mixture
    frame, shown = grid.frame, grid.in_laboratory(moving.state.time)
    square = sum(x**2 for x in shown.coordinates)
    phase = np.exp(1j * frame.quadratic_phase(clock, mixture.species[species_index].mass, mixture.hbar) * square)
    return frame.scale(clock) ** (-grid.dimensions / 2) * phase * moving.state.orbitals[species_index][orbital]


def require_the_same(frame, wide, tolerance: float) -> None:
    """Fields where both grids have points - every second of the frame's, every third of the other - and records."""
    for a, one in enumerate(frame.mixture.species):
        for j in range(one.orbitals):
            mine = laboratory(frame, a, j)[(slice(None, None, 2),) * frame.grid.dimensions]
            other = wide.state.orbitals[a][j][(slice(None, None, 3),) * frame.grid.dimensions]
            require_below(largest(mine - other) / largest(other), tolerance, f"{one.name}, orbital {j}")
    mine, other = frame.record(), wide.record()
    assert mine["time"] == pytest.approx(other["time"], rel=1e-14)
    compared = 0
    for name, entries in other["species"].items():
        for key, value in entries.items():
            if key in ("maximum_density", "healing_length", "orthonormality_defect"):
                continue  # the largest of the grid's points, and these are other points
            if key == "highest_level":
                continue  # a frame that expands has none
            assert mine["species"][name][key] == pytest.approx(value, rel=20 * tolerance, abs=20 * tolerance), key
            compared += 1
    assert compared >= 8 * len(other["species"])
    assert mine["energy"]["interaction"] != 0.0
    for key, value in other["energy"].items():
        assert mine["energy"][key] == pytest.approx(value, rel=20 * tolerance, abs=20 * tolerance), key


TABLE = ([0.0, 0.7, 1.5, 2.5], [0.9, 0.5, 0.2, 0.0])
BARRIER = {"kind": "square-barrier", "height": 0.05, "radius": 1.0}

CASES = {
    "1D contact, Gaussian, wide Gaussian in free space": (
        1,
        [
            contact("light", "light", 0.8),
            gaussian_kernel("light", "heavy", 0.7, 0.6),
            free(gaussian_kernel("heavy", "heavy", 0.5, 3.0)),
        ],
    ),
    "2D contact, Yukawa in free space": (
        2,
        [
            contact("light", "light", 0.4),
            free(yukawa("light", "heavy", 0.3, 0.5)),
            free(yukawa("heavy", "heavy", 0.5, 6.0)),
        ],
    ),
    "2D Coulomb, table": (
        2,
        [
            coulomb("light", "heavy", 0.3),
            table("heavy", "heavy", *TABLE),
            table("light", "light", *TABLE, boundary="free"),
        ],
    ),
    "2D periodic Yukawa of short range": (2, [yukawa("light", "heavy", 0.8, 5.0), contact("light", "light", 0.3)]),
    "3D Coulomb, scattering": (
        3,
        [coulomb("light", "heavy", 0.1), scattering("light", "light", BARRIER, particles=4, neumann_radius=1.0)],
    ),
    "3D dipoles, Yukawa in free space": (
        3,
        [dipolar("light", "light", 0.02, [1, 2, 0.5]), free(yukawa("light", "heavy", 0.1, 0.8))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("3D")])
def test_the_fields_are_those_of_a_large_box(case):
    d, interactions = CASES[case]
    require_the_same(*both_ways(d, clouds(d), interactions), 1e-8)


@pytest.mark.parametrize(
    ("points", "tolerance"), [(32, 2e-7), pytest.param(40, 1e-8, marks=pytest.mark.slow)], ids=["32", "40"]
)
@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("3D")])
def test_the_fields_are_those_of_a_large_box_in_space(case, points, tolerance):
    """As far as the points resolve them, which is what the tolerances are."""
    d, interactions = CASES[case]
    require_the_same(*both_ways(d, clouds(d), interactions, 0.075, points), tolerance)


def test_a_potential_that_stays_on_and_moves_is_followed():
    """A Gaussian barrier off the centre, a shaken expression, and a trap that fades."""
    kinds = clouds(1)
    kinds[0]["potential"] = [
        {"kind": "gaussian", "height": 0.6, "width": 0.9, "centre": 0.8},
        {"kind": "expression", "value": "0.3*cos(2*t)*exp(-(x - sin(t))**2)"},
        harmonic(0.7, factor="exp(-3*t)"),
    ]
    require_the_same(*both_ways(1, kinds, [contact("light", "heavy", 0.7)], step=0.02), 1e-8)


def test_fermions_and_a_condensate():
    """Orbital by orbital, and what a record says of a set."""
    fermions = {"name": "f", "kind": "fermions", "orbitals": 3, "potential": [harmonic(RATE, until=0.0)]}
    fermions["initial"] = {"kind": "oscillator", "frequency": RATE, "momentum": [0.2, 0.1]}
    kinds = [fermions, clouds(2)[1]]
    frame, wide = both_ways(2, kinds, [gaussian_kernel("f", "heavy", 0.7, 0.8), contact("heavy", "heavy", 0.5)])
    require_the_same(frame, wide, 1e-7)  # the third shell is 10 times as high as a Gaussian at the edge
    found = frame.record()["species"]["f"]
    assert {"natural_width", "natural_momentum_width", "orthonormality_defect"} <= set(found)


# ---------------------------------------------------------------- exact, and for ever


@pytest.mark.parametrize("final", [2.0, 2000 * math.pi, "infinity"])
def test_a_free_gaussian_spreads_as_it_should(final):
    """rms = sqrt(s^2/2 + (hbar t / m s)^2 / 2), centre = p t/m, in a frame that does not fit it; at infinity the
    frame's numbers over its scale: width hbar / (m s w sqrt 2), centre p / (m w)."""
    s, p, m, w = 0.8, 0.3, 1.3, 1.0
    moving = system(
        [96],
        [22.0],
        [species("a", mass=m, initial=gaussian(s, momentum=[p]))],
        grid=expanding(w),
        time=evolution(final, 0.02),
    ).evolve()
    record = moving.record()
    found = record["species"]["a"]
    energy = 0.5 * p**2 / m + 0.25 / (m * s**2)
    assert record["energy"]["kinetic"] == pytest.approx(energy, rel=1e-10)
    assert found["momentum"][0] == pytest.approx(p, rel=1e-10)
    if final == "infinity":
        assert record["time"] == math.inf and record["frame"]["scale"] == math.inf and found["maximum_density"] == 0.0
        assert found["frame_rms_width"][0] == pytest.approx(1.0 / (m * s * w * math.sqrt(2.0)), rel=1e-10)
        assert found["frame_centre"][0] == pytest.approx(p / (m * w), rel=1e-10)
        return
    assert record["time"] == pytest.approx(final, rel=1e-11)
    assert found["rms_width"][0] == pytest.approx(math.sqrt(0.5 * s**2 + 0.5 * (final / (m * s)) ** 2), rel=1e-10)
    assert found["centre"][0] == pytest.approx(p * final / m, rel=1e-9)


def released(points: int, length: float, final: float | str, step: float, integrator: str):
    """Two condensates in the ground state of a trap, which is switched off."""
    trap = [harmonic(1.0, until=0.0)]
    return system(
        [points] * 3,
        [length] * 3,
        [species("a", particles=40.0, potential=trap), species("b", mass=1.5, particles=20.0, potential=trap)],
        [contact("a", "a", 0.5), contact("b", "b", 0.4), contact("a", "b", 0.3)],
        grid=expanding(1.0),
        ground_state={"tolerance": 1e-8},
        time=evolution(final, step, integrator),
    )


THOUSAND_PERIODS = 2000 * math.pi


@pytest.mark.parametrize(
    ("points", "length", "final"),
    [
        (32, 13.0, THOUSAND_PERIODS),
        (32, 13.0, "infinity"),
        pytest.param(64, 16.0, THOUSAND_PERIODS, marks=pytest.mark.slow),
    ],
)
def test_energy_of_a_released_mixture(points, length, final):
    """All that was interaction becomes motion, to 1e-8 of the whole: the integrator's error with 32 steps is 3e-9."""
    moving = released(points, length, final, 0.05, "blanes-moan-4")
    before = moving.record()["energy"]
    after = moving.evolve().record()["energy"]
    require_below(abs(after["total"] / before["total"] - 1.0), 1e-8, f"energy, {points}^3 to {final}")
    assert before["interaction"] > 0.4 * before["total"] and after["interaction"] < 1e-6 * before["interaction"]
    if final == THOUSAND_PERIODS:
        assert moving.record()["frame"]["scale"] == pytest.approx(math.hypot(1.0, THOUSAND_PERIODS), rel=1e-10)


def test_infinity_is_the_limit_of_finite_times():
    """Momenta and frame widths at b = 1e5 differ from those at infinity by terms of the order 1/b."""
    late, end = (released(24, 12.0, final, 0.05, "blanes-moan-4").evolve().record() for final in (1e5, "infinity"))
    for name in "ab":
        for key in ("frame_rms_width", "kinetic_energy"):
            assert late["species"][name][key] == pytest.approx(end["species"][name][key], rel=1e-4)
            assert late["species"][name][key] != end["species"][name][key]


@pytest.mark.parametrize(
    ("interaction", "final"),
    [
        (contact("a", "a", 2.0), "infinity"),
        (free(yukawa("a", "a", 1.0, 0.7)), "infinity"),
        (yukawa("a", "a", 1.0, 5.0), "infinity"),
        (free(gaussian_kernel("a", "a", 1.0, 0.7)), "infinity"),
        (table("a", "a", *TABLE, boundary="free"), "infinity"),
        (coulomb("a", "a", 1.0), 20.0),
    ],
    ids=lambda value: value["kind"] + "-" + value.get("boundary", "") if isinstance(value, dict) else str(value),
)
def test_energy_in_two_dimensions(interaction, final):
    """In the plane a contact term does not dilute in the frame: the kernels must come to the right one."""
    moving = system(
        [48, 48],
        [15.0, 15.0],
        [species("a", initial=gaussian(1.0))],
        [interaction],
        grid=expanding(1.0),
        time=evolution(final, 0.03),
    )
    before = moving.record()["energy"]
    middle = moving.evolve(moving.problem.time.steps // 2).record()["energy"]
    after = moving.evolve().record()["energy"]
    # the periodic kernel acts between images at first, and the box has an edge: 1e-7 of the whole
    assert after["total"] == pytest.approx(before["total"], rel=1e-7)
    assert middle["interaction"] < 0.9 * before["interaction"] and after["interaction"] < 0.05 * before["interaction"]


# ---------------------------------------------------------------- order

STEPS = {
    "strang": (24, 32, 48),
    "blanes-moan-4": (10, 14, 20),
    "blanes-moan-rkn-4": (14, 20, 28),
    "blanes-moan-6": (16, 20, 24),
    "blanes-moan-rkn-6": (20, 24, 30),
}


def release(integrator: str, step: float | dict, until: float | None = None):
    """Two coupled clouds until b = 2.2, one of them in a potential that moves."""
    kinds = clouds(1)
    kinds[1]["potential"] = [{"kind": "expression", "value": "0.8*cos(3*t)*exp(-0.5*(x - t)**2)"}]
    interactions = [contact("light", "light", 2.0), contact("light", "heavy", 1.5)]
    interactions += [gaussian_kernel("heavy", "heavy", 1.5, 0.8), free(gaussian_kernel("light", "heavy", 1.0, 1.0))]
    if until is not None:
        kinds[0]["potential"] = [harmonic(0.7, until=until)]
    time = evolution(math.tan(RATE * RELEASED) / RATE, step, integrator)
    return system([64], [16.0], kinds, interactions, grid=expanding(RATE), time=time)


def end_of_release(integrator: str, steps: int):
    moving = release(integrator, RELEASED / steps)
    assert moving.problem.time.steps == steps
    return moving.evolve().state.orbitals


RELEASED = math.acos(1 / 2.2) / RATE
"""The clock at b = 2.2."""


@cache
def reference_of_release():
    """Error below 1e-12."""
    return end_of_release("blanes-moan-rkn-6", 60)


@pytest.mark.parametrize("integrator", STEPS)
def test_order_in_the_frame(integrator):
    reference = reference_of_release()
    errors = [
        max(largest(mine - other) for mine, other in zip(end_of_release(integrator, n), reference, strict=True))
        for n in STEPS[integrator]
    ]
    order = log_slope([1 / n for n in STEPS[integrator]], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    # the next terms still show by a quarter; a lost order would by one
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.25)


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4", "blanes-moan-6"])
def test_order_with_a_trap_that_is_switched_between_steps_of_the_frame(integrator):
    """Steps of the clock end where the laboratory switches; twice as many on both sides for half the step."""
    first = {"strang": 40, "blanes-moan-4": 15, "blanes-moan-6": 15}[integrator]
    until, ends, tables = 0.31, [], []
    for count in (first, 2 * first, 6 * first):
        scheme = "blanes-moan-6" if count == 6 * first else integrator
        moving = release(scheme, RELEASED / count, until)
        tables.append(moving.problem.time.fixed_steps)
        ends.append(moving.evolve().state.orbitals)
    assert tables[0].switching_times == [moving.mixture.grid.frame.clock(until)]
    sizes = [max(one.size for one in table.stretches) for table in tables[:2]]
    errors = [max(largest(m - o) for m, o in zip(end, ends[2], strict=True)) for end in ends[:2]]
    order = math.log(errors[0] / errors[1]) / math.log(sizes[0] / sizes[1])
    print(f"measured: {integrator}: order {order:.3f}, errors {errors[0]:.1e}, {errors[1]:.1e}")
    # the two stretches shorten their steps by different parts; a lost order would show by one at least
    assert order > INTEGRATORS[integrator].order - 0.5


@pytest.mark.parametrize("until", [None, 0.31])
def test_adaptive_steps_in_the_frame(until):
    """Steps are on the frame's clock; they end where the laboratory switches a potential, and at the last time."""
    moving = release("blanes-moan-4", {"tolerance": 1e-7}, until)
    stepper, switch = AdaptiveStepper(moving.mixture, moving.problem.time), moving.mixture.grid.frame.clock(0.31)
    ends = []
    while moving.state.time < moving.problem.time.end:
        stepper.advance(moving.state)
        ends.append(moving.state.time)
    stepper.complete(moving.state)
    assert (switch in ends) == (until is not None)
    assert moving.record()["time"] == pytest.approx(moving.problem.time.final, rel=1e-12)
    if until is None:
        reference = reference_of_release()
    else:  # by finer steps, which end at the switch too
        fine = release("blanes-moan-4", {"tolerance": 1e-10}, until)
        finer = AdaptiveStepper(fine.mixture, fine.problem.time)
        while fine.state.time < fine.problem.time.end:
            finer.advance(fine.state)
        finer.complete(fine.state)
        reference = fine.state.orbitals
    error = max(largest(mine - other) for mine, other in zip(moving.state.orbitals, reference, strict=True))
    print(f"measured: {len(ends)} adaptive steps, error {error:.1e}")
    assert 1e-9 < error < 1e-6  # the tolerance of a step, as many steps as were taken, and not far below
