"""What a run has left, opened from Python: against the files themselves, read with nothing but h5py and json."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest
import xarray as xr
from unit.api_runs import TABLES, make_run

import hpcmix
from hpcmix.api.results import fields
from hpcmix.api.results.drawn import Figures
from hpcmix.problem.units.dimensions import ENERGY, FREQUENCY, LENGTH, TIME
from hpcmix.problem.units.laboratory import conversion
from hpcmix.problem.units.units import units_from_text

UNITS = units_from_text("2 um", "86.909 u")
ROUNDING = 1e-14
"""Of a product or two of a number."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("api") / "clouds")


@pytest.fixture(scope="module")
def run(directory):
    return hpcmix.open_run(directory)


def stored(directory, index, name):
    with h5py.File(directory / f"snapshots/{index:06d}.h5") as file:
        return file[name][...]


def test_every_field_of_every_snapshot(run, directory):
    density = run.snapshots.density
    assert density.dims == ("time", "species", "x", "y")
    assert density.shape == (3, 2, 8, 6)
    for index in range(3):
        for species in ("up", "sea"):
            expected = stored(directory, index, f"{species}/density") / 4.0  # a code unit of area is 4 um^2
            np.testing.assert_allclose(density.sel(species=species)[index], expected, rtol=ROUNDING)
    assert density.attrs["units"] == "um-2"


def test_positions_and_times_in_units_of_the_laboratory(run):
    snapshots = run.snapshots
    np.testing.assert_allclose(snapshots.x, 2.0 * np.arange(-4.0, 4.0), rtol=ROUNDING)
    assert snapshots.x.attrs["units"] == snapshots.y.attrs["units"] == "um"
    np.testing.assert_allclose(snapshots.time, np.array([0.0, 0.02, 0.04]) * UNITS.time_si * 1e3, rtol=ROUNDING)
    assert snapshots.time.attrs["units"] == "ms"
    assert snapshots.step.values.tolist() == [0, 2, 4]
    assert "units" not in snapshots.attrs  # that all is in code units is no longer so


def test_the_integral_is_the_number_of_particles(run):
    """In coordinates and densities of one system of units: (2 um)^2 cells."""
    numbers = run.snapshots.density.sum(("x", "y")) * 4.0
    np.testing.assert_allclose(numbers, [[100.0, 3.0]] * 3, rtol=1e-12)  # rounding of 48 points and some steps


