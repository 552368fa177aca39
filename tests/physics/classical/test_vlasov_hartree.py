"""The coupled system against direct sums, the conservation of its energy, and its mapping to the scaling."""

import numpy as np
import pytest
from physics.classical.direct_sums import Kernel, Markers, VlasovHartree
from physics.classical.gases import classical, markers_of, oscillator
from physics.classical.vlasov_hartree import AT_ONE
from physics.systems import evolution, gaussian, gaussian_kernel, harmonic, log_slope, require_below, species, system


def coupled(markers, steps, integrator="blanes-moan-4", points=320, final=1.0, **scaling):
    """The system of vlasov_hartree.py; with a scaling its numbers, and the boson's mass, are the scaling's."""
    numbers = {} if scaling else {"particles": 1.0}
    return system(
        [points],
        [16.0],
        [
            species("bosons", initial=gaussian(0.8, centre=0.6), **numbers),
            classical("fermions", scaling.pop("particles", 1.0), markers, oscillator(1.0)),
        ],
        [gaussian_kernel("bosons", "fermions", 1.0, 0.7)],
        time=evolution(final, final / steps, integrator),
        **scaling,
    )


def numbers_of(one, per=1.0):
    """What vlasov_hartree.py lists, divided by the number of fermions where it is extensive."""
    record = one.record()
    bosons, fermions = record["species"]["bosons"], record["species"]["fermions"]
    return {
        "bosons kinetic": bosons["kinetic_energy"] / per,
        "gas kinetic": fermions["kinetic_energy"] / per,
        "interaction": record["energy"]["interaction"] / per,
        "total": record["energy"]["total"] / per,
        "bosons centre": bosons["centre"][0],
        "bosons width": bosons["rms_width"][0],
        "bosons momentum": bosons["momentum"][0] / per,
        "gas centre": fermions["centre"][0],
        "gas width": fermions["rms_width"][0],
        "gas momentum width": fermions["momentum_width"][0],
    }


def test_one_boson_and_one_fermion():
    """Ten numbers at t = 1 with 65 536 markers. The tolerance is the markers': sampling leaves 2e-7 of most numbers."""
    numbers = numbers_of(coupled(65_536, 25).evolve())
    for key, value in AT_ONE.items():
        print(f"measured: {key}: {numbers[key] - value:+.1e}")
    for key, value in AT_ONE.items():
        assert numbers[key] == pytest.approx(value, abs=2e-6), key


@pytest.mark.parametrize("particles", [8, 27])
def test_semiclassical_scaling_does_not_move_differently(particles):
    """``bose-fermi-macro`` with a classical species: hbar = 1/M, bosons of mass hbar; trajectories are those of (2.22),
    energies M times theirs."""
    plain = coupled(4096, 25)
    scaled = coupled(4096, 25, particles=particles, scaling={"kind": "bose-fermi-macro"})
    assert scaled.problem.hbar == pytest.approx(1.0 / particles, rel=1e-14)
    for key, value in numbers_of(plain).items():
        assert numbers_of(scaled, particles)[key] == pytest.approx(value, abs=1e-12), key
    plain.evolve()
    scaled.evolve()
    for key, value in numbers_of(plain).items():
        assert numbers_of(scaled, particles)[key] == pytest.approx(value, abs=1e-11), key


@pytest.mark.parametrize(
    "integrator, steps", [("strang", (20, 40)), ("blanes-moan-4", (6, 12)), ("blanes-moan-6", (3, 6))]
)
def test_energy_error_falls_with_the_order_of_the_integrator(integrator, steps):
    """At a window whose own error, below 1e-11, does not show."""
    errors = []
    for count in steps:
        one = coupled({"number": 2000, "tolerance": 1e-12}, count, integrator, points=128)
        start = one.energy().total
        errors.append(abs(one.evolve().energy().total - start))
    order = log_slope([1.0 / count for count in steps], errors)
    print(f"measured: {integrator}: order {order:.2f}, errors {errors}")
    expected = {"strang": 2, "blanes-moan-4": 4, "blanes-moan-6": 6}[integrator]
    assert expected - 0.5 < order < expected + 1.5


