"""The real command on small problems with [fluctuations]: run, stop, restart, verify, what it leaves and says, and
sentences on wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from tests.system.commands import hpcmix, summary
from tests.system.faults import run_with

PROBLEM = """
title = "Two packets that meet"
[grid]
points = [24]
lengths = [12.0]
[[species]]
name = "left"
particles = 12.0
initial = { kind = "gaussian", width = 1.5, centre = -1.0, momentum = 0.6 }
[[species]]
name = "right"
mass = 1.4
particles = 0.5
initial = { kind = "gaussian", width = 1.4, centre = 1.0 }
[[interaction]]
between = ["left", "left"]
kind = "contact"
strength = 1.5
[[interaction]]
between = ["left", "right"]
kind = "gaussian"
strength = 0.4
width = 0.8
[time]
final = 0.8
step = 0.04
[fluctuations]
modes = 4
probes = 3
also = ["momentum-distribution", "structure-factor", "density"]
[output]
directory = "out"
resolution = "warn"
observables = { every = 4 }
snapshots = { every = 10, slices = false }
checkpoints = { every = 5 }
"""
STEPS, PAIRS = 20, 11

STOP_IN_VOTE = """
from hpcmix.running.stops.requests import StopRequests
votes = []
def code(self, needed=0.0):
    if needed > 0.0:
        votes.append(needed)
    return 10 if len(votes) >= 7 else 0
StopRequests.code = code
"""
STOP_FILE = """
import pathlib, time
from hpcmix.evolve.stepping.stepper import Stepper
usual = Stepper.advance
def advance(self, state):
    usual(self, state)
    if state.step == 8:
        pathlib.Path("out/STOP").touch()
    if state.step >= 8:
        time.sleep(0.3)  # the file is looked for now and then
Stepper.advance = advance
"""
NOT_A_NUMBER = """
from hpcmix.evolve.stepping.stepper import Stepper
usual = Stepper.advance
def advance(self, state):
    usual(self, state)
    if state.step == 7:
        state.fluctuations.pairs[1][...] = float("nan")
Stepper.advance = advance
"""


def records(directory: Path) -> list[dict]:
    return [json.loads(line) for line in (directory / "observables.jsonl").read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "packets.toml").write_text(PROBLEM)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A finished run on two ranks, a group each."""
    path = tmp_path_factory.mktemp("finished")
    (path / "packets.toml").write_text(PROBLEM)
    result = hpcmix("run", "packets.toml", ranks=2, folder=path)
    assert result.returncode == 0, result.stderr
    (path / "said.txt").write_text(result.stdout)
    return path


def test_records_and_summary_hold_the_numbers(finished):
    found, last = records(finished / "out"), summary(finished / "out")
    assert [record["step"] for record in found] == [0, 4, 8, 12, 16, 20]
    assert last["fluctuations"] == found[-1]["fluctuations"] and last["groups"] == 2 and last["pencil_grid"] == [1, 1]
    for record in found:
        numbers = record["fluctuations"]
        # symplectic up to rounding: some 1e-16 a kick and drift
        assert numbers["pairs"] == PAIRS and numbers["symplectic_defect"] < 1e-13
        for entries in numbers["species"].values():
            assert 0.0 <= entries["transverse_excitations"] <= entries["excitations"]
            shells = entries["momentum_distribution"]
            assert sum(shells) == pytest.approx(entries["excitations"], rel=1e-12, abs=1e-15)
    (first, *_), later = found, [record["fluctuations"]["species"]["left"]["excitations"] for record in found]
    assert first["fluctuations"]["species"]["left"]["excitations"] == 0.0 and later == sorted(later) and later[-1] > 0.1


