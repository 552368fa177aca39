"""Interactions that change in time, against exact solutions of the full equation."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from physics.systems import (
    System,
    contact,
    evolution,
    gaussian,
    gaussian_kernel,
    largest,
    log_slope,
    moving_mixture,
    parse_problem,
    problem_text,
    require_below,
    species,
    system,
)
from scipy.integrate import quad

from hpcmix.evolve.stepping.adaptive import AdaptiveStepper
from hpcmix.splittings import INTEGRATORS

UNIFORM = {"kind": "expression", "amplitude": "1"}
LENGTH, PARTICLES = 6.0, 3.0


def smooth(s):
    return 0.5 * (1.0 - np.cos(np.pi * min(1.0, max(0.0, s))))


COURSES = {
    "switched": ({"from": 0.33}, lambda t: float(t >= 0.33)),
    "ended": ({"until": 0.5}, lambda t: float(t < 0.5)),
    "linear": ({"from": 0.2, "ramp": 0.5}, lambda t: min(1.0, max(0.0, (t - 0.2) / 0.5))),
    "smooth": ({"until": 0.1, "ramp": 0.6, "ramp_shape": "smooth"}, lambda t: 1.0 - smooth((t - 0.1) / 0.6)),
    "factor": ({"factor": "1 + sin(3*t)"}, lambda t: 1.0 + np.sin(3.0 * t)),
    "cubic": (
        {"factor": {"times": [0.2, 0.8], "values": [-1.0, 2.0]}},
        lambda t: np.interp(t, [0.2, 0.8], [-1.0, 2.0]),
    ),
}
KINDS = {
    "contact": (contact("a", "a", 0.7), 0.7),
    "periodic": (gaussian_kernel("a", "a", 0.5, 0.4), 0.5 * np.sqrt(2.0 * np.pi) * 0.4),
}


@pytest.mark.parametrize("course", COURSES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_uniform_gas_turns_by_the_area_under_its_coupling(kind, course):
    """psi stays uniform with the phase -(n/hbar) integral of G^(0)(t) dt; steps end at every corner, so that the scheme
    sees each smooth piece alone."""
    (entry, strength), (switching, exact) = KINDS[kind], COURSES[course]
    gas = system(
        [8], [LENGTH], [species("a", particles=PARTICLES, initial=UNIFORM)], [entry | switching],
        time=evolution(1.0, 0.1, "blanes-moan-6"),
    ).evolve()  # fmt: skip
    area = quad(exact, 0.0, 1.0, points=[0.1, 0.2, 0.33, 0.5, 0.7, 0.8], limit=200, epsabs=1e-13)[0]
    density = PARTICLES / LENGTH
    expected = np.sqrt(density) * np.exp(-1j * density * strength * area)
    assert abs(density * strength * area) > 0.02  # there is a phase to see
    # the nodes of an integrator of order six miss the area under sin(3 t) and cos(pi s) by less than 1e-9 at ten steps
    require_below(largest(gas.field() - expected), 1e-9, f"{kind}, {course}")


B = "(1 + 0.3*sin(t)**4)"
SECOND = "(1.2*(3*sin(t)**2*cos(t)**2 - sin(t)**4))"
"""b(t) and b''(t) of a breathing that begins with b' = b'' = 0."""


def scale(t):
    return 1.0 + 0.3 * np.sin(t) ** 4


def breathing(dimensions, points, length, step):
    """Condensates in a trap with omega(t)^2 = omega_0^2/b^4 - b''/b and couplings g_0 b^(d-2)."""
    trap = {"kind": "harmonic", "frequency": 1.3, "factor": f"1/{B}**4 - {SECOND}/(1.69*{B})"}
    ramp = {} if dimensions == 2 else {"factor": f"1/{B}" if dimensions == 1 else B}
    names = ("a", "b") if dimensions == 1 else ("a",)
    masses = {"a": 1.0, "b": 1.7}
    return System(
        parse_problem(
            problem_text(
                [points] * dimensions,
                [length] * dimensions,
                [species(name, mass=masses[name], particles=4.0, potential=[trap]) for name in names],
                [
                    contact(one, other, 0.9 if one == other else 0.5) | ramp
                    for one, other in (("a", "a"), ("b", "b"), ("a", "b"))
                    if {one, other} <= set(names)
                ],
                time=evolution(1.2, step),
                ground_state={"tolerance": 1e-12},
            )
        )
    )


