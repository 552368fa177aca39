"""Warnings of what the steps of a run may miss of expressions in t."""

from __future__ import annotations

import pytest

from hpcmix.problem.files.load import load_problem, parse_problem
from hpcmix.problem.units.expressions import Expression
from hpcmix.running.planning.resolution.time import at_ends, at_kicks, time_warnings, wrong_area
from tests.system.test_cards import CARDS

PROBLEM = """
[grid]
points = [8]
lengths = [8.0]
[[species]]
name = "a"
potential = [{{ {potential} }}]
initial = {{ kind = "gaussian", width = 1.0 }}
[[species]]
name = "b"
initial = {{ kind = "gaussian", width = 1.0 }}
[[coupling]]
between = ["a", "b"]
rabi_frequency = 1.0
{coupling}
[time]
final = 4.0
step = {step}
check_step = false
"""


def warnings(potential='kind = "harmonic", frequency = 1', coupling="", step="0.1"):
    return time_warnings(parse_problem(PROBLEM.format(potential=potential, coupling=coupling, step=step)))


def trap(factor, more=""):
    return f'kind = "harmonic", frequency = 1, factor = "{factor}"{more}'


@pytest.mark.parametrize(
    "potential",
    [
        trap("1 + 0.5*sin(4*t)"),
        trap("exp(-((t - 2)/0.2)**2)"),
        trap("1/cosh(t - 12)"),
        trap("exp(-((t - 2)/0.01)**2)", ", until = 0"),  # over before anything moves
        'kind = "expression", value = "abs(x)*where(x > 1, 2, 1)"',
        'kind = "expression", value = "x*sin(3*t)"',
        'kind = "harmonic", frequency = 1, from = 0.33, ramp = 0.01',
    ],
)
def test_what_the_steps_resolve_is_not_warned_of(potential):
    assert warnings(potential) == []


def test_a_pulse_within_a_step_is_said_with_the_area_that_is_missed():
    narrow = trap("exp(-((t - 2.04)/0.01)**2)")
    (line,) = warnings(narrow)
    assert line.startswith('warning: potential 0 of species "a": its factor changes so much within a step')
    assert warnings(narrow, step="0.01") == []
    (line,) = warnings(coupling='factor = "exp(-((t - 2.04)/0.002)**2)"')
    assert line.startswith('warning: the coupling of "a" and "b": ')


def test_the_area_that_strang_steps_see_is_the_trapezoid_rules():
    """Of t^2 over [0, 1] in one step: 1/2 in place of 1/3; of two: 3/8."""
    text = PROBLEM.replace("final = 4.0", 'final = 1.0\nintegrator = "strang"')
    for step, seen in (("1.0", 1 / 2), ("0.5", 3 / 8)):
        time = parse_problem(text.format(potential=trap("t*t"), coupling="", step=step))
        found = wrong_area(time.time.fixed_steps, time.species[0].potential[0], at_kicks(time.time.splitting))
        assert found == pytest.approx(3 * (seen - 1 / 3), rel=2e-3)  # the fine look has 40 points a step


def test_a_loss_is_seen_at_both_ends_of_a_step_of_every_scheme():
    """Of t^2 over [0, 1] in one step of fourth order: 1/2 in place of 1/3."""
    text = PROBLEM.replace("final = 4.0", "final = 1.0").format(potential="", coupling="", step="1.0")
    text += '[[loss]]\nkind = "one-body"\nrate = 0.1\nfactor = "t*t"\n'
    problem = parse_problem(text.replace("potential = [{  }]", ""))
    steps = problem.time.fixed_steps
    # the fine look has 40 points a step
    assert wrong_area(steps, problem.loss[0], at_ends(problem.time.splitting)) == pytest.approx(0.5, rel=2e-3)
    (line,) = time_warnings(problem)
    assert line.startswith("warning: loss 0 (counted from 0): its factor changes so much within a step")


@pytest.mark.parametrize(
    "factor", ["heaviside(t - 1)", "abs(sin(t))", "where(t < 1, 1, 0.5)", "max(0, 1 - t)", "1*(t < 2)"]
)
def test_jumps_and_bends_are_said(factor):
    assert Expression(factor, ("t",)).jumps_or_bends("t")
    (line,) = warnings(trap(factor))
    assert "may jump or bend in time" in line and '"from", "until" and' in line
    (line,) = warnings(f'kind = "expression", value = "x*({factor})"')
    assert "may jump or bend in time" in line


def test_a_pulse_that_adaptive_steps_can_pass_over():
    adaptive = "{ tolerance = 1e-6, largest = 0.5 }"
    (line,) = warnings(trap("exp(-((t - 3)/0.05)**2)"), step=adaptive)
    assert "can pass over; set time.step.largest" in line
    assert warnings(trap("exp(-((t - 3)/0.05)**2)"), step="{ tolerance = 1e-6, largest = 0.1 }") == []
    assert warnings(trap("1 + 0.5*cos(9*t)"), step=adaptive) == []
    assert warnings(trap("exp(-t/0.01)"), step=adaptive) == []  # the run begins in it


def test_no_card_is_warned_of():
    for card in CARDS:
        assert time_warnings(load_problem(str(card / "problem.toml"))) == []
