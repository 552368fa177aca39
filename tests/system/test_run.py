"""The real command on small problems: run, ground, show, plan, plot, and every way to end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from tests.system.commands import COMMAND, clean_environment, hpcmix, summary
from tests.system.faults import PROBLEM, run_with

MIXTURE = """
title = "A small mixture"

[grid]
points = [18, 15, 14]
lengths = [12.0, 12.0, 10.0]

[[species]]
name = "up"
particles = 100.0
potential = [{ kind = "harmonic", frequency = [1.0, 1.1, 1.3] }]
initial = { kind = "ground-state", momentum = [0.3, 0.0, 0.0], noise = { amplitude = 1e-3, seed = 5 } }

[[species]]
name = "down"
mass = 1.5
particles = 60.0
potential = [{ kind = "harmonic", frequency = [1.0, 1.1, 1.3] }]

[[interaction]]
between = ["up", "up"]
kind = "contact"
strength = 0.1

[[interaction]]
between = ["down", "down"]
kind = "contact"
strength = 0.12

[[interaction]]
between = ["up", "down"]
kind = "yukawa"
strength = 0.01
screening = 0.8

[ground_state]
tolerance = 1e-9

[time]
final = 0.4
step = 0.02

[output]
directory = "out"
observables = { every = 4 }
snapshots = { interval = 0.2, fields = ["density", "wave_function"] }
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on two ranks."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "mixture.toml").write_text(MIXTURE)
    result = hpcmix("run", "mixture.toml", ranks=2, folder=folder)
    assert result.returncode == 0, result.stderr
    return folder


def wave_functions(directory: Path, index: int = 2) -> dict[str, np.ndarray]:
    with h5py.File(directory / "snapshots" / f"{index:06d}.h5") as file:
        return {name: file[f"{name}/wave_function"][...] for name in ("up", "down")}


def test_summary_says_what_was_done(finished):
    found = summary(finished / "out")
    assert (found["status"], found["step"], found["ranks"], found["groups"]) == ("done", 20, 2, 1)
    assert found["time"] == pytest.approx(0.4, rel=1e-15)
    assert found["ground_state"]["residual"] <= 1e-9
    assert found["species"]["up"]["particles"] == pytest.approx(100.0, rel=1e-12)
    assert found["energy"]["total"] == pytest.approx(
        sum(found["energy"][k] for k in ("kinetic", "potential", "interaction"))
    )
    assert len(found["memory_peak_bytes"]) == 2
    assert found["problem"]["grid"]["points"] == [18, 15, 14]
    assert {"hpcmix", "numpy", "mpi"} <= set(found["versions"])
    assert found["seconds_per_step"] > 0.0
    assert found["timers"]["lines"]["calls"] > 0


def test_the_physics_are_told_before_the_timers(finished):
    """With the drift of the energy, which is that of the records, relative to the sum of the terms."""
    log = (finished / "out" / "run.log").read_text()
    lines = log[log.index("physics at t = 0.4:") : log.index("phase ")].splitlines()
    assert [line.split()[0] for line in lines if line] == ["physics", "energy", "energy", "up", "down"]
    records = [json.loads(line) for line in (finished / "out" / "observables.jsonl").read_text().splitlines()]
    first, last = records[0]["energy"], records[-1]["energy"]
    terms = max(sum(abs(energy[name]) for name in energy if name != "total") for energy in (first, last))
    drift = (last["total"] - first["total"]) / terms
    kept = summary(finished / "out")["conservation"]
    assert kept["energy"] == pytest.approx(drift, rel=1e-9) and kept["energy_since"] == 0.0
    assert 0.0 < abs(kept["energy"]) < 1e-3  # the step's error, and no more
    assert max(abs(kept["particles"][name]) for name in ("up", "down")) < 1e-12  # rounding
    assert f"energy drift  {drift:.1e} of the sum of its terms' magnitudes since the start" in log
    assert f"energy drift      {drift:.1e}" in hpcmix("show", "out", folder=finished).stdout


