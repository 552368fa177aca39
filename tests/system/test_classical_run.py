"""The real command on a small problem with a classical species: run, kill and restart on other ranks to the bit, what
it leaves and says, verify, show, plot, plan and bench, and sentences on what cannot go on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from hpcmix.io.fields.slice_file import read_slices
from tests.system.commands import hpcmix, summary
from tests.system.faults import run_with

NUMBER = 1000
PROBLEM = f"""
title = "A classical gas beside a condensate"
[grid]
points = [24, 20]
lengths = [12.0, 10.0]
[[species]]
name = "bosons"
initial = {{ kind = "gaussian", width = 0.9, centre = [0.6, 0.0] }}
[[species]]
name = "gas"
kind = "classical"
particles = 1.5
markers = {{ number = {NUMBER}, seed = 3, tolerance = 1e-6 }}
potential = [{{ kind = "harmonic", frequency = [1.0, 1.2] }}]
initial = {{ kind = "oscillator", frequency = 1.0, momentum = [0.4, 0.0] }}
[[interaction]]
between = ["bosons", "gas"]
kind = "gaussian"
strength = 1.0
width = 0.9
[[interaction]]
between = ["gas", "gas"]
kind = "gaussian"
strength = -0.3
width = 1.0
[time]
final = 0.8
step = 0.05
integrator = "strang"
[output]
directory = "out"
observables = {{ every = 4, also = ["density-modes"] }}
snapshots = {{ every = 8 }}
markers = {{ every = 4, every_nth = 4 }}
phase_space = [
    {{ species = "gas", axes = ["x", "px"], bins = [30, 20] }},
    {{ species = "gas", axes = ["px", "py"], bins = [16, 16] }},
]
checkpoints = {{ every = 4, keep = 9 }}
"""
STEPS = 16

NOT_A_NUMBER = """
from hpcmix.evolve.stepping.stepper import Stepper
usual = Stepper.advance
def advance(self, state):
    usual(self, state)
    if state.step == 7 and len(state.clouds[1].momentum):
        state.clouds[1].momentum[0] = float("nan")
Stepper.advance = advance
"""
KILLED = """
import os, signal
from hpcmix.evolve.stepping.stepper import Stepper
usual = Stepper.advance
def advance(self, state):
    if state.step == 10:
        os.kill(os.getpid(), signal.SIGKILL)
    usual(self, state)
Stepper.advance = advance
"""


def records(directory: Path) -> list[dict]:
    return [json.loads(line) for line in (directory / "observables.jsonl").read_text().splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gas.toml").write_text(PROBLEM)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A finished run on one rank."""
    path = tmp_path_factory.mktemp("finished")
    (path / "gas.toml").write_text(PROBLEM)
    result = hpcmix("run", "gas.toml", folder=path)
    assert result.returncode == 0, result.stderr
    (path / "said.txt").write_text(result.stdout)
    return path


def test_records_and_summary_hold_the_numbers(finished):
    found, last = records(finished / "out"), summary(finished / "out")
    assert [record["step"] for record in found] == [0, 4, 8, 12, 16]
    assert last["species"] == found[-1]["species"]
    assert set(found[0]["species"]["gas"]) == {
        *("particles", "kinetic_energy", "potential_energy", "interaction_energy", "chemical_potential"),
        *("centre", "rms_width", "maximum_density", "momentum", "momentum_width", "markers", "window"),
        *("half_difference", "face_density", "density_modes"),
    }
    gas = [record["species"]["gas"] for record in found]
    assert all(entries["markers"] == NUMBER and entries["window"] == 6 for entries in gas)
    assert {entries["particles"] for entries in gas} == {gas[0]["particles"]}  # weights are constants
    assert gas[0]["particles"] == pytest.approx(1.5, rel=1e-12)
    # from half as many points of a sequence in four dimensions, 500: differences below 1/500 times a few
    assert max(np.abs(gas[0]["half_difference"]["centre"])) < 0.02
    assert gas[0]["momentum"] == pytest.approx([0.6, 0.0], abs=0.01)
    # a step of 0.05 at frequencies of one: tau^2 / 24 and less
    energies = [record["energy"]["total"] for record in found]
    assert energies == pytest.approx([energies[0]] * len(energies), rel=1e-3)


