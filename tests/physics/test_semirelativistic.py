"""Semi-relativistic particles, T = sqrt(m^2 + p^2): the free packet against its integral, levels against dense
matrices, orders, and what is conserved."""

from functools import cache

import numpy as np
import pytest
from physics.systems import (
    contact,
    evolution,
    gaussian,
    harmonic,
    largest,
    log_slope,
    moving_mixture,
    require_below,
    species,
    system,
    yukawa,
)

from hpcmix.evolve.stepping.stepper import Stepper
from hpcmix.observe.measures.fermi_density import fermi_density
from hpcmix.splittings import INTEGRATORS


def relativistic(name, **entries):
    return species(name, kinetic="semirelativistic", **entries)


def energy_of(k, mass, hbar=1.0):
    return np.sqrt(mass**2 + (hbar * k) ** 2)


# ---------------------------------------------------------------- free packets


@pytest.mark.parametrize("rest_mass", ["included", "subtracted"])
def test_free_packet_in_one_dimension(rest_mass):
    """phi(t, x) = (1/2 pi) integral phi^(k) exp(i k x - i T t) dk, by a quadrature of its own: the trapezoidal rule,
    which converges faster than any power for this integrand."""
    mass, width, momentum, time = 2.0, 0.5, 1.7, 3.0
    free = system(
        [256],
        [32.0],
        [relativistic("a", mass=mass, rest_mass=rest_mass, particles=3.0, initial=gaussian(width, momentum=momentum))],
        time=evolution(time, 0.5, "strang"),
    ).evolve()
    k = np.linspace(momentum - 30.0, momentum + 30.0, 6001)
    amplitude = (4 * np.pi * width**2) ** 0.25 * np.exp(-0.5 * (width * (k - momentum)) ** 2)
    shift = mass if rest_mass == "subtracted" else 0.0
    moved = amplitude * np.exp(-1j * (energy_of(k, mass) - shift) * time) * (k[1] - k[0]) / (2 * np.pi)
    exact = np.exp(1j * free.grid.axis(0)[:, np.newaxis] * k) @ moved
    # outside the light cone the packet falls as exp(-m |x|): its images are below exp(-2 (32 - 4)) < 1e-12
    require_below(largest(free.state.orbitals[0][0] - exact), 1e-12, "wave function")
    record = free.record()["species"]["a"]
    weight = 3.0 * np.abs(amplitude) ** 2 * (k[1] - k[0]) / (2 * np.pi)
    assert record["kinetic_energy"] == pytest.approx(np.sum(weight * (energy_of(k, mass) - shift)), rel=1e-12)
    velocity = np.sum(weight * k / energy_of(k, mass)) / 3.0
    assert record["centre"][0] == pytest.approx(velocity * time, rel=1e-11)
    assert record["momentum"][0] == pytest.approx(3.0 * momentum, rel=1e-12)
    assert velocity < 1.0 < momentum / mass + 0.5  # slower than light, and not the nonrelativistic velocity
    assert abs(velocity - momentum / mass) > 0.1


def test_free_packet_in_three_dimensions():
    """phi(t, r) = (1/2 pi^2) integral k^2 phi^(k) sin(k r)/(k r) exp(-i T t) dk."""
    mass, width, time = 3.0, 0.8, 2.0
    free = system(
        [40, 42, 45],
        [16.0, 16.0, 16.5],
        [relativistic("a", mass=mass, initial=gaussian(width))],
        time=evolution(time, 1.0, "strang"),
    ).evolve()
    radii = np.sqrt(sum(x**2 for x in free.grid.coordinates))
    k = np.linspace(0.0, 14.0, 4001)
    amplitude = (4 * np.pi * width**2) ** 0.75 * np.exp(-0.5 * (width * k) ** 2)
    moved = k**2 * amplitude * np.exp(-1j * energy_of(k, mass) * time) * (k[1] - k[0]) / (2 * np.pi**2)
    chosen = np.random.default_rng(1).choice(radii.size, 400, replace=False)
    exact = np.sinc(radii.ravel()[chosen, np.newaxis] * k / np.pi) @ moved
    # what the grid cuts off in k, exp(-(0.8 * 7.8)^2 / 2) = 3e-9, and images of exp(-3 (16 - 6))
    require_below(largest(free.state.orbitals[0][0].ravel()[chosen] - exact), 1e-8, "wave function")


# ---------------------------------------------------------------- order and conservation


STEPS = {"strang": (16, 24, 32), "blanes-moan-4": (10, 14, 20), "blanes-moan-6": (6, 8, 10, 12)}
"""As in test_order.py: where the leading term of the error dominates."""


def end_of_quench(integrator, steps):
    """A semi-relativistic and a nonrelativistic component, coupled, in moving potentials; one unit of time."""
    scheme = integrator.replace("rkn-", "")  # a problem file may not ask for the others
    first = {"kinetic": "semirelativistic", "mass": 1.5}
    quench = moving_mixture(evolution(1.0, 1.0 / steps, scheme), first=first)
    quench.stepper = Stepper(quench.mixture, INTEGRATORS[integrator])
    return quench.evolve().state.orbitals


@cache
def reference():
    return end_of_quench("blanes-moan-6", 60)


def measured_order(integrator, numbers):
    errors = [
        max(largest(mine - other) for mine, other in zip(end_of_quench(integrator, n), reference(), strict=True))
        for n in numbers
    ]
    order = log_slope([1 / n for n in numbers], errors)
    print(f"measured: {integrator}: order {order:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}")
    return order


