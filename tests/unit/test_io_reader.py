"""A run's directory read without MPI, and its figures."""

from __future__ import annotations

import subprocess
import sys

import h5py
import numpy as np
import pytest

from hpcmix.grid import Grid
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import SeriesWriter
from hpcmix.io.documents.summary import write_summary
from hpcmix.io.fields.slice_file import read_slices, write_slice_file
from hpcmix.io.figures.draw import draw
from hpcmix.io.figures.over_time.clouds import series_figure
from hpcmix.io.figures.over_time.energies import energy_figure, exchanges_particles
from hpcmix.io.figures.style import FigureUnits
from hpcmix.io.reader import NotARun, RunReader
from hpcmix.observe.measures.conservation import PARTICLE_LIMIT
from hpcmix.parallel.decomposition import Block
from hpcmix.problem.units.units import Units, units_from_text
from tests.unit.figure_checks import gathered

UNITS = '[units]\nlength = "1 um"\nmass = "86.909 u"\n'
SPECIES = ("up", "down")  # not in alphabetical order


def grid_of(points):
    block = Block((0,) * len(points), points)
    return Grid(points, tuple(0.5 * n for n in points), block, block)


def make_run(path, dimensions, times, with_units=True, records=5, summary=None):
    """A directory as a run of that many dimensions leaves it."""
    directory = RunDirectory.claim(path)
    axes = ("x", "y", "z")[:dimensions]
    metadata = Metadata("a mixture", SPECIES, axes, units_from_text("1 um", "86.909 u") if with_units else Units())
    directory.problem.write_text('title = "a mixture"\n' + (UNITS if with_units else ""))
    grid = grid_of((10, 8, 6)[:dimensions])
    names = "xyz"[:dimensions]
    with SeriesWriter(directory.series) as series:
        for step in range(records):
            of = {"particles": 5.0, "chemical_potential": 1.0 + step, "centre": [0.1] * dimensions,
                  "rms_width": [1.0 + step] * dimensions, "maximum_density": None if step == 1 else 2.0}  # fmt: skip
            energy = {"total": 3.0 + 1e-9 * step, "kinetic": 1.0, "potential": 1.0, "interaction": 1.0}
            series.append(
                {"step": step, "time": 0.1 * step, "energy": energy, "species": {name: of for name in SPECIES}}
            )
    for index, time in enumerate(times):
        shape = dict(zip(names, grid.points, strict=True))
        kept = {1: ["x"], 2: ["xy"], 3: ["xy", "xz", "yz"]}[dimensions]
        lines = {1: [], 2: ["x", "y"], 3: kept}[dimensions]
        views = [
            {name: {view: np.full([shape[axis] for axis in view], 1.0 + index) for view in wanted} for name in SPECIES}
            for wanted in (kept, lines)
        ]
        write_slice_file(directory.slice(index), 10 * index, time, grid, *views, metadata)
    if summary is not None:
        write_summary(directory.summary, summary)
    return directory


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_slices_come_back(tmp_path, dimensions):
    directory = make_run(tmp_path / "run", dimensions, [0.0, 2.5])
    stored = read_slices(directory.slice(1))
    assert (stored.step, stored.time) == (10, 2.5)
    assert tuple(stored.slices) == SPECIES
    assert list(stored.axes) == list("xyz"[:dimensions])
    np.testing.assert_array_equal(stored.axes["x"], grid_of((10, 8, 6)).axis(0))
    assert set(stored.columns["up"]) == {1: set(), 2: {"x", "y"}, 3: {"xy", "xz", "yz"}}[dimensions]
    assert stored.length_si == 1e-6


def test_the_excitations_of_the_last_record_are_told(tmp_path):
    directory = make_run(tmp_path / "run", 1, [])
    numbers = {"excitations": 41.25, "excitations_error": 0.5, "transverse_excitations": 13.0,
               "transverse_excitations_error": 0.25, "beyond_grid": 0.75}  # fmt: skip
    table = {"pairs": 70, "symplectic_defect": 2e-14, "species": {"up": numbers, "down": numbers}}
    with SeriesWriter(directory.series) as series:
        series.append({"step": 0, "time": 0.0, "species": {}, "fluctuations": table})
    lines = RunReader(tmp_path / "run").description()
    (told,) = [line for line in lines if line.lstrip().startswith("around up")]
    assert told.endswith("excitations 41.25 +- 0.5, transverse excitations 13 +- 0.25, beyond the grid 0.75")
    assert any(line.endswith("70 pairs, symplectic defect 2e-14") for line in lines)


def test_a_finished_run(tmp_path):
    make_run(tmp_path / "run", 3, [0.0, 2.5], summary={"status": "done", "step": 4, "ranks": 2, "wall_seconds": 1.5})
    run = RunReader(tmp_path / "run")
    assert run.summary["status"] == "done"
    assert run.title == "a mixture"
    assert run.scales.length_si == 1e-6
    assert [record["step"] for record in run.records] == [0, 1, 2, 3, 4]
    assert [(stored.index, stored.step, stored.time) for stored in run.slices] == [(0, 0, 0.0), (1, 10, 2.5)]
    assert run.snapshots == []
    text = "\n".join(run.description())
    for part in ("a mixture", "done", "0.547391 ms (0.4 in code units)", "up", "ranks", "2, from time 0 ms"):
        assert part in text


