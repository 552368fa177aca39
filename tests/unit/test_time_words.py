"""Times for people: few digits, one suitable unit."""

from __future__ import annotations

import math

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.units.units import units_from_text
from hpcmix.problem.words.times import PLAIN, TimeWords, steps_in_words
from hpcmix.running.log import Log

UNITS = units_from_text("1 um", "86.909 u")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3.0, "3 s"),
        (0.02, "20 ms"),
        (1e-3, "1 ms"),
        (0.05e-3, "50 us"),
        (2e-8, "20 ns"),
        (3e-18, "0.003 fs"),
        (0.0, "0 fs"),
    ],
)
def test_the_unit_suits_the_longest_time(seconds, said):
    words = TimeWords.of(UNITS, seconds / UNITS.time_si)
    assert words(seconds / UNITS.time_si) == said


def test_all_times_of_a_run_have_one_unit_and_steps_their_own():
    words = TimeWords.of(UNITS, 0.2 / UNITS.time_si)
    assert words.of_end(1.23456789e-3 / UNITS.time_si, 0.2 / UNITS.time_si) == "1.23457 of 200 ms"
    assert words.of_step(5e-6 / UNITS.time_si) == "5 us"
    assert words(math.inf) == "inf"


def test_without_units_times_are_numbers():
    assert TimeWords.of(units_none(), 1.0) == PLAIN
    assert PLAIN(0.123456789) == "0.123457" and PLAIN.of_end(0.22, 4.0) == "0.22 of 4" and PLAIN.of_step(0.02) == "0.02"


def units_none():
    return parse_problem(PROBLEM).scales


PROBLEM = """
[grid]
points = [8]
lengths = [8.0]
[[species]]
name = "a"
potential = [{ kind = "harmonic", frequency = 1.0, from = 0.25, until = 0.5 }]
initial = { kind = "gaussian", width = 1.0 }
[time]
final = 1.0
step = 0.1
check_step = false
"""


def test_steps_in_words():
    two, time = "which end at the 2 switching times t = 0.25, 0.5", parse_problem(PROBLEM).time
    assert steps_in_words(time, PLAIN) == f"11 steps of 0.0833333 to 0.1, {two}"
    plain = parse_problem(PROBLEM, ["species.a.potential=[]"]).time
    assert steps_in_words(plain, PLAIN) == "10 steps of 0.1"
    even = parse_problem(PROBLEM, ["time.step=0.05"]).time
    assert steps_in_words(even, PLAIN) == f"20 steps of 0.05, {two}"


def test_progress_in_time_has_few_digits_and_a_unit(capsys, monkeypatch):
    monkeypatch.setattr("hpcmix.running.log.PLAIN_SECONDS", 0.0)
    log = Log(speaks=True)
    with log.progress("time", 0.2 / UNITS.time_si, 0.0, TimeWords.of(UNITS, 0.2 / UNITS.time_si)) as meter:
        meter.update(0.0123456789 / UNITS.time_si, "step 7")
    said = capsys.readouterr().out
    assert said.startswith("time 12.35/200 ms (6 %)  step 7  ") and " ms a second  to go " in said
    with log.progress("step", 40) as meter:
        meter.update(11, "t = 0.22")
    assert capsys.readouterr().out.startswith("step 11/40 (27 %)  t = 0.22  ")
