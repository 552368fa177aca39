"""Trace norms of commutators against dense matrices and against their closed forms for oscillator shells; widths,
momenta and determinants of sets of orbitals."""

import math

import numpy as np
import pytest
from physics.systems import System, gaussian, harmonic, largest, require_below, species, system

from hpcmix.observe.measures.averages import momentum_density
from hpcmix.observe.measures.spectrum import axis_sums
from hpcmix.observe.observables.determinant_overlap import determinant_overlap
from hpcmix.observe.observables.momentum_distribution import momentum_distribution
from hpcmix.observe.observables.semiclassical_norms import momentum_norms, plane_wave_norm, position_norms
from hpcmix.problem.files.load import parse_problem


def shells(orbitals, frequency=1.0, points=28, length=13.0, **sections):
    d = 3
    return system(
        [points] * d,
        [length] * d,
        [
            {
                "name": "f",
                "kind": "fermions",
                "orbitals": orbitals,
                "potential": [harmonic(frequency)],
                "initial": {"kind": "oscillator", "frequency": frequency},
            }
        ],
        **sections,
    )


def test_norms_against_dense_matrices():
    """[A, omega] as a matrix over the grid, its singular values summed; boosted orbitals, so that nothing is real."""
    one = system(
        [40],
        [16.0],
        [
            {
                "name": "f",
                "kind": "fermions",
                "orbitals": 3,
                "initial": {"kind": "oscillator", "frequency": 0.7, "centre": 0.5, "momentum": 0.9}
                | {"noise": {"amplitude": 0.1, "seed": 3}},
            }
        ],
    )
    phi, h, n = one.state.orbitals[0], one.grid.cell_volume, 40
    omega = phi.T @ phi.conj() * h
    x = np.diag(one.grid.axis(0))
    fourier = np.fft.fft(np.eye(n), axis=0)
    p = fourier.conj().T / n @ np.diag(one.grid.wave_numbers(0, odd=True)) @ fourier
    wave = np.diag(np.exp(1j * 0.8 * one.grid.axis(0)))

    def dense(a):
        return np.sum(np.linalg.svd(a @ omega - omega @ a, compute_uv=False))

    found = [
        position_norms(one.mixture, phi, 0)[0],
        momentum_norms(one.mixture, phi, 0)[0],
        plane_wave_norm(one.mixture, phi, 0, [0.8]),
    ]
    for value, matrix in zip(found, (x, p, wave), strict=True):
        exact = dense(matrix)
        assert exact > 0.5
        require_below(abs(value / exact - 1.0), 1e-10, "trace norm")


@pytest.mark.parametrize(("orbitals", "highest"), [(4, 1), (10, 2), (20, 3)])
def test_norms_of_oscillator_shells(orbitals, highest):
    """x leads out of the filled shells only from the highest, one axis' quantum up: ||[x, omega]||_Tr =
    2 sqrt(hbar/(2 m w)) sum over the highest shell of sqrt(n_x + 1); the momentum likewise with sqrt(hbar m w / 2).
    """
    frequency = 1.2
    one = shells(orbitals, frequency)
    total = sum((highest - n + 1) * math.sqrt(n + 1.0) for n in range(highest + 1))
    for value in position_norms(one.mixture, one.state.orbitals[0], 0):
        require_below(abs(value / (2.0 * math.sqrt(0.5 / frequency) * total) - 1.0), 1e-6, "position")
    for value in momentum_norms(one.mixture, one.state.orbitals[0], 0):
        require_below(abs(value / (2.0 * math.sqrt(0.5 * frequency) * total) - 1.0), 1e-6, "momentum")


def test_small_plane_waves_are_positions():
    """[exp(i xi x), omega] = i xi [x, omega] + O(xi^2)."""
    one = shells(4)
    position = position_norms(one.mixture, one.state.orbitals[0], 0)[1]
    wave = plane_wave_norm(one.mixture, one.state.orbitals[0], 0, [0.0, 1e-4, 0.0])
    assert wave / 1e-4 == pytest.approx(position, rel=1e-6)


def test_widths_along_the_clouds_own_axes():
    """A set in a trap turned by 30 degrees: the natural widths are those of the trap's own axes, the plain ones not."""
    w1, w2, angle = 1.0, 2.3, math.radians(30.0)
    a, b = f"({math.cos(angle)}*x + {math.sin(angle)}*y)", f"({math.cos(angle)}*y - {math.sin(angle)}*x)"
    trap = {"kind": "expression", "value": f"0.5*{w1**2}*{a}**2 + 0.5*{w2**2}*{b}**2"}
    one = system([40, 40], [13.0, 13.0], [{"name": "f", "kind": "fermions", "orbitals": 3, "potential": [trap]}])
    record = one.record()["species"]["f"]
    # levels (0,0), (1,0), (2,0): <a^2> = (1/2 + 3/2 + 5/2) / (3 w1), <b^2> = 1 / (2 w2); momenta with w for 1/w
    np.testing.assert_allclose(record["natural_width"], [math.sqrt(0.5 / w2), math.sqrt(1.5 / w1)], rtol=1e-8)
    np.testing.assert_allclose(record["natural_momentum_width"], [math.sqrt(0.5 * w2), math.sqrt(1.5 * w1)], rtol=1e-8)
    assert abs(record["rms_width"][0] / record["natural_width"][1] - 1.0) > 0.05