def test_times_of_files_have_their_units_once(tmp_path):
    for times, words in (
        ([0.0, 2.5], "2, from time 0 ms to 3.42119 ms (0 to 2.5 in code units), "),
        ([0.0], "1, at time 0 ms (0 in code units), "),
    ):
        make_run(tmp_path / words[:1], 3, times)
        (line,) = [
            entry for entry in RunReader(tmp_path / words[:1]).description() if entry.lstrip().startswith("slices")
        ]
        assert words in line


def test_a_stopped_run_shows_how_far_it_came_not_its_last_record(tmp_path):
    make_run(tmp_path / "run", 3, [0.0], with_units=False, summary={"status": "stopped", "step": 17, "time": 1.7})
    lines = [" ".join(line.split()) for line in RunReader(tmp_path / "run").description()]
    assert {"step 17", "time 1.7", "last record step 4, from which the following numbers are"} <= set(lines)


def test_an_unfinished_run_with_a_damaged_file(tmp_path):
    directory = make_run(tmp_path / "run", 2, [0.0], with_units=False)
    directory.slice(7).write_bytes(b"not HDF5")
    run = RunReader(tmp_path / "run")
    assert run.summary is None
    assert len(run.slices) == 1
    assert "not finished" in "\n".join(run.description())
    directory.summary.write_text("{")
    with pytest.raises(OutputError, match="is damaged"):
        RunReader(tmp_path / "run").description()


def test_damage_behind_the_first_bytes(tmp_path):
    """A file of slices that opens but lacks what it should hold."""
    directory = make_run(tmp_path / "run", 2, [0.0])
    with h5py.File(directory.slice(0), "r+") as file:
        del file["up"]
    with pytest.raises(OutputError, match=r"000000\.h5 is damaged"):
        draw(tmp_path / "run")


def test_no_run(tmp_path):
    for path, words in ((tmp_path, "holds no run"), (tmp_path / "nothing", "is not there")):
        with pytest.raises(NotARun, match=words):
            RunReader(path)


@pytest.mark.parametrize(("dimensions", "with_units"), [(1, True), (2, False), (3, True)])
def test_figures(tmp_path, dimensions, with_units):
    make_run(tmp_path / "run", dimensions, [0.0, 1.0, 2.0], with_units)
    written = draw(tmp_path / "run")
    assert [path.name for path in written] == ["energy.png", "series.png", "columns.png", "film.png"]
    for path in written:
        assert path.parent == tmp_path / "run"
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("times", "records", "expected"),
    [
        ([], 2, ["energy.png", "series.png"]),
        ([], 1, []),  # of which there would be single dots
        ([0.0], 1, ["columns.png"]),
        ([0.0, 1.0], 2, ["energy.png", "series.png", "columns.png"]),
        (range(7), 0, ["columns.png", "film.png"]),
        ([], 0, []),
    ],
)
def test_figures_of_what_there_is(tmp_path, monkeypatch, times, records, expected):
    gathered(monkeypatch)  # painting takes the time
    make_run(tmp_path / "run", 3, times, records=records)
    assert [path.name for path in draw(tmp_path / "run")] == expected


def test_figures_of_sparse_records(tmp_path):
    """What a run has not measured, or measured as not a number, leaves a gap and no error."""
    directory = make_run(tmp_path / "run", 2, [], records=0)
    with SeriesWriter(directory.series) as series:
        series.append({"step": 0, "time": 0.0, "energy": {"total": 0.0}, "species": {"up": {"centre": [0.0, None]}}})
        series.append({"step": 1, "time": 0.1, "species": {"down": {"particles": float("nan")}}})
    assert len(draw(directory.path)) == 2


def exchanging(transfer, precision="double"):
    """What is drawn of a run in which "up" gives a share of its particles to "down" and takes it back."""
    numbers = [(1000.0 * (1.0 - share), 1000.0 * share) for share in (0.0, 0.5 * transfer, transfer, 0.0)]
    records = [
        {"step": n, "time": 0.1 * n, "energy": {"total": 1.0, "coupling": 0.5},
         "species": {name: {"particles": of, "centre": [0.0]} for name, of in zip(SPECIES, both, strict=True)}}
        for n, both in enumerate(numbers)
    ]  # fmt: skip
    records.insert(2, {"step": 9, "time": 0.15, "species": {"up": {"particles": None}}})  # not measured: a gap
    found = exchanges_particles(records, PARTICLE_LIMIT[precision])
    units = FigureUnits(Units())
    return found, energy_figure(records, units, "", found), series_figure(records, units, "", 1, found)


