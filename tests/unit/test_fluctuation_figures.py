"""The figure of fluctuations: bands, shares, scales; nothing cut off."""

from __future__ import annotations

import numpy as np
import pytest
from unit.figure_checks import require_room
from unit.test_io_reader import make_run

from hpcmix.io.documents.series import SeriesWriter
from hpcmix.io.figures.draw import draw
from hpcmix.io.figures.fluctuations.growth import fluctuation_figure, with_fluctuations
from hpcmix.io.figures.fluctuations.spectra import spectra_figure, with_spectra
from hpcmix.io.figures.style import STYLE, FigureUnits
from hpcmix.problem.units.units import Units, units_from_text
from tests.unit.figure_checks import gathered

matplotlib = pytest.importorskip("matplotlib")
PLAIN = FigureUnits(Units())


def records(times, species=("up", "down"), growth=lambda time: 20.0 * time**2, frame=False, error=0.02, **more):
    """Fluctuations that grow from the vacuum; `more` are further entries of every species, as shares of N."""
    shown = []
    for step, time in enumerate(times):
        number = growth(time)
        entries = {
            "excitations": number,
            "excitations_error": error * number,
            "transverse_excitations": 0.4 * number,
            "transverse_excitations_error": 0.4 * error * number,
            **{key: share * number for key, share in more.items()},
        }
        record = {"step": step, "time": time, "species": {name: {} for name in species}}
        record["fluctuations"] = {
            "pairs": 43, "symplectic_defect": 1e-14, "species": dict.fromkeys(species, entries)
        }  # fmt: skip
        if frame:
            record |= {"time": None if step == len(times) - 1 else np.tan(time), "frame": {"clock": time}}
        shown.append(record)
    return shown


@pytest.mark.parametrize("units", [PLAIN, FigureUnits(units_from_text("1 um", "86.909 u"))])
@pytest.mark.parametrize("species", [("up",), ("up", "down"), ("one", "two", "three")])
@pytest.mark.parametrize("growth", [lambda time: 20.0 * time**2, lambda time: 1e-3 * np.expm1(8.0 * time)])
def test_nothing_is_cut_off(units, species, growth):
    shown = records(np.linspace(0.0, 2.0, 11), species, growth, dressed_excitations=0.1, beyond_grid=0.05)
    with matplotlib.rc_context(STYLE):
        require_room(fluctuation_figure(shown, dict.fromkeys(species, 2000.0), units, "A released mixture"))


def test_the_band_is_one_standard_error():
    figure = fluctuation_figure(records([0.0, 0.5, 1.0]), {}, PLAIN, "title")
    (axes, _), (band, *_) = figure.axes, figure.axes[0].collections
    corners = band.get_paths()[0].vertices
    at_the_end = corners[corners[:, 0] == 1.0][:, 1]
    np.testing.assert_allclose([at_the_end.min(), at_the_end.max()], [19.6, 20.4])
    assert axes.get_yscale() == "linear"


def test_the_right_axis_is_the_share_of_the_particles():
    particles = {"up": 400.0, "down": 1.0}  # one particle stands for a normalised density
    figure = fluctuation_figure(records([0.0, 0.5, 1.0]), particles, PLAIN, "title")
    with matplotlib.rc_context(STYLE):
        figure.draw_without_rendering()
    (right,), none = ([*axes.child_axes] for axes in figure.axes)
    assert not none
    np.testing.assert_allclose(right.get_ylim(), np.array(figure.axes[0].get_ylim()) / 400.0)


@pytest.mark.parametrize(
    ("growth", "scale"),
    [
        (lambda time: 20.0 * time**2, "linear"),
        (lambda time: np.expm1(12.0 * time), "log"),  # a dynamical instability
    ],
)
def test_decades_have_a_logarithmic_axis(growth, scale):
    figure = fluctuation_figure(records(np.linspace(0.0, 1.0, 21), growth=growth), {}, PLAIN, "title")
    assert figure.axes[0].get_yscale() == scale


def test_numbers_that_are_decades_apart_too():
    shown = records(np.linspace(0.0, 1.0, 21), dressed_excitations=1e-3)
    assert fluctuation_figure(shown, {}, PLAIN, "title").axes[0].get_yscale() == "log"