def test_the_series_is_a_dataset(finished):
    with xarray.open_dataset(finished / "out" / "observables.h5") as series:
        gas = series.sel(species="gas")
        assert gas["momentum_width"].dims == ("time", "axis") and gas["momentum_width"].notnull().all()
        assert gas["half_difference_centre"].dims == ("time", "axis")
        assert gas["density_modes_x_re"].dims == ("time", "density_wave_numbers_x")
        wave_numbers = series["density_wave_numbers_x"]
        assert wave_numbers[7] == pytest.approx(8 * wave_numbers[0]) and wave_numbers.attrs["long_name"]
        assert gas["density_modes_x_re"].shape == (5, 8) and gas["spectral_tail"].isnull().all()
        assert series["markers"].attrs["long_name"] == "number of markers"
        assert series.sel(species="bosons")["spectral_tail"].notnull().all()


def test_marker_files_and_histograms_are_of_one_cloud(finished):
    files = sorted((finished / "out" / "markers").glob("*.h5"))
    assert [file.name for file in files] == [f"{number:06d}.h5" for number in range(5)]
    found = records(finished / "out")
    for number, file in enumerate(files):
        with h5py.File(file, "r") as content:
            gas = content[f"data/{number}/particles/gas"]
            indices = gas["id"][:]
            np.testing.assert_array_equal(indices, np.arange(0, NUMBER, 4))
            weight = gas["weighting"][:]
            centre = [weight @ gas[f"position/{axis}"][:] / weight.sum() for axis in "xy"]
            momentum = [weight @ gas[f"momentum/{axis}"][:] / weight.sum() for axis in "xy"]
            assert content.attrs["step"] == 4 * number and content.attrs["time"] == pytest.approx(0.2 * number)
        # a quarter of the markers is a sample of the same f: errors of a few over their number
        record = found[number]["species"]["gas"]
        assert centre == pytest.approx(record["centre"], abs=0.03)
        assert 1.5 * np.array(momentum) == pytest.approx(record["momentum"], abs=0.05)
    for number, path in enumerate(sorted((finished / "out" / "slices").glob("*.h5"))):
        slices = read_slices(path)
        first, second = slices.phase_space["gas"]
        assert first.axes == ("x", "px") and second.axes == ("px", "py")
        assert first.density.shape == (30, 20) and list(slices.slices) == ["bosons", "gas"]
        for density in (first, second):
            area = np.prod([edge[1] - edge[0] for edge in density.edges])
            assert density.density.sum() * area == pytest.approx(1.5, rel=1e-12)
        x = 0.5 * (first.edges[0][1:] + first.edges[0][:-1])
        mean = first.density.sum(axis=1) @ x / first.density.sum()
        assert mean == pytest.approx(found[2 * number]["species"]["gas"]["centre"][0], abs=0.4 / 2)  # half a bin


def test_a_snapshot_has_the_density_of_markers(finished):
    with h5py.File(finished / "out" / "snapshots" / "000002.h5", "r") as file:
        density = file["gas/density"][:]
        assert set(file["gas"]) == {"density"}
    assert density.sum() * 0.25 == pytest.approx(1.5, rel=1e-12)  # every marker is on the grid
    assert density.min() >= 0.0


def test_the_log_tells_of_markers(finished):
    said = (finished / "said.txt").read_text()
    assert f'markers of "gas": {NUMBER}, spread by a window of 6 cells' in said
    assert 'forces between "bosons" and "gas": relative error ' in said and 'forces within "gas": ' in said
    assert 'markers of "gas": halves differ by ' in said
    rows = {line.split()[0] for line in said.splitlines() if line}
    assert {"spread", "gather", "migrate", "patches"} <= rows


def test_show_and_verify(finished):
    shown = hpcmix("show", "out", folder=finished)
    assert shown.returncode == 0 and f"{NUMBER} markers" in shown.stdout
    assert "marker files" in shown.stdout and "5, from time 0 to 0.8" in shown.stdout
    verified = hpcmix("verify", "out", folder=finished)
    assert verified.returncode == 0, verified.stdout
    assert "markers/000004.h5" in verified.stdout and "2 histograms of phase space" in verified.stdout
    assert "bad" not in verified.stdout