def stretched(values, grid, b):
    """values(x / b) along every axis, by their trigonometric interpolant; zero beyond the box."""
    for axis, (points, length) in enumerate(zip(grid.points, grid.lengths, strict=True)):
        waves = 2.0 * np.pi * np.fft.fftfreq(points, length / points)
        x = np.asarray(grid.axis(axis))
        spectrum = np.fft.fft(values, axis=axis)
        phases = np.exp(1j * np.outer(x / b - x[0], waves)) / points
        values = np.moveaxis(np.tensordot(phases, spectrum, axes=([1], [axis])), 0, axis)
    return values


def error_of_breathing(made):
    """The largest difference from b^(-d/2) phi_0(x/b) exp(i m x^2 b'/(2 hbar b)), up to a phase, over its maximum."""
    before = [orbital[0].copy() for orbital in made.state.orbitals]
    made.evolve()
    t, b = made.time, scale(made.time)
    speed = 1.2 * np.sin(t) ** 3 * np.cos(t)
    squares = sum(x**2 for x in made.grid.coordinates)
    worst = 0.0
    for model, start, orbital in zip(made.mixture.species, before, made.state.orbitals, strict=True):
        exact = stretched(start, made.grid, b) * b ** (-0.5 * made.grid.dimensions)
        exact = exact * np.exp(0.5j * model.mass * speed / b * squares)
        overlap = np.vdot(exact, orbital[0])
        worst = max(worst, largest(orbital[0] * np.conj(overlap) / abs(overlap) - exact) / largest(exact))
    return worst


@pytest.mark.parametrize(
    ("dimensions", "points", "length", "step", "tolerance"),
    [
        (1, 80, 17.0, 0.05, 3e-8),  # steps of order six make 1e-9
        (2, 32, 13.0, 0.1, 1e-5),  # its spectrum ends at 1e-6
        (3, 22, 11.0, 0.1, 3e-4),  # and here at 1e-4
    ],
)
def test_a_breathing_trap_with_a_ramped_coupling_stretches_the_cloud(dimensions, points, length, step, tolerance):
    """b'' + omega(t)^2 b = omega_0^2/b^3 with g(t) = g_0 b^(d-2) solves the full equation in d dimensions."""
    made = breathing(dimensions, points, length, step)
    require_below(error_of_breathing(made), tolerance, f"{dimensions} dimensions")


@cache
def at_the_end(integrator, steps):
    ramped = moving_mixture(evolution(1.0, 1.0 / steps, integrator), course={"factor": "0.7 + 0.5*sin(4*t)"})
    return ramped.evolve().state.orbitals


