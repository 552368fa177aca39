"""Distributions of classical species at time zero: their moments, and those of the quantum states whose limit they are.

Sums over N scrambled Sobol points are right to some 1/N where f is smooth in one dimension, and to N^(-3/4) or so in
six: tolerances are a few times what is measured with the markers of each test.
"""

import math

import numpy as np
import pytest
from physics.systems import gaussian_kernel, harmonic, species, system

from hpcmix.problem.mistakes.errors import ProblemError

MARKERS = 1 << 15


def classical(initial, particles=1.0, markers=MARKERS, **entries):
    return species("gas", kind="classical", particles=particles, markers=markers, initial=initial, **entries)


def gas(initial, dimensions=1, length=14.0, points=16, **entries):
    """Positions, momenta and weights of a single species."""
    one = system([points] * dimensions, [length] * dimensions, [classical(initial, **entries)])
    return arrays_of(one)


def arrays_of(one, index=0):
    cloud = one.state.clouds[index]
    order = np.argsort(cloud.index)
    return cloud.position[order], cloud.momentum[order], cloud.weight[order]


def mean(weight, values):
    return weight @ values / np.sum(weight)


def refused(initial, text, **entries):
    with pytest.raises(ProblemError, match=text):
        gas(initial, **entries)


# ---------------------------------------------------------------- written down


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_filled_ball_of_an_oscillator(dimensions):
    """mu = hbar (N d! prod w)^(1/d); every x m w and p has the mean square m mu / (d + 1), the energies are E^(d-1)
    dE."""
    frequency, mass, count = [1.0, 1.3, 0.8][:dimensions], 1.7, 6.0
    initial = {"kind": "oscillator", "frequency": frequency, "centre": [0.5] * dimensions}
    position, momentum, weight = gas(initial, dimensions, particles=count, mass=mass)
    level = (count * math.factorial(dimensions) * math.prod(frequency)) ** (1 / dimensions)
    around = position - 0.5
    energy = np.sum(momentum**2 / (2 * mass) + 0.5 * mass * (around * frequency) ** 2, axis=1)
    assert np.all(energy <= level * (1 + 1e-12))
    expected = level * dimensions / (dimensions + 1)
    assert mean(weight, energy) == pytest.approx(expected, rel=1e-6)  # exact but for the Sobol points of d numbers
    tolerance = 2e-4 if dimensions > 1 else 1e-5
    for square in (momentum**2 / mass, mass * (around * frequency) ** 2):
        assert mean(weight, square) == pytest.approx([level / (dimensions + 1)] * dimensions, rel=tolerance)
    assert np.sum(weight) == pytest.approx(count, rel=1e-12)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_fermi_sphere(dimensions):
    """Uniform positions, <p^2> = d/(d+2) p_F^2 with N = V v_d (p_F / 2 pi hbar)^d."""
    count, length = 5.0, 14.0
    position, momentum, weight = gas({"kind": "plane-waves", "momentum": 0.3}, dimensions, length, particles=count)
    ball = [2.0, math.pi, 4 * math.pi / 3][dimensions - 1]
    largest = 2 * math.pi * (count / (length**dimensions * ball)) ** (1 / dimensions)
    moving = momentum - np.array([0.3] + [0.0] * (dimensions - 1)) if dimensions == 1 else momentum - 0.3
    squares = np.sum(moving**2, axis=1)
    assert np.max(squares) <= largest**2 * (1 + 1e-12)
    assert mean(weight, squares) == pytest.approx(dimensions / (dimensions + 2) * largest**2, rel=1e-4)
    assert mean(weight, position) == pytest.approx([0.0] * dimensions, abs=1e-3)
    assert mean(weight, position**2) == pytest.approx([length**2 / 12] * dimensions, rel=1e-3)


def test_gaussian_has_the_moments_of_the_wave_function_of_the_same_word():
    """<x>, <x^2>, <p> and <p^2> of the Wigner function, which is the Gaussian itself."""
    initial = {"kind": "gaussian", "width": 0.9, "centre": 0.4, "momentum": 0.7}
    quantum = system([128], [14.0], [species("wave", mass=1.3, initial=initial)]).record()["species"]["wave"]
    position, momentum, weight = gas(initial, mass=1.3)
    assert mean(weight, position)[0] == pytest.approx(quantum["centre"][0], abs=1e-5)
    assert mean(weight, (position - 0.4) ** 2)[0] ** 0.5 == pytest.approx(quantum["rms_width"][0], rel=2e-4)
    assert mean(weight, momentum)[0] == pytest.approx(quantum["momentum"][0], abs=1e-5)
    assert mean(weight, momentum**2)[0] / 2.6 == pytest.approx(quantum["kinetic_energy"], rel=2e-4)
    assert abs(mean(weight, (position - 0.4) * (momentum - 0.7))[0]) < 1e-4


