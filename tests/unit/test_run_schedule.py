"""When output is due, and what the guard lets pass."""

from __future__ import annotations

import pytest

from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.running.schedules.schedule import AdaptiveSchedule, Schedule
from hpcmix.state.progress import Adaptation, Progress


def due_steps(schedule: Schedule) -> list[int]:
    return [step for step in range(schedule.steps + 1) if schedule.due(step)]


def test_every_so_many_steps_with_the_first_and_the_last():
    assert due_steps(Schedule(FixedSteps.uniform(10, 0.1), every=4)) == [0, 4, 8, 10]


def test_interval_that_is_a_multiple_of_the_step():
    assert due_steps(Schedule(FixedSteps.uniform(30, 0.1), interval=1.0)) == [0, 10, 20, 30]


def test_interval_between_steps_is_met_by_the_next_step():
    assert due_steps(Schedule(FixedSteps.uniform(10, 1.0), interval=2.5)) == [0, 3, 5, 8, 10]


def test_interval_met_up_to_rounding_over_many_steps():
    schedule = Schedule(FixedSteps.uniform(100_000, 1.0 / 3.0), interval=1.0)  # 3 * (1/3) is not 1 at every multiple
    assert [step for step in range(1, 100_000) if schedule.due(step)] == list(range(3, 100_000, 3))


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(FixedSteps.uniform(17, 0.1), every=5),
        Schedule(FixedSteps.uniform(17, 0.1), interval=0.35),
        Schedule(FixedSteps.uniform(3, 1.0), every=3),
        Schedule(FixedSteps.planned(1.7, 0.1, (0.23, 0.31, 1.0)), every=5),
        Schedule(FixedSteps.planned(1.7, 0.1, (0.23, 0.31, 1.0)), interval=0.35),
        Schedule(FixedSteps.uniform(20, 0.1), interval=0.5),
        Schedule(FixedSteps.uniform(999, 1.0 / 3.0), interval=1.0),
        Schedule(FixedSteps.uniform(12, 0.1), interval=0.1),
        Schedule(FixedSteps.uniform(12, 0.1), interval=0.04),
        Schedule(FixedSteps.uniform(12, 0.1), interval=30.0),
        Schedule(FixedSteps.uniform(1, 0.1), interval=0.1),
    ],
)
def test_count_is_the_number_of_due_steps(schedule):
    assert schedule.count() == len(due_steps(schedule))


def test_counting_does_not_go_through_the_steps():
    assert Schedule(FixedSteps.uniform(10**9, 1e-3), interval=0.1).count() == 10**7 + 1


def ends(*times):
    """How far a run is at the ends of adaptive steps."""
    return [
        Progress(step, 0.1, 0.0, Adaptation(time=time, previous=times[max(0, step - 1)]))
        for step, time in enumerate(times)
    ]


def written(schedule, places):
    """The times of everything that is written, in order, and how much of it within steps."""
    times, within = [], 0
    for place in places:
        between = schedule.between(place)
        within += len(between)
        times += [*between, *([place.time] if schedule.due_at(place) else [])]
    return times, within


def test_adaptive_steps_are_asked_at_the_multiples_of_an_interval_exactly():
    schedule = AdaptiveSchedule(final=1.0, interval=0.25)
    places = ends(0.0, 0.1, 0.3, 0.5, 0.52, 1.0)
    assert written(schedule, places) == ([0.0, 0.25, 0.5, 0.75, 1.0], 2)
    assert [schedule.reached_at(place) for place in places] == [False, False, True, True, False, True]
    assert schedule.count() == 5
    assert written(AdaptiveSchedule(1.0, interval=0.15), ends(0.0, 1.0)) == (
        [0.0, *(number * 0.15 for number in range(1, 7)), 1.0],
        6,
    )
    assert AdaptiveSchedule(1.0, interval=0.15).count() == 8


def test_a_multiple_that_a_step_meets_up_to_rounding_is_its_end():
    last = 0.1 + 0.2  # 0.30000000000000004
    assert written(AdaptiveSchedule(last, interval=0.3), ends(0.0, 0.1, last)) == ([0.0, last], 0)
    assert written(AdaptiveSchedule(0.3, interval=0.1), ends(0.0, 0.3)) == ([0.0, 0.1, 0.2, 0.3], 2)
    assert written(AdaptiveSchedule(9.0, interval=0.1), ends(0.3, 0.35, 0.4))[0][1:] == [0.4]


def test_adaptive_steps_can_be_counted():
    schedule = AdaptiveSchedule(final=1.0, every=2)
    assert written(schedule, ends(0.0, 0.1, 0.3, 0.5, 0.52, 1.0)) == ([0.0, 0.3, 0.52, 1.0], 0)
    assert schedule.count() is None


@pytest.mark.parametrize("interval", [0.01, 0.013, 0.02, 0.0299, 0.03, 0.1, 0.77, 1.0, 3.0])
@pytest.mark.parametrize("steps", [0, 1, 7, 100])
def test_the_count_is_that_of_the_steps_that_are_due(interval, steps):
    schedule = Schedule(FixedSteps.uniform(steps, 0.01), interval=interval)
    assert schedule.count() == sum(schedule.due(step) for step in range(steps + 1))
