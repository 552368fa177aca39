"""Studies of claims: fits with their confidence, verdicts that can be negative, and the semi-classical quotients
against their closed form."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from hpcmix.io.documents.plain_json import page_of
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.studies.claims.semiclassical_bounds import NUMBERS, check, judge, shell_quotient
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Finding, Fit
from hpcmix.studies.measuring.figure import draw_finding
from tests.physics.claims import setting, verdict

FILE = """
[grid]
points = [26, 26, 26]
lengths = [9.0, 9.0, 9.0]
[[species]]
name = "f"
kind = "fermions"
orbitals = 4
potential = [{ kind = "harmonic", frequency = 1.0, until = 0.0 }]
initial = { kind = "oscillator", frequency = 1.0 }
[scaling]
kind = "bose-fermi-macro"
[time]
final = 0.02
step = 0.01
"""


def test_a_fit_finds_exponent_and_interval() -> None:
    x = np.array([1.0, 2.0, 4.0, 8.0])
    exact = Fit.of("y", "x", x, 3.0 * x**0.7)
    assert exact.exponent == pytest.approx(0.7, abs=1e-12) and exact.interval[1] - exact.interval[0] < 1e-6
    # points off the line by a known amount: slope and standard error by hand for x' = -1.5, -0.5, 0.5, 1.5 (times ln 2)
    noise = np.array([0.1, -0.1, -0.1, 0.1])
    fit = Fit.of("y", "x", x, np.exp(noise))
    error = np.sqrt(0.04 / 2.0 / (5.0 * np.log(2.0) ** 2))
    assert fit.exponent == pytest.approx(0.0, abs=1e-12)
    assert fit.interval[1] == pytest.approx(4.302652729911275 * error, rel=1e-9)  # Student's t, 2 degrees, 97.5 %
    with pytest.raises(ValueError, match="needs three points"):
        Fit.of("y", "x", [1.0, 2.0], [1.0, 2.0])


def judged(values, numbers=NUMBERS, error=0.0) -> Finding:
    """The verdict on one quotient that a variation changes by a part of it."""
    varied = {AS_GIVEN: values, "grid": [value * (1.0 + error) for value in values]}
    budget = Budget.of("q", "M", list(map(float, numbers)), varied)
    return judge([number ** (-1 / 3) for number in numbers], [budget])


def powers(exponent: float) -> list[float]:
    return [1.5 * number**exponent for number in NUMBERS]


def test_a_verdict_can_be_negative() -> None:
    assert judged(powers(0.0)).holds
    grown = judged(powers(1 / 3))
    assert grown.holds is False and grown.verdict.startswith("NOT CONSISTENT") and "M^0.333" in grown.reason


def test_a_verdict_is_open_where_the_numbers_are_too_few_or_not_resolved() -> None:
    """Three values that scatter: an interval of the exponent that reaches from zero to beyond one third."""
    scattered = [value * (1.3 if place == 1 else 1.0) for place, value in enumerate(powers(0.05)[:3])]
    found = judged(scattered, NUMBERS[:3])
    assert found.holds is None and found.verdict.startswith("not resolved")
    assert found.reason.endswith("more and larger M would decide")
    found = judged(powers(0.0), error=0.2)
    assert found.holds is None and "most of it from the grid" in found.reason


def test_quotients_of_closed_shells_and_their_report(tmp_path) -> None:
    """Measured through the whole program, at time zero and after free expansion, which leaves the momentum's commutator
    alone: it commutes with the kinetic energy."""
    numbers = (20, 4, 10)
    _, finding = check(setting(FILE, tmp_path, numbers))
    x, p, _, later_x, later_p, _ = (finding.column(name) for name in finding.columns[2:])
    exact = [shell_quotient(number, number ** (-1 / 3), 1.0) for number in sorted(numbers)]
    # the tails beyond this grid's largest wave number
    np.testing.assert_allclose(x, exact, rtol=1e-4)
    np.testing.assert_allclose(p, exact, rtol=1e-4)
    np.testing.assert_allclose(later_p, p, rtol=1e-7)  # singular values of zero come out as roots of rounding, 1e-8
    assert all(after > before * (1 + 1e-5) for before, after in zip(x, later_x, strict=True))
    assert set(finding.budgets[3].changes) == {"time step", "grid", "box"}
    assert all(0.0 < max(budget.errors) < 0.02 for budget in finding.budgets)
    assert not finding.notes
    report = json.loads(page_of(finding.as_dict()))
    assert report["rows"][2][0] == 20.0 and len(report["fits"]) == 6 and report["claim"]["source"]
    assert len(report["numerical_errors"]) == 6
    assert any("verdict" in line for line in finding.lines())
    assert draw_finding(finding, tmp_path / "claim.png").stat().st_size > 10_000


def test_the_beginning_alone_needs_no_evolution(tmp_path) -> None:
    """With --at-start as without a [time]; an adaptive step and an expanding frame do not matter there."""
    wanted = {"numbers": (4, 10, 20), "evolving": False}
    _, finding = check(setting(FILE, tmp_path, **wanted))
    assert len(finding.budgets) == 3 and set(finding.budgets[0].changes) == {"grid", "box"}
    for text in (
        FILE.partition("[time]")[0],
        FILE.replace("step = 0.01", "step = { tolerance = 1e-6 }"),
        FILE.replace("[[species]]", 'frame = { kind = "expanding", rate = 1.0 }\n[[species]]'),
    ):
        _, other = check(setting(text, tmp_path, **wanted))
        assert other.rows == finding.rows


def test_commutators_are_the_laboratorys(tmp_path) -> None:
    text = FILE.replace("[[species]]", 'frame = { kind = "expanding", rate = 1.0 }\n[[species]]')
    with pytest.raises(ProblemError, match="--at-start"):
        check(setting(text, tmp_path, (4, 10, 20)))


LARGE_STEP = 'step = 1.5\ncheck_step = false\nintegrator = "strang"'


@pytest.mark.parametrize(
    ("cause", "changes"),
    [
        ("grid", {"[26, 26, 26]": "[12, 12, 12]"}),
        ("box", {"[26, 26, 26]": "[14, 14, 14]", "[9.0, 9.0, 9.0]": "[4.0, 4.0, 4.0]"}),
        ("time step", {"until = 0.0": "until = 9.0", "final = 0.02": "final = 1.5", "step = 0.01": LARGE_STEP}),
    ],
)
def test_what_is_not_resolved_is_found(tmp_path, cause, changes) -> None:
    """Too coarse a grid, too small a box, a step too large in a trap that stays on."""
    text = FILE
    for old, new in changes.items():
        text = text.replace(old, new)
    _, finding = check(setting(text, tmp_path, (4, 10, 20), evolving=cause == "time step"))
    assert verdict(finding) == "not resolved" and f"most of it from the {cause}" in finding.reason, finding.verdict


FLAT = """
[grid]
points = [24, 24]
lengths = [12.0, 12.0]
[[species]]
name = "f"
kind = "fermions"
orbitals = 3
potential = [{ kind = "harmonic", frequency = 1.0 }]
initial = INITIAL
[scaling]
kind = "bose-fermi-macro"
[ground_state]
tolerance = 1e-6
"""


@pytest.mark.parametrize(
    ("initial", "open_shells"),
    [
        ('{ kind = "oscillator", frequency = 1.0 }', "M = 2 (1 or 3 would), 5 (3 or 6 would): of the highest level"),
        ('{ kind = "plane-waves" }', "M = 2 (1 or 5 would), 3 (1 or 5 would), 6 (5 or 9 would): of the highest level"),
        ('{ kind = "ground-state" }', "M = 2, 5: of the highest level"),
    ],
)
def test_numbers_that_close_no_shell_are_said(tmp_path, initial, open_shells) -> None:
    _, finding = check(setting(FLAT.replace("INITIAL", initial), tmp_path, (2, 3, 5, 6)))
    assert len(finding.notes) == 1 and f"no shell is closed by {open_shells}" in finding.notes[0]
    assert f"note: {finding.notes[0]}" in finding.lines() and finding.as_dict()["notes"] == list(finding.notes)


def test_the_quotient_tends_to_its_limit() -> None:
    shells = [sum((n + 1) * (n + 2) // 2 for n in range(top + 1)) for top in (1, 7, 30)]
    values = [shell_quotient(number, number ** (-1 / 3), 1.0) for number in shells]
    limit = 2**0.5 * 6 ** (5 / 6) * 4 / 15
    assert values[0] < values[1] < values[2] < limit
    assert limit - values[2] < 0.1 * (limit - values[0])
    with pytest.raises(ValueError, match="do not close a shell"):
        shell_quotient(5, 1.0, 1.0)


AROUND = """
[grid]
points = [16]
lengths = [8]
[[species]]
name = "a"
initial = { kind = "gaussian", width = 1.0 }
[time]
final = 1.0
step = 0.01
[fluctuations]
"""


@pytest.mark.parametrize("around_flow", [False, True])
def test_only_claims_about_fluctuations_take_those_of_the_file(tmp_path, around_flow) -> None:
    taken = replace(setting(AROUND, tmp_path), around_flow=around_flow)
    problem = taken.on_root(lambda load: load(("time.step=0.02",)))
    assert problem.time.step == 0.02 and (problem.fluctuations is not None) == around_flow
