"""When output is due, and what the guard lets pass."""

from __future__ import annotations

import pytest

from hpcmix.run.schedule import Schedule


def due_steps(schedule: Schedule) -> list[int]:
    return [step for step in range(schedule.steps + 1) if schedule.due(step)]


def test_every_so_many_steps_with_the_first_and_the_last():
    assert due_steps(Schedule(steps=10, step_size=0.1, every=4)) == [0, 4, 8, 10]


def test_interval_that_is_a_multiple_of_the_step():
    assert due_steps(Schedule(steps=30, step_size=0.1, interval=1.0)) == [0, 10, 20, 30]


def test_interval_between_steps_is_met_by_the_next_step():
    assert due_steps(Schedule(steps=10, step_size=1.0, interval=2.5)) == [0, 3, 5, 8, 10]


def test_interval_met_up_to_rounding_over_many_steps():
    schedule = Schedule(steps=100_000, step_size=1.0 / 3.0, interval=1.0)  # 3 * (1/3) is not 1 at every multiple
    assert [step for step in range(1, 100_000) if schedule.due(step)] == list(range(3, 100_000, 3))


@pytest.mark.parametrize(
    "schedule", [Schedule(17, 0.1, every=5), Schedule(17, 0.1, interval=0.35), Schedule(3, 1.0, every=3)]
)
def test_count_is_the_number_of_due_steps(schedule):
    assert schedule.count() == len(due_steps(schedule))
