"""Studies of claims: fits with their confidence, verdicts that can be negative, and the semi-classical quotients
against their closed form."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hpcmix.io.plain_json import page_of
from hpcmix.parallel.mpi import MPI
from hpcmix.problem.load import parse_problem
from hpcmix.run.log import Log
from hpcmix.studies.claim import Fit
from hpcmix.studies.figure import draw_finding
from hpcmix.studies.semiclassical_bounds import NUMBERS, conclude, measure, shell_quotient

FILE = """
[grid]
points = [26, 26, 26]
lengths = [9.0, 9.0, 9.0]
[[species]]
name = "f"
kind = "fermions"
orbitals = {orbitals}
potential = [{{ kind = "harmonic", frequency = 1.0, until = 0.0 }}]
initial = {{ kind = "oscillator", frequency = 1.0 }}
[scaling]
kind = "bose-fermi-macro"
[time]
final = 0.02
step = 0.02
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


def rows(exponent: float) -> list[tuple[float, ...]]:
    return [(float(m), m ** (-1 / 3), 1.5 * m**exponent) for m in NUMBERS]


def test_a_verdict_can_be_negative() -> None:
    assert conclude(("M", "hbar", "q"), rows(0.0)).holds
    grown = conclude(("M", "hbar", "q"), rows(1 / 3))
    assert grown.holds is False and grown.verdict.startswith("NOT CONSISTENT") and "M^0.333" in grown.reason


def test_a_verdict_is_open_where_the_numbers_are_too_few() -> None:
    """Three values that scatter: an interval of the exponent that reaches from zero to beyond one third."""
    scattered = [(m, hbar, value * (1.3 if m == NUMBERS[1] else 1.0)) for m, hbar, value in rows(0.05)[:3]]
    found = conclude(("M", "hbar", "q"), scattered)
    assert found.holds is None and found.verdict.startswith("not resolved")
    assert found.reason.endswith("more and larger M would decide")


def test_quotients_of_closed_shells_and_their_report(tmp_path) -> None:
    """Measured through the whole program, at time zero and after free expansion, which leaves the momentum's commutator
    alone: it commutes with the kinetic energy."""
    numbers = (4, 10, 20)
    problems = [parse_problem(FILE.format(orbitals=number)) for number in numbers]
    finding = measure(problems, True, MPI.COMM_SELF, Log(speaks=False))
    x, p, _, later_x, later_p, _ = (finding.column(name) for name in finding.columns[2:])
    exact = [shell_quotient(number, number ** (-1 / 3), 1.0) for number in numbers]
    # the tails beyond this grid's largest wave number
    np.testing.assert_allclose(x, exact, rtol=1e-4)
    np.testing.assert_allclose(p, exact, rtol=1e-4)
    np.testing.assert_allclose(later_p, p, rtol=1e-9)
    assert all(after > before * (1 + 1e-5) for before, after in zip(x, later_x, strict=True))
    assert not finding.notes
    report = json.loads(page_of(finding.as_dict()))
    assert report["rows"][2][0] == 20.0 and len(report["fits"]) == 6 and report["claim"]["source"]
    assert any("verdict" in line for line in finding.lines())
    assert draw_finding(finding, tmp_path / "claim.png").stat().st_size > 10_000


FLAT = """
[grid]
points = [{points}, {points}]
lengths = [12.0, 12.0]
[[species]]
name = "f"
kind = "fermions"
orbitals = {orbitals}
potential = [{{ kind = "harmonic", frequency = 1.0 }}]
initial = {initial}
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
def test_numbers_that_close_no_shell_are_said(initial, open_shells) -> None:
    problems = [parse_problem(FLAT.format(points=24, orbitals=number, initial=initial)) for number in (2, 3, 5, 6)]
    finding = measure(problems, False, MPI.COMM_SELF, Log(speaks=False))
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
