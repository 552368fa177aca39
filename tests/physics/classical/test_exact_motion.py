"""Classical species whose motion is known in closed form: free, in harmonic traps, and the centre of mass of coupled
gases (Kohn's theorem)."""

import numpy as np
import pytest
from physics.classical.gases import classical, markers_of, oscillator, phase_space, transform_of
from physics.systems import evolution, gaussian, gaussian_kernel, harmonic, largest, require_below, species, system

from hpcmix.splittings import INTEGRATORS

ROUNDING = 1e-12
"""Of a thousand steps of numbers of size one, with two rounded operations each."""


# ---------------------------------------------------------------- free motion


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_free_streaming_shears_the_transform(dimensions):
    """f^(xi, eta; t) = f^(xi, eta + xi t / m; 0) for xi of the torus, though markers leave it and return."""
    length, mass, time = 4.0, 1.7, 5.0
    gas = classical("gas", 2.0, 3000, oscillator(1.0), mass=mass)
    one = system([20] * dimensions, [length] * dimensions, [gas], time=evolution(time, 0.5, "strang"))
    xi = 2 * np.pi / length * np.array([1.0, -2.0, 1.0])[:dimensions]
    eta = np.array([0.4, -0.3, 0.9])[:dimensions]
    sheared = transform_of(one, xi, eta + xi * time / mass)
    assert abs(transform_of(one.evolve(), xi, eta) - sheared) < ROUNDING
    position, _, weight = markers_of(one)
    assert np.all((-0.5 * length <= position) & (position < 0.5 * length))
    assert np.sum(weight) == pytest.approx(2.0, rel=1e-13)


def test_semi_relativistic_velocity():
    """x' = p / sqrt(m^2 + p^2): no marker is faster than light, and none changes its momentum."""
    gas = classical("gas", 1.0, 500, oscillator(1.0), mass=0.6, kinetic="semirelativistic")
    one = system([32], [12.0], [gas], time=evolution(2.0, 0.5, "strang"))
    before, momentum, _ = markers_of(one)
    after, later, _ = markers_of(one.evolve())
    moved = before + 2.0 * momentum / np.sqrt(0.36 + momentum**2)
    assert largest(after - moved) < ROUNDING
    assert np.array_equal(later, momentum)


# ---------------------------------------------------------------- harmonic traps


@pytest.mark.parametrize("integrator", INTEGRATORS)
def test_trap_is_the_matrix_of_its_kicks_and_drifts(integrator):
    """Every marker moves by the same 2 x 2 matrix a step, the product of the table's shears; over a thousand steps."""
    frequency, mass, step, steps = np.array([1.3, 0.8]), 1.4, 0.05, 1000
    gas = classical(
        "gas", 1.0, 64, oscillator([1.0, 1.0], momentum=[0.2, 0.0]), mass=mass, potential=[harmonic(list(frequency))]
    )
    one = system([24, 24], [20.0, 20.0], [gas], time=evolution(step * steps, step, integrator))
    before = markers_of(one)
    after = markers_of(one.evolve())
    table = INTEGRATORS[integrator]
    for axis, omega in enumerate(frequency):
        matrix = np.eye(2)
        for number, kick in enumerate(table.kicks):
            matrix = np.array([[1.0, 0.0], [-kick * step * mass * omega**2, 1.0]]) @ matrix
            if number < len(table.drifts):
                matrix = np.array([[1.0, table.drifts[number] * step / mass], [0.0, 1.0]]) @ matrix
        whole = np.linalg.matrix_power(matrix, steps)
        exact = whole @ np.stack([before[0][:, axis], before[1][:, axis]])
        assert largest(after[0][:, axis] - exact[0]) < 5 * ROUNDING
        assert largest(after[1][:, axis] - exact[1]) < 5 * ROUNDING


def test_strang_turns_by_its_own_angle():
    """cos(angle) = 1 - w^2 tau^2 / 2 for a step of Strang's: half a turn takes pi / angle steps, wherever that ends."""
    omega, step, steps = 1.0, 0.25, 1000
    gas = classical("gas", 1.0, 50, oscillator(1.0), potential=[harmonic(omega)])
    one = system([24], [16.0], [gas], time=evolution(step * steps, step, "strang"))
    position, momentum, _ = markers_of(one)
    angle, slope = steps * np.arccos(1 - 0.5 * step**2), np.sqrt(1 - 0.25 * step**2)  # x = A cos, p = -A slope sin
    after, later, _ = markers_of(one.evolve())
    assert largest(after - (np.cos(angle) * position + np.sin(angle) / slope * momentum)) < ROUNDING * 10
    assert largest(later - (np.cos(angle) * momentum - slope * np.sin(angle) * position)) < ROUNDING * 10