@pytest.mark.parametrize(
    ("integrator", "steps"),
    [("strang", (16, 32)), ("blanes-moan-4", (10, 20)), ("blanes-moan-rkn-4", (20, 40)), ("blanes-moan-6", (7, 12))],
)
def test_integrators_keep_their_order_with_ramped_contacts_and_kernels(integrator, steps):
    """On the system of test_order.py, whose steps these are."""
    reference = at_the_end("blanes-moan-6", 40)
    errors = [
        max(largest(one - other) for one, other in zip(at_the_end(integrator, n), reference, strict=True))
        for n in steps
    ]
    order = log_slope([1 / n for n in steps], errors)
    print(f"measured: {integrator} with ramped interactions: order {order:.2f}, errors {errors}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.2)


JUMPING = [contact("a", "a", 1.0) | {"from": 0.34}, gaussian_kernel("a", "b", 0.8, 0.7) | {"until": 0.34}]


def pair(interactions, integrator="blanes-moan-4"):
    clouds = [species(name, particles=2.0, initial=gaussian(1.0, centre=x)) for name, x in (("a", 0.4), ("b", -0.5))]
    return system([48], [14.0], clouds, interactions, time=evolution(0.8, 0.1, integrator))


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4"])
def test_interactions_that_jump_act_from_their_time_until_their_time(integrator):
    """Steps with the one before the switching time, with the other after it; what was pending at the switch belongs
    to the time before, in a look too."""
    made = pair(JUMPING, integrator)
    table = made.problem.time.fixed_steps
    assert table.switching_times == [0.34]
    before = pair([gaussian_kernel("a", "b", 0.8, 0.7)], integrator)
    after = pair([contact("a", "a", 1.0)], integrator)
    state = made.state.copy()
    looks = {}
    for stretch, system_of in zip(table.stretches, (before, after), strict=True):
        state.progress = replace(state.progress, mark=stretch.mark, step_size=stretch.size)
        for _ in range(stretch.count):
            system_of.stepper.step(state)
            looks[state.step] = [orbitals[0].copy() for orbitals in state.orbitals]
    for number in range(1, table.steps + 1):
        made.stepper.advance(made.state)
        made.stepper.settle(made.state)
        for a in (0, 1):
            (orbital,) = made.look().orbital_set(a)
            # a dozen steps of up to a dozen flows, each of which rounds numbers of order one
            require_below(largest(orbital - looks[number][a]), 1e-13, f"step {number}")
    assert largest(made.look().orbital_set(0)[0] - pair([]).evolve().state.orbitals[0][0]) > 1e-3


def test_the_energy_changes_by_what_the_coupling_does():
    """dE/dt = (g'(t)/2) integral rho^2, and the balance is kept once nothing changes any more."""
    made = pair([contact("a", "a", 1.0) | {"from": 0.1, "ramp": 0.4, "ramp_shape": "smooth"}], "blanes-moan-6")
    assert not made.mixture.conserves_energy_after(0.49) and made.mixture.conserves_energy_after(0.5)
    seen = []
    for _ in range(made.problem.time.steps):
        made.stepper.advance(made.state)
        made.stepper.settle(made.state)
        squares = float(np.sum(made.density(0) ** 2)) * made.grid.cell_volume
        seen.append((made.time, made.record()["energy"]["total"], squares))
    times, energies, squares = map(np.array, zip(*seen, strict=True))
    ramp = (times > 0.099) & (times < 0.501)
    rate = 0.5 * (np.pi / 0.8) * np.sin(np.pi * (times - 0.1) / 0.4) * squares
    gained = energies[ramp][-1] - energies[ramp][0]
    weights = np.array([1.0, 4.0, 2.0, 4.0, 1.0]) * 0.1 / 3.0  # Simpson's, of four steps
    assert gained > 0.1
    assert gained == pytest.approx(float(weights @ rate[ramp]), rel=5e-3)  # its error at four steps
    after = energies[times > 0.499]
    require_below(float(np.ptp(after)) / energies[-1], 1e-9, "energy afterwards")  # steps of order six


def test_adaptive_steps_end_at_corners():
    """Where a ramp begins and ends, and where an interaction jumps."""
    entries = [contact("a", "a", 1.0) | {"from": 0.13, "ramp": 0.4}, contact("b", "b", 0.7) | {"from": 0.31}]
    clouds = [species(name, particles=2.0, initial=gaussian(1.0)) for name in ("a", "b")]
    time = {"final": 0.8, "step": {"tolerance": 1e-5, "largest": 0.2}, "integrator": "blanes-moan-4"}
    made = system([48], [14.0], clouds, entries, time=time)
    stepper = AdaptiveStepper(made.mixture, made.problem.time)
    ends = []
    while made.state.time < 0.8 - 1e-12:
        stepper.advance(made.state)
        ends.append(made.state.time)
    assert {0.13, 0.31, 0.53} <= set(ends)
