"""Figures of sweeps: which variables, which lines, maps, marks and axes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.units.units import Units, units_from_text
from hpcmix.studies.sweeps import figure
from hpcmix.studies.sweeps.axes import Axes
from hpcmix.studies.sweeps.collecting import Collected
from hpcmix.studies.sweeps.sweeping import _energy


def collected(keys, directions=(), failed=None, **variables):
    """A sweep with these keys; the values of variables are functions of the places along the axes."""
    axes = Axes.of({"keys": keys, "combine": "product", "directions": list(directions)})
    status = np.full(axes.shape, "done", object)
    if failed is not None:
        status[failed] = "failed"
    data = {"status": (axes.names, status), "message": (axes.names, np.full(axes.shape, "", object))}
    for name, (dimensions, lengths, rule) in variables.items():
        values = np.fromfunction(rule, (*axes.shape, *lengths))
        if failed is not None:
            values[failed] = np.nan
        data[name] = ((*axes.names, *dimensions), values, {"long_name": f"the {name}", "units": "code unit of energy"})
    coordinates = {key.key: ((key.key,), key.coordinate) for key in axes.keys}
    coordinates |= {"species": ["a", "b"]} if any("species" in entry[0] for entry in variables.values()) else {}
    coordinates |= {"direction": list(directions)} if directions else {}
    return Collected(xarray.Dataset(data, coordinates, {"title": "A sweep"}), axes, ())


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """The figure of a sweep, before it is written."""
    figures = []
    monkeypatch.setattr(figure, "save", lambda drawing, path, dots: figures.append(drawing) or path)

    def draw(found, *what):
        figure.draw_sweep(found, tmp_path / "sweep.png", what)
        return figures[-1]

    return draw


ENERGY = ((), (), lambda i, j: 1.0 + i + 10.0 * j)


def test_lines_over_the_last_key_in_a_colour_for_each_value_of_the_first(drawn):
    density = (("species",), (2,), lambda i, j, s: 1.0 + i + j + 5.0 * s)
    found = collected({"x": [1, 2, 3], "g": ["1 Hz", "10 Hz", "100 Hz"]}, energy_total=ENERGY, maximum_density=density)
    energy, densities = drawn(found).axes[:2]
    assert energy.get_xscale() == "log" and energy.get_xlabel() == "g (Hz)" and energy.get_title() == "the energy_total"
    assert [list(line.get_ydata()) for line in energy.lines] == [[1.0 + i, 11.0 + i, 21.0 + i] for i in range(3)]
    assert list(energy.lines[0].get_xdata()) == [1.0, 10.0, 100.0]
    assert len({line.get_color() for line in energy.lines}) == 3
    styles = [(line.get_color(), line.get_linestyle()) for line in densities.lines]
    assert len(set(styles)) == 6 and len({colour for colour, _ in styles}) == 3
    labels = [text.get_text() for text in drawn(found).legends[0].get_texts()]
    assert labels == ["x = 1", "x = 2", "x = 3", "a", "b"]


def test_both_directions_have_their_marks_and_failures_crosses(drawn):
    found = collected(
        {"g": [0.1, 0.2, 0.3]}, ("forward", "backward"), failed=(1, 0), energy_total=((), (), lambda i, d: i + 5.0 * d)
    )
    (panel,) = drawn(found).axes[:1]
    there, back, crosses = panel.lines
    assert np.isnan(there.get_ydata()[1]) and list(back.get_ydata()) == [5.0, 6.0, 7.0]
    assert (there.get_marker(), back.get_marker(), crosses.get_marker()) == ("o", "s", "x")
    assert list(crosses.get_xdata()) == [0.2] and panel.get_xscale() == "linear"
    assert "of 6 points 1 failed" in drawn(found).get_suptitle()


def test_many_lines_become_a_map_and_words_ticks(drawn):
    words = ["strang", "blanes-moan-4"]
    found = collected({"x": list(range(figure.MOST_LINES + 1)), "time.integrator": words}, energy_total=ENERGY)
    (panel, _) = drawn(found).axes
    (mesh,) = panel.collections
    assert mesh.get_array().shape == (figure.MOST_LINES + 1, 2) and panel.get_ylabel() == "x"
    assert [label.get_text() for label in panel.get_xticklabels()] == words


@pytest.mark.parametrize(
    ("factor", "si_unit", "expected", "label"),
    [
        (6.62607015e-34, "J", 1.0, "E/h (Hz)"),
        (2e-6, "m", 2.0, "µm"),
        (1e12, "m-2", 1.0, "µm$^{-2}$"),
        (None, None, 1.0, "code units of energy"),
    ],
)
def test_numbers_of_a_file_with_units_are_those_of_the_laboratory(drawn, factor, si_unit, expected, label):
    for places in (2, figure.MOST_LINES + 1):
        found = collected({"x": list(range(places)), "g": [1, 2]}, energy_total=ENERGY)
        if factor is not None:
            found.data["energy_total"].attrs |= {"si_factor": factor, "si_unit": si_unit}
        panel, *bars = drawn(found).axes
        if bars:
            assert bars[0].get_ylabel() == label
            assert panel.collections[0].get_array()[0, 0] == pytest.approx(expected)
        else:
            assert panel.get_ylabel() == label
            assert panel.lines[0].get_ydata()[0] == pytest.approx(expected)


def test_variables_are_chosen_by_name_or_by_what_they_tell(drawn):
    nothing, same = ((), (), lambda i, j: 0.0 * i), (("species",), (2,), lambda i, j, s: i + j)
    found = collected(
        {"x": [1, 2], "g": [1, 2]}, energy_total=ENERGY, energy_kinetic=ENERGY, overlap_a=same, overlap_b=same,
        mode_frequency=nothing, wall_seconds=ENERGY,
    )  # fmt: skip
    assert [panel.get_title() for panel in drawn(found).axes if panel.axison] == ["the energy_total", "the overlap_a"]
    assert [panel.get_title() for panel in drawn(found, "wall_seconds").axes] == ["the wall_seconds"]
    with pytest.raises(ProblemError, match='did you mean "energy_kinetic"'):
        drawn(found, "energy_kinetik")


def test_the_energy_of_a_point_is_told_as_that_of_its_run(tmp_path):
    """A frequency E/h where the file has units; it used to be a number of code units with nothing behind it."""
    RunDirectory(tmp_path).summary.write_text('{"energy": {"total": 2.0}}')
    hertz = 1.054571817e-34 / (2.0 * 3.141592653589793 * 1e-12 * 86.909 * 1.66053906660e-27)
    told = _energy(tmp_path, units_from_text("1 um", "86.909 u"))
    assert told.startswith(", energy h x ") and told.endswith(" Hz")
    assert float(told.split()[4]) == pytest.approx(2.0 * hertz, rel=1e-6)
    assert _energy(tmp_path, Units()) == ", energy 2"