def test_series_opens_in_xarray_and_agrees_with_the_records(finished):
    records = [json.loads(line) for line in (finished / "out" / "observables.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [0, 4, 8, 12, 16, 20]
    with xarray.open_dataset(finished / "out" / "observables.h5") as series:
        assert series["energy_total"].values.tolist() == [record["energy"]["total"] for record in records]
        width = series["rms_width"].sel(species="down", axis="z")
        assert width.values.tolist() == [record["species"]["down"]["rms_width"][2] for record in records]


def test_snapshots_hold_density_and_wave_function(finished):
    with h5py.File(finished / "out" / "snapshots" / "000002.h5") as file:
        density, wave = file["up/density"][...], file["up/wave_function"][...]
    assert density.shape == (18, 15, 14)
    np.testing.assert_allclose(density, 100.0 * np.abs(wave) ** 2, rtol=1e-13)  # one product and one sum of rounding
    assert (finished / "out" / "snapshots" / "000002.xdmf").exists()
    assert sorted(path.name for path in (finished / "out" / "slices").glob("*.h5")) == [
        "000000.h5",
        "000001.h5",
        "000002.h5",
    ]


@pytest.mark.parametrize("ranks", [1, 3])
def test_same_physics_at_other_rank_counts(finished, ranks, tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    assert hpcmix("run", "mixture.toml", ranks=ranks, folder=tmp_path).returncode == 0
    expected, found = wave_functions(finished / "out"), wave_functions(tmp_path / "out")
    for name in expected:
        # the ground states end at residuals of 1e-9 each, by iterations that rounding tells apart
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-8)
    assert summary(tmp_path / "out")["energy"]["total"] == pytest.approx(
        summary(finished / "out")["energy"]["total"], rel=1e-11
    )


def test_the_shown_file_runs_to_the_same_result_to_the_bit(finished, tmp_path):
    shown = hpcmix("show", "mixture.toml", folder=finished)
    assert shown.returncode == 0
    (tmp_path / "mixture.toml").write_text(shown.stdout)
    assert hpcmix("run", "mixture.toml", ranks=2, folder=tmp_path).returncode == 0
    expected, found = wave_functions(finished / "out"), wave_functions(tmp_path / "out")
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_an_existing_run_is_left_alone_or_moved_aside(finished, tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    settings = ("--set", "time.final=0.04", "--set", "output.checkpoints={enabled=false}")
    assert hpcmix("run", "mixture.toml", *settings, folder=tmp_path).returncode == 0
    assert not (tmp_path / "out" / "checkpoints").exists()
    before = (tmp_path / "out" / "summary.json").read_bytes()
    refused = hpcmix("run", "mixture.toml", folder=tmp_path)
    assert refused.returncode == 4
    assert "--restart never" in refused.stderr
    assert (tmp_path / "out" / "summary.json").read_bytes() == before
    assert (
        hpcmix("run", "mixture.toml", "--set", "time.final=0.04", "--restart", "never", folder=tmp_path).returncode == 0
    )
    assert (tmp_path / "out.previous-1" / "summary.json").read_bytes() == before


def test_ground_writes_a_state_that_a_run_can_start_from(tmp_path):
    text = MIXTURE.replace(", momentum = [0.3, 0.0, 0.0], noise = { amplitude = 1e-3, seed = 5 }", "")
    (tmp_path / "mixture.toml").write_text(text)
    assert hpcmix("ground", "mixture.toml", ranks=2, folder=tmp_path).returncode == 0
    ground = summary(tmp_path / "out")
    assert ground["step"] == 0 and ground["energy"]["potential"] > 0.0
    from_file = [
        f"species.{name}.initial={{kind='file', path='{tmp_path}/out/snapshots/000000.h5'}}" for name in ("up", "down")
    ]
    settings = [part for entry in (*from_file, "output.directory=again") for part in ("--set", entry)]
    assert hpcmix("run", "mixture.toml", *settings, folder=tmp_path).returncode == 0
    evolved = summary(tmp_path / "again")
    assert "ground_state" not in evolved
    # the same state: the energy of the file's wave functions is the one that was found, and it is conserved (order 4,
    # step 0.02)
    assert evolved["energy"]["total"] == pytest.approx(ground["energy"]["total"], rel=1e-9)


def test_single_precision_runs_and_is_close(finished, tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    settings = ("--set", "parallel.precision=single", "--set", "ground_state.tolerance=1e-4")
    assert hpcmix("run", "mixture.toml", *settings, folder=tmp_path).returncode == 0
    with h5py.File(tmp_path / "out" / "snapshots" / "000002.h5") as file:
        assert file["up/wave_function"].dtype == np.complex64
    # the ground states differ by their residual of 1e-4; boosted and shaken they are not stationary: the energy differs
    # to first order in it
    assert summary(tmp_path / "out")["energy"]["total"] == pytest.approx(
        summary(finished / "out")["energy"]["total"], rel=1e-4
    )


def test_a_potential_that_stops_being_finite_ends_the_run_with_status_3(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    bad = "species.up.potential=[{kind='expression', value='where(x > 2, log(0.25 - t), 0)'}]"
    result = hpcmix(
        "run", "mixture.toml", "--set", bad, "--set", "species.up.initial={kind='gaussian', width=1.0}",
        "--set", "species.down.initial={kind='gaussian', width=1.0}", ranks=3, folder=tmp_path,
    )  # fmt: skip
    assert result.returncode == 3
    assert "species.up.potential.0 is not finite at x = 2.66667" in result.stderr
    found = summary(tmp_path / "out")
    assert found["status"] == "failed" and found["last_record"]["step"] == 12
    with xarray.open_dataset(tmp_path / "out" / "observables.h5") as series:
        assert series["step"].values.tolist() == [0, 4, 8, 12]


def test_a_state_that_stops_being_finite_ends_the_run_with_status_3(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    overflow = [
        "species.up.initial={kind='gaussian', width=1.0}",
        "species.down.initial={kind='gaussian', width=1.0}",
        "species.up.potential=[{kind='harmonic', frequency=1.0, factor='1e308*t'}]",
    ]
    result = hpcmix(
        "run", "mixture.toml", *(part for entry in overflow for part in ("--set", entry)), ranks=2, folder=tmp_path
    )
    assert result.returncode == 3
    assert "not finite" in result.stderr and "step" in result.stderr
    assert summary(tmp_path / "out")["status"] == "failed"


def test_an_unstable_step_is_stopped_when_the_energy_is_lost(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    settings = (
        "time.check_step=false",
        "time.integrator=strang",
        "time.step=0.6",
        "time.final=120.0",
        "interaction.0.strength=5.0",
        "output.snapshots={interval=120.0}",
    )
    result = hpcmix("run", "mixture.toml", *(p for s in settings for p in ("--set", s)), folder=tmp_path)
    assert result.returncode == 3
    assert "energy is not conserved" in result.stderr


def test_a_ground_state_that_does_not_converge_says_so(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    result = hpcmix("run", "mixture.toml", "--set", "ground_state.max_iterations=3", folder=tmp_path)
    assert result.returncode == 1
    assert "after 3 iterations" in result.stderr and "max_iterations" in result.stderr


def test_plan_matches_what_is_measured(tmp_path):
    """The memory that plan states is within a tenth of the peak that the run measures: with a ground state, without,
    with adaptive steps, and where the program itself is nearly all of it."""
    (tmp_path / "mixture.toml").write_text(MIXTURE)
    from hpcmix.problem.files.load import load_problem
    from hpcmix.running.planning.plan import make_plan

    gaussian = ["species.up.initial={kind='gaussian', width=1.0}", "species.down.initial={kind='gaussian', width=1.0}"]
    large, small = "grid.points=[72, 70, 66]", "grid.points=[18, 15, 14]"
    adaptive = "time.step={tolerance=1e-3, initial=0.004}"
    found = [large, "ground_state.tolerance=1e-3"]
    cases = (found, [large, *gaussian], [large, adaptive, *gaussian], [small, *gaussian])
    for number, changes in enumerate(cases):
        overrides = ["time.step=0.004", "time.final=0.008", f"output.directory=o{number}", *changes]
        settings = [part for entry in overrides for part in ("--set", entry)]
        assert hpcmix("run", "mixture.toml", *settings, ranks=2, folder=tmp_path).returncode == 0
        planned = make_plan(load_problem(str(tmp_path / "mixture.toml"), overrides), 2).memory_bytes
        measured = max(summary(tmp_path / f"o{number}")["memory_peak_bytes"])
        assert abs(planned / measured - 1.0) < 0.1, (number, planned, measured)


def test_plan_and_plot_and_show_print_what_they_made(finished):
    planned = hpcmix("plan", "mixture.toml", "--ranks", "4", folder=finished)
    assert planned.returncode == 0 and "4 ranks as 4 slabs, up to" in planned.stdout
    drawn = hpcmix("plot", "out", folder=finished)
    pictures = [Path(finished / line) for line in drawn.stdout.split()]
    assert drawn.returncode == 0 and len(pictures) >= 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    shown = hpcmix("show", "out", folder=finished)
    assert shown.returncode == 0 and "done" in shown.stdout


def test_too_many_ranks_are_refused_with_file_and_line(tmp_path):
    (tmp_path / "mixture.toml").write_text(MIXTURE.replace("[18, 15, 14]", "[2, 2, 2]"))
    result = hpcmix("run", "mixture.toml", "--set", "time.check_step=false", ranks=3, folder=tmp_path)
    assert result.returncode == 2 and "mixture.toml:5: grid.points: 3 ranks cannot share" in result.stderr


def test_a_reader_that_leaves_does_not_end_the_run_and_any_title_is_drawn(tmp_path):
    title = r"title = 'cost $\foo$ [bold]x[/bold]'"
    (tmp_path / "mixture.toml").write_text(MIXTURE.replace('title = "A small mixture"', title))
    command = [*COMMAND, "run", "mixture.toml", "--plot", "--set", "ground_state.tolerance=1e-3"]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "starting from the beginning in out\n"
        assert process.stdout.readline() == "cost $\\foo$ [bold]x[/bold]\n"
        process.stdout.close()
        assert process.wait(timeout=120) == 0
    assert (tmp_path / "out" / "columns.png").exists()
    assert "done: 20 steps" in (tmp_path / "out" / "run.log").read_text()


def test_a_uniform_free_gas_has_no_energy_and_runs(tmp_path):
    still = "[grid]\npoints=[16]\nlengths=[9.0]\n[[species]]\nname='a'\ninitial={kind='plane-waves',numbers=0}\n"
    (tmp_path / "still.toml").write_text(still + "[time]\nfinal=0.1\nstep=0.01\n")
    assert hpcmix("run", "still.toml", folder=tmp_path).returncode == 0
    assert summary(tmp_path / "runs" / "still")["energy"]["total"] == 0.0


def test_a_vector_potential_that_the_grid_does_not_resolve_is_warned_of_once(tmp_path):
    text = (
        "[grid]\npoints=[16, 16]\nlengths=[9.0, 9.0]\n[[species]]\nname='a'\ninitial={kind='gaussian', width=1.0}\n"
        "vector_potential={kind='uniform', gauge='landau', field=2.0}\n[time]\nfinal=0.02\nstep=0.01\n"
    )
    (tmp_path / "coarse.toml").write_text(text)
    words = 'warning: species "a": along x A reaches 9 in the box, and the grid carries momenta up to pi hbar/h = 5.585'
    assert hpcmix("plan", "coarse.toml", folder=tmp_path).stdout.count(words) == 1
    result = hpcmix("run", "coarse.toml", ranks=2, folder=tmp_path)
    assert result.returncode == 0
    assert result.stdout.count(words) == (tmp_path / "runs/coarse/run.log").read_text().count(words) == 1


COUNT_DATASETS = """
import hpcmix.running.schedules.datasets, hpcmix.running.output.outputs as target
hpcmix.running.schedules.datasets.SHARE = 0.0  # whatever the clock says
usual = target.write_dataset
def counted(series, *arguments):
    print("DATASET", series.stat().st_size)
    usual(series, *arguments)
target.write_dataset = counted
target.write_snapshot = target.write_slices = lambda *arguments, **options: None
"""


def test_the_cost_of_the_series_for_xarray_is_linear_in_the_snapshots(tmp_path):
    """Not the whole series anew at each of 200 snapshots: all writings together take as many bytes as three series."""
    (tmp_path / "film.toml").write_text(PROBLEM)
    settings = [f"output.{name}.every=1" for name in ("snapshots", "observables")] + ["time.final=2.0"]
    words = [word for entry in settings for word in ("--set", entry)]
    result = run_with(COUNT_DATASETS, "run", "film.toml", *words, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    written = [int(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("DATASET")]
    size = (tmp_path / "out" / "observables.jsonl").stat().st_size
    assert written[-1] == size  # complete at the end
    assert len(written) <= 12 and sum(written) <= 3 * size
    assert times_of(tmp_path / "out") == records_of(tmp_path / "out") == 201


def test_a_run_that_ends_in_an_error_leaves_the_series_for_xarray_complete(tmp_path):
    (tmp_path / "film.toml").write_text(PROBLEM)
    patch = (
        COUNT_DATASETS
        + """
import hpcmix.running.output.outputs
usual_append = hpcmix.running.output.outputs.SeriesWriter.append
def append(self, record):
    usual_append(self, record)
    if record["step"] == 36:
        raise ZeroDivisionError("a defect")
hpcmix.running.output.outputs.SeriesWriter.append = append
"""
    )
    result = run_with(patch, "run", "film.toml", folder=tmp_path)
    assert result.returncode == 1 and "a defect" in result.stderr
    assert times_of(tmp_path / "out") == records_of(tmp_path / "out") == 19


def times_of(directory: Path) -> int:
    """How many times observables.h5 holds."""
    with xarray.open_dataset(directory / "observables.h5") as series:
        return len(series["time"])


def records_of(directory: Path) -> int:
    """How many records observables.jsonl holds."""
    return (directory / "observables.jsonl").read_bytes().count(b"\n")
