"""Fixed steps between switching times: how many, how long, and the same ones from every checkpoint."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.times.fixed_steps import START, FixedSteps, Mark, Stretch
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.schedules.schedule import Schedule, has_passed, has_reached, steps_from
from hpcmix.state.progress import Progress

SWITCHING = (0.23, 0.31, 1.0)
TABLE = FixedSteps.planned(1.7, 0.1, SWITCHING)


def test_as_few_steps_as_keep_the_files_end_at_every_switching_time():
    assert [one.count for one in TABLE.stretches] == [3, 1, 7, 7]
    assert TABLE.switching_times == list(SWITCHING)
    assert TABLE.steps == 18 and TABLE.largest <= 0.1 * (1 + 1e-12)
    assert [TABLE.time(one.mark.step) for one in TABLE.stretches] == [0.0, *SWITCHING]
    assert TABLE.time(TABLE.steps) == pytest.approx(1.7, rel=1e-15)
    times = [TABLE.time(step) for step in range(TABLE.steps + 1)]
    assert times == sorted(set(times))
    assert all(later - earlier <= 0.1 * (1 + 1e-12) for earlier, later in pairwise(times))


def test_without_switching_times_a_time_is_the_number_times_the_step():
    for table in (FixedSteps.planned(0.7, 0.1), FixedSteps.planned(0.7, 0.1, (0.7, 0.9))):
        size = 0.7 / 7
        assert table == FixedSteps.uniform(7, size)
        assert [table.time(step) for step in range(8)] == [step * size for step in range(8)]


def test_times_that_differ_by_rounding_are_one():
    table = FixedSteps.planned(1.0, 0.1, (0.3, 0.1 + 0.2, 0.3 * (1 - 1e-15), 1.0 - 1e-15, 1e-17))
    assert [one.count for one in table.stretches] == [3, 7]


def test_a_quotient_that_is_whole_up_to_rounding_late_in_a_run():
    """2 ms in steps of 10 us, a pulse of 50 us after 1.05 ms: the difference of two times is rounded as they are."""
    table = FixedSteps.planned(2e-3, 1e-5, (1.05e-3, 1.1e-3))
    assert [one.count for one in table.stretches] == [105, 5, 90]
    assert {one.size for one in table.stretches} == {1e-5}


def place(table, step):
    """How far a run is after so many steps of a table."""
    stretch = table.stretch(step)
    return Progress(step, stretch.size, mark=stretch.mark)


PROBLEM = """
[grid]
points = [8]
lengths = [8.0]
[[species]]
name = "a"
potential = [
    { kind = "harmonic", frequency = 1.0, from = 0.23, ramp = 0.08 },
    { kind = "harmonic", frequency = 1.0, until = 1.0 },
    { kind = "harmonic", frequency = 1.0, until = 0.0 },
]
initial = { kind = "gaussian", width = 1.0 }
[time]
final = 1.7
step = 0.1
check_step = false
[output]
observables = { every = 3 }
"""


def timing(**changed):
    return parse_problem(PROBLEM, [f"time.{key}={value}" for key, value in changed.items()]).time


def test_a_file_says_where_its_steps_end():
    problem = parse_problem(PROBLEM)
    assert problem.time.fixed_steps == TABLE and problem.time.steps == 18
    assert problem.time.first_step == TABLE.stretches[0].size and problem.time.step_size == TABLE.largest
    again = parse_problem(resolved_toml(problem))
    assert again == problem and again.time.fixed_steps == TABLE
    assert "# 7 steps of " in resolved_toml(problem)


def test_the_steps_of_a_run_are_the_same_from_every_checkpoint():
    for step in range(TABLE.steps + 1):
        here = place(TABLE, step)
        assert here.time == TABLE.time(step)
        rest = steps_from(timing(), here)
        assert rest.steps == TABLE.steps
        assert [rest.time(later) for later in range(step, 19)] == [TABLE.time(later) for later in range(step, 19)]
        assert has_reached(timing(), here) == (step == 18) and not has_passed(timing(), here)


def test_a_later_end_keeps_the_steps_and_meets_the_switching_times_that_come_into_view():
    """A run that was to end at 0.4 goes on to 0.9, and 0.55 is on its way: steps of 0.4 / 6 = 0.0667 stay, eight of
    them and a shorter one reach it, from whatever checkpoint."""
    switched = PROBLEM.replace("from = 0.23, ramp = 0.08", "from = 0.55").replace("step = 0.1", "step = 0.07")
    short, longer = (parse_problem(switched, [f"time.final={final}"]).time for final in (0.4, 0.9))
    table, size = short.fixed_steps, 0.4 / 6
    assert table == FixedSteps.uniform(6, size)
    ways = [steps_from(longer, place(table, step)) for step in range(7)]
    assert set(ways) == {ways[0]}
    assert [(one.count, one.mark.step) for one in ways[0].stretches] == [(8, 0), (1, 8), (5, 9)]
    assert [ways[0].time(step) for step in (6, 8, 9)] == [6 * size, 8 * size, 0.55]
    assert ways[0].time(14) == pytest.approx(0.9)


def test_an_earlier_end_is_passed_or_reached():
    for final, step, passed, reached in ((0.2, 3, False, True), (0.1, 3, True, True), (1.0, 11, False, True),
                                         (1.0, 12, True, True), (0.31, 4, False, True)):  # fmt: skip
        here = place(TABLE, step)
        assert (has_passed(timing(final=final), here), has_reached(timing(final=final), here)) == (passed, reached)


def test_an_end_between_steps_is_the_first_step_that_reaches_it():
    here = place(TABLE, 18)
    rest = steps_from(timing(final=1.74), here)
    assert rest.steps == 19 and rest.time(19) == pytest.approx(1.8)


def test_steps_from_a_checkpoint_on_when_the_step_is_another():
    mark = Mark(5, 0.41, 0.1)
    table = FixedSteps.planned(1.7, 0.05, SWITCHING, mark)
    assert table.stretches[0] == Stretch(mark, (1.0 - 0.41) / 12, 12)
    assert table.time(4) == pytest.approx(0.31)  # the step before, for schedules
    assert table.steps == 5 + 12 + 14
    assert FixedSteps.planned(1.7, 0.05, SWITCHING, Mark(9, 1.7, 0.1)).stretches == ()


def test_schedules_with_steps_of_several_sizes():
    by_steps = Schedule(TABLE, every=4)
    assert [step for step in range(19) if by_steps.due(step)] == [0, 4, 8, 12, 16, 18]
    by_time = Schedule(TABLE, interval=0.5)
    due = [step for step in range(19) if by_time.due(step)]
    assert due == [0, *(min(n for n in range(19) if TABLE.time(n) >= 0.5 * k - 1e-12) for k in (1, 2, 3)), 18]
    assert by_time.count() == len(due)


def test_adaptive_steps_end_at_the_same_times():
    time = timing(step="{tolerance=1e-6}")
    assert time.switching_times == SWITCHING
    assert [time.next_switching_time(t) for t in (0.0, 0.23, 0.9, 1.0)] == [0.23, 0.31, 1.0, math.inf]
    assert time.next_switching_time(0.23 - 1e-14) == 0.31  # no step of a length that is rounding


def test_intervals_are_held_against_the_longest_step():
    with pytest.raises(ProblemError, match=r"interval: is smaller than the step"):
        parse_problem(PROBLEM, ["output.snapshots={interval=0.05}"])


def test_progress_at_a_mark_knows_the_step_that_ended_there():
    progress = place(TABLE, 4)
    assert progress.last_step == pytest.approx(0.08) and progress.time == 0.31
    assert place(TABLE, 5).last_step == progress.step_size
    assert Progress(0, 0.1).last_step == 0.0 and Progress(0, 0.1).mark == START