def test_plot(finished):
    drawn = hpcmix("plot", "out", folder=finished)
    assert drawn.returncode == 0, drawn.stderr
    for name in ("energy", "series", "columns", "film", "phase-space"):
        assert f"{name}.png" in drawn.stdout and (finished / "out" / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("ranks", [1, 3])
def test_a_killed_run_goes_on_to_the_bit_on_other_ranks(finished, folder, ranks):
    killed = run_with(KILLED, "run", "gas.toml", folder=folder)
    assert killed.returncode != 0
    assert not (folder / "out" / "checkpoints" / "000012.h5").exists()
    restarted = hpcmix("restart", "out", ranks=ranks, folder=folder)
    assert restarted.returncode == 0, restarted.stderr
    assert ('markers of "gas": at most ' in restarted.stdout) == (ranks > 1)
    same_as(folder / "out", finished / "out")


def same_as(place: Path, expected: Path) -> None:
    """Digest, marker files, histograms, and what records hold of markers alone, to the bit."""
    assert summary(place)["digest"] == summary(expected)["digest"]
    of_markers = ("particles", "kinetic_energy", "potential_energy", "centre", "rms_width", "momentum")
    of_markers += ("momentum_width", "half_difference", "density_modes", "maximum_density")
    for ours, theirs in zip(records(place), records(expected), strict=True):
        for entry in of_markers:
            assert ours["species"]["gas"][entry] == theirs["species"]["gas"][entry], entry
    for theirs in sorted((expected / "markers").glob("*.h5")):
        with h5py.File(theirs, "r") as here, h5py.File(place / "markers" / theirs.name, "r") as there:
            group = f"data/{int(theirs.stem)}/particles/gas"
            for name in ("position/x", "position/y", "momentum/x", "momentum/y", "weighting", "id"):
                np.testing.assert_array_equal(here[group][name][:], there[group][name][:])
    for theirs in sorted((expected / "slices").glob("*.h5")):
        for ours, other in zip(
            read_slices(place / "slices" / theirs.name).phase_space["gas"],
            read_slices(theirs).phase_space["gas"],
            strict=True,
        ):
            np.testing.assert_array_equal(ours.density, other.density)


def test_two_orbital_groups_have_the_same_bits(finished, folder):
    """From the same start, whose wave function is normalised with sums over ranks. The condensate is in one group;
    markers are in both."""
    start = finished / "out" / "checkpoints" / "000000.h5"
    command = ("run", "gas.toml", "--restart", start, "--set", "parallel.orbital_groups=2")
    result = hpcmix(*command, ranks=4, folder=folder)
    assert result.returncode == 0, result.stderr
    same_as(folder / "out", finished / "out")


def test_looking_changes_no_number(finished, folder):
    """Records, snapshots, marker files and checkpoints of every step, in place of a few."""
    outputs = ("observables", "snapshots", "markers", "checkpoints")
    often = [part for name in outputs for part in ("--set", f"output.{name}.every=1")]
    assert hpcmix("run", "gas.toml", *often, folder=folder).returncode == 0
    assert summary(folder / "out")["digest"] == summary(finished / "out")["digest"]
    assert len(list((folder / "out" / "markers").glob("*.h5"))) == STEPS + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("species.gas.markers.number=500", "species.gas.markers.number: 1000 in the checkpoint, 500 now: its markers"),
        ("species.gas.markers.seed=4", "species.gas.markers.seed: 3 in the checkpoint, 4 now"),
        ("species.gas.markers.tolerance=1e-8", "species.gas.markers.tolerance: 1e-06 in the checkpoint, 1e-08 now"),
    ],
)
def test_other_markers_are_others(finished, folder, change, sentence):
    shutil.copytree(finished / "out", folder / "out")
    command = ("run", "gas.toml", "--restart", "out", "--set", "time.final=1.0", "--set", change)
    refused = hpcmix(*command, folder=folder)
    assert refused.returncode != 0 and sentence in refused.stderr
    accepted = hpcmix(*command, "--accept-changes", folder=folder)
    fits = "number" not in change
    assert (accepted.returncode == 0) == fits, accepted.stderr


def test_a_quantum_run_does_not_go_on_classically(finished, folder):
    shutil.copytree(finished / "out", folder / "out")
    quantum = PROBLEM.replace('kind = "classical"', 'kind = "fermions"\norbitals = 3').replace(
        f"markers = {{ number = {NUMBER}, seed = 3, tolerance = 1e-6 }}\n", ""
    )
    quantum = "\n".join(line for line in quantum.splitlines() if not line.startswith(("markers =", "particles =")))
    quantum = quantum.replace(quantum[quantum.index("phase_space") : quantum.index("checkpoints")], "")
    (folder / "gas.toml").write_text(quantum.replace("final = 0.8", "final = 1.0"))
    refused = hpcmix("run", "gas.toml", "--accept-changes", folder=folder)
    assert refused.returncode != 0 and "its fields do not fit" in refused.stderr, refused.stderr


def test_momenta_that_are_not_finite_end_the_run(folder):
    lost = run_with(NOT_A_NUMBER, "run", "gas.toml", folder=folder)
    assert lost.returncode == 3, lost.stderr
    assert 'the solution is not finite: species "gas" in step 7' in lost.stderr