def test_momentum_distribution_of_waves_and_of_shells():
    sphere = system([8, 10], [4.0, 5.0], [{"name": "f", "kind": "fermions", "orbitals": 5,
                                           "initial": {"kind": "plane-waves"}}])  # fmt: skip
    spectral = momentum_density(sphere.mixture, sphere.state.orbitals[0], 1.0)
    found = momentum_distribution(sphere.mixture, axis_sums(spectral))
    # waves (0,0), (0,+-1), (+-1,0) of a box with unequal units: 5 orbitals fill (0,0), (0,+-1), (+-1,0)
    np.testing.assert_allclose(found["x"], [0, 0, 0, 1, 3, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found["y"], [0, 0, 0, 0, 1, 3, 1, 0, 0, 0], atol=1e-12)
    trap = shells(10)
    spectral = momentum_density(trap.mixture, trap.state.orbitals[0], 1.0)
    line = np.array(momentum_distribution(trap.mixture, axis_sums(spectral))["z"])
    assert np.sum(line) == pytest.approx(10.0, rel=1e-12)
    # position and momentum are alike in an oscillator: m w <x^2> = <p^2> / (m w)
    k = np.sort(trap.grid.wave_numbers(2))
    width = trap.record()["species"]["f"]["rms_width"][2]
    assert math.sqrt(np.dot(k**2, line) / 10.0) == pytest.approx(width, rel=1e-7)


def test_overlap_of_displaced_determinants():
    """Two orbitals displaced by d; and boosting all orbitals by a wave of the box that leads out of the sphere leaves
    nothing."""
    here, there = (
        system([64], [20.0], [{"name": "f", "kind": "fermions", "orbitals": 2,
                               "initial": {"kind": "oscillator", "frequency": 1.0, "centre": c}}])
        for c in (0.0, 0.8)
    )  # fmt: skip
    value = determinant_overlap(here.mixture, there.state.orbitals[0], here.state.orbitals[0], 0)
    # <m|D(a)|n> for m, n = 0, 1 with a = d / sqrt(2): exp(-a^2/2) times ((1, -a), (a, 1 - a^2)), so det = exp(-a^2)
    assert value == pytest.approx(math.exp(-(0.8**2)), rel=1e-9)
    wave = {"name": "f", "kind": "fermions", "orbitals": 3, "initial": {"kind": "plane-waves"}}
    still = system([16], [2.0 * np.pi], [wave])
    moved = still.state.orbitals[0] * np.exp(3j * still.grid.axis(0))
    require_below(determinant_overlap(still.mixture, moved, still.state.orbitals[0], 0), 1e-20, "overlap")


def test_macroscopic_kinetic_energies_do_not_depend_on_the_number():
    """CMP (2.20): with hbar = M^(-1/3) the energy per fermion in a trap of frequency 1 is about 1/2 (Thomas-Fermi:
    hbar w (3 M)^(1/3) 3/4 = 3^(4/3)/4), for any M; and a boost reaches p = hbar k."""
    energies = []
    for orbitals in (4, 20):
        text = f"""
grid = {{ points = [28, 28, 28], lengths = [9.0, 9.0, 9.0] }}
scaling = {{ kind = "bose-fermi-macro" }}
[[species]]
name = "f"
kind = "fermions"
orbitals = {orbitals}
potential = [{{ kind = "harmonic", frequency = 1.0 }}]
initial = {{ kind = "oscillator", frequency = 1.0, momentum = [0.3, 0.0, 0.0] }}
"""
        one = System(parse_problem(text))
        hbar = orbitals ** (-1.0 / 3.0)
        assert one.mixture.hbar == pytest.approx(hbar, rel=1e-15)
        highest = {4: 1, 20: 3}[orbitals]
        levels = sum((n + 1) * (n + 2) / 2 * (n + 1.5) for n in range(highest + 1))
        exact = hbar * levels + orbitals * 0.3**2 / 2.0
        assert one.energy().total == pytest.approx(exact, rel=1e-6)
        assert one.record()["species"]["f"]["momentum"][0] == pytest.approx(0.3 * orbitals, rel=1e-9)
        energies.append(hbar * levels / orbitals)
    thomas_fermi = 6.0 ** (1.0 / 3.0) * 0.75
    assert all(abs(value / thomas_fermi - 1.0) < 0.1 for value in energies)


def test_condensates_are_measured_as_before():
    """A single orbital has a phase and no Gram matrix to speak of: none of the sets' entries."""
    one = system([32], [10.0], [species("b", initial=gaussian(1.0))])
    assert not {"orthonormality_defect", "natural_width"} & set(one.record()["species"]["b"])
    assert largest(one.field()) > 0.1