def test_what_is_opened_can_be_written(run, tmp_path):
    """As one file of netCDF, whose reader gives the same back."""
    density = run.snapshots[["density"]]
    density.to_netcdf(tmp_path / "density.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "density.nc", engine="h5netcdf", decode_times=False) as again:
        xr.testing.assert_equal(again.load(), density.load())


def test_orbitals_of_a_set_are_a_variable_of_their_own(run, directory):
    sea = run.snapshots.wave_function_sea
    assert sea.dims == ("time", "sea_orbital", "x", "y")
    np.testing.assert_allclose(sea[1, 2], stored(directory, 1, "sea/wave_function")[2] / 2.0, rtol=ROUNDING)
    assert run.snapshots.wave_function_up.dims == ("time", "x", "y")
    assert sea.dtype == complex
    assert sea.attrs["units"] == "um^(-2/2)"


def test_a_field_that_one_species_has(run, directory):
    """A set of orbitals has no phase of its own."""
    phase = run.snapshots.phase
    np.testing.assert_array_equal(phase.sel(species="up")[2], stored(directory, 2, "up/phase"))
    assert phase.sel(species="sea").isnull().all()


@pytest.mark.parametrize(
    "key",
    [
        (0, 1, 3, 2),
        (slice(None), 0, slice(1, 7, 3), 5),
        (slice(2, None, -1), slice(None), 4, slice(None, None, -2)),
        ([2, 0], 1, slice(None), [5, 1, 1]),
        (-1, slice(0, 0), 0, 0),
        (slice(0, 0), 0, slice(None), 0),
        (xr.DataArray([0, 2], dims="place"), xr.DataArray([1, 0], dims="place"), 3, 2),
    ],
)
def test_any_part_is_the_part_of_the_whole(run, key):
    density = run.snapshots.density
    whole = density.copy(data=density.values)
    xr.testing.assert_identical(density[key].load(), whole[key])


def test_nothing_is_read_that_is_not_looked_at(directory, monkeypatch):
    """One file is opened for its description, and then one for a field at one time."""
    opened = []
    usual = h5py.File

    def counting(path, *arguments, **options):
        opened.append(path)
        return usual(path, *arguments, **options)

    snapshots = hpcmix.open_run(directory).snapshots
    monkeypatch.setattr(fields.h5py, "File", counting)
    last = snapshots.density.sel(species="up").isel(time=-1)
    assert opened == []
    last.load()
    assert opened == [directory / "snapshots/000002.h5"]


def test_slices(run, directory):
    slices = run.slices
    assert set(slices) == {"slice_xy", "column_x", "column_y"}
    with h5py.File(directory / "slices/000001.h5") as file:
        expected = file["sea/column/y"][...] / 2.0
    np.testing.assert_allclose(slices.column_y.sel(species="sea")[1], expected, rtol=ROUNDING)
    assert slices.column_y.attrs["units"] == "um-1"


def test_the_series_is_that_of_the_records(run, directory):
    records = [json.loads(line) for line in (directory / "observables.jsonl").read_text().splitlines()]
    series = run.series
    assert series.sizes["time"] == len(records) == 5
    np.testing.assert_allclose(series.time, [r["time"] * UNITS.time_si * 1e3 for r in records], rtol=ROUNDING)
    width = series.rms_width.sel(species="up", axis="y")
    np.testing.assert_allclose(width, [2.0 * r["species"]["up"]["rms_width"][1] for r in records], rtol=ROUNDING)
    energy = [r["energy"]["total"] * UNITS.energy_in_hertz for r in records]
    np.testing.assert_allclose(series.energy_total, energy, rtol=ROUNDING)
    assert (width.attrs["units"], series.energy_total.attrs["units"]) == ("um", "Hz")


def test_code_units_are_those_of_the_files(directory):
    run = hpcmix.open_run(directory, units="code")
    np.testing.assert_array_equal(run.snapshots.density.sel(species="sea")[2], stored(directory, 2, "sea/density"))
    np.testing.assert_array_equal(run.snapshots.time, [0.0, 0.02, 0.04])
    np.testing.assert_array_equal(run.snapshots.y, np.arange(-3.0, 3.0))
    assert run.series.time.attrs["si_factor"] == UNITS.time_si
    assert run.snapshots.time.attrs["si_factor"] == UNITS.time_si
    with pytest.raises(hpcmix.BadInput, match="physical"):
        hpcmix.open_run(directory, units="SI")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"times": 0.1}, 'times must be texts such as "0 ms, 2.5 ms, last", not 0.1'),
        ({"times": [0.1]}, "times must be texts"),
        ({"what": 5}, 'what must be texts such as "columns, phase", not 5'),
        ({"format": "tif"}, 'format must be png, pdf, svg, not "tif"'),
        ({"dpi": -1}, "dpi must be a whole number from 20 to 2400, not -1"),
        ({"dpi": "x"}, "dpi must be a whole number"),
    ],
)
def test_what_no_figure_is_drawn_with(directory, options, sentence):
    with pytest.raises(hpcmix.BadInput) as caught:
        hpcmix.open_run(directory).plot(**options)
    assert str(caught.value).startswith(sentence)


def test_what_is_no_directory():
    with pytest.raises(hpcmix.BadInput, match="must be the path of a run, not None"):
        hpcmix.open_run(None)


def test_records_behind_the_last_dataset_are_there(directory, tmp_path):
    """Of a run that goes on: observables.h5 is older than the series."""
    shutil.copytree(directory, tmp_path / "going-on")
    path = tmp_path / "going-on/observables.jsonl"
    lines = path.read_text().splitlines()
    later = json.loads(lines[-1]) | {"step": 5, "time": 0.05}
    path.write_text("\n".join([*lines, json.dumps(later), '{"step": 6, "ti']))
    series = hpcmix.open_run(tmp_path / "going-on").series
    assert series.step.values.tolist() == [0, 1, 2, 3, 4, 5]
    earlier = hpcmix.open_run(directory).series
    assert set(series) == set(earlier)
    for name in ("rms_width", "energy_total", "particles", "time"):
        np.testing.assert_array_equal(series[name][:5], earlier[name])
        assert series[name].attrs == earlier[name].attrs
        assert series[name].dims == earlier[name].dims


def test_summary_log_and_problem(run, directory):
    assert run.summary == json.loads((directory / "summary.json").read_text())
    assert run.log == (directory / "run.log").read_text()
    assert run.problem == hpcmix.Problem.from_dict(TABLES).replace({"output.directory": str(directory)})


