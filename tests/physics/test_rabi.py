"""Coherently coupled condensates: two-level oscillations, dense matrices, orders, energies."""

import math
from functools import cache

import numpy as np
import pytest
from physics.systems import contact, evolution, gaussian, harmonic, largest, log_slope, require_below, species, system
from scipy.linalg import expm

from hpcmix.model.mean_field.energies import energy
from hpcmix.model.potentials.envelope import Instant
from hpcmix.running.stops.guard import BlowUp, Guard
from hpcmix.state.orbital_cloud import orbital_clouds


def rabi(first, second, frequency, **entries):
    return {"between": [first, second], "rabi_frequency": frequency, **entries}


WAVE = {"kind": "plane-waves", "numbers": 0}


# ---------------------------------------------------------------- without interactions


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize(("detuning", "phase"), [(0.0, 0.0), (0.0, 0.7), (1.1, 0.7), (-2.0, 0.0)])
@pytest.mark.parametrize("points", [[12], [6, 5], [4, 6, 5]], ids=["1D", "2D", "3D"])
def test_two_levels(points, detuning, phase, precision):
    """All in the first: psi = exp(-i T t) [cos(Wt/2) - i (delta sigma_z + Omega(...)) sin(Wt/2)/W] (1, 0),
    W^2 = Omega^2 + delta^2; in a packet that moves and spreads like a free one meanwhile."""
    d, omega, t = len(points), 2.0, 1.7
    arguments = (points, [5.0] * d)
    packet = {"initial": gaussian(0.9, momentum=0.6), "mass": 1.3}
    both = system(
        *arguments,
        [species("a", particles=3.0, **packet), species("b", mass=1.3, particles=0.0)],
        coupling=[rabi("a", "b", omega, detuning=detuning, phase=phase)],
        time=evolution(t, 0.1, "strang"),
        parallel={"precision": precision},
    )
    start = both.record()
    assert math.isnan(start["species"]["b"]["chemical_potential"]) and start["species"]["b"]["particles"] == 0.0
    both.evolve()
    free = system(
        *arguments,
        [species("a", particles=3.0, **packet)],
        time=evolution(t, 0.1, "strang"),
        parallel={"precision": precision},
    ).evolve()
    whole = math.hypot(omega, detuning)
    cosine, sine = math.cos(0.5 * whole * t), math.sin(0.5 * whole * t) / whole
    first = (cosine - 1j * detuning * sine) * free.field(0)
    second = -1j * omega * np.exp(-1j * phase) * sine * free.field(0)
    # seventeen steps, a few roundings each
    rounding = 1e-13 if precision == "double" else 2e-5
    require_below(max(largest(both.field(0) - first), largest(both.field(1) - second)), rounding, "wave functions")
    record = both.record()
    assert record["species"]["b"]["particles"] == pytest.approx(3 * (omega * sine) ** 2, rel=10 * rounding)
    assert record["energy"]["total"] == pytest.approx(start["energy"]["total"], rel=10 * rounding)
    assert record["energy"]["coupling"] == pytest.approx(sum(record["species"][n]["coupling_energy"] for n in "ab"))


def dense(one, instant):
    """The Hamiltonian of all components on a one-dimensional grid, as one matrix over psi."""
    grid, mixture = one.grid, one.mixture
    n, p = grid.points[0], len(mixture.species)
    fourier = np.fft.fft(np.eye(n), axis=0, norm="ortho")
    matrix = np.kron(mixture.rabi.matrix(instant), np.eye(n))
    for a, model in enumerate(mixture.species):
        symbol = np.empty(n)
        for place, values in model.kinetic.planes(grid):
            symbol[place] = values
        block = (fourier.conj().T * symbol) @ fourier
        potential = model.external.value(instant)
        matrix[a * n : (a + 1) * n, a * n : (a + 1) * n] += block + (0.0 if potential is None else np.diag(potential))
    assert matrix.shape == (p * n, p * n) and largest(matrix - matrix.conj().T) < 1e-12
    return matrix


COMPONENTS = {
    2: [rabi("a", "b", 2.0, detuning=0.7, phase=0.4)],
    3: [rabi("a", "b", 2.0, detuning=0.7, phase=0.4), rabi("b", "c", 1.3, phase=-1.0)],
    4: [rabi("a", "b", 2.0, detuning=0.7), rabi("b", "c", 1.3), rabi("c", "a", 0.9, phase=1.2)],  # "d" is alone
}