def test_momentum_width_and_temperature():
    _, momentum, weight = gas({"kind": "gaussian", "width": 1.0, "momentum_width": [0.3, 0.6]}, 2)
    assert mean(weight, momentum**2) == pytest.approx([0.09, 0.36], rel=1e-3)
    _, momentum, weight = gas({"kind": "gaussian", "width": 1.0, "temperature": 0.4}, 3, mass=1.5)
    assert mean(weight, momentum**2) == pytest.approx([0.6] * 3, rel=1e-3)


def test_temperature_of_relativistic_particles():
    """In one dimension <p v> = T whatever the kinetic energy is, by parts."""
    entries = {"mass": 0.5, "kinetic": "semirelativistic"}
    _, momentum, weight = gas({"kind": "gaussian", "width": 1.0, "temperature": 0.8}, **entries)
    velocity = momentum / np.sqrt(0.25 + momentum**2)
    assert mean(weight, momentum * velocity)[0] == pytest.approx(0.8, rel=2e-4)


def test_a_gaussian_that_reaches_the_faces_is_cut_there():
    """As the wave function on the grid is: no marker comes in at the other side."""
    position, _, weight = gas({"kind": "gaussian", "width": 2.0, "centre": 6.0})
    assert np.all(np.abs(position) <= 7.0)
    x = np.linspace(-7.0, 7.0, 200_001)
    density = np.exp(-(((x - 6.0) / 2.0) ** 2))
    assert mean(weight, position)[0] == pytest.approx(np.sum(x * density) / np.sum(density), abs=1e-4)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("kind", ["oscillator", "plane-waves"])
def test_limit_of_closed_shells(dimensions, kind):
    """Width and kinetic energy per particle of M fermions in closed shells differ by M^(-2/d) from the classical ones:
    for the oscillator by 1/(8 K^2) or so with K shells, by as much times ten for spheres of waves in a box."""
    orbitals = {"oscillator": (20, 21, 20), "plane-waves": (41, 37, 33)}[kind][dimensions - 1]
    initial = {"kind": kind} | ({"frequency": 1.0} if kind == "oscillator" else {})
    scaling = {"kind": "bose-fermi-macro"}
    points, length = ([128], [48, 48], [24] * 3)[dimensions - 1], 8.0
    records = []
    for entries in ({"kind": "fermions", "orbitals": orbitals}, {"kind": "classical", "particles": float(orbitals)}):
        entries = entries | ({"markers": MARKERS} if entries["kind"] == "classical" else {})
        one = system(points, [length] * dimensions, [species("gas", initial=initial, **entries)], scaling=scaling)
        records.append(one.record()["species"]["gas"])
    quantum, limit = records
    assert limit["particles"] == pytest.approx(quantum["particles"], rel=1e-12)
    tolerance = {"oscillator": 0.6, "plane-waves": 2.5}[kind] * orbitals ** (-2.0 / dimensions)
    assert limit["kinetic_energy"] == pytest.approx(quantum["kinetic_energy"], rel=tolerance)
    assert limit["rms_width"] == pytest.approx(quantum["rms_width"], rel=tolerance)


def test_a_ball_that_the_box_does_not_hold():
    refused({"kind": "oscillator", "frequency": 0.02}, "does not fit the box")


# ---------------------------------------------------------------- expressions


def test_expression_with_correlations():
    """A Gaussian that is tilted is no product: weights make it one, of which the largest are many times the mean."""
    value = "exp(-(x**2 - x*px + px**2))"
    position, momentum, weight = gas({"kind": "expression", "value": value, "momentum_extent": 6.0})
    # the inverse of the matrix [[2, -1], [-1, 2]]
    assert mean(weight, position**2)[0] == pytest.approx(2 / 3, rel=4e-3)
    assert mean(weight, momentum**2)[0] == pytest.approx(2 / 3, rel=4e-3)
    assert mean(weight, position * momentum)[0] == pytest.approx(1 / 3, rel=8e-3)
    assert np.sum(weight) == pytest.approx(1.0, rel=1e-12)
    assert np.all(weight >= 0.0)


