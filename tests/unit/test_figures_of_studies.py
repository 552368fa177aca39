"""Figures of claims, scaling studies and energies: room for everything however many lines, bars and words there are."""

from __future__ import annotations

import math
from dataclasses import replace

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from hpcmix.io.figures.over_time.energies import energy_figure
from hpcmix.io.figures.style import STYLE, FigureUnits, headline
from hpcmix.problem.units.units import Units
from hpcmix.studies.claims import conservation, dispersion
from hpcmix.studies.measuring import figure as claims
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.typesetting import typeset
from hpcmix.studies.scaling import figure as scaling
from hpcmix.studies.scaling.measured.outcome import Outcome, Row
from tests.unit.figure_checks import require_room
from tests.unit.scaling_samples import configuration, result

NUMBERS = (16.0, 64.0, 256.0, 1024.0, 4096.0)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would have been written."""
    figures = []
    for module in (claims, scaling):
        monkeypatch.setattr(module, "save", lambda figure, path, dots: figures.append(figure))
    return figures


def finding(claim, columns, shown, curves=0, x=NUMBERS, **entries):
    """Nearly level columns over x, as of constants, with the errors of a budget, and curves."""
    rows = tuple((value, *(2.25 + 0.1 / value + place for place in range(len(columns) - 1))) for value in x)
    values = [row[1] for row in rows]
    budget = Budget.of(columns[1], columns[0], list(x), {AS_GIVEN: values, "grid": [1.001 * v for v in values]})
    times = np.linspace(0.0, 1.0, 30)
    lines = tuple(Curve(f"N = {4**n}", times, 1.0 + n + np.sin(9.0 * times)) for n in range(curves))
    return Finding(claim, columns, rows, shown, (), True, "fine", (budget,), lines, **entries)


def test_the_figure_of_dispersion(drawn, tmp_path):
    constant = dispersion.CONSTANT
    one = finding(dispersion.CLAIM, ("N", constant), (constant,), 5, curve_ordinate=dispersion.WEIGHTED)
    claims.draw_finding(one, tmp_path / "f.png")
    require_room(drawn[0])
    left, right = drawn[0].axes
    assert (left.get_ylabel(), right.get_ylabel()) == (typeset(dispersion.WEIGHTED), typeset(constant))
    assert right.get_ylim()[0] <= 0.0 and right.get_ylim()[1] > 1.05 * max(one.column(constant))
    assert len(drawn[0].legends) == 1  # of a single line the axis says what it is


@pytest.mark.parametrize("species", [1, 9])
def test_the_figure_of_conservation(drawn, tmp_path, species):
    """Its source names three papers; every species has a curve and a column."""
    names = tuple(f"drift of particles {'condensate'} {number}" for number in range(species))
    steps = (0.02, 0.02 / 1.5, 0.01)
    one = finding(conservation.CLAIM, ("step", *names), names, species, steps, scale="log", curve_scale="log",
                  curve_ordinate="relative distance", ordinate="largest")  # fmt: skip
    one = replace(one, fits=tuple(Fit(name, "step", 4.0123, (4.0, 4.1)) for name in names))
    claims.draw_finding(one, tmp_path / "f.png")
    require_room(drawn[0])
    labels = [text.get_text() for legend in drawn[0].legends for text in legend.get_texts()]
    assert f"{names[0]} ~ step$^{{\\mathrm{{4.012}}}}$" in labels
    assert [label.get_text() for label in drawn[0].axes[1].get_xticklabels()] == ["0.02", "0.0133", "0.01"]


@pytest.mark.parametrize("numbers", [[100.0, 101.0, 102.0, 1000.0], [float(n) for n in range(10, 40)], [4.0]])
def test_numbers_close_to_each_other_have_fewer_labels(drawn, tmp_path, numbers):
    names = ("a", "b")
    one = finding(Claim("c", "s", "p"), ("N", *names), names, 0, numbers, ordinate="constants")
    claims.draw_finding(one, tmp_path / "f.png")
    require_room(drawn[0])
    shown = [label.get_text() for label in drawn[0].axes[0].get_xticklabels()]
    assert len(shown) == len(numbers) and shown[0] == f"{numbers[0]:g}"


def test_columns_below_zero_and_lost_ones(drawn, tmp_path):
    one = finding(Claim("c", "s", "p"), ("N", "q", "r"), ("q", "r"), ordinate="both")
    below = replace(one, rows=tuple((row[0], -row[1], math.nan) for row in one.rows))
    claims.draw_finding(below, tmp_path / "f.png")
    require_room(drawn[0])
    assert drawn[0].axes[0].get_ylim()[0] < min(below.column("q"))


def test_the_figure_of_energies():
    """Of many species too."""
    names = [f"species {number}" for number in range(7)]
    records = [
        {"time": 0.1 * n, "energy": {"total": 3.0, "kinetic": 1.0 + np.sin(n), "potential": 2.0 - np.sin(n)},
         "species": {name: {"particles": 1.0 + 1e-9 * n} for name in names}} for n in range(30)
    ]  # fmt: skip
    with matplotlib.rc_context(STYLE):
        figure = energy_figure(records, FigureUnits(Units()), "a title")
        require_room(figure)
    assert [len(legend.get_texts()) for legend in figure.legends] == [4, 8]


def test_a_long_title_is_broken_into_lines_of_one_length():
    words = "what somebody wanted to say " * 8
    for width in (4.0, 11.0):
        with matplotlib.rc_context(STYLE):
            figure = Figure(figsize=(width, 4.0), layout="constrained")
            figure.subplots()
            headline(figure, f"first line\n{words}")
            figure.draw_without_rendering()
        lines = figure.get_suptitle().split("\n")
        assert lines[0] == "first line" and " ".join(lines[1:]) == words.strip()
        assert min(map(len, lines[1:])) > 0.6 * max(map(len, lines[1:]))
        assert figure._suptitle.get_window_extent().width < figure.bbox.width
        assert figure.get_figheight() == pytest.approx(4.0 + 0.18 * (len(lines) - 1))


def row(ranks, threads=1, groups=None, seconds=3e-4, cores=1024):
    one = configuration(ranks, threads, (12, 12, 12), groups=groups)
    of_all = {}
    for number, factor in enumerate((0.8, 1.0, 1.3)):
        step = factor * seconds
        of_all[number] = result(one, 0.1 * step, 0.5 * step, 0.1 * step, 0.3 * step, cores_of_ranks=cores)
        of_all[number] |= {"groups": groups or 1, "pencil_grid": [ranks // (groups or 1), 1]}
    return Row(one, of_all)


MANY = [row(1), *(row(ranks, threads, groups, 4e-4 * ranks, cores=2)
                  for ranks in (2, 4) for threads in (1, 2) for groups in (None, 1, 2))]  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [[row(1)], [row(1), row(2, seconds=2.9e-4)], [row(1), row(2, seconds=3e-3), row(4, seconds=1.3e-2, cores=2)],
     MANY, [*MANY, *(row(ranks, 3, None, 1e-4 * ranks) for ranks in range(5, 30))]],
    ids=["one", "two", "slower with ranks", "many", "very many"],
)  # fmt: skip
def test_the_figure_of_a_tiny_problem(drawn, tmp_path, rows):
    """More ranks take longer, parts are as long as each other, and there are more bars than labels fit side by side."""
    title = "A title that says everything there is to say about a problem of two components in a trap " * 2
    scaling.draw_scaling(Outcome.of(rows), None, title, False, tmp_path / "f.png")
    require_room(drawn[0])
    speed, efficiency, parts = drawn[0].axes
    bars = {bar.get_label() for bar in parts.containers if not bar.get_label().startswith("_")}
    assert bars == {"compute", "exchange", "reduction", "other"}
    assert parts.get_ylim()[1] > max(bar.get_y() + bar.get_height() for bar in parts.patches)
    assert efficiency.get_ylim()[0] <= 0.0 and speed.get_ylim()[1] > speed.get_xlim()[1] / 1.3
    starred = any(one.oversubscribed for one in rows) and len(rows) > 4
    assert ("*: shared cores" in parts.get_xlabel()) == starred


def test_of_many_curves_a_few_are_drawn():
    """The first, the last and some between, of every family; those that others are compared with are drawn apart."""
    times = [0.0, 1.0]
    many = [Curve(f"N = {2**n}", times, times) for n in range(9)]
    (family,) = claims.families_of([*many, Curve("limit", times, times, reference=True)])
    assert [curve.name for curve in family] == ["N = 1", "N = 4", "N = 16", "N = 64", "N = 256"]
    twice = [Curve(f"{name}, N = {n}", times, times) for name in ("bare", "dressed") for n in (16, 64, 256, 1024)]
    names = [[curve.name for curve in family] for family in claims.families_of(twice)]
    assert names == [["bare, N = 16", "bare, N = 1024"], ["dressed, N = 16", "dressed, N = 1024"]]
    assert len(claims.families_of([Curve("energy", times, times), Curve("momentum", times, times)])) == 2


def test_the_limits_of_a_claim_are_drawn_and_named(drawn, tmp_path):
    shown = finding(Claim("c", "s", "p"), ("N", "q"), ("q",), 3, scale="log", ordinate="q",
                    slopes=(("proven", -0.5), ("best", -1.0)), curve_ordinate="alpha")  # fmt: skip
    bound = Curve("bound", np.linspace(0.0, 1.0, 5), np.ones(5), reference=True)
    claims.draw_finding(replace(shown, curves=(*shown.curves, bound)), tmp_path / "f.png")
    require_room(drawn[0])
    left, right = drawn[0].axes
    assert [line.get_color() for line in left.get_lines() if line.get_label() == "bound"] == ["black"]
    labels = right.get_legend_handles_labels()[1]
    assert labels[:2] == ["proven: N$^{\\mathrm{-0.5}}$", "best: N$^{\\mathrm{-1}}$"]
    assert (left.get_ylabel(), right.get_xlabel()) == ("α", "particle number $N$")
    (line,) = [line for line in right.get_lines() if line.get_label() == labels[0]]
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    np.testing.assert_allclose(np.diff(np.log(y)) / np.diff(np.log(x)), -0.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("plain", "formula"),
    [
        ("hbar^(0.5)", "ħ$^{\\mathrm{0.5}}$"),
        ("sup_t |phi~ - phi|_H1", "sup$_{\\mathrm{t}}$ |φ~ - φ|$_{\\mathrm{H1}}$"),
        ("N_1 alpha(1,0) - N_perp,1", "N$_{\\mathrm{1}}$ α(1,0) - N$_{\\mathrm{\\perp,1}}$"),
        ("first_species of N = 3, alphabet", "first_species of N = 3, alphabet"),
    ],
)
def test_names_of_tables_are_formulas_in_figures(plain, formula):
    assert typeset(plain) == formula
    Figure().text(0.0, 0.0, formula).figure.draw_without_rendering()  # matplotlib reads it


def test_a_title_does_not_part_a_theorem_from_its_number():
    for width in range(2, 9):  # some of these would break the line there
        figure = Figure(figsize=(width, 3.0))
        headline(figure, "Anapolitanos, Hott and Hundertmark, Theorem 1.1, (75), (76); Michelangeli and Olgiati, (A4)")
        assert not any(line.endswith("Theorem") for line in figure.get_suptitle().split("\n"))
