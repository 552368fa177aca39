"""The references themselves: the numbers that other tests rest on, each to its digits, by two resolutions."""

import numpy as np
import pytest
from physics.classical.direct_sums import Kernel, VlasovHartree, ball, to_zero
from physics.classical.dispersion import (
    damped_phonon,
    damped_wave,
    gaussian_transform,
    growing_streams,
    yukawa_transform,
    zero_sound,
)
from physics.classical.fits import fitted_wave
from physics.classical.semi_lagrangian import PhaseSpace
from physics.classical.vlasov_hartree import AT_ONE, START_TOTAL

K = 0.5


def one_fermion_and_one_boson(points, rings, angles, steps):
    reference = VlasovHartree(points, 16.0, Kernel(1.0, 0.7))
    return reference.extrapolated(reference.gaussian(0.8, 0.6), ball(np.sqrt(2.0), 1.0, rings, angles), 1.0, steps)


def test_direct_sums_give_the_printed_numbers():
    """All eleven numbers, and they do not depend on quadrature, grid and step."""
    fine, changes = one_fermion_and_one_boson(320, 16, 48, (20, 40, 80, 160))
    coarse, _ = one_fermion_and_one_boson(200, 12, 36, (16, 32, 64, 128))
    assert set(fine) == {*AT_ONE, "gas momentum"}
    for key, value in AT_ONE.items():
        assert fine[key] == pytest.approx(value, abs=6e-11), key  # half a unit of the last printed digit, and rounding
        assert coarse[key] == pytest.approx(fine[key], abs=1e-10), key
        assert changes[key] < 1e-10, key
    assert fine["gas momentum"] == pytest.approx(-fine["bosons momentum"], abs=1e-12)


def test_energy_is_that_of_the_start():
    reference = VlasovHartree(320, 16.0, Kernel(1.0, 0.7))
    start = reference.record(reference.gaussian(0.8, 0.6), ball(np.sqrt(2.0), 1.0, 16, 48))
    assert start["total"] == pytest.approx(START_TOTAL, abs=6e-11)


def test_landau_roots():
    assert damped_wave(gaussian_transform(2.0, 1.0, K), K, 1.4 - 0.1j) == pytest.approx(
        1.455029853 - 0.136130093j, abs=2e-9
    )
    assert damped_wave(1 / K**2, K, 1.4 - 0.1j) == pytest.approx(1.415661889 - 0.153359467j, abs=2e-9)


def test_two_stream_roots():
    for mode, growth in ((1, 0.279711839), (2, 0.121512085)):
        transform = gaussian_transform(1.2, 2.0, mode * K)
        found = growing_streams(transform, mode * K, 1.0, 0.3**2, 0.2j)
        assert found.imag == pytest.approx(growth, abs=2e-9)
        assert abs(found.real) < 1e-9


def test_damped_phonon_root():
    found = damped_phonon(gaussian_transform(4.0, 0.5, K), gaussian_transform(1.0, 0.7, K), K, 1.2 - 0.05j)
    assert found == pytest.approx(1.198278465 - 0.044872606j, abs=2e-9)


def test_zero_sound_roots():
    assert zero_sound(gaussian_transform(2.0, 1.0, K), K) == pytest.approx(1.890356301, abs=2e-9)
    assert damped_wave(yukawa_transform(0.1, 0.3, K), K, 1.4 - 0.1j) == pytest.approx(
        1.386111729 - 0.167286417j, abs=2e-9
    )
    assert damped_wave(gaussian_transform(0.3, 1.0, K, 3), K, 1.4 - 0.1j) == pytest.approx(
        1.431654482 - 0.146181618j, abs=2e-9
    )


def test_grid_of_phase_space_damps_at_the_root():
    """A small wave: frequency and rate of its mode after the transients, which have died by t = 5 (the next root decays
    three times as fast)."""
    grid = PhaseSpace((16, 256), 4 * np.pi, 8.0, lambda k: gaussian_transform(2.0, 1.0, k))
    f = np.exp(-0.5 * grid.p**2) / np.sqrt(2 * np.pi) * (1.0 + 1e-4 * np.cos(K * grid.x))[:, None]
    times = np.arange(0.0, 20.0, 0.1)
    modes = [grid.mode(f, 1).real]
    for _ in times[1:]:
        f = grid.evolve(f, 0.1, 2)
        modes.append(grid.mode(f, 1).real)
    found = fitted_wave(times, modes, 1.4 - 0.1j, start=6.0)
    assert found == pytest.approx(1.455029853 - 0.136130093j, abs=5e-4)  # the error of steps of 0.05


def test_extrapolation_gives_the_constant_of_a_polynomial():
    squares = [1.0, 0.25, 0.0625]
    assert to_zero(squares, [3.0 + 2.0 * s - 5.0 * s**2 for s in squares]) == pytest.approx(3.0, abs=1e-13)