@pytest.mark.parametrize("integrator", ["strang", "blanes-moan-4", "blanes-moan-6", "blanes-moan-rkn-6"])
def test_trap_turns_phase_space_at_the_order_of_the_integrator(integrator):
    """After a whole period every marker is where it was, up to an error of the table's order."""
    errors = []
    counts = {"strang": (40, 80), "blanes-moan-4": (8, 16), "blanes-moan-6": (5, 10), "blanes-moan-rkn-6": (5, 10)}
    for steps in counts[integrator]:
        gas = classical("gas", 1.0, 200, oscillator(1.0, centre=0.5), potential=[harmonic(1.0)])
        one = system([24], [16.0], [gas], time=evolution(2 * np.pi, 2 * np.pi / steps, integrator))
        before, _, _ = markers_of(one)
        after, _, _ = markers_of(one.evolve())
        errors.append(largest(after - before))
    order = np.log2(errors[0] / errors[1])
    print(f"measured: {integrator}: order {order:.2f}, errors {errors}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.4)


# ---------------------------------------------------------------- the centre of mass


@pytest.mark.parametrize("tolerance", [1e-8, 1e-10])
def test_centre_of_mass_of_a_condensate_and_a_gas(tolerance):
    """Kohn's theorem: with one trap frequency for all, whatever the masses, the kernels and the shapes, the centre of
    mass of both together moves like cos(w t). To a few times the window's tolerance."""
    omega, masses, particles = 0.9, (1.0, 2.3), (3.0, 2.0)
    condensate = species(
        "condensate",
        mass=masses[0],
        particles=particles[0],
        potential=[harmonic(omega)],
        initial=gaussian(1.1, centre=0.8),
    )
    gas = classical(
        "gas",
        particles[1],
        {"number": 4000, "tolerance": tolerance},
        oscillator(0.7, centre=-0.3),
        mass=masses[1],
        potential=[harmonic(omega)],
    )
    kernels = [
        gaussian_kernel("condensate", "condensate", 0.5, 0.9),
        gaussian_kernel("condensate", "gas", 1.0, 0.8),
        gaussian_kernel("gas", "gas", 0.4, 1.0),
    ]
    one = system([128], [20.0], [condensate, gas], kernels, time=evolution(4.0, 0.04, "blanes-moan-6"))

    def centre_of_mass():
        centres = [entry["centre"][0] for entry in one.record()["species"].values()]
        return np.dot(np.multiply(masses, particles), centres) / np.dot(masses, particles)

    start = centre_of_mass()
    momentum = markers_of(one, 1)[1][:, 0] @ markers_of(one, 1)[2]  # of the sample; zero for infinitely many markers
    apart = one.record()["species"]["gas"]["centre"][0]
    one.evolve()
    exact = start * np.cos(4.0 * omega) + momentum * np.sin(4.0 * omega) / (omega * np.dot(masses, particles))
    require_below(abs(centre_of_mass() - exact), 3 * tolerance, "centre of mass")
    assert abs(one.record()["species"]["gas"]["centre"][0] - apart * np.cos(4.0 * omega)) > 0.05  # they do interact


def test_quantum_and_classical_gaussian_move_alike():
    """In harmonic traps, switched twice, a squeezed displaced Gaussian of one orbital has the moments of its Wigner
    function's markers. The sample's moments are made those of infinitely many markers by a linear map, which the flow
    keeps."""
    width, centre, kick = 0.7, 0.9, -0.4
    trap = [harmonic(1.0, until=0.8), harmonic(1.8, **{"from": 0.8}, until=1.7), harmonic(0.5, **{"from": 1.7})]
    initial = gaussian(width, centre=centre, momentum=kick)
    timing = evolution(2.5, 0.02, "blanes-moan-6")
    quantum = system([160], [24.0], [species("gas", particles=1.0, potential=trap, initial=initial)], time=timing)
    both = system([160], [24.0], [classical("gas", 1.0, 2000, initial, potential=trap)], time=timing)

    cloud = both.state.clouds[0]
    both.look().momenta(0)
    pair = np.stack([cloud.position[:, 0] - centre, cloud.momentum[:, 0] - kick])
    assert largest(pair @ cloud.weight) < 0.01  # the sample is one of this Gaussian
    covariance = (pair * cloud.weight) @ pair.T
    wanted = np.diag([0.5 * width**2, 0.5 / width**2])
    assert largest(covariance - wanted) < 0.03
    pair = pair - (pair @ cloud.weight)[:, None]
    covariance = (pair * cloud.weight) @ pair.T
    whitened = np.linalg.cholesky(wanted) @ np.linalg.solve(np.linalg.cholesky(covariance), pair)
    cloud.position[:, 0], cloud.momentum[:, 0] = centre + whitened[0], kick + whitened[1]

    quantum.evolve()
    both.evolve()
    record, counterpart = (one.record()["species"]["gas"] for one in (quantum, both))
    for key in ("kinetic_energy", "potential_energy"):
        assert record[key] == pytest.approx(counterpart[key], abs=1e-9), key
    for key in ("centre", "rms_width", "momentum"):
        assert record[key][0] == pytest.approx(counterpart[key][0], abs=1e-9), key
    assert abs(record["rms_width"][0] - np.sqrt(0.5) * width) > 0.1  # and it breathes


# ---------------------------------------------------------------- mass, weight, boosts


def test_boost_moves_the_whole_distribution():
    """``momentum`` adds to every marker's; nothing else changes."""
    at_rest, boosted = (
        system([24], [12.0], [classical("gas", 1.0, 100, phase_space("exp(-px**2)*exp(-x**2)", 5.0, **extra))])
        for extra in ({}, {"momentum": 0.75})
    )
    assert np.array_equal(markers_of(at_rest)[0], markers_of(boosted)[0])
    assert largest(markers_of(boosted)[1] - markers_of(at_rest)[1] - 0.75) < 1e-15