@pytest.mark.parametrize("kinetic", ["nonrelativistic", "semirelativistic"])
@pytest.mark.parametrize("count", COMPONENTS)
def test_unequal_masses_against_a_dense_matrix(count, kinetic):
    """Different masses, kinetic energies and traps: the exponential of the whole Hamiltonian."""
    everything = [
        species(
            name,
            mass=mass,
            particles=nu,
            kinetic=kinetic if name != "b" else "nonrelativistic",
            potential=harmonic(omega),
            initial=gaussian(1.0, centre=0.3 * mass, momentum=0.4),
        )
        for name, mass, nu, omega in zip(
            "abcd"[:count], (1.0, 1.7, 0.6, 1.2), (3.0, 1.5, 0.5, 2.0), (0.5, 0.3, 0.7, 0.4), strict=False
        )
    ]
    one = system([24], [12.0], everything, coupling=COMPONENTS[count], time=evolution(1.0, 0.02, "blanes-moan-6"))
    start = np.concatenate([one.field(a) for a in range(count)])
    exact = expm(-1j * dense(one, Instant(0.0, 0.0))) @ start
    one.evolve()
    end = np.concatenate([one.field(a) for a in range(count)])
    # the splitting of kinetic energy and coupling from the traps, order six
    require_below(largest(end - exact), 1e-9, "wave functions")
    assert np.all(np.abs(one.norms()[:2] - np.array([3.0, 1.5]) / np.sum([3.0, 1.5, 0.5][: min(count, 3)])) > 1e-3)


def test_equal_and_unequal_masses_take_the_same_way():
    """Masses that differ in the last digits: a matrix at every point and one at every wave vector agree."""
    ends = [
        system(
            [10, 9],
            [6.0, 6.0],
            [species("a", initial=gaussian(1.0)), species("b", mass=mass, particles=0.5, initial=gaussian(0.8))],
            [contact("a", "b", 0.5)],
            coupling=[rabi("a", "b", 1.0, detuning=0.3, until=0.2, ramp=0.2)],
            time=evolution(0.5, 0.05),
        )
        .evolve()
        .state.orbitals
        for mass in (1.0, 1.0 + 1e-13)
    ]
    for left, right in zip(*ends, strict=True):
        require_below(largest(left - right), 1e-11, "wave functions")


# ---------------------------------------------------------------- order


def end_of_quench(integrator, steps, masses, couplings):
    return (
        system(
            [40],
            [2 * np.pi],
            [
                species(
                    "a",
                    mass=masses[0],
                    particles=3.0,
                    potential=[{"kind": "expression", "value": "3*cos(x) + 3*sin(2*t)*sin(x)"}],
                    initial={"kind": "expression", "amplitude": "1 + 0.5*cos(x)", "phase": "0.3*sin(x)"},
                ),
                species(
                    "b",
                    mass=masses[1],
                    particles=2.0,
                    potential=[{"kind": "expression", "value": "3*cos(x)"}],
                    initial={"kind": "expression", "amplitude": "1 - 0.4*sin(x)"},
                ),
            ],
            [contact("a", "a", 3.0), contact("b", "b", 2.1), contact("a", "b", 1.9)],
            coupling=couplings,
            time=evolution(1.0, 1.0 / steps, integrator),
        )
        .evolve()
        .state.orbitals
    )


COUPLINGS = {
    "constant": [rabi("a", "b", 4.0, detuning=1.5, phase=0.5)],
    "modulated": [rabi("a", "b", 4.0, factor="1 + 0.5*sin(4*t)", detuning=1.5, phase=0.5)],
    "modulated-alone": [rabi("a", "b", 4.0, factor="1 + 0.5*sin(4*t)")],
}
STEPS = {"strang": (16, 24, 32), "blanes-moan-4": (10, 14, 20), "blanes-moan-6": (8, 10, 12)}


@cache
def reference(masses, name):
    return end_of_quench("blanes-moan-6", 48, masses, COUPLINGS[name])


ORDERS = [
    (name, masses, integrator, order)
    for name, masses in (("constant", (4.0, 6.4)), ("constant", (4.0, 4.0)), ("modulated", (4.0, 6.4)))
    for integrator, order in (("strang", 2), ("blanes-moan-4", 4), ("blanes-moan-6", 6))
    if not (name == "modulated" and integrator == "blanes-moan-6")
] + [("modulated-alone", (4.0, 4.0), "blanes-moan-6", 6)]


@pytest.mark.parametrize(("name", "masses", "integrator", "order"), ORDERS)
def test_order(name, masses, integrator, order):
    """Every scheme keeps its order with a constant coupling; with one that changes in time up to four, and all where
    it commutes with itself and the kinetic energies."""
    errors = [
        max(
            largest(mine - other)
            for mine, other in zip(
                end_of_quench(integrator, n, masses, COUPLINGS[name]), reference(masses, name), strict=True
            )
        )
        for n in STEPS[integrator]
    ]
    measured = log_slope([1 / n for n in STEPS[integrator]], errors)
    print(
        f"measured: {name} {integrator}: order {measured:.3f}, errors {', '.join(f'{error:.1e}' for error in errors)}"
    )
    assert measured == pytest.approx(order, abs=0.3)


