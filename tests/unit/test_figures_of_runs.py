"""Figures of runs: nothing cut off, empty species, long films, momentum distributions."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from unit.test_io_reader import make_run

from hpcmix.io.documents.series import SeriesWriter
from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.draw import draw
from hpcmix.io.figures.over_time.clouds import series_figure
from hpcmix.io.figures.scene import spread_out
from hpcmix.io.figures.snapshots.density import density_figure
from hpcmix.io.figures.snapshots.density_modes import modes_figure, with_modes
from hpcmix.io.figures.snapshots.momentum import momentum_figure, with_momenta
from hpcmix.io.figures.snapshots.phase import Phases, phase_lines
from hpcmix.io.figures.spectra.flow import flow_spectra_figure, with_flow_spectra
from hpcmix.io.figures.style import STYLE, FigureUnits, save
from hpcmix.problem.units.units import Units, units_from_text
from tests.unit.figure_checks import gathered, require_inside

matplotlib = pytest.importorskip("matplotlib")
UNITS = FigureUnits(units_from_text("1 um", "86.909 u"))


def stored(lengths, heights, time=0.0):
    """Slices with a bump of a height for every species; zero is empty."""
    axes = {name: np.linspace(-0.5, 0.5, 24, endpoint=False) * length for name, length in zip("xyz", lengths)}  # noqa: B905
    if len(lengths) == 1:
        bump = np.exp(-(axes["x"] ** 2))
        return Slices(0, time, axes, {name: {"x": height * bump} for name, height in heights.items()}, {}, None, None)
    bump = np.exp(-(axes["x"][:, None] ** 2) - axes["y"] ** 2)
    views = {name: {"xy": height * bump} for name, height in heights.items()}
    return Slices(0, time, axes, views, views, None, None)


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(2e4, "20000 ms"), (12345.6, "12350 ms"), (2e6, "2e+06 ms"), (0.5, "0.5 ms"), (0.0, "0 ms")],
)
def test_a_long_time_has_no_exponent(milliseconds, words):
    assert UNITS.plain_moment(milliseconds / UNITS.time.factor) == f"t = {words}"


@pytest.mark.parametrize("lengths", [[16.0], [16.0, 16.0], [24.0, 6.0], [6.0, 24.0], [16.0, 16.0, 16.0]])
@pytest.mark.parametrize(("species", "frames"), [(("a",), 1), (("a",), 2), (("one", "two", "three"), 2)])
def test_nothing_is_cut_off(lengths, species, frames):
    """One species too, whose label of x used to be."""
    shown = [stored(lengths, dict.fromkeys(species, 1.0 + 4.0 * n), 1.5 * n) for n in range(frames)]
    with matplotlib.rc_context(STYLE):
        figure = require_inside(density_figure(shown, UNITS, "A title of a usual length for a run"))
    assert any(axes.get_xlabel() for axes in figure.axes)


@pytest.mark.parametrize("lengths", [[16.0], [16.0, 16.0], [16.0, 16.0, 16.0]])
def test_an_empty_species_shows_zero(lengths):
    shown = [stored(lengths, {"up": 2.0, "down": 0.0}, time) for time in (0.0, 1.0)]
    with matplotlib.rc_context(STYLE):
        figure = require_inside(density_figure(shown, UNITS, "title"))
    titles = [axes.get_title() for axes in figure.axes]
    assert sum("down" in title and "(empty)" in title for title in titles) == (1 if len(lengths) == 1 else 2)
    assert not any("up" in title and "(empty)" in title for title in titles)
    for axes in figure.axes:
        for image in axes.get_images():
            low, high = image.get_clim()
            assert low == 0.0 and high > 0.0 and image.norm(image.get_array()).min() >= 0.0
        if "empty" in axes.get_title() and len(lengths) == 1:
            low, high = axes.get_ylim()
            assert -0.1 * high < low < 0.0 and list(axes.get_yticks()) == [0.0]
    for image in (image for axes in figure.axes for image in axes.get_images()):
        if image.colorbar is not None and not np.any(image.get_array()):
            assert list(image.colorbar.get_ticks()) == [0.0]  # and no colour of anything else


def test_a_species_that_is_filled_later():
    shown = [stored([16.0, 16.0], {"up": 2.0 - height, "down": height}, time) for time, height in ((0, 0.0), (1, 1.0))]
    figure = density_figure(shown, UNITS, "title")
    titles = [axes.get_title() for axes in figure.axes]
    assert [("(empty)" in title) for title in titles if title.startswith("down")] == [True, False]


@pytest.mark.parametrize("stored_times", [3, 6, 7, 8, 200])
def test_films_of_any_length(stored_times):
    shown = spread_out(range(stored_times))
    assert len(shown) == min(stored_times, 6) and shown[0] == 0 and shown[-1] == stored_times - 1
    steps = np.diff(shown)
    assert steps.min() > 0 and steps.max() - steps.min() <= 1


def test_a_long_run_has_its_film(tmp_path, monkeypatch):
    drawn = gathered(monkeypatch)
    make_run(tmp_path / "run", 2, range(9), records=0)
    draw(tmp_path / "run")
    titles = [axes.get_title() for axes in drawn["film.png"].axes if axes.get_title().startswith("up")]
    assert len(titles) == 6 and len(set(titles)) == 6


def test_lines_that_change_by_rounding_are_flat():
    records = [
        {"time": 0.1 * n, "species": {"a": {"centre": [0.0], "rms_width": [0.7 + 1e-14 * n], "chemical_potential": 3.0,
         "maximum_density": 1.0 + 0.1 * n}}}
        for n in range(5)
    ]  # fmt: skip
    figure = series_figure(records, FigureUnits(Units()), "title", 1)
    by_title = {axes.get_title(): axes.get_ylim() for axes in figure.axes}
    for title, value in (("rms width", 0.7), ("chemical potential per particle", 3.0)):
        low, high = by_title[title]
        assert low < 0.97 * value and high > 1.03 * value
    assert by_title["largest density"][0] > 0.9


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_curves_that_others_cover_are_seen_beside_them(tmp_path, scale):
    """Species with equal curves, a time that is like the first; a curve that only meets another stays as it is."""
    figure = Figure()
    axes = figure.subplots()
    x = np.linspace(1.0, 2.0, 20)
    heights = {"C0": x**2, "C1": x**2 * (1.0 + 1e-6), "C2": 5.0 - x, "C3": x**2}
    for colour, values in heights.items():
        axes.plot(x, values, color=colour, linewidth=1.0)
    axes.plot(x, x**2, color="C3", linewidth=1.0)
    axes.axhline(2.0, color="C4", linewidth=1.0)
    axes.set_yscale(scale)
    save(figure, tmp_path / "curves.png")
    first, second, other, third, same, level = (line.get_linewidth() for line in axes.lines)
    assert first > second + 1.0 > third + 2.0 and third == same == other == level == 1.0


def test_species_that_move_alike_are_all_seen(tmp_path):
    entries = {"rms_width": [1.0], "centre": [0.0], "chemical_potential": 2.0, "maximum_density": 1.0, "particles": 1.0}
    records = [{"time": time, "energy": {}, "species": {"up": entries, "down": entries}} for time in (0.0, 1.0)]
    figure = series_figure(records, UNITS, "title", 1)
    save(figure, tmp_path / "series.png")
    for panel in figure.axes:
        below, above = panel.lines
        assert below.get_linewidth() > above.get_linewidth()


def test_a_peak_between_the_points_of_a_grid_does_not_flicker():
    def largest(change):
        entries = {"rms_width": [1.0], "centre": [0.0], "chemical_potential": 2.0, "particles": 1.0}
        heights = (30.0, 30.0 * (1.0 + change), 30.0)
        records = [
            {"time": float(time), "energy": {}, "species": {"up": entries | {"maximum_density": height}}}
            for time, height in enumerate(heights)
        ]
        low, high = series_figure(records, UNITS, "title", 1).axes[3].get_ylim()
        return (high - low) / high

    assert largest(-4e-4) > 0.05
    assert largest(-2e-2) < 0.03


def test_a_phase_that_is_zero_but_for_rounding_is_flat():
    axes, shares = {"x": np.linspace(-1.0, 1.0, 20)}, {"up": np.ones(20)}
    for height, flat in ((1e-10, True), (1e-2, False)):
        phases = Phases(0.0, axes, {"up": height * np.sin(axes["x"])}, shares)
        low, high = phase_lines([phases], slice(None), UNITS, "title").axes[0].get_ylim()
        assert (high - low > 0.05) == flat


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_momentum_distributions_are_drawn(tmp_path, monkeypatch, dimensions):
    """Of the species that have them, mode m of n at 2 pi m / L."""
    drawn = gathered(monkeypatch)
    directory = make_run(tmp_path / "run", dimensions, [], records=0, with_units=False)
    directory.problem.write_text(f"[grid]\nlengths = {[4.0, 5.0, 6.0][:dimensions]}\n")
    with SeriesWriter(directory.series) as series:
        for step in range(9):
            numbers = {name: [0.0, 1.0, 5.0 + step, 1.0] for name in "xyz"[:dimensions]}
            species = {"up": {"momentum_distribution": numbers, "centre": [0.0] * dimensions}, "down": {}}
            series.append({"step": step, "time": 0.1 * step, "energy": {}, "species": species})
    draw(directory.path)
    figure = drawn["momentum.png"]
    with matplotlib.rc_context(STYLE):
        require_inside(figure)
    assert [axes.get_title() for axes in figure.axes] == [f"up, along ${name}$" for name in "xyz"[:dimensions]]
    assert all(len(axes.lines) == 6 for axes in figure.axes)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xdata(), 2.0 * np.pi / 4.0 * np.arange(-2, 2))
    np.testing.assert_array_equal(figure.axes[-1].lines[-1].get_ydata(), [0.0, 1.0, 13.0, 1.0])


def test_momenta_of_a_species_that_is_empty():
    records = [{"time": 0.0, "species": {"a": {"momentum_distribution": {"x": [0.0] * 5}}, "b": {}}}]
    figure = momentum_figure(with_momenta(records), [4.0], UNITS, "title")
    low, high = figure.axes[0].get_ylim()
    assert low > -0.1 * high and "1/µm" in figure.axes[0].get_xlabel()


def test_spectra_of_condensates_are_drawn():
    """Particles at all times, parts of the kinetic energy at the last; a set has particles alone."""
    k, records = np.arange(6.0), []
    powers = {"incompressible": 1.0, "compressible": 0.1, "quantum_pressure": 0.01}
    for step in range(3):
        whole = {name: (power * k).tolist() for name, power in powers.items()}
        spectra = whole | {"particles": [3.0, 1.0 + step, *[0.1] * 4]}
        entries = {"a": {"spectra": spectra}, "f": {"spectra": {"particles": [1.0] * 6}}}
        records.append({"time": 0.5 * step, "wave_numbers": k.tolist(), "species": entries | {"bare": {}}})
    with matplotlib.rc_context(STYLE):
        figure = require_inside(flow_spectra_figure(with_flow_spectra([*records, {"species": {}}]), UNITS, "title"))
    above, of_set, below, none = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["a", "f", "a", "f"]
    assert [line.get_ydata()[0] for line in above.lines] == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(above.lines[0].get_xdata(), k[1:] / UNITS.length.factor)
    assert [len(axes.lines[0].get_xdata()) for axes in (of_set, none)] == [5, 0]
    assert [line.get_ydata()[-1] for line in below.lines] == pytest.approx([5.0, 0.5, 0.05])


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_modes_of_densities_are_drawn(dimensions):
    """Their sizes per particle, four along each axis; what is not there, or beyond the grid, leaves a gap; a mode that
    begins at rounding does not press the others together."""
    records = []
    for step in range(5):
        modes = {"re": [3.0 * 0.1**step, 0.0, 1e-16, None], "im": [4.0 * 0.1**step, 0.0, 0.0, None]}
        entry = {"particles": 2.0, "density_modes": dict.fromkeys("xyz"[:dimensions], modes)}
        records.append({"time": 0.5 * step, "species": {"a": entry, "bare": {"particles": 1.0}}})
    records.append({"time": 9.0, "species": {"a": {"particles": 2.0}}})
    with matplotlib.rc_context(STYLE):
        figure = require_inside(modes_figure(with_modes(records), UNITS, "title"))
    assert [axes.get_title() for axes in figure.axes] == [f"a, along ${name}$" for name in "xyz"[:dimensions]]
    first, second, _, fourth = (line.get_ydata() for line in figure.axes[0].lines)
    np.testing.assert_allclose(first, 2.5 * 0.1 ** np.arange(5))
    assert np.isnan(second).all() and np.isnan(fourth).all()
    assert figure.axes[0].get_ylim()[0] > 1e-7


@pytest.mark.parametrize("time", [0.0, 2.5, np.inf])
def test_times_are_formulas_that_matplotlib_reads(time):
    """At t = infinity, too, where a film and columns of an expanding frame end."""
    assert MathTextParser("path").parse(f"first, {FigureUnits(Units()).moment(time)}")
