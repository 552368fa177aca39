"""Initial states: normalised, where and how they should be, and what is refused."""

import math

import h5py
import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, harmonic, largest, species, system
from scipy.special import eval_hermite

from hpcmix.initial.written import wave_functions
from hpcmix.problem.mistakes.errors import ProblemError

POINTS = {1: [64], 2: [40, 44], 3: [28, 30, 26]}
LENGTHS = {1: [16.0], 2: [14.0, 15.0], 3: [13.0, 14.0, 12.0]}


def made(initial, dimensions=1, **entries):
    one = species("a", **({"mass": 1.6, "particles": 3.0, "initial": initial} | entries))
    return system(POINTS[dimensions], LENGTHS[dimensions], [one])


KINDS = {
    "gaussian": lambda d: gaussian([0.9, 1.1, 1.0][:d], centre=[0.5, -0.3, 0.1][:d]),
    "oscillator": lambda d: {"kind": "oscillator", "frequency": [1.0, 0.8, 0.9][:d], "numbers": [1, 0, 2][:d]},
    "plane-waves": lambda d: {"kind": "plane-waves", "numbers": [2, -1, 0][:d]},
    "expression": lambda d: {"kind": "expression", "amplitude": "exp(-x**2/2)*(1 + x/2)", "phase": "0.3*sin(x)"},
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_state_is_normalised(kind, dimensions):
    state = made(KINDS[kind](dimensions), dimensions)
    assert state.state.orbitals[0].shape == (1, *POINTS[dimensions])
    assert state.state.step == 0
    assert state.norms()[0] == pytest.approx(1.0, abs=1e-14)
    assert state.record()["species"]["a"]["particles"] == pytest.approx(3.0, abs=1e-13)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_gaussian(dimensions):
    width, centre = [0.9, 1.1, 1.0][:dimensions], [0.5, -0.3, 0.1][:dimensions]
    state = made(gaussian(width, centre=centre), dimensions)
    exact = 1.0
    for x, w, c in zip(state.grid.coordinates, width, centre, strict=True):
        exact = exact * np.exp(-((x - c) ** 2) / (2 * w**2)) / (np.pi * w**2) ** 0.25
    # sums over the grid are integrals to the tails' exp(-30)
    assert largest(state.state.orbitals[0][0] - exact) < 1e-12


@pytest.mark.parametrize("kind", ["gaussian", "oscillator", "expression"])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_boost_adds_momentum_to_every_particle(kind, dimensions):
    momentum = [0.7, -0.4, 0.2][:dimensions]
    at_rest, boosted = (
        made(KINDS[kind](dimensions), dimensions),
        made(KINDS[kind](dimensions) | {"momentum": momentum}, dimensions),
    )
    before, after = (np.array(state.record()["species"]["a"]["momentum"]) for state in (at_rest, boosted))
    if (
        kind == "expression" and dimensions > 1
    ):  # its shape reaches the edge of the box along y and z: the boost is only felt along x
        before, after, momentum = before[:1], after[:1], momentum[:1]
    # tails at the edge of box and spectrum of these small grids
    np.testing.assert_allclose(after - before, 3.0 * np.array(momentum), atol=1e-7)
    np.testing.assert_allclose(boosted.density(), at_rest.density(), rtol=1e-12, atol=1e-15)


def test_momentum_of_a_plane_wave():
    state = made({"kind": "plane-waves", "numbers": [2, -1, 0]}, 3)
    exact = 3.0 * 2 * np.pi * np.array([2, -1, 0]) / LENGTHS[3]
    np.testing.assert_allclose(state.record()["species"]["a"]["momentum"], exact, atol=1e-13)
    np.testing.assert_allclose(state.density(), 3.0 / np.prod(LENGTHS[3]), rtol=1e-13)


def test_phase_of_an_expression():
    state = made({"kind": "expression", "amplitude": "exp(-x**2/2)", "phase": "0.3*x**2"})
    x = state.grid.axis(0)
    np.testing.assert_allclose(state.state.orbitals[0][0], np.pi**-0.25 * np.exp((-0.5 + 0.3j) * x**2), atol=1e-14)


# ---------------------------------------------------------------- oscillator


def test_oscillator_states_are_orthonormal():
    frequency, numbers = [1.0, 0.8], [(0, 0), (1, 0), (0, 1), (2, 1), (5, 0), (3, 3)]
    fields = [
        made(
            {"kind": "oscillator", "frequency": frequency, "numbers": list(n), "centre": [0.2, -0.1]}, 2
        ).state.orbitals[0][0]
        for n in numbers
    ]
    cell = np.prod(np.divide(LENGTHS[2], POINTS[2]))
    overlaps = cell * np.array([[np.vdot(a, b) for b in fields] for a in fields])
    # the highest states' tails at the edge of the box
    np.testing.assert_allclose(overlaps, np.eye(len(numbers)), atol=1e-9)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_oscillator_states_are_stationary(number):
    """In their trap they turn with omega (n + 1/2)."""
    omega, mass = 1.3, 1.6
    state = system(
        *([96], [16.0]),
        [
            species(
                "a",
                mass=mass,
                potential=harmonic(omega),
                initial={"kind": "oscillator", "frequency": omega, "numbers": number},
            )
        ],
        time=evolution(1.5, 0.03, "blanes-moan-6"),
    )
    assert state.energy().total == pytest.approx(omega * (number + 0.5), rel=1e-12)
    start = state.state.orbitals[0].copy()
    state.evolve()
    # splitting error of the sixth order
    assert largest(state.state.orbitals[0] - start * np.exp(-1j * omega * (number + 0.5) * 1.5)) < 1e-9


def test_high_oscillator_states_stay_in_range():
    state = system([400], [60.0], [species("a", initial={"kind": "oscillator", "frequency": 1.0, "numbers": 150})])
    # <x^2> = (n + 1/2)/omega
    assert state.record()["species"]["a"]["rms_width"][0] == pytest.approx(np.sqrt(150.5), rel=1e-9)


# ---------------------------------------------------------------- from a file


def test_state_from_a_file(tmp_path):
    random = np.random.default_rng(5)
    data = random.standard_normal((40, 44)) + 1j * random.standard_normal((40, 44))
    with h5py.File(tmp_path / "state.h5", "w") as file:
        file["a/wave_function"], file["elsewhere"] = data, data.real
    state = made({"kind": "file", "path": str(tmp_path / "state.h5")}, 2)
    field = state.state.orbitals[0][0]
    np.testing.assert_allclose(field / field[3, 4], data / data[3, 4], rtol=1e-13)
    assert state.norms()[0] == pytest.approx(1.0, abs=1e-14)
    real = made({"kind": "file", "path": str(tmp_path / "state.h5"), "dataset": "elsewhere"}, 2).state.orbitals[0][0]
    np.testing.assert_allclose(real / real[3, 4], data.real / data.real[3, 4], rtol=1e-13)


def test_a_file_of_another_grid_is_refused(tmp_path):
    with h5py.File(tmp_path / "state.h5", "w") as file:
        file["a/wave_function"] = np.ones((8, 8))
    with pytest.raises(ProblemError, match=r"shape \(8, 8\)") as caught:
        made({"kind": "file", "path": str(tmp_path / "state.h5")}, 2)
    assert caught.value.complaints[0].key == "species.a.initial"


# ---------------------------------------------------------------- refusals


def test_a_state_that_is_zero_is_refused():
    with pytest.raises(ProblemError, match="zero everywhere"):
        made({"kind": "expression", "amplitude": "0*x"})


def test_a_state_that_is_not_finite_is_refused():
    with pytest.raises(ProblemError, match=r"not finite at x = 0"):
        made({"kind": "expression", "amplitude": "1/x"})


def test_thomas_fermi_without_repulsion_is_refused():
    with pytest.raises(ProblemError, match="no contact repulsion"):
        made({"kind": "thomas-fermi"}, potential=harmonic(1.0))


# ---------------------------------------------------------------- precision


def test_single_precision_is_the_double_one_rounded():
    text = dict(initial=gaussian(1.0, momentum=0.5), potential=harmonic(1.0))
    single, double = (
        system([64], [16.0], [species("a", **text)], [contact("a", "a", 1.0)], parallel={"precision": precision})
        for precision in ("single", "double")
    )
    assert single.state.orbitals[0].dtype == np.complex64
    assert double.state.orbitals[0].dtype == np.complex128
    np.testing.assert_array_equal(single.state.orbitals[0], double.state.orbitals[0].astype(np.complex64))


@pytest.mark.parametrize("number", [0, 3, 40, 250, 700])
def test_oscillator_levels_are_hermite_functions_at_any_height(number):
    """Norm one and orthogonal to the next level but one; the polynomial and the Gaussian alone are beyond floats from a
    level of 250, and from s = 38, on."""
    s = np.linspace(-60.0, 60.0, 12001)
    level, other = wave_functions.oscillator_level(number, s), wave_functions.oscillator_level(number + 2, s)
    spacing, norm = s[1] - s[0], math.sqrt(math.pi)
    # the recurrence adds a rounding a level
    assert spacing * np.sum(level**2) == pytest.approx(norm, rel=1e-12 * (1 + number))
    assert abs(spacing * np.sum(level * other)) < 1e-12 * (1 + number)
    if number < 100:
        expected = eval_hermite(number, s) * np.exp(-0.5 * s * s) / math.sqrt(2.0**number * math.factorial(number))
        np.testing.assert_allclose(level, expected, atol=1e-13)