# ---------------------------------------------------------------- energy, state and guard


def test_the_coupling_is_the_derivative_of_its_energy():
    """dE/ds = 2 Re sum_a nu <delta_a| sum_b R_ab phi_b>, R from the flow itself: i times what a short drift of heavy
    particles changes."""
    one = system(
        [6, 5],
        [4.0, 4.0],
        [species("a", mass=1e30, initial=WAVE), species("b", mass=1e30, particles=2.0, initial=WAVE)],
        coupling=[rabi("a", "b", 1.4, detuning=0.6, phase=0.9)],
        time=evolution(1e-3, 1e-3, "strang"),
    )
    random = np.random.default_rng(2)

    def fields():
        return [random.standard_normal((1, 6, 5)) + 1j * random.standard_normal((1, 6, 5)) for _ in "ab"]

    orbitals, directions = fields(), fields()
    matrix = one.mixture.rabi.matrix(Instant(0.0, 0.0))
    one.state.clouds = orbital_clouds(orbital.copy() for orbital in orbitals)
    one.evolve(1)
    applied = [sum(matrix[a, b] * orbitals[b] for b in range(2)) for a in range(2)]
    moved = [1e3j * (after - before) for after, before in zip(one.state.orbitals, orbitals, strict=True)]
    for flow, operator in zip(moved, applied, strict=True):  # to the first order of the step
        require_below(largest(flow - operator) / largest(operator), 2e-3, "the flow's operator")
    h = 0.5
    energies = [
        energy(
            one.mixture,
            orbital_clouds(phi + s * h * delta for phi, delta in zip(orbitals, directions, strict=True)),
            Instant(0, 0),
        )
        for s in (-1, 1)
    ]
    derivative = (energies[1].coupling - energies[0].coupling) / (2 * h)  # exact: the energy is quadratic
    predicted = sum(
        2 * nu * one.grid.cell_volume * np.vdot(delta, field).real
        for nu, delta, field in zip(one.mixture.weights, directions, applied, strict=True)
    )
    assert abs(predicted) > 1.0
    assert derivative == pytest.approx(predicted, rel=1e-13)


@pytest.mark.parametrize("masses", [(1.0, 1.0), (1.0, 1.5)])
def test_energy_and_total_number(masses):
    one = system(
        [16, 14],
        [8.0, 8.0],
        [
            species("a", mass=masses[0], particles=4.0, potential=harmonic(1.0), initial=gaussian(1.0, centre=0.5)),
            species("b", mass=masses[1], particles=0.0, potential=harmonic(0.9)),
        ],
        [contact("a", "a", 1.0), contact("b", "b", 0.8), contact("a", "b", 1.2)],
        coupling=[rabi("a", "b", 3.0, detuning=0.5)],
        time=evolution(0.6, 0.01),
    )
    guard, start = Guard(one.mixture, "double"), one.record()
    guard.check(start)
    one.evolve()
    end = one.record()
    guard.check(end)
    assert end["species"]["b"]["particles"] > 0.5
    total = sum(end["species"][name]["particles"] for name in "ab")
    require_below(abs(total / 4.0 - 1.0), 1e-12, "total number")
    assert abs(end["energy"]["coupling"] - start["energy"]["coupling"]) > 1e-4
    require_below(abs(end["energy"]["total"] - start["energy"]["total"]), 1e-6, "energy")  # order 4 at this step
    lost = end | {"species": {**end["species"], "b": end["species"]["b"] | {"particles": 5.0}}}
    with pytest.raises(BlowUp, match=r'species "a" and "b" hold'):
        guard.check(lost)


def test_a_pulse_after_the_ground_state():
    """Found without the coupling, as two species with their own numbers; then a pi pulse exchanges them."""
    trap = harmonic(1.0)
    arguments = (
        [32],
        [12.0],
        [species("a", particles=3.0, potential=trap), species("b", particles=1.0, potential=trap)],
    )
    interactions = [contact("a", "a", 0.4), contact("b", "b", 0.4), contact("a", "b", 0.4)]
    pulse = {"from": 0.0, "until": 0.1}
    one = system(
        *arguments,
        interactions,
        coupling=[rabi("a", "b", math.pi / 0.1, **pulse)],
        time=evolution(0.2, 0.01),
    )
    alone = system(*arguments, interactions)
    for a in range(2):
        require_below(largest(np.abs(one.field(a)) - np.abs(alone.field(a))), 1e-12, "ground state")
    one.evolve()
    record = one.record()["species"]
    # the densities are equal up to their numbers, all couplings too: the pulse commutes with everything but the
    # traps' and the mean field's difference, which there is none of
    assert record["a"]["particles"] == pytest.approx(1.0, abs=1e-9)
    assert record["b"]["particles"] == pytest.approx(3.0, abs=1e-9)