def test_infinity_is_the_end_of_the_clock():
    shown = records(np.linspace(0.0, 0.5 * np.pi, 5), frame=True)
    axes = fluctuation_figure(shown, {}, PLAIN, "title").axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xdata(), np.linspace(0.0, 0.5 * np.pi, 5))
    assert "clock" in axes.get_xlabel()


def test_a_number_that_no_record_has_is_not_in_the_legend():
    with matplotlib.rc_context(STYLE):
        figure = fluctuation_figure(records([0.0, 1.0], beyond_grid=0.0), {}, PLAIN, "title")
    assert len(figure.legends[0].get_texts()) == 2


@pytest.mark.parametrize(("part", "lines"), [(1e-50, 2), (0.05, 3)])
def test_what_the_grid_leaves_out_is_drawn_where_it_is_something(part, lines):
    """Of a smooth kernel it is nothing, and must not stretch the axis over fifty decades."""
    axes = fluctuation_figure(records([0.0, 0.5, 1.0], beyond_grid=part), {}, PLAIN, "title").axes[0]
    assert len(axes.lines) == lines and axes.get_yscale() == "linear"


def test_a_beginning_can_be_drawn():
    with matplotlib.rc_context(STYLE):
        fluctuation_figure(records([0.0]), {}, PLAIN, "title").draw_without_rendering()


def test_a_run_with_fluctuations_has_its_figure(tmp_path, monkeypatch):
    """Shares are of the particles of the problem file, not of those of records, which a scaling changes."""
    drawn = gathered(monkeypatch)
    directory = make_run(tmp_path / "run", 1, [], records=0, with_units=False)
    draw(directory.path)
    assert "fluctuations.png" not in drawn
    directory.problem.write_text('[[species]]\nname = "up"\nparticles = 50.0\n[[species]]\nname = "down"\n')
    with SeriesWriter(directory.series) as series:
        for record in records([0.0, 0.5, 1.0]):
            series.append(record)
    draw(directory.path)
    figure = drawn["fluctuations.png"]
    assert [axes.get_title() for axes in figure.axes] == ["up", "down"]
    assert [len(axes.child_axes) for axes in figure.axes] == [1, 0]


def test_other_records_are_left_out():
    shown = records([0.0, 1.0])
    assert with_fluctuations([{"time": 0.0, "species": {}}, *shown]) == shown


def with_shells(times, species=("up", "down"), structure=True):
    """Records with spectra over twelve shells, of the vacuum at time zero."""
    shown = records(times, species)
    wave_numbers = 0.5 * np.arange(12)
    for record in shown:
        table = record["fluctuations"]
        table["wave_numbers"] = wave_numbers.tolist()
        tail = record["time"] ** 2 / (1.0 + wave_numbers) ** 4
        own = {"momentum_distribution": tail.tolist()}
        factor = dict.fromkeys(species, np.tanh(wave_numbers).tolist())
        table["species"] = {
            name: {**entries, **own, **({"structure_factor": factor} if structure else {})}
            for name, entries in table["species"].items()
        }
    return shown


@pytest.mark.parametrize("units", [PLAIN, FigureUnits(units_from_text("1 um", "86.909 u"))])
@pytest.mark.parametrize(("species", "structure"), [(("up",), True), (("up", "down"), False)])
def test_spectra_have_room_and_the_start_is_empty(units, species, structure):
    shown = with_shells(np.linspace(0.0, 2.0, 6), species, structure)
    with matplotlib.rc_context(STYLE):
        figure = spectra_figure(shown, units, "A released mixture")
        require_room(figure)
    assert len(figure.axes) == len(species) * (1 + structure)
    first = figure.axes[0]
    assert first.get_yscale() == "log" and len(first.lines) == 6
    np.testing.assert_allclose(first.lines[-1].get_xdata(), 0.5 * np.arange(1, 12) / units.length.factor)
    np.testing.assert_allclose(first.lines[-1].get_ydata(), 4.0 / (1.0 + 0.5 * np.arange(1, 12)) ** 4)


def test_records_without_spectra_have_no_figure_of_them():
    shown = with_shells([0.0, 1.0])
    assert with_spectra([*records([0.0]), *shown]) == shown