def test_expression_of_a_wave():
    """R3's f: the first mode of the density is half of the amplitude."""
    initial = {"kind": "expression", "value": "exp(-px**2/2)*(1 + 0.01*cos(0.5*x))", "momentum_extent": 6.5}
    position, momentum, weight = gas(initial, length=4 * math.pi, particles=4 * math.pi, markers=1 << 17)
    assert mean(weight, np.cos(0.5 * position))[0] == pytest.approx(0.005, abs=2e-6)
    assert mean(weight, np.sin(0.5 * position))[0] == pytest.approx(0.0, abs=2e-6)
    assert mean(weight, momentum**2)[0] == pytest.approx(1.0, abs=2e-5)
    # nearly all weights are alike: the product of marginals is f
    assert np.sum(weight) ** 2 / np.sum(weight**2) > 0.98 * len(weight)


def test_expression_that_is_narrow_in_six_dimensions():
    """A tenth of the box along every axis: one of a million points of the box."""
    value = "exp(-((x - 2)**2 + y**2 + z**2)/0.5 - (px**2 + py**2 + pz**2)/0.5)"
    initial = {"kind": "expression", "value": value, "momentum_extent": 8.0}
    position, momentum, weight = gas(initial, 3, 12.0)
    assert mean(weight, position) == pytest.approx([2.0, 0.0, 0.0], abs=3e-3)
    assert mean(weight, momentum**2) == pytest.approx([0.25] * 3, rel=5e-3)
    assert np.sum(weight) ** 2 / np.sum(weight**2) > 0.5 * len(weight)


@pytest.mark.parametrize(
    ("value", "extent", "text"),
    [
        ("exp(-px**2/2) - 0.01", 6.5, "is negative at x = "),
        ("exp(-px**2/2)/sqrt(x)", 6.5, "is not finite at x = "),
        ("0*px", 6.5, "is zero everywhere"),
        ("exp(-px**2/2)", 4.0, "is too small: at px = -4 f is 3.4e-04"),
    ],
)
def test_expressions_that_are_no_density(value, extent, text):
    refused({"kind": "expression", "value": value, "momentum_extent": extent}, text)


# ---------------------------------------------------------------- in potentials


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_ground_state_in_a_trap_is_the_oscillator(dimensions):
    """Without interaction, on 16 to 24 points: the density is known between them."""
    entries = {"particles": 4.0, "potential": [harmonic(1.0)]}
    points = [48, 30, 24][dimensions - 1]
    written = gas({"kind": "oscillator", "frequency": 1.0}, dimensions, 8.0, points, **entries)
    one = system([points] * dimensions, [8.0] * dimensions, [classical({"kind": "ground-state"}, **entries)])
    found = arrays_of(one)
    level = (4.0 * math.factorial(dimensions)) ** (1 / dimensions)
    filled = one.ground_state.gases["gas"]
    # integrals over q^d points a cell: (h/q)^(1 + d/2) or so
    assert filled.chemical_potential == pytest.approx(level, rel=[5e-5, 1e-4, 2e-4][dimensions - 1])
    energy = np.sum(found[0] ** 2 + found[1] ** 2, axis=1) / 2
    assert np.max(energy[found[2] > 0.0]) <= filled.chemical_potential * (1 + 1e-7)  # the window's tolerance
    tolerance = [1e-4, 3e-4, 1e-3][dimensions - 1]
    for new, known in zip(found[:2], written[:2], strict=True):
        assert mean(found[2], new**2) == pytest.approx(mean(written[2], known**2), rel=tolerance)
    assert one.ground_state.energy == pytest.approx(4.0 * level * dimensions / (dimensions + 1), rel=tolerance)