def test_progress(run, tmp_path):
    progress = run.progress
    assert (progress.status, progress.step, progress.time, progress.share) == ("done", 4, 0.04, 1.0)


def test_a_notebook_shows_what_became_of_it(run):
    page = run._repr_html_()
    assert "two clouds" in page and "done" in page and "<table>" in page
    assert "two clouds" in str(run) and repr(run).endswith("done, step 4, 100 %>")


def test_figures_are_drawn_and_shown(run, directory):
    figures = run.plot("series", times="last")
    assert list(figures) == [directory / "series.png"] and figures[0].exists()
    assert figures._repr_html_().count("data:image/png;base64,") == 1
    vectors = directory / "series.pdf"
    assert "base64" not in Figures([vectors])._repr_html_() and "series.pdf" in Figures([vectors])._repr_html_()


def test_a_figure_that_there_is_not(run):
    with pytest.raises(hpcmix.BadInput, match='did you mean "series"'):
        run.plot("serie")


def test_the_program_may_go_elsewhere(directory, tmp_path, monkeypatch):
    monkeypatch.chdir(directory.parent)
    run = hpcmix.open_run(directory.name)
    monkeypatch.chdir(tmp_path)
    assert run.snapshots.density.isel(time=0).sum() > 0.0
    assert run.progress.status == "done" and str(run.directory) == "clouds"


def test_a_directory_without_a_run(tmp_path):
    (tmp_path / "scan").mkdir()
    (tmp_path / "scan" / "sweep.json").write_text("{}")
    with pytest.raises(hpcmix.RunFailed, match=r"scan holds a sweep, which hpcmix\.open_sweep opens"):
        hpcmix.open_run(tmp_path / "scan")
    (tmp_path / "scan" / "sweep.json").unlink()
    with pytest.raises(hpcmix.RunFailed, match="holds no run of hpcmix"):
        hpcmix.open_run(tmp_path)


def test_a_file_that_is_gone_is_told(directory, tmp_path):
    shutil.copytree(directory, tmp_path / "gone")
    density = hpcmix.open_run(tmp_path / "gone").snapshots.density
    (tmp_path / "gone/snapshots/000001.h5").unlink()
    with pytest.raises(hpcmix.RunFailed, match=r"000001\.h5 is damaged or gone"):
        density.load()


def test_positions_of_an_expanding_frame_change_with_time(tmp_path):
    tables = TABLES | {
        "grid": {"points": [16], "lengths": [12.0], "frame": {"kind": "expanding", "rate": 0.4}},
        "species": [TABLES["species"][0] | {"potential": [{"kind": "harmonic", "frequency": 0.4, "until": 0.0}]}],
        "time": {"final": 2.0, "step": 0.1},
        "output": {"resolution": "ignore", "snapshots": {"interval": 1.0}, "observables": {"interval": 1.0}},
    }
    snapshots = hpcmix.open_run(make_run(tmp_path / "frame", tables), units="code").snapshots
    assert snapshots.position_x.dims == ("time", "x")
    scale = np.sqrt(1.0 + (0.4 * snapshots.time) ** 2)  # b = sqrt(1 + rate^2 t^2)
    assert snapshots.sizes["time"] == 3 and float(scale[-1]) > 1.2
    expected = scale * xr.DataArray(-6.0 + 0.75 * np.arange(16.0), dims="x")
    np.testing.assert_allclose(snapshots.position_x, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("dimension", "si_unit", "unit", "expected"),
    [
        (LENGTH, "m", "um", 2.0),
        (LENGTH * -3, "m-3", "um-3", 0.125),
        (LENGTH * -1, "m-1", "um-1", 0.5),
        (LENGTH * 2, "m2", "um2", 4.0),
        (TIME, "s", "ms", UNITS.time_si * 1e3),
        (FREQUENCY, "rad s-1", "rad ms-1", 1e-3 / UNITS.time_si),
        (ENERGY, "J", "Hz", UNITS.energy_in_hertz),
    ],
)
def test_units_of_the_laboratory(dimension, si_unit, unit, expected):
    by = conversion({"si_factor": UNITS.factor_si(dimension), "si_unit": si_unit})
    assert by.unit == unit
    assert by.factor == pytest.approx(expected, rel=ROUNDING)


def test_other_units_are_those_of_the_international_system():
    by = conversion({"si_factor": 3.0, "si_unit": "kg m s-1"})
    assert (by.factor, by.unit) == (3.0, "kg m s-1")
    assert conversion({"units": "code unit of length"}) is None