def test_plan_and_bench(folder):
    planned = hpcmix("plan", "gas.toml", folder=folder)
    assert planned.returncode == 0, planned.stderr
    options = ("--steps", "5", "--output-trial", "trial", "--json", "bench.json")
    measured = hpcmix("bench", "gas.toml", *options, ranks=2, folder=folder)
    assert measured.returncode == 0, measured.stderr
    found = json.loads((folder / "bench.json").read_text())
    phases, markers = found["phases"], found["markers"]
    assert markers["count"] == NUMBER and f"{NUMBER}: spread " in measured.stdout
    # seconds of a rank for its half of the markers
    for row, nanoseconds in markers["nanoseconds"].items():
        assert nanoseconds == pytest.approx(1e9 * phases[row]["seconds"] / phases[row]["calls"] / (NUMBER / 2))
    assert found["output"]["marker_file"] > 0.0
    assert found["output"]["marker_files_per_step"] == pytest.approx(5 / STEPS)
    assert {"spread", "gather", "migrate"} <= set(phases)
    for row in ("spread", "gather", "migrate"):
        assert row in measured.stdout


def test_a_gas_alone(folder):
    """Without any condensate, in one dimension, in single precision, and with a step of its own kind."""
    alone = """
        title = "A gas alone"
        [grid]
        points = [31]
        lengths = [12.0]
        [[species]]
        name = "gas"
        kind = "classical"
        particles = 1.0
        markers = 200
        potential = [{ kind = "harmonic", frequency = 1.0 }]
        initial = { kind = "gaussian", width = 1.0, centre = 1.0 }
        [[interaction]]
        between = ["gas", "gas"]
        kind = "gaussian"
        strength = 0.5
        width = 1.0
        [time]
        final = 0.5
        step = 0.05
        [parallel]
        precision = "single"
        [output]
        directory = "alone"
        snapshots = { slices = false }
        phase_space = [{ species = "gas", axes = ["x", "px"] }]
        markers = {}
        """
    (folder / "alone.toml").write_text(alone)
    result = hpcmix("run", "alone.toml", "--plot", folder=folder)
    assert result.returncode == 0, result.stderr
    place = folder / "alone"
    assert len(list((place / "markers").glob("*.h5"))) == 2 and len(list((place / "slices").glob("*.h5"))) == 2
    assert (place / "phase-space.png").exists() and not (place / "columns.png").exists()
    # Kohn's theorem: the centre is cos(t) whatever the kernel; a step of 0.05 of blanes-moan-4 is right to 1e-7,
    # the field of single precision to 1e-6
    found = records(place)[-1]
    start = records(place)[0]["species"]["gas"]
    expected = start["centre"][0] * np.cos(0.5) + start["momentum"][0] * np.sin(0.5)
    assert found["species"]["gas"]["centre"][0] == pytest.approx(expected, abs=5e-6)
    assert hpcmix("verify", "alone", folder=folder).returncode == 0


def test_a_set_is_compared_with_its_start_and_markers_are_not_kept_twice(folder):
    """Fermions beside a gas, in groups, and what a checkpoint keeps of time zero."""
    text = PROBLEM.replace(
        'name = "bosons"\ninitial = { kind = "gaussian", width = 0.9, centre = [0.6, 0.0] }',
        'name = "bosons"\nkind = "fermions"\norbitals = 3\ninitial = { kind = "oscillator", frequency = 1.0 }',
    ).replace('also = ["density-modes"]', 'also = ["determinant-overlap"]')
    (folder / "gas.toml").write_text(text)
    start = hpcmix("run", "gas.toml", "--set", "time.final=0.4", folder=folder)
    assert start.returncode == 0, start.stderr
    with h5py.File(folder / "out" / "checkpoints" / "000004.h5", "r") as file:
        assert file["bosons/orbitals-at-start"].shape == (3, 24, 20)
        assert set(file["gas"]) == {"position", "momentum", "weight", "orbitals-at-start"}
        assert file["gas/orbitals-at-start"].size == 0
    shutil.copytree(folder / "out", folder / "alone")
    for ranks, place in ((1, "alone"), (2, "out")):
        result = hpcmix("restart", place, "--until", "0.8", ranks=ranks, folder=folder)
        assert result.returncode == 0, result.stderr
    assert summary(folder / "out")["groups"] == 2
    # the density of a set is summed over groups, in another order than in one
    for ours, theirs in zip(records(folder / "out"), records(folder / "alone"), strict=True):
        for name in ("bosons", "gas"):
            assert ours["species"][name]["centre"] == pytest.approx(theirs["species"][name]["centre"], abs=1e-12)
    overlaps = [record["species"]["bosons"]["determinant_overlap"] for record in records(folder / "out")]
    assert overlaps[0] == pytest.approx(1.0, abs=1e-12) and 0.0 < overlaps[-1] < overlaps[0]