def test_the_log_ends_with_a_line_for_each_species_and_warns_where_they_are_many(finished):
    said = (finished / "said.txt").read_text()
    entries = summary(finished / "out")["fluctuations"]["species"]
    assert "2 ranks as 2 groups of the whole grid, each with the condensates and its part of the pairs" in said
    assert "fluctuations around the flow: 11 pairs (8 for modes, 3 for probes), at most 6 in a group" in said
    number, share = entries["left"]["excitations"], entries["left"]["excitations"] / 12.0
    assert (
        f'fluctuations of "left": N = {number:.6g} +- ' in said
        and f"; N and N_perp are {100 * share:.3g} % and " in said
    )
    (right,) = (line for line in said.splitlines() if line.startswith('fluctuations of "right"'))
    assert "%" not in right  # half a particle is a density of some normalisation
    assert share > 0.1 and said.count('species "left": at t = ') == 1 and "are excitations" in said
    assert 'species "right": at t = ' not in said
    assert right in (finished / "out" / "run.log").read_text().splitlines()


def test_the_series_is_a_dataset_over_species(finished):
    with xarray.open_dataset(finished / "out" / "observables.h5", engine="h5netcdf") as data:
        excitations = data["fluctuations_excitations"]
        assert excitations.dims == ("time", "species") and excitations.attrs["units"] == "1"
        wanted = summary(finished / "out")["fluctuations"]["species"]
        for name, entries in wanted.items():
            assert float(excitations.sel(species=name)[-1]) == entries["excitations"]
        assert "coherent states" in excitations.attrs["long_name"]
        assert data["fluctuations_pairs"].dims == ("time",) and float(data["fluctuations_pairs"][0]) == PAIRS
        assert data["fluctuations_momentum_distribution"].dims[:2] == ("time", "species")
        assert data["fluctuations_wave_numbers"].attrs["units"] == "code unit of length^-1"


def test_snapshots_hold_the_density_outside(finished):
    files = sorted((finished / "out" / "snapshots").glob("*.h5"))
    assert len(files) == 3
    with h5py.File(files[-1]) as file:
        for name, entries in summary(finished / "out")["fluctuations"]["species"].items():
            density = file[f"{name}/fluctuation_density"]
            assert float(np.sum(density)) * 0.5 == pytest.approx(entries["excitations"], rel=1e-12)
            assert density.attrs["units"] == "code unit of length^-1" and "outside" in density.attrs["long_name"]
    with xarray.open_dataset(files[-1], group="left", engine="h5netcdf") as data:
        assert data["fluctuation_density"].dims == ("x",)


def test_verify_reads_the_pairs(finished):
    verified = hpcmix("verify", "out", folder=finished)
    assert verified.returncode == 0 and "step 20, 6 arrays" in verified.stdout, verified.stdout
    assert summary(finished / "out")["digest"] in verified.stdout
    newest = sorted((finished / "out" / "checkpoints").glob("*.h5"))[-1]
    copy = finished / "damaged.h5"
    with h5py.File(newest) as file:
        offset = file["right/pairs"].id.get_offset()
    content = bytearray(newest.read_bytes())
    content[offset + 1000] ^= 1
    copy.write_bytes(content)
    damaged = hpcmix("verify", "damaged.h5", folder=finished)
    assert damaged.returncode != 0 and "the digest of right/pairs" in damaged.stdout


@pytest.mark.parametrize(("patch", "earliest"), [(STOP_IN_VOTE, 7), (STOP_FILE, 8)], ids=["signal", "file"])
def test_a_stop_and_a_restart_are_the_whole_run_to_the_bit(folder, patch, earliest):
    whole = hpcmix("run", "packets.toml", "--set", 'output.directory="whole"', folder=folder)
    assert whole.returncode == 0, whole.stderr
    stopped = run_with(patch, "run", "packets.toml", folder=folder)
    assert stopped.returncode == 75 and "hpcmix restart out goes on" in stopped.stdout, stopped.stderr
    step = summary(folder / "out")["step"]
    assert earliest <= step < STEPS
    restarted = hpcmix("restart", "out", folder=folder)
    assert restarted.returncode == 0, restarted.stderr
    assert f"step {step} of 20" in restarted.stdout
    assert summary(folder / "out")["digest"] == summary(folder / "whole")["digest"]
    assert (folder / "out" / "observables.jsonl").read_bytes() == (folder / "whole" / "observables.jsonl").read_bytes()