@pytest.mark.parametrize("integrator", STEPS)
def test_order(integrator):
    assert measured_order(integrator, STEPS[integrator]) == pytest.approx(INTEGRATORS[integrator].order, abs=0.15)


def test_what_the_nystroem_schemes_keep():
    """Of order four: its order (it is a symmetric scheme). Of order six: only four, and a problem file that asks for it
    is refused."""
    assert measured_order("blanes-moan-rkn-4", (20, 28, 40)) == pytest.approx(4, abs=0.15)
    assert measured_order("blanes-moan-rkn-6", (20, 28, 40)) == pytest.approx(4, abs=0.15)


@pytest.mark.parametrize("kind", ["condensates", "fermions"])
def test_conservation(kind):
    """Norms to rounding, and the energy to the splitting's error, in three dimensions with two kernels."""
    more = {"kind": "fermions", "orbitals": 3, "initial": {"kind": "oscillator", "frequency": 1.5}}
    if kind == "condensates":
        more = {"particles": 2.0, "initial": gaussian(0.7, centre=0.4)}
    one = system(
        [18, 20, 16],
        [8.0, 8.0, 8.0],
        [
            relativistic("a", mass=0.8, particles=3.0, initial=gaussian(0.8, momentum=0.5)),
            relativistic("b", mass=1.5, rest_mass="subtracted", **more),
        ],
        [yukawa("a", "b", -0.6, 0.8), yukawa("a", "a", -0.2, 0.8)],
        time=evolution(1.0, 0.05),
    )
    start = one.energy()
    one.evolve()
    end = one.energy()
    record = one.record()["species"]
    for name, particles in (("a", 3.0), ("b", 3.0 if kind == "fermions" else 2.0)):
        require_below(abs(record[name]["particles"] / particles - 1.0), 1e-13, f"particles of {name}")
    assert abs(end.kinetic - start.kinetic) > 1e-3 * start.kinetic  # energy flows between its parts
    require_below(abs(end.total - start.total) / start.scale, 1e-11, "energy")  # the splitting's, at this step
    if kind == "fermions":
        assert record["b"]["kinetic_energy"] + record["a"]["kinetic_energy"] == pytest.approx(end.kinetic, rel=1e-12)
        require_below(record["b"]["orthonormality_defect"], 1e-13, "orthonormality")


# ---------------------------------------------------------------- ground states


def dense_levels(one, index, potential):
    """All levels of T + potential in one dimension by diagonalisation of the whole matrix."""
    grid, entry = one.grid, one.problem.species[index]
    fourier = np.fft.fft(np.eye(grid.points[0]), axis=0, norm="ortho")
    shift = entry.mass if entry.rest_mass == "subtracted" else 0.0
    symbol = energy_of(grid.wave_numbers(0), entry.mass, one.mixture.hbar) - shift
    return np.linalg.eigvalsh((fourier.conj().T * symbol) @ fourier + np.diag(potential))


@pytest.mark.parametrize("rest_mass", ["included", "subtracted"])
@pytest.mark.parametrize("mass", [0.05, 1.0, 20.0])
def test_ground_state_and_levels(mass, rest_mass):
    """From nearly massless to nearly nonrelativistic: a condensate and the orbitals of fermions in one trap."""
    one = system(
        [64],
        [16.0],
        [
            relativistic("b", mass=mass, rest_mass=rest_mass, potential=harmonic(1.0 / np.sqrt(mass))),
            relativistic(
                "f",
                mass=mass,
                rest_mass=rest_mass,
                kind="fermions",
                orbitals=4,
                potential=harmonic(1.0 / np.sqrt(mass)),
            ),
        ],
    )
    levels = dense_levels(one, 0, 0.5 * one.grid.axis(0) ** 2)
    # an energy errs by the square of the residual, beside rounding
    require_below(abs(one.record()["species"]["b"]["chemical_potential"] / levels[0] - 1.0), 1e-11, "lowest level")
    require_below(largest(np.array(one.ground_state.levels["f"].energies) / levels[:4] - 1.0), 1e-11, "levels")
    assert one.ground_state.iterations < 60


def test_a_preconditioner_for_any_grid():
    """T grows as |k|: the number of iterations does not grow with the number of points."""
    counts = [
        system(
            [n], [16.0], [relativistic("a", potential=harmonic(1.0))], [contact("a", "a", 2.0)]
        ).ground_state.iterations
        for n in (64, 256, 1024)
    ]
    print(f"measured: iterations {counts}")
    assert max(counts) <= 1.5 * min(counts)


def test_fermi_density():
    """In a constant potential T(k_F) = mu gives the uniform density of all fermions."""
    one = system(
        [24], [9.0], [relativistic("f", kind="fermions", orbitals=5, initial={"kind": "plane-waves"}, mass=0.7)]
    )
    density = fermi_density(one.mixture, 0, np.full(24, 0.3))
    require_below(largest(density * 9.0 / 5.0 - 1.0), 1e-12, "density")
    # and in a trap the density of levels p <= sqrt((mu - W)(mu - W + 2 m)): k_F / pi in one dimension
    well = 0.5 * one.grid.axis(0) ** 2
    density = fermi_density(one.mixture, 0, well)
    momentum = np.pi * density
    inside = density > 0.0
    top = (np.sqrt(0.7**2 + momentum**2) + well)[inside]
    require_below(np.ptp(top) / top[0], 1e-12, "Fermi energy")
    assert 5 < np.count_nonzero(inside) < 24
