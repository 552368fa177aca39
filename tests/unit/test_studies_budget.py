"""The error budget of a study: what is varied, what the changes come to, and what they do to a verdict."""

from __future__ import annotations

import math

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.studies.check import CLAIMS, Request
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget, variations, varied_problems
from hpcmix.studies.measuring.claim import Claim, Finding, Fit, aligned
from hpcmix.studies.measuring.options import OPTIONS, check_options
from hpcmix.studies.measuring.verdict import bounded, unresolved

FILE = """
[grid]
points = [32, 20]
lengths = [16.0, 10.0]
[[species]]
name = "a"
potential = [{ kind = "harmonic", frequency = 1.0 }]
[time]
final = 1.0
step = 0.01
[output]
observables = { every = 3 }
"""


def load(extra=()):
    return parse_problem(FILE, extra)


def test_every_choice_is_varied_once():
    problems, impossible, described = varied_problems(load(), load)
    assert not impossible and list(problems) == [AS_GIVEN, "time step", "grid", "box", "solver tolerance"]
    assert problems[AS_GIVEN] == load()
    assert problems["time step"].time.step == 0.005 and problems["time step"].output.observables.every == 6
    assert problems["grid"].grid.points == (26, 16) and problems["grid"].grid.lengths == (16.0, 10.0)
    assert problems["box"].grid.points == (26, 16) and problems["box"].grid.spacings == (0.5, 0.5)
    assert problems["solver tolerance"].ground_state.tolerance == pytest.approx(1e-9)
    assert all(one.words for one in described if one.name != AS_GIVEN)


def test_a_small_grid_is_made_finer_and_a_given_state_has_no_tolerance():
    problem = parse_problem(FILE.replace("[32, 20]", "[6, 6]"), ['species.a.initial={kind="gaussian", width=1.0}'])
    names = {one.name: one for one in variations(problem)}
    assert "solver tolerance" not in names
    assert names["grid"].overrides == ("grid.points=[8, 8]",)


def test_a_variation_that_the_file_does_not_allow_leaves_the_verdict_open():
    lattice = ['species.a.potential=[{kind="lattice", depth=1.0, period=[16.0, 10.0]}]']
    problems, impossible, described = varied_problems(load(lattice), lambda extra: load([*lattice, *extra]))
    assert set(impossible) == {"box"} and "box" not in problems and "period" in impossible["box"]
    numbers = {name: [1.0] for name in problems}
    budget = Budget.of("q", "N", [1.0], numbers, described, impossible)
    assert budget.errors == (math.inf,) and "from the box" in unresolved([budget])
    with pytest.raises(ProblemError):
        varied_problems(load(), lambda extra: load(["grid.points=[0]"]))


def test_changes_add_up_and_decide():
    numbers = {AS_GIVEN: [1.0, 0.1], "grid": [1.01, 0.104], "time step": [1.0, 0.0995]}
    budget = Budget.of("q", "N", [10.0, 100.0], numbers)
    assert budget.errors == pytest.approx((0.01, 0.0045)) and budget.unresolved == ""
    assert budget.rows[1] == pytest.approx((100.0, 0.1, 0.004, 0.0005, 0.0045, 0.045))
    worse = Budget.of("q", "N", [10.0, 100.0], numbers | {"grid": [1.01, 0.11]})
    assert "q at N = 100" in worse.unresolved and "most of it from the grid" in worse.unresolved
    lost = Budget.of("q", "N", [10.0, 100.0], numbers | {"grid": [math.nan, 0.104]})
    assert lost.unresolved
    nothing = Budget.of("q", "N", [10.0], {AS_GIVEN: [0.0], "grid": [1e-3]})
    assert nothing.unresolved  # an effect of zero is below any error


def test_numerical_errors_widen_an_interval():
    """Three points a factor of two apart, errors of 1 %: the slope moves by at most 0.01 (1 + 1) / (2 log 2)."""
    exact = Fit.of("q", "N", [1.0, 2.0, 4.0], [4.0, 2.0, 1.0])
    wider = Fit.of("q", "N", [1.0, 2.0, 4.0], [4.0, 2.0, 1.0], [0.04, 0.02, 0.01])
    assert wider.exponent == exact.exponent == pytest.approx(-1.0)
    assert wider.interval[1] - exact.interval[1] == pytest.approx(0.01 / math.log(2.0), rel=1e-6)


def test_bounds_on_exponents():
    def fit(low, high):
        return Fit("q", "N", 0.5 * (low + high), (low, high))

    assert bounded([fit(-0.1, 0.1), fit(-1.0, 0.2)]) is True
    assert bounded([fit(-0.1, 0.1), fit(0.3, 0.5)]) is False
    assert bounded([fit(-0.1, 0.1), fit(0.1, 0.4)]) is None


def test_wide_tables_and_many_budgets_fit_a_line():
    names = ["N", *(f"a long name of a column {number}" for number in range(9))]
    lines = aligned(names, [tuple(range(10))])
    assert max(map(len, lines)) <= 120 and sum(line.lstrip().startswith("N ") for line in lines) == 3
    budgets = tuple(Budget.of(f"q{number}", "N", [1.0], {AS_GIVEN: [1.0], "grid": [1.1]}) for number in range(5))
    finding = Finding(Claim("c", "s", "p"), ("N", "q0"), ((1.0, 1.0),), ("q0",), (), True, "fine", budgets)
    assert sum("numerical error: q" in line for line in finding.lines()) == 5
    assert len(finding.as_dict()["numerical_errors"]) == 5


def test_every_claim_says_which_options_it_takes():
    assert list(OPTIONS) == list(CLAIMS)  # the command line takes its words from the one, and calls the other
    check_options("dispersion", Request("dispersion", "file", numbers=(1, 2, 3), max_wall=1.0).options)
    with pytest.raises(ProblemError, match="means nothing to the claim conservation"):
        check_options("conservation", Request("conservation", "file", numbers=(1, 2, 3)).options)
    with pytest.raises(ProblemError, match="at-start"):
        check_options("morawetz", Request("morawetz", "file", evolving=False).options)


CLASSICAL = (
    FILE
    + """
[[species]]
name = "gas"
kind = "classical"
particles = 2.0
markers = 1000
initial = { kind = "gaussian", width = 1.0 }
"""
)


def test_markers_are_halved_and_their_windows_narrower():
    problems, impossible, described = varied_problems(
        parse_problem(CLASSICAL), lambda extra: parse_problem(CLASSICAL, extra)
    )
    assert not impossible and {"window", "markers"} < problems.keys()
    gas = {name: problem.species[-1].markers for name, problem in problems.items()}
    assert (gas["window"].number, gas["window"].tolerance) == (1000, 1e-6)
    assert (gas["markers"].number, gas["markers"].tolerance) == (500, 1e-8)
    assert {variation.words for variation in described} > {"1e-08 to 1e-06", "1000 to 500"}
    assert not {"window", "markers"} & {variation.name for variation in variations(load())}


def test_what_cannot_be_varied_of_markers_is_not():
    """The loosest tolerance has no looser one, and a file has the markers that it has."""
    given = ["species.gas.markers.tolerance=1e-3", f'species.gas.initial={{kind="file", path="{__file__}"}}']
    names = {variation.name for variation in variations(parse_problem(CLASSICAL, given))}
    assert not {"window", "markers"} & names
