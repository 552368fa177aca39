"""Classical species at zero temperature in mean fields that they make together with condensates and other gases."""

import numpy as np
import pytest
from physics.systems import evolution, gaussian_kernel, harmonic, species, system
from scipy.optimize import brentq

from hpcmix.initial.descent.ground_state import NotConverged
from hpcmix.problem.mistakes.errors import ProblemError

TRAP = [harmonic(1.0)]
MARKERS = 1 << 15


def gas(name, particles, **entries):
    return species(name, kind="classical", particles=particles, potential=TRAP, **({"markers": MARKERS} | entries))


def condensate_and_gas(strength, **entries):
    return system(
        [96],
        [14.0],
        [species("bosons", particles=2.0, potential=TRAP), gas("gas", 3.0)],
        [gaussian_kernel("bosons", "gas", strength, 0.7), gaussian_kernel("gas", "gas", 0.3, 0.9)],
        **entries,
    )


def on_a_line(strength, bosons=2.0, fermions=3.0):
    """Energy and chemical potential of the same system by other means: matrices on 280 points, the boson's ground state
    by diagonalisation, the gas by quadrature of (2 (mu - W))^(1/2) / pi on 20 000 points, mixed by halves until nothing
    moves."""
    length, points, fine = 14.0, 280, 20_000
    h = length / points
    x = -0.5 * length + h * np.arange(points)
    k = 2 * np.pi * np.fft.fftfreq(points, h)
    kinetic = np.real(np.fft.ifft(np.fft.fft(np.eye(points), axis=0) * (0.5 * k**2)[:, None], axis=0))
    distance = (x[:, None] - x[None, :] + 0.5 * length) % length - 0.5 * length
    coupling = strength * np.exp(-(distance**2) / (2 * 0.49)) * h
    own = 0.3 * np.exp(-(distance**2) / (2 * 0.81)) * h
    places = -0.5 * length + length / fine * (np.arange(fine) + 0.5)
    to_fine = np.exp(1j * np.outer(places - x[0], k)) / points  # trigonometric interpolation

    def filled(felt):
        """mu, and the density as seen by smooth functions: its Fourier coefficients, on the points."""
        depth = 0.5 * places**2 + np.real(to_fine @ np.fft.fft(felt))
        density = lambda mu: np.sqrt(2 * np.maximum(mu - depth, 0.0)) / np.pi  # noqa: E731
        mu = brentq(lambda mu: np.sum(density(mu)) * length / fine - fermions, depth.min(), depth.max(), xtol=1e-14)
        rho = density(mu)
        # all modes of the points; the kernels have none beyond
        spectrum = np.conj(to_fine).T @ rho * points * length / fine / h
        energy = np.sum(np.pi**2 * rho**3 / 6 + 0.5 * places**2 * rho) * length / fine
        return mu, np.real(np.fft.ifft(spectrum)), energy

    wave = np.exp(-0.5 * x**2)
    wave *= np.sqrt(bosons / (np.sum(wave**2) * h))
    felt = coupling @ wave**2
    for _ in range(200):
        mu, rho, energy = filled(felt)
        levels, vectors = np.linalg.eigh(kinetic + np.diag(0.5 * x**2 + coupling @ rho))
        wave = vectors[:, 0] * np.sqrt(bosons / h)
        following = coupling @ wave**2 + own @ rho
        moved = np.max(np.abs(following - felt))
        felt = 0.5 * (felt + following)
        if moved < 1e-12:
            break
    total = energy + bosons * levels[0] + 0.5 * h * rho @ own @ rho
    return total, mu


@pytest.mark.parametrize("strength", [0.6, -0.6])
def test_condensate_and_gas_against_matrices(strength):
    one = condensate_and_gas(strength)
    energy, level = on_a_line(strength)
    assert one.ground_state.gases["gas"].chemical_potential == pytest.approx(level, abs=5e-5)  # 64 points a cell
    assert one.ground_state.energy == pytest.approx(energy, abs=2e-4)  # the sum over 32 768 markers
    assert one.ground_state.gases["gas"].residual < 1e-10
    assert one.ground_state.residual < 1e-10


def test_nothing_moves():
    """Under the evolution the state stays as it is, to the error of the markers' density: 4e-5 in the width of the
    gas."""
    one = condensate_and_gas(0.6, time=evolution(1.5, 0.03, "blanes-moan-4"))
    before = one.record()
    after = one.evolve().record()
    for name in ("bosons", "gas"):
        for key in ("rms_width", "kinetic_energy", "potential_energy"):
            first, last = np.atleast_1d(before["species"][name][key]), np.atleast_1d(after["species"][name][key])
            assert last == pytest.approx(first, rel=1e-4), (name, key)
    assert after["energy"]["total"] == pytest.approx(before["energy"]["total"], rel=1e-9)


