"""Coherent couplings that depend on place, and those that hand over a momentum."""

from functools import cache

import numpy as np
import pytest
from physics.systems import (
    contact,
    evolution,
    expression,
    largest,
    log_slope,
    require_below,
    species,
    system,
)

from hpcmix.splittings import INTEGRATORS

LENGTH = 2.0 * np.pi


def coupled(integrator, steps, final=1.0, points=32, ground=False, interacting=True, local=True, **entries):
    """Two condensates of different masses and potentials, coupled where cos(x) is large."""
    start = {} if ground else {"initial": expression("1 + 0.3*cos(x)")}
    other = {} if ground else {"initial": expression("1 - 0.4*sin(x)")}
    place = {"profile": "cos(x) + 0.3"} if local else {}
    coupling = {"between": ["a", "b"], "rabi_frequency": 2.0, "phase": 0.4} | place | entries
    lattice = {"kind": "lattice", "depth": [1.5], "period": [LENGTH]}
    return system(
        [points],
        [LENGTH],
        [
            species("a", mass=2.0, particles=3.0, potential=[lattice], **start),
            species("b", mass=3.0, particles=2.0, **other),
        ],
        [contact("a", "a", 1.2), contact("a", "b", 0.7), contact("b", "b", 0.9)] if interacting else [],
        coupling=[coupling],
        time=evolution(final, final / steps, integrator),
    )


@cache
def at_the_end(integrator, steps):
    return coupled(integrator, steps, momentum=1.0, detuning=0.5, factor="1 + 0.3*sin(3*t)").evolve().state.orbitals


@pytest.mark.parametrize(
    ("integrator", "steps"), [("strang", (16, 32)), ("blanes-moan-4", (8, 16)), ("blanes-moan-6", (4, 8))]
)
def test_integrators_keep_their_order(integrator, steps):
    """With a coupling that changes in place and time, beside potentials and mean fields that it does not commute
    with."""
    reference = at_the_end("blanes-moan-6", 24)
    errors = [
        max(largest(one - other) for one, other in zip(at_the_end(integrator, n), reference, strict=True))
        for n in steps
    ]
    order = log_slope([1 / n for n in steps], errors)
    print(f"measured: {integrator} with a local coupling: order {order:.2f}, errors {errors}")
    assert order == pytest.approx(INTEGRATORS[integrator].order, abs=0.3)


def raman(points=8, momentum=2.0, detuning=0.0, **entries):
    """A free gas of two species of one mass, uniform but for its momentum, on a box of length 2 pi."""
    return system(
        [points],
        [LENGTH],
        [
            species("a", mass=1.5, particles=0.0),
            species("b", mass=1.5, particles=4.0, initial=expression("1") | {"momentum": 1.0}),
        ],
        coupling=[
            {"between": ["a", "b"], "rabi_frequency": 1.7, "momentum": momentum, "detuning": detuning, "phase": 0.6}
        ],
        time=evolution(1.5, 0.05, "blanes-moan-6"),
        **entries,
    )


def test_a_raman_pulse_hands_over_its_momentum():
    """b at momentum 1 turns into a at 3: two levels (3^2/2m + delta/2, 1/2m - delta/2) with the coupling Omega/2."""
    made = raman(detuning=-1.1).evolve()
    first, second = 9.0 / 3.0 - 0.55, 1.0 / 3.0 + 0.55
    across = 0.85 * np.exp(0.6j)
    levels, vectors = np.linalg.eigh([[first, across], [np.conj(across), second]])
    amplitudes = vectors @ (np.exp(-1.5j * levels) * vectors.conj().T[:, 1])
    x = made.grid.coordinates[0]
    density = 4.0 / LENGTH
    assert 0.2 < abs(amplitudes[0]) ** 2 < 0.9
    for number, wave in enumerate((3.0, 1.0)):
        exact = np.sqrt(density) * amplitudes[number] * np.exp(1j * wave * x)
        require_below(largest(made.field(number) - exact), 1e-9, f"species {number}")  # steps of order six make 1e-11


def test_a_uniform_profile_is_the_coupling_without():
    """What is done in drifts and what is done in kicks agree, to what steps of order six make of it."""
    switched = {"detuning": 0.3, "from": 0.2, "until": 0.6}
    kicked = coupled("blanes-moan-6", 20, profile="1", **switched).evolve()
    drifted = coupled("blanes-moan-6", 20, local=False, **switched).evolve()
    for a in (0, 1):
        require_below(largest(kicked.field(a) - drifted.field(a)), 1e-8, "in drifts and in kicks")


