"""``noise = { kind = "wigner" }``: half a quantum in every mode, the same at any number of ranks, and records of
particles without it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from physics.systems import contact, harmonic, species, system

from hpcmix.parallel.process.mpi import MPI

PARTICLES = 4000.0
NUMBERS = {1: ([96], [20.0]), 2: ([48, 45], [12.0, 11.0]), 3: ([16, 15, 18], [6.0, 5.5, 7.0])}


def sample(dimensions, comm=MPI.COMM_SELF, points=None, potential=None, cutoff=12.0, parallel=None, **noise):
    grid, lengths = NUMBERS[dimensions]
    initial = {"kind": "plane-waves", "numbers": 0, "noise": {"kind": "wigner", "cutoff": cutoff, "seed": 5} | noise}
    entry = species("a", particles=PARTICLES, potential=potential or [], initial=initial)
    return system(points or grid, lengths, [entry], [contact("a", "a", 0.01)], comm=comm, parallel=parallel or {})


def modes_of(one):
    """alpha_k with sqrt(nu) phi = sum_k alpha_k exp(ikx) / sqrt(V), and hbar^2 k^2 / 2m, on one rank."""
    grid = one.mixture.grid
    phases = [np.exp(0.5j * grid.lengths[axis] * k) for axis, k in
              enumerate(grid.broadcast_wave_numbers(grid.position_block))]  # fmt: skip
    alpha = np.fft.fftn(one.state.orbitals[0][0]) * math.sqrt(PARTICLES * grid.volume) / math.prod(grid.points)
    for phase in phases:
        alpha = alpha * phase
    energies = sum(0.5 * k**2 for k in grid.broadcast_wave_numbers(grid.position_block))
    return alpha, energies


@pytest.mark.parametrize("temperature", [0.0, 4.0])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_every_mode_has_half_a_quantum(dimensions, temperature):
    """Over M modes the mean of |alpha|^2 / (coth / 2) is one to 1 / sqrt(M); five of these. Beyond the cutoff nothing
    but rounding of the condensate, 1e-13 sqrt(N)."""
    alpha, energies = modes_of(sample(dimensions, temperature=temperature))
    alpha[(0,) * dimensions] -= math.sqrt(PARTICLES)
    held = energies <= 12.0
    expected = np.full(held.sum(), 0.5)
    excited = energies[held] > 0.0
    if temperature:
        expected[excited] /= np.tanh(energies[held][excited] / 8.0)
    scaled = alpha[held] / np.sqrt(expected)
    error = 5.0 / math.sqrt(held.sum())
    assert held.sum() >= 31  # of one dimension
    assert np.mean(np.abs(scaled) ** 2) == pytest.approx(1.0, abs=error)
    assert abs(np.mean(scaled**2)) < error
    assert abs(np.mean(scaled)) < error
    assert np.max(np.abs(alpha[~held])) < 1e-10


def test_records_are_of_particles():
    """Number, spectrum, kinetic and potential energy less half a quantum a mode, from the field by numpy."""
    one = sample(2, potential=harmonic(0.3), temperature=1.0)
    record, grid = one.record("momentum-distribution", "spectra"), one.mixture.grid
    of_species = record["species"]["a"]
    alpha, energies = modes_of(one)
    quanta = np.abs(alpha) ** 2 - np.where(energies <= 12.0, 0.5, 0.0)
    assert of_species["particles"] == pytest.approx(quanta.sum(), rel=1e-12)
    assert record["energy"]["kinetic"] == pytest.approx(np.sum(energies * quanta), rel=1e-11)
    spectrum = np.fft.fftshift(quanta.sum(axis=1))
    assert of_species["momentum_distribution"]["x"] == pytest.approx(spectrum, abs=1e-10 * PARTICLES)
    assert sum(of_species["spectra"]["particles"]) == pytest.approx(quanta.sum(), rel=1e-11)
    x, y = grid.coordinates
    density = PARTICLES * np.abs(one.state.orbitals[0][0]) ** 2 - np.sum(energies <= 12.0) / (2.0 * grid.volume)
    trapped = np.sum(0.5 * 0.3**2 * (x**2 + y**2) * density) * grid.cell_volume
    assert record["energy"]["potential"] == pytest.approx(trapped, rel=1e-12)
    assert of_species["maximum_density"] == pytest.approx(density.max(), rel=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_sample_that_is_negative_far_out_has_no_width():
    """The noise takes more from the edges than the cloud of a few particles has: NaN, null in records, and no
    warning from numpy."""
    sampled = []
    for seed in range(4):
        noise = {"kind": "wigner", "cutoff": 12.0, "seed": seed}
        entry = species("a", particles=40.0, initial={"kind": "gaussian", "width": 0.5, "noise": noise})
        of_species = system(*NUMBERS[2], [entry], comm=MPI.COMM_SELF).record()["species"]["a"]
        assert math.isfinite(of_species["particles"])
        sampled += of_species["rms_width"]
    assert any(map(math.isnan, sampled))


def test_without_temperature_only_the_mean_field_is_left():
    """What the noise adds to the number is its own sum, of mean zero: 2 sqrt(N) Re alpha_0 with the standard deviation
    sqrt(N), and sqrt(M)/2 of the other modes. Five of these, where half a quantum a mode would be 100 more."""
    change = sample(3).record()["species"]["a"]["particles"] - PARTICLES
    alpha, energies = modes_of(sample(3))
    own = 2.0 * math.sqrt(PARTICLES) * (alpha[0, 0, 0].real - math.sqrt(PARTICLES))
    assert abs(change - own) < 5.0 * 0.5 * math.sqrt(np.sum(energies <= 12.0)) < 0.5 * np.sum(energies <= 12.0)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_ranks_and_finer_grids_have_the_same_noise(comm, dimensions):
    """To the bit at any number of ranks; on a finer grid the same modes, to rounding of the transforms."""
    whole, part = sample(dimensions), sample(dimensions, comm)
    assert np.array_equal(
        part.state.orbitals[0][0], whole.state.orbitals[0][0][part.mixture.grid.position_block.slices]
    )
    here, there = part.record(), whole.record()
    assert here["species"]["a"]["particles"] == pytest.approx(there["species"]["a"]["particles"], rel=1e-13)
    assert here["energy"]["interaction"] == pytest.approx(there["energy"]["interaction"], rel=1e-12)
    assert here["field_energy"] == pytest.approx(there["field_energy"], rel=1e-12)
    finer = sample(dimensions, points=[2 * number for number in NUMBERS[dimensions][0]])
    coarse = finer.state.orbitals[0][0][(slice(None, None, 2),) * dimensions]
    assert coarse == pytest.approx(whole.state.orbitals[0][0], abs=1e-14)


def test_single_precision_rounds_the_same_numbers(comm):
    double, single = sample(2, comm), sample(2, comm, parallel={"precision": "single"})
    assert single.state.orbitals[0].dtype == np.complex64
    assert single.state.orbitals[0] == pytest.approx(double.state.orbitals[0], abs=1e-7)