def test_species_that_exchange_particles_show_it():
    found, energy, series = exchanging(0.25)
    assert found
    panel = next(axes for axes in series.axes if axes.get_title() == "particles")
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [1000.0, 875.0, np.nan, 750.0, 1000.0])
    np.testing.assert_array_equal(panel.lines[1].get_ydata(), [0.0, 125.0, np.nan, 250.0, 0.0])
    assert [line.get_label() for line in energy.axes[1].lines] == ["energy, of its terms", "particles of all species"]
    assert "coupling" in [line.get_label() for line in energy.axes[0].lines]


def test_a_run_that_loses_particles_shows_them_and_the_balance():
    lost = (0.0, 30.0, 70.0)
    records = [
        {"step": n, "time": 0.1 * n, "energy": {"total": 1.0}, "lost": [0.25 * gone, 0.75 * gone],
         "species": {"up": {"particles": 1000.0 - gone, "lost": [0.25 * gone, 0.75 * gone], "centre": [0.0]}}}
        for n, gone in enumerate(lost)
    ]  # fmt: skip
    assert not exchanges_particles(records, PARTICLE_LIMIT["double"])
    units = FigureUnits(Units())
    panel = next(axes for axes in series_figure(records, units, "", 1).axes if axes.get_title() == "particles")
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [1000.0, 970.0, 930.0])
    balance = energy_figure(records, units, "").axes[1].lines[1]
    assert balance.get_label() == "particles and lost, up"
    assert np.nanmax(balance.get_ydata()) < 1e-15


def test_the_energy_drifts_relative_to_its_terms_as_in_the_log():
    """The total is small beside its terms, and something acted until t = 1: as the guard has it in summary.json."""
    totals, terms = (0.5, 0.01, 0.013, 0.008), (3.0, 2.0, 4.0, 1.0)
    records = [
        {"step": n, "time": float(n), "energy": {"total": total, "kinetic": size, "potential": total - size}}
        for n, (total, size) in enumerate(zip(totals, terms, strict=True))
    ]
    line = energy_figure(records, FigureUnits(Units()), "", kept_since=1.0).axes[1].lines[0]
    sizes = [2.0 + 1.99, 4.0 + 3.987, 1.0 + 0.992]
    expected = [np.nan, np.nan, 0.003 / max(sizes[0], sizes[1]), 0.002 / max(sizes[0], sizes[2])]
    np.testing.assert_allclose(line.get_ydata(), expected, rtol=1e-12)  # a few roundings of sums
    from_the_first = energy_figure(records, FigureUnits(Units()), "").axes[1].lines[0].get_ydata()
    assert from_the_first[1] == pytest.approx(0.49 / (3.0 + 2.5), rel=1e-12)


@pytest.mark.parametrize(("transfer", "precision"), [(0.0, "double"), (1e-9, "double"), (1e-3, "single")])
def test_rounding_is_no_exchange(transfer, precision):
    found, energy, series = exchanging(transfer, precision)
    assert not found and len(series.axes) == 4
    assert "particles, up" in [line.get_label() for line in energy.axes[1].lines]
    assert not exchanges_particles([{"step": 0}], 1e-6)


def test_a_run_with_coupling_has_the_panel(tmp_path, monkeypatch):
    """The whole way from the directory, whose precision decides what is rounding."""
    drawn = gathered(monkeypatch)
    for precision, panels in (("double", 5), ("single", 4)):
        directory = make_run(tmp_path / precision, 2, [], records=0)
        directory.problem.write_text(f'[parallel]\nprecision = "{precision}"\n')
        with SeriesWriter(directory.series) as series:
            for step, number in enumerate((1.0, 1.001)):
                species = {"up": {"particles": number, "centre": [0.0, 0.0]}, "down": {"particles": 2.0 - number}}
                series.append({"step": step, "time": 0.1 * step, "energy": {"total": 1.0}, "species": species})
        draw(directory.path)
        assert len(drawn["series.png"].axes) == panels


def test_units_of_figures():
    units = FigureUnits(units_from_text("1 um", "86.909 u"))
    assert units.length.factor == pytest.approx(1.0)
    assert units.time.unit == "ms"
    assert units.density(2).factor == pytest.approx(1.0)
    energy = units.energy([0.0, np.nan, 100.0])
    assert energy.unit == "kHz"
    assert energy.factor == pytest.approx(0.1163, rel=1e-3)  # hbar / (m um^2) / 2 pi = 116.3 Hz
    assert FigureUnits(Units()).energy([1.0]).label("E") == "E"


def test_reader_and_figures_leave_mpi_alone(tmp_path):
    make_run(tmp_path / "run", 3, [0.0, 1.0])
    code = (
        "import sys; from hpcmix.io.figures.draw import draw; from hpcmix.io.reader import RunReader; "
        f"draw({str(tmp_path / 'run')!r}); RunReader({str(tmp_path / 'run')!r}).description(); "
        "sys.exit('mpi4py' in sys.modules or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