def test_what_is_conserved():
    """The number of all particles to rounding, and the energy as the scheme has it."""
    made = coupled("blanes-moan-6", 12)
    before, energy = made.norms() @ made.mixture.weights, made.record()["energy"]
    made.evolve()
    after = made.record()["energy"]
    assert made.norms() @ made.mixture.weights == pytest.approx(before, rel=1e-13)
    assert abs(after["coupling"] - energy["coupling"]) > 0.05  # it goes elsewhere
    require_below(abs(after["total"] / energy["total"] - 1.0), 1e-9, "energy")  # errors of order six at twelve steps


def test_three_species_in_a_chain():
    """Two couplings that share a species, by eigenvectors at every point, against a dense matrix; no interactions."""
    names = ("a", "b", "c")
    couplings = [
        {"between": ["a", "b"], "rabi_frequency": 1.3, "profile": "1 + 0.5*cos(x)", "momentum": 1.0},
        {"between": ["b", "c"], "rabi_frequency": 0.9, "momentum": -2.0, "phase": 0.3},
    ]
    made = system(
        [16],
        [LENGTH],
        [
            species(name, mass=1.0 + n, particles=1.0 + n, initial=expression("1 + 0.2*cos(x)"))
            for n, name in enumerate(names)
        ],
        coupling=couplings,
        time=evolution(0.8, 0.04, "blanes-moan-6"),
    )
    x, k = made.grid.axis(0), np.fft.fftfreq(16, 1.0 / 16.0)
    dft = np.fft.fft(np.eye(16))
    matrix = np.zeros((3, 16, 3, 16), complex)
    for a in range(3):
        matrix[a, :, a, :] = np.fft.ifft(np.diag(k**2 / (2.0 + 2.0 * a)) @ dft, axis=0)
    for (a, b), values in {
        (0, 1): 0.65 * (1.0 + 0.5 * np.cos(x)) * np.exp(1j * x),
        (1, 2): 0.45 * np.exp(0.3j - 2j * x),
    }.items():
        matrix[a, range(16), b, range(16)] = values
        matrix[b, range(16), a, range(16)] = values.conj()
    levels, vectors = np.linalg.eigh(matrix.reshape(48, 48))
    start = np.concatenate([made.state.orbitals[a][0] for a in range(3)])
    exact = vectors @ (np.exp(-0.8j * levels) * (vectors.conj().T @ start))
    made.evolve()
    found = np.concatenate([made.state.orbitals[a][0] for a in range(3)])
    require_below(largest(found - exact), 1e-9, "three species")  # of order six at twenty steps


def test_a_dressed_ground_state_with_a_profile_is_the_lowest_of_the_matrix():
    """Without interactions: the lowest vector of T + U + R on the grid."""
    made = coupled("strang", 1, ground=True, interacting=False, momentum=1.0, dressed=True)
    x = made.grid.axis(0)
    points = len(x)
    k = np.fft.fftfreq(points, 1.0 / points)
    kinetic = np.fft.ifft(np.diag(k**2) @ np.fft.fft(np.eye(points)), axis=0)
    across = np.diag((np.cos(x) + 0.3) * np.exp(1j * (0.4 + x)))
    first = kinetic / 4.0 + np.diag(1.5 * np.sin(0.5 * x) ** 2)
    matrix = np.block([[first, across], [across.conj().T, kinetic / 6.0]])
    lowest = np.linalg.eigvalsh(matrix)[0]
    energy = made.record()["energy"]["total"]
    # energies of a state with a residual of 1e-10 are exact to rounding
    assert energy / 5.0 == pytest.approx(lowest, rel=1e-11)


def test_a_spin_orbit_coupled_gas_rests_between_its_wells():
    """Where Omega > 4 E_r, E_r = kappa^2/2m with 2 kappa the momentum of the coupling, the lowest state has no
    quasi-momentum: E = E_r - Omega/2 a particle, and g n/2."""
    interactions = [contact("a", "a", 0.8), contact("b", "b", 0.8), contact("a", "b", 0.8)]
    made = system(
        [16],
        [LENGTH],
        [species("a", particles=3.0), species("b", particles=1.0)],
        interactions,
        coupling=[{"between": ["a", "b"], "rabi_frequency": 2.6, "momentum": 2.0}],
    )
    record = made.record()
    assert record["energy"]["total"] / 4.0 == pytest.approx(0.5 - 1.3 + 0.4 * 4.0 / LENGTH, rel=1e-11)
    for name, momentum in (("a", 1.0), ("b", -1.0)):
        assert record["species"][name]["particles"] == pytest.approx(2.0, abs=1e-6)
        assert record["species"][name]["momentum"][0] == pytest.approx(2.0 * momentum, abs=1e-6)