def test_gases_that_repel_each_other_strongly():
    """Where each is filled in the field of the other at once they would change places for ever."""
    gases = [gas("inner", 2.0), gas("outer", 1.0)]
    kernels = [gaussian_kernel("outer", "outer", 8.0, 0.7), gaussian_kernel("inner", "outer", 2.0, 0.7)]
    one = system([96], [14.0], gases, kernels)
    widths = [one.record()["species"][name]["rms_width"][0] for name in ("inner", "outer")]
    assert widths[0] < 1.1
    assert widths[1] > 1.4
    filled = one.ground_state.gases
    assert all(state.residual < 1e-10 for state in filled.values())
    assert filled["outer"].chemical_potential > filled["inner"].chemical_potential


def test_a_condensate_that_a_gas_leaves_no_room():
    """They separate: mixed fields go astray on the way, and steps without mixing lower the energy."""
    pair = [species("bosons", potential=TRAP), gas("gas", 1.0, markers=2000)]
    one = system([96], [14.0], pair, [gaussian_kernel("bosons", "gas", 60.0, 0.7)])
    centres = [one.record()["species"][name]["centre"][0] for name in ("bosons", "gas")]
    assert abs(centres[0] - centres[1]) > 1.0
    assert one.ground_state.gases["gas"].residual < 1e-10


def test_a_gas_beside_a_condensate_that_is_given():
    """The condensate is held as it is, and the gas filled in its field."""
    given = species("bosons", particles=2.0, initial={"kind": "gaussian", "width": 0.6, "centre": 2.0}, potential=TRAP)
    one = system([96], [14.0], [given, gas("gas", 3.0)], [gaussian_kernel("bosons", "gas", 2.0, 0.7)])
    record = one.record()["species"]
    assert record["bosons"]["centre"][0] == pytest.approx(2.0, abs=1e-9)
    assert record["gas"]["centre"][0] < -0.2
    assert one.ground_state.method == "self-consistent field"
    assert one.ground_state.energy == pytest.approx(one.energy().total, rel=1e-6)


def test_condensates_beside_markers_that_are_given():
    """Markers that are given are part of the mean field in which condensates are looked for."""
    given = gas("gas", 3.0, initial={"kind": "gaussian", "width": 0.5, "centre": 1.0})
    one = system([96], [14.0], [species("bosons", potential=TRAP), given], [gaussian_kernel("bosons", "gas", 1.0, 0.7)])
    assert one.record()["species"]["bosons"]["centre"][0] < -0.3
    assert one.ground_state.method == "conjugate-gradients"
    assert one.ground_state.energy == pytest.approx(one.energy().total, rel=1e-9)


def test_momentum_is_given_at_the_end():
    one = system([64], [12.0], [gas("gas", 2.0, initial={"kind": "ground-state", "momentum": 0.7})])
    still = system([64], [12.0], [gas("gas", 2.0)])
    assert one.record()["species"]["gas"]["momentum"][0] == pytest.approx(1.4, abs=1e-4)
    assert one.ground_state.energy == pytest.approx(still.ground_state.energy, rel=1e-12)


def test_single_precision():
    pair = [species("bosons", potential=TRAP), gas("gas", 1.0)]
    kernels = [gaussian_kernel("bosons", "gas", 1.0, 0.7)]
    single = system([96], [14.0], pair, kernels, parallel={"precision": "single"})
    double = system([96], [14.0], pair, kernels)
    assert single.ground_state.energy == pytest.approx(double.ground_state.energy, rel=1e-5)
    assert single.record()["species"]["gas"]["rms_width"] == pytest.approx(
        double.record()["species"]["gas"]["rms_width"], rel=1e-4
    )


def test_what_does_not_come_to_an_end():
    with pytest.raises(NotConverged, match=r"change by .* after 2 iterations, asked for"):
        system(
            [64],
            [12.0],
            [gas("gas", 2.0)],
            [gaussian_kernel("gas", "gas", 1.0, 0.7)],
            ground_state={"max_iterations": 2},
        )


def test_a_gas_that_its_trap_lets_go():
    weak = [harmonic(0.05)]
    with pytest.raises(ProblemError, match="at the faces of the box is"):
        system([64], [12.0], [gas("gas", 2.0) | {"potential": weak}], [gaussian_kernel("gas", "gas", 1.0, 0.7)])