def test_pairs_that_are_not_finite_end_the_run(folder):
    lost = run_with(NOT_A_NUMBER, "run", "packets.toml", folder=folder)
    assert lost.returncode == 3
    assert "the solution is not finite: the pairs of [fluctuations] in step 7" in lost.stderr
    assert "in step 7" in summary(folder / "out")["message"]
    newest = sorted((folder / "out" / "checkpoints").glob("*.h5"))[-1]
    assert newest.name == "000005.h5"  # what is not finite is not saved


def test_every_mode_has_its_matrices_in_snapshots_also_after_a_restart(folder):
    every = ("--set", "grid.points=[6]", "--set", "grid.lengths=[6.0]", "--set", 'fluctuations.modes="all"',
             "--set", "fluctuations.probes=0", "--set", "fluctuations.matrices=true")  # fmt: skip
    whole = hpcmix("run", "packets.toml", *every, "--set", 'output.directory="whole"', folder=folder)
    assert whole.returncode == 0, whole.stderr
    part = hpcmix("run", "packets.toml", *every, "--set", "time.final=0.24", folder=folder)
    assert part.returncode == 0, part.stderr
    later = hpcmix("restart", "out", "--until", "0.8", folder=folder)
    assert later.returncode == 0, later.stderr
    assert summary(folder / "out")["digest"] == summary(folder / "whole")["digest"]
    newest = sorted((folder / "whole" / "snapshots").glob("*.h5"))[-1]
    with h5py.File(newest) as file:
        u, v = (file[name][:].reshape(12, 12) for name in ("U", "V"))
        corrections = {name: file[f"{name}/D"][:] for name in ("left", "right")}
    for engine in (None, "netcdf4", "h5netcdf"):
        with xarray.open_dataset(newest, engine=engine) as dataset:
            assert dataset["U"].dims == ("species", "x", "species_column", "x_column")
            assert dataset["left_D"].dims == ("x", "x_column")
    # commutation relations, up to the rounding of 20 steps
    np.testing.assert_allclose(u @ u.conj().T - v @ v.conj().T, np.eye(12), atol=1e-12)
    np.testing.assert_allclose(u @ v.T, v @ u.T, atol=1e-12)
    numbers = summary(folder / "whole")["fluctuations"]["species"]
    density = np.diag(v @ v.conj().T).real.reshape(2, 6).sum(axis=1)
    np.testing.assert_allclose(density, [numbers[name]["excitations"] for name in ("left", "right")], rtol=1e-12)
    for matrix in corrections.values():
        assert abs(np.trace(matrix)) < 1e-12 < np.linalg.norm(matrix)
    refused = hpcmix("run", "packets.toml", *every[:-2], "--set", "time.final=0.24", folder=folder)
    assert refused.returncode == 2  # before what the run has reached


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ('parallel.orbital_groups="many"', 'must be "auto" or a positive whole number'),
        ("parallel.orbital_groups=12", "12 groups cannot share 11 pairs of [fluctuations]"),
        ('parallel.precision="single"', "too coarse for [fluctuations]"),
        ("time.step={tolerance=1e-6}", "must be a number with [fluctuations]"),
    ],
)
def test_what_a_run_cannot_do_is_refused(folder, change, sentence):
    refused = hpcmix("run", "packets.toml", "--set", change, folder=folder)
    assert refused.returncode == 2 and sentence in refused.stderr
    assert not (folder / "out").exists()


def test_commands_that_follow_no_flow_leave_fluctuations_alone(folder):
    ground = hpcmix("ground", "packets.toml", "--set", 'output.directory="ground"', folder=folder)
    assert ground.returncode == 0, ground.stderr
    assert "fluctuations" not in summary(folder / "ground") and "pairs" not in ground.stdout
    scaling = hpcmix("scaling", "packets.toml", "--ranks", "1", folder=folder)
    assert scaling.returncode == 2 and "give a file without [fluctuations]" in scaling.stderr


def test_too_many_pairs_for_the_memory_is_a_sentence(folder):
    grid = ("--set", "grid.points=[2000000]", "--set", "grid.lengths=[1e6]")
    large = (*grid, "--set", "fluctuations.modes=100000")
    refused = hpcmix("run", "packets.toml", *large, folder=folder)
    assert refused.returncode == 2 and "or fewer modes and probes of [fluctuations]" in refused.stderr, refused.stderr