def test_ground_state_of_relativistic_particles():
    """In one dimension x goes up to where U = mu - m, and the number is 2 integral p_F dx / (2 pi)."""
    entries = {"particles": 3.0, "mass": 0.7, "potential": [harmonic(1.0)], "kinetic": "semirelativistic"}
    one = system([64], [12.0], [classical({"kind": "ground-state"}, **entries)])
    filled = one.ground_state.gases["gas"]
    turning = math.sqrt(2.0 * (filled.chemical_potential - 0.7) / 0.7)
    angle = (np.arange(4000) + 0.5) * (math.pi / 4000)
    level = (filled.chemical_potential - 0.7) * np.sin(angle) ** 2
    momenta = np.sqrt(level * (level + 1.4))
    number = np.sum(momenta * turning * np.sin(angle)) * (math.pi / 4000) / math.pi
    assert number == pytest.approx(3.0, rel=5e-5)
    position, momentum, weight = arrays_of(one)
    energy = (np.sqrt(0.49 + momentum**2) + 0.35 * position**2)[:, 0]
    assert np.max(energy[weight > 0.0]) <= filled.chemical_potential * (1 + 1e-7)


def test_thermal_gas_in_a_trap():
    """Boltzmann: <x^2> = T/(m w^2), <p^2> = m T, whatever N; and mu = T ln(N hbar w / T)."""
    initial = {"kind": "thermal", "temperature": 0.5}
    entries = {"particles": 2.0, "mass": 1.3, "potential": [harmonic(1.2)]}
    one = system([64], [14.0], [classical(initial, **entries)])
    position, momentum, weight = arrays_of(one)
    assert mean(weight, position**2)[0] == pytest.approx(0.5 / (1.3 * 1.44), rel=5e-4)
    assert mean(weight, momentum**2)[0] == pytest.approx(0.65, rel=5e-4)
    assert one.ground_state.gases["gas"].chemical_potential == pytest.approx(0.5 * math.log(2 * 1.2 / 0.5), abs=1e-6)


@pytest.mark.parametrize("temperature", [0.05, 1.0])
def test_fermi_dirac_gas_in_a_trap(temperature):
    """In one dimension the density of states of a trap is constant: N = (T / hbar w) ln(1 + exp(mu/T)), and the energy
    is integral E dE / (exp((E - mu)/T) + 1)."""
    initial = {"kind": "thermal", "temperature": temperature, "statistics": "fermi-dirac"}
    one = system([96], [24.0], [classical(initial, particles=3.0, potential=[harmonic(1.0)])])
    level = temperature * math.log(math.expm1(3.0 / temperature))
    assert one.ground_state.gases["gas"].chemical_potential == pytest.approx(level, rel=2e-5)
    position, momentum, weight = arrays_of(one)
    energy = np.linspace(0.0, level + 45 * temperature, 400_001)
    filled = 1.0 / (np.exp((energy - level) / temperature) + 1.0)
    expected = np.trapezoid(energy * filled, energy) / 3.0
    assert mean(weight, momentum**2)[0] == pytest.approx(expected, rel=5e-4)
    assert mean(weight, position**2)[0] == pytest.approx(expected, rel=5e-4)


def test_uniform_gas_at_a_temperature_needs_no_potential():
    position, momentum, weight = gas({"kind": "thermal", "temperature": 0.3}, 2)
    assert mean(weight, position**2) == pytest.approx([14.0**2 / 12] * 2, rel=1e-3)
    assert mean(weight, momentum**2) == pytest.approx([0.3] * 2, rel=1e-3)


def test_ground_state_that_nothing_holds():
    refused({"kind": "ground-state"}, "needs a potential that holds it")
    weak = {"potential": [harmonic(0.05)], "particles": 10.0}
    refused({"kind": "ground-state"}, "its density at the faces of the box is 0.9", **weak)


def test_ground_state_is_the_limit_of_the_orbitals_of_the_same_word():
    """30 fermions in a trap beside a condensate that repels them, all in their ground state together; one word
    changed."""
    records = []
    for entries in ({"kind": "fermions", "orbitals": 30}, {"kind": "classical", "particles": 30.0, "markers": MARKERS}):
        one = system(
            [160],
            [7.0],
            [species("bosons", potential=[harmonic(1.0)]), species("gas", potential=[harmonic(1.0)], **entries)],
            [gaussian_kernel("bosons", "gas", 0.5, 0.4)],
            scaling={"kind": "bose-fermi-macro"},
        )
        record = one.record()
        records.append([record["energy"]["total"] / 30.0, *record["species"]["gas"]["rms_width"]])
    # corrections of hbar^2 = 1/900 times numbers of the order of one
    assert records[1] == pytest.approx(records[0], rel=2e-3)
    assert records[1] != pytest.approx(records[0], rel=1e-9)
