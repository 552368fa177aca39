"""Which figures are drawn, of which times, in which form, and what part of the box they show."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from unit.test_io_reader import SPECIES, make_run

from hpcmix.commands.plotting import plot
from hpcmix.io.documents.series import SeriesWriter
from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.catalogue import MAKERS
from hpcmix.io.figures.draw import draw
from hpcmix.io.figures.over_time.clouds import series_figure
from hpcmix.io.figures.request import FIGURES, ONLY_ASKED, FigureRequest
from hpcmix.io.figures.snapshots.cropping import crop_of
from hpcmix.io.figures.snapshots.phase import unwrapped
from hpcmix.io.figures.snapshots.profiles import across, on_axes, profiles_figure
from hpcmix.io.figures.snapshots.views import views_figure
from hpcmix.io.figures.style import FigureUnits
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.units.units import Units, units_from_text
from tests.unit.figure_checks import gathered, require_inside

UNITS = FigureUnits(units_from_text("1 um", "86.909 u"))


def asked(what="", times="", form="png", dots=None):
    return FigureRequest.of([what], [times], form, dots)


def cloud(centre, width, points=(64, 48, 40), height=3.0):
    """Slices of a Gaussian in a box of lengths 16, 12, 10."""
    axes = {name: 0.25 * (np.arange(n) - n // 2) for name, n in zip("xyz", points)}  # noqa: B905
    lines = {
        name: np.exp(-0.5 * ((x - c) / w) ** 2)
        for (name, x), c, w in zip(axes.items(), centre, width, strict=False)
    }  # fmt: skip
    names = "".join(lines)
    if len(names) == 1:
        return Slices(0, 0.0, {"x": axes["x"]}, {"a": {"x": height * lines["x"]}}, {}, None, None)
    pairs = ["xy"] if len(names) == 2 else ["xy", "xz", "yz"]
    slices, columns = {}, {}
    for pair in pairs:
        (gone,) = [name for name in names if name not in pair] or [""]
        product = height * lines[pair[0]][:, None] * lines[pair[1]]
        at_origin = lines[gone][axes[gone].size // 2] if gone else 1.0
        slices[pair], columns[pair] = product * at_origin, product * (0.25 * lines[gone].sum() if gone else 1.0)
    if len(names) == 2:
        columns = {name: height * lines[name] * 0.25 * lines[other].sum() for name, other in ("xy", "yx")}
    return Slices(0, 0.0, {name: axes[name] for name in names}, {"a": slices}, {"a": columns}, None, None)


def test_words_makers_and_their_order_agree():
    assert list(FIGURES) == list(MAKERS) and set(FIGURES) > ONLY_ASKED
    for figure in FIGURES.values():
        assert figure.shows and figure.needs


def test_a_word_that_names_no_figure_is_refused_with_a_suggestion():
    with pytest.raises(ProblemError, match='no figure "colums"') as refused:
        asked("colums, energy, phse")
    assert [complaint.suggestion for complaint in refused.value.complaints] == ["columns", "phase"]


@pytest.mark.parametrize(
    ("times", "expected"),
    [("0, last", [0.0, 3.0]), ("1.4", [1.0]), ("first,1.6", [0.0, 2.0]), ("all", [0.0, 1.0, 2.0, 3.0])],
)
def test_what_is_stored_next_to_the_asked_times_is_chosen(times, expected):
    assert asked(times=times).chosen([0.0, 1.0, 2.0, 3.0], float, Units(), 3.0) == expected
    assert asked().chosen([0.0], float, Units(), 3.0) is None


def test_times_have_the_units_of_the_run():
    scales = units_from_text("1 um", "86.909 u")  # a unit of time of 1.3685 ms
    assert asked(times="1.4 ms").chosen([0.0, 1.0, 2.0], float, scales, 2.0) == [1.0]
    refused = {"3 furlong": "furlong", "9 ms": "goes from 0 to 2.73", "3 um": "must be a time", "-1": "from 0 to"}
    for words, message in refused.items():
        with pytest.raises(ProblemError, match=message):
            asked(times=words).chosen([0.0, 1.0], float, scales, 2.0)


def test_the_time_infinity_is_next_to_itself():
    assert asked(times="infinity").chosen([0.0, 5.0, np.inf], float, Units(), np.inf) == [np.inf]


@pytest.mark.parametrize("centre", [(0.0, 0.0, 0.0), (3.0, -1.0, 0.5)])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_maps_are_cropped_to_the_cloud(centre, dimensions):
    """A Gaussian is 3.7 widths wide down to a thousandth; 15 per cent are added, and of a point each side rounding."""
    widths = (0.8, 0.6, 0.5)[:dimensions]
    slices = cloud(centre, widths)
    for name, part, middle, width in zip(slices.axes, crop_of([slices]).values(), centre, widths, strict=False):
        shown = slices.axes[name][part]
        reach = width * np.sqrt(2.0 * np.log(1000.0))
        assert shown[0] < middle - reach and shown[-1] > middle + reach
        assert shown[-1] - shown[0] < 2.0 * (1.3 * reach + 0.75)


def test_a_cloud_that_fills_the_box_or_lies_across_its_faces_is_shown_with_all_of_it():
    for slices in (cloud((0.0,), (4.0,)), cloud((7.9,), (0.8,), height=0.0)):
        assert crop_of([slices])["x"] == slice(0, 64)
    split = cloud((0.0,), (0.5,))
    split.slices["a"]["x"] = np.roll(split.slices["a"]["x"], 32)
    assert crop_of([split])["x"] == slice(0, 64)


def test_three_sides_have_one_scale_of_length():
    figure = views_figure([cloud((0.0, 0.0, 0.0), (1.2, 0.6, 0.4))], UNITS, "A cigar", integrated=True)
    require_inside(figure)
    maps = [axes for axes in figure.axes if axes.get_images()]
    assert [axes.get_title() for axes in maps] == ["a, $t$ = 0 ms, along $z$", "along $y$", "along $x$"]
    inches = [axes.bbox.width / np.ptp(axes.get_xlim()) for axes in maps]
    assert max(inches) < 1.02 * min(inches)
    labels = [(axes.get_xlabel()[1], axes.get_ylabel()[1]) for axes in maps]
    assert labels == [("x", "y"), ("x", "z"), ("y", "z")]


@pytest.mark.parametrize("dimensions", [1, 3])
def test_an_empty_component_is_said_to_be_empty(dimensions):
    full = cloud((0.0,) * dimensions, (0.8, 0.7, 0.6)[:dimensions])
    slices, columns = ({"a": views["a"], "b": {n: 0.0 * v for n, v in views["a"].items()}} if views else {}
                       for views in (full.slices, full.columns))  # fmt: skip
    both = Slices(0, 0.0, full.axes, slices, columns, None, None)
    record = {"species": {"a": {"particles": 2.0}, "b": {"particles": 0.0, "chemical_potential": None}}}
    figure = require_inside(profiles_figure(both, record, UNITS, "title"))
    assert [label.get_text() for label in figure.legends[0].get_texts()] == ["a: $N$ = 2", "b: empty"]
    if dimensions == 3:
        views = require_inside(views_figure([both], UNITS, "title", integrated=False))
        empty = [axes for axes in views.axes if "(empty)" in axes.get_title()]
        assert len(empty) == 1 and empty[0].get_title().startswith("b")
        assert list(empty[0].get_images()[0].colorbar.get_ticks()) == [0.0]


def test_profiles_are_those_of_the_cloud():
    """On the axis the peak, across it the integral; the legend has the numbers of the record with their units."""
    widths = (1.2, 0.6, 0.4)
    slices = cloud((0.0, 0.0, 0.0), widths)
    area = (2.0 * np.pi) ** 1.5 * np.prod(widths) * 3.0
    for name, x in slices.axes.items():
        assert on_axes(slices)[name]["a"].max() == pytest.approx(3.0, rel=1e-14)
        assert across(slices)[name]["a"].sum() * (x[1] - x[0]) == pytest.approx(area, rel=1e-8)  # the box's tails
    entry = {"particles": 50.0, "chemical_potential": 2.0, "maximum_density": 3.0, "kinetic_energy": 40.0}
    figure = require_inside(profiles_figure(slices, {"species": {"a": entry}}, UNITS, "A ground state"))
    (text,) = (label.get_text() for label in figure.legends[0].get_texts())
    assert "$N$ = 50" in text and "$\\mu/h$ = 232.6 Hz" in text and "largest density 3 µm$^{-3}$" in text
    rounded = profiles_figure(slices, {"species": {"a": entry | {"chemical_potential": 1e-12}}}, UNITS, "")
    assert "$\\mu/h$ = 0 Hz" in rounded.legends[0].get_texts()[0].get_text()


def test_one_time_draws_profiles_and_no_dots(tmp_path, monkeypatch):
    drawn = gathered(monkeypatch)
    for dimensions, expected in ((1, ["profiles.png"]), (3, ["profiles.png", "columns.png"])):
        drawn.clear()
        place = tmp_path / str(dimensions)
        make_run(place, dimensions, [0.0], records=1, summary={"status": "done"})
        draw(place)
        assert list(drawn) == expected
    make_run(tmp_path / "begun", 1, [0.0], records=1)  # it will have more times
    drawn.clear()
    draw(tmp_path / "begun")
    assert list(drawn) == ["columns.png"]


def test_many_times_on_a_line_are_a_map_over_time(tmp_path, monkeypatch):
    drawn = gathered(monkeypatch)
    directory = make_run(tmp_path / "run", 1, np.linspace(0.0, 2.0, 9), records=0)
    draw(directory.path)
    assert list(drawn) == ["columns.png", "space-time.png"]
    figure = require_inside(drawn["space-time.png"])
    (mesh,) = figure.axes[0].collections
    assert mesh.get_array().shape == (10, 9)
    np.testing.assert_array_equal(mesh.get_array()[0], np.arange(1.0, 10.0))  # as make_run has them
    assert figure.axes[1].get_xlabel() == "time $t$ (ms)"
    drawn.clear()
    draw(directory.path, asked("film,space-time", "0, 1 ms"))
    assert len(drawn["space-time.png"].axes[0].collections[0].get_array()[0]) == 2 and "film.png" not in drawn


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_phases_are_drawn_where_they_are_stored(tmp_path, monkeypatch, dimensions):
    """exp(i 0.7 x), a rising line in one dimension; other species have none."""
    drawn = gathered(monkeypatch)
    directory = make_run(tmp_path / "run", dimensions, [0.0], records=0)
    directory.snapshots.mkdir()
    shape, names = (24, 8, 6)[:dimensions], "xyz"[:dimensions]
    with h5py.File(directory.snapshot(0), "w") as file:
        file.attrs.update({"step": 0, "time": 0.0, "axes": list(names)})
        for name, points in zip(names, shape, strict=True):
            file[name] = 0.5 * (np.arange(points) - points // 2)
        x = file["x"][:].reshape(-1, *[1] * (dimensions - 1))
        file[f"{SPECIES[0]}/wave_function"] = np.exp(0.7j * x) * np.ones(shape)
        file[f"{SPECIES[1]}/density"] = np.ones(shape)
    draw(directory.path, asked("phase"))
    figure = require_inside(drawn["phase.png"])
    if dimensions == 1:
        line = figure.axes[0].lines[0]
        np.testing.assert_allclose(np.diff(line.get_ydata()), 0.35 / np.pi, rtol=1e-12)
    else:
        (image,) = figure.axes[0].get_images()
        assert image.get_clim() == (-np.pi, np.pi)
        np.testing.assert_allclose(np.diff(np.unwrap(image.get_array()[0])), 0.35, rtol=1e-12)


def test_phases_are_not_shown_where_there_is_nothing():
    share = np.array([1e-9, 0.2, 1.0, 0.1, 1e-5])
    np.testing.assert_allclose(unwrapped(np.array([9.0, 3.0, -3.0, -2.5, 8.0]), share)[1:4] * np.pi,
                               [6.0 - 2.0 * np.pi, 0.0, 0.5])  # fmt: skip
    assert np.isnan(unwrapped(np.zeros(5), share)[[0, 4]]).all()


def centres(values, width=5.0, **entries):
    return [
        {"time": float(n), "energy": {"kinetic": 2.0},
         "species": {"a": {"particles": 1.0, "centre": [value], "rms_width": [width], "chemical_potential": 1e-16 * n,
                           **entries}}}
        for n, value in enumerate(values)
    ]  # fmt: skip


def test_what_is_zero_but_for_rounding_is_a_line_at_zero():
    """A centre of mass at 1e-7 um beside a cloud of 5 um, and a chemical potential that cancels; one that oscillates by
    a hundredth of the width is shown as it is."""
    figure = series_figure(centres([1e-7, -1e-7, 2e-7]), UNITS, "t", 1)
    for title, size in (("centre of mass", 0.1), ("chemical potential per particle", 10.0)):
        (axes,) = [axes for axes in figure.axes if axes.get_title() == title]
        low, high = axes.get_ylim()
        assert low == -high and high > size
    figure = series_figure(centres([0.05, -0.05, 0.05]), UNITS, "t", 1)
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "centre of mass"]
    assert axes.get_ylim()[1] < 0.06


def test_the_sampling_of_markers_is_no_motion():
    records = centres([0.02, -0.02, 0.02], half_difference={"centre": [0.03]})
    (axes,) = [a for a in series_figure(records, UNITS, "t", 1).axes if a.get_title() == "centre of mass"]
    assert axes.get_ylim()[1] > 0.2


def test_angular_momenta_are_drawn_per_particle():
    records = [
        {"time": float(n), "energy": {}, "species": {"a": {"particles": 4.0, "centre": [0.0, 0.0],
         "rms_width": [1.0, 1.0], "angular_momentum": [2.0 + n]}}} for n in range(3)
    ]  # fmt: skip
    figure = require_inside(series_figure(records, UNITS, "t", 2))
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "angular momentum per particle"]
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [0.5, 0.75, 1.0])
    assert axes.get_ylabel() == "$L_z / N$ ($\\hbar$)"


def test_the_command_takes_words_times_and_forms(tmp_path):
    make_run(tmp_path / "run", 2, [0.0, 1.0, 2.0], records=2)
    place = str(tmp_path / "run")
    told = CliRunner().invoke(plot, [place, "--what", "columns,vortices", "--times", "last", "--dpi", "40"])
    assert told.exit_code == 0, told.output
    assert (
        "run/columns.png" in told.output
        and 'nothing to draw for vortices, which needs records with "vort' in told.output
    )
    small = Image.open(tmp_path / "run/columns.png").size
    assert max(small) < 400
    for form, begin in (("pdf", b"%PDF"), ("svg", b"<?xml")):
        assert CliRunner().invoke(plot, [place, "--what", "columns", "--format", form]).exit_code == 0
        assert (tmp_path / f"run/columns.{form}").read_bytes().startswith(begin)
    told = CliRunner().invoke(
        plot, [place, "--film-format", "gif", "--what", "columns", "--times", "0,2", "--dpi", "30"]
    )
    assert told.exit_code == 0 and Image.open(tmp_path / "run/film.gif").n_frames == 2


def test_a_run_without_times_says_so(tmp_path):
    directory = make_run(tmp_path / "run", 1, [], records=0)
    with SeriesWriter(directory.series) as series:
        series.append({"step": 0, "time": 0.0, "species": {}})
    told = CliRunner().invoke(plot, [str(directory.path)])
    assert told.exit_code == 0 and "nothing to draw" in told.output


def test_how_often_to_look_is_nothing_without_looking_again(tmp_path):
    told = CliRunner().invoke(plot, [str(tmp_path), "--every", "2s"])
    assert told.exit_code == 2 and "give --watch too" in told.output
