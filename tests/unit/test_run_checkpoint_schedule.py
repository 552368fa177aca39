"""When a checkpoint pays, and that the file's wishes are followed."""

from __future__ import annotations

import numpy as np
import pytest

from hpcmix.problem.sections.calculation.output import CheckpointsOptions
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.running.schedules.checkpoints import CheckpointSchedule, daly_interval
from hpcmix.running.schedules.schedule import Schedule
from hpcmix.state.progress import Progress


def expected_time(interval, cost, failure_time):
    """Daly's model of the whole time per useful second: exponential failures, a restart that costs nothing more."""
    return failure_time * (np.exp((interval + cost) / failure_time) - 1.0) / interval


@pytest.mark.parametrize(("cost", "failure_time"), [(1.0, 1e4), (30.0, 3600.0), (5.0, 3e7), (100.0, 500.0)])
def test_the_interval_loses_least(cost, failure_time):
    found = daly_interval(cost, failure_time)
    trial = np.linspace(0.01, 6.0, 4001) * found
    best = trial[np.argmin(expected_time(trial, cost, failure_time))]
    # the formula is a series in sqrt(c / 2M), cut after the third term
    assert found == pytest.approx(best, rel=0.01 + (cost / (2.0 * failure_time)) ** 1.5)


def test_where_writing_takes_longer_than_a_failure_comes():
    assert daly_interval(10.0, 4.0) == 4.0


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def schedule(nodes=1, **options):
    clock = Clock()
    chosen = CheckpointsOptions(**options)
    schedule = Schedule(FixedSteps.uniform(100, 0.1), chosen.every, chosen.interval)
    return clock, CheckpointSchedule(chosen, schedule, nodes, clock)


def after(step):
    return Progress(step, 0.1)


def test_measured_costs_decide_where_the_file_says_nothing():
    clock, plan = schedule(nodes=4)
    plan.written(2.0)
    seconds = plan.seconds_between()
    assert seconds == pytest.approx(daly_interval(2.0, 365 * 86400 / 4))
    clock.now = seconds - 1.0
    assert not plan.due(after(1))
    clock.now = seconds + 1.0
    assert plan.due(after(2))
    plan.written(2.0)
    assert not plan.due(after(3))


def test_checkpoints_take_two_percent_at_most():
    _, plan = schedule(mean_time_between_failures=100.0)
    plan.written(10.0)
    assert 10.0 / (10.0 + plan.seconds_between()) == pytest.approx(0.02)


def test_steps_times_and_the_wall_are_followed_and_nothing_else():
    clock, plan = schedule(every=7)
    clock.now = 1e9
    assert [step for step in range(1, 30) if plan.due(after(step))] == [7, 14, 21, 28]
    clock, plan = schedule(interval=0.5)
    assert [step for step in range(1, 21) if plan.due(after(step))] == [5, 10, 15, 20]
    clock, plan = schedule(wall=60.0, every=10)
    assert plan.due(after(10)) and not plan.due(after(11))
    clock.now = 61.0
    assert plan.due(after(11))
    clock, plan = schedule(enabled=False, every=1)
    clock.now = 1e9
    assert not plan.due(after(1))
