"""Stationary states of classical species stay what they are, alone and together with a condensate."""

import numpy as np
import pytest
from physics.classical.gases import classical, markers_of, oscillator
from physics.systems import evolution, gaussian_kernel, harmonic, species, system


def record_of(one, name):
    return one.record()["species"][name]


def largest_change(before, after, keys):
    """Of vectors and numbers of two records."""
    return max(float(np.max(np.abs(np.subtract(before[key], after[key])))) for key in keys)


MOVING = ("centre", "rms_width", "kinetic_energy", "potential_energy", "momentum_width")


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_filled_oscillator_stays(dimensions):
    """Without interaction f is a function of the energy. N = 6, hbar = 1: mu = (N d!)^(1/d), and each of x and p has
    the mean square mu / (d + 1)."""
    count = 6
    gas = classical("gas", count, 65_536, oscillator(1.0), potential=[harmonic(1.0)])
    one = system([16] * dimensions, [14.0] * dimensions, [gas], time=evolution(3.0, 0.1, "blanes-moan-4"))
    factorial = float(np.prod(range(1, dimensions + 1)))
    mu = (count * factorial) ** (1 / dimensions)
    before = record_of(one, "gas")
    for key in ("rms_width", "momentum_width"):
        assert before[key] == pytest.approx([np.sqrt(mu / (dimensions + 1))] * dimensions, rel=2e-4), key
    energy = count * mu * dimensions / (dimensions + 1)
    assert before["kinetic_energy"] + before["potential_energy"] == pytest.approx(energy, rel=2e-4)
    after = record_of(one.evolve(), "gas")
    assert largest_change(before, after, MOVING) < 2e-4 * energy  # sampling; the flow is a rotation to 1e-6


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_phase_space_density_of_a_filled_state_is_pauli_s(dimensions):
    """The ball's volume in phase space times (2 pi hbar)^-d is the number of particles; so is the largest energy mu."""
    gas = classical("gas", 6, 4096, oscillator(1.0), potential=[harmonic(1.0)])
    one = system([16] * dimensions, [14.0] * dimensions, [gas])
    position, momentum, weight = markers_of(one)
    energies = 0.5 * np.sum(position**2 + momentum**2, axis=1)
    factorial = float(np.prod(range(1, dimensions + 1)))
    mu = (6 * factorial) ** (1 / dimensions)
    assert np.max(energies) < mu * (1 + 1e-12)
    assert np.max(energies) > mu * (1 - 2e-3)
    # the share of energies below s mu is s^d; Sobol points leave far less than 64 random points would
    for share in (0.25, 0.5, 0.75):
        inside = np.sum(weight[energies < share * mu]) / np.sum(weight)
        assert inside == pytest.approx(share**dimensions, abs=5e-3)


def test_ground_state_with_a_condensate_stays():
    """Both found together, with kernels within and between; then nothing moves but by sampling."""
    trap = [harmonic(1.0)]
    ground = {"kind": "ground-state"}
    one = system(
        [96],
        [18.0],
        [
            species("bosons", particles=4.0, potential=trap, initial=ground),
            classical("gas", 5.0, 65_536, ground, potential=trap),
        ],
        [
            gaussian_kernel("bosons", "bosons", 0.5, 0.7),
            gaussian_kernel("bosons", "gas", 0.6, 0.8),
            gaussian_kernel("gas", "gas", 0.3, 1.0),
        ],
        time=evolution(4.0, 0.05, "blanes-moan-4"),
    )
    before = one.record()["species"]
    assert before["gas"]["rms_width"][0] > 1.02 * np.sqrt(5.0 / 2)  # the others push it out of the bare trap's ball
    one.evolve()
    after = one.record()["species"]
    for name, keys in (("gas", MOVING), ("bosons", MOVING[:-1])):
        assert largest_change(before[name], after[name], keys) < 2e-3, name