@pytest.mark.parametrize("tolerance, width", [(1e-4, 4), (1e-6, 6), (1e-8, 8), (1e-10, 10), (1e-12, 12)])
def test_window_leaves_what_it_promises(tolerance, width):
    """Energy and total momentum along a run whose steps are short enough that only the window shows."""
    one = coupled({"number": 2000, "tolerance": tolerance}, 40, "blanes-moan-6", points=64)
    before = one.energy().total, total_momentum(one)
    one.evolve()
    require_below(abs(one.energy().total - before[0]), 10 * tolerance, f"energy, tolerance {tolerance}")
    require_below(abs(total_momentum(one) - before[1]), 10 * tolerance, f"momentum, tolerance {tolerance}")


def total_momentum(one):
    return sum(entry["momentum"][0] for entry in one.record()["species"].values())


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_same_markers_by_direct_sums(tolerance):
    """Every kernel, two masses, two traps: the program's own few markers, moved by sums over all of them without a grid
    and without a window. What is left is the window's error, whatever the sampling."""
    masses, frequencies = (1.0, 1.9), (0.6, 1.1)
    one = system(
        [96],
        [18.0],
        [
            species(
                "bosons",
                mass=masses[0],
                particles=2.0,
                potential=[harmonic(frequencies[0])],
                initial=gaussian(0.9, centre=0.5, momentum=0.3),
            ),
            classical(
                "fermions",
                1.5,
                {"number": 300, "tolerance": tolerance},
                oscillator(1.0, centre=-0.4),
                mass=masses[1],
                potential=[harmonic(frequencies[1])],
            ),
        ],
        [
            gaussian_kernel("bosons", "bosons", 0.7, 1.0),
            gaussian_kernel("bosons", "fermions", 1.2, 0.9),
            gaussian_kernel("fermions", "fermions", 0.8, 0.8),
        ],
        time=evolution(1.0, 0.02, "blanes-moan-6"),
    )
    reference = VlasovHartree(
        192, 18.0, Kernel(1.2, 0.9), Kernel(0.7, 1.0), Kernel(0.8, 0.8), masses, frequencies=frequencies
    )
    position, momentum, weight = markers_of(one, 1)
    psi = reference.gaussian(0.9, 0.5, 0.3, 2.0)
    exact, changes = reference.extrapolated(psi, Markers(position[:, 0], momentum[:, 0], weight), 1.0)
    assert max(changes.values()) < 1e-10
    start = numbers_of(one)
    numbers = numbers_of(one.evolve())
    for key, value in numbers.items():
        require_below(abs(value - exact[key]), 10 * tolerance, key)
    assert abs(numbers["gas centre"] - start["gas centre"]) > 0.05


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_force_is_the_derivative_of_the_energy(dimensions):
    """Markers displaced at random: the change of the energy is that of the kick's momenta. Central differences, whose
    error is that of the third derivative; with a trap, a condensate and the gas's own interaction."""
    points, length = {1: 96, 2: 40, 3: 24}[dimensions], 9.0
    one = system(
        [points] * dimensions,
        [length] * dimensions,
        [
            species("bosons", particles=2.0, initial=gaussian(1.0, centre=[0.4] * dimensions)),
            classical("gas", 3.0, 200, oscillator(0.6), potential=[harmonic(0.7)]),
        ],
        [gaussian_kernel("bosons", "gas", 1.0, 1.0), gaussian_kernel("gas", "gas", 0.7, 1.1)],
        time=evolution(1e-3, 1e-3, "strang"),
    )
    position, momentum, weight = markers_of(one, 1)
    direction = np.random.default_rng(5).normal(size=position.shape)
    cloud = one.state.clouds[1]
    order = np.argsort(cloud.index)

    def energy(distance):
        cloud.position[order] = position + distance * direction
        return one.energy().total

    step = 1e-4
    slope = (energy(step) - energy(-step)) / (2 * step)
    energy(0.0)
    one.evolve(1)  # half a kick, a drift that moves by 1e-3 p, half a kick, pending
    _, later, _ = markers_of(one, 1)
    kicked = (later - momentum) / 1e-3  # the mean force along a step of 1e-3
    drifted = np.sum(weight[:, None] * kicked * direction)
    # the force changes along the step by its gradient times p dt / 2: a relative 1e-3
    assert -drifted == pytest.approx(slope, rel=5e-3)
    assert abs(slope) > 0.03