def test_ground_state_density_is_thomas_fermi():
    """rho = p_F(x) / (pi hbar) with p_F^2 / 2m + U + W = mu where that is positive: the self-consistent solution on a
    grid of the test, by bisection of mu and damped iteration, against the markers' widths and energies."""
    count, strength, width = 5.0, 0.4, 1.0
    one = system(
        [128],
        [18.0],
        [classical("gas", count, 65_536, {"kind": "ground-state"}, potential=[harmonic(1.0)])],
        [gaussian_kernel("gas", "gas", strength, width)],
    )
    x = np.linspace(-9.0, 9.0, 3601)
    spacing = x[1] - x[0]
    kernel = strength * np.exp(-0.5 * ((x[:, None] - x) / width) ** 2) * spacing
    rho = np.where(np.abs(x) < 3, count / 6.0, 0.0)
    for _ in range(200):
        well = 0.5 * x**2 + kernel @ rho
        low, high = np.min(well), np.max(well)
        for _ in range(80):
            mu = 0.5 * (low + high)
            trial = np.sqrt(np.maximum(2 * (mu - well), 0.0)) / np.pi
            low, high = (mu, high) if np.sum(trial) * spacing < count else (low, mu)
        rho, change = 0.5 * (rho + trial), np.max(np.abs(trial - rho))
        if change < 1e-12:
            break
    record = record_of(one, "gas")
    # 3601 points integrate the square roots at the edge to 1e-5; 65 536 markers sample to 1e-5
    assert record["rms_width"][0] == pytest.approx(np.sqrt(np.sum(rho * x**2) * spacing / count), rel=2e-4)
    assert record["kinetic_energy"] == pytest.approx(np.sum((np.pi * rho) ** 3) / (6 * np.pi) * spacing, rel=5e-4)
    assert record["interaction_energy"] == pytest.approx(0.5 * np.sum(rho * (kernel @ rho)) * spacing, rel=5e-4)


def test_boltzmann_gas_in_a_trap_stays():
    """exp(-(p^2 + x^2) / 2T): widths sqrt(T), and a trap's revolution leaves them."""
    initial = {"kind": "thermal", "temperature": 1.3, "statistics": "boltzmann"}
    one = system(
        [64],
        [24.0],
        [classical("gas", 2.0, 65_536, initial, potential=[harmonic(1.0)])],
        time=evolution(3.0, 0.1, "blanes-moan-4"),
    )
    before = record_of(one, "gas")
    assert before["rms_width"][0] == pytest.approx(np.sqrt(1.3), rel=1e-3)
    assert before["momentum_width"][0] == pytest.approx(np.sqrt(1.3), rel=1e-3)
    assert largest_change(before, record_of(one.evolve(), "gas"), MOVING) < 1e-3


@pytest.mark.parametrize("strength", [0.0171968, 0.171968])
def test_hot_light_gas_around_a_heavy_condensate(strength):
    """A condensate that pushes a gas fifteen times as light out of the middle of both traps, slightly or by twenty
    temperatures, beside a hill there: gas and wave function come to agree, to what the wave function's own tolerance of
    1e-10 allows."""
    one = system(
        [48, 32],
        [24.0, 16.0],
        [
            species(
                "heavy",
                particles=1000.0,
                potential=[harmonic([0.42992, 0.687872])],
                initial={"kind": "ground-state"},
            ),
            classical(
                "light",
                200.0,
                2000,
                {"kind": "thermal", "temperature": 1.4332924, "statistics": "boltzmann"},
                mass=0.0692103,
                potential=[harmonic([1.71968, 2.751487]), {"kind": "gaussian", "height": 17.1968, "width": 2.0}],
            ),
        ],
        [gaussian_kernel("heavy", "light", strength, 1.2), gaussian_kernel("heavy", "heavy", 0.085984, 1.2)],
    )
    assert one.ground_state.gases["light"].residual < 2e-9
    assert one.ground_state.residual < 1e-10
