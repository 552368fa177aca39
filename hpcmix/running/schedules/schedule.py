"""When output is due, and when a run is finished."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.frame import AT_REST, Frame
from hpcmix.problem.sections.calculation.output import ScheduleSection
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.state.progress import Progress

_LAST = 1e300
"""Stands for the time infinity, which has passed every interval."""

ROUNDING = 1e-12
"""Relative difference of two times that counts as none: multiples of an interval and sums of steps carry roundings of
1e-16 each."""


COUNTED_ONE_BY_ONE = 1_000_000
"""Steps of an expanding frame up to which a schedule counts exactly how often it is due."""


@dataclass(frozen=True)
class Schedule:
    """Output every so many steps or at intervals of time, and always at the first and at the last step.

    A function of the step alone: nothing to save, and a restarted run writes at the same steps. An interval whose
    multiples are no ends of steps is due at the first step that reaches or passes each of them. Intervals are the
    laboratory's; `frame` is the map from the clock that steps are counted by.
    """

    table: FixedSteps
    every: int | None = None
    interval: float | None = None
    frame: Frame = AT_REST

    @property
    def steps(self) -> int:
        """Number of all steps."""
        return self.table.steps

    def due_at(self, progress: Progress) -> bool:
        """Whether output is due there."""
        return self.due(progress.step)

    def reached_at(self, progress: Progress) -> bool:
        """Whether a multiple of the interval is reached with the last step."""
        return self.reached(progress.step)

    def between(self, progress: Progress) -> list[float]:
        """Times within the last step at which output is due: none, fixed steps are not divided."""
        return []

    def due(self, step: int) -> bool:
        """Whether output is due after `step` steps."""
        return step in (0, self.steps) or self.reached(step)

    def reached(self, step: int) -> bool:
        """Whether a multiple of the interval is reached with this step, which is not the first."""
        if self.every is not None:
            return step % self.every == 0
        return self._passed(step) > self._passed(step - 1)

    def _passed(self, step: int) -> int:
        """How many intervals are over after `step` steps; a multiple that is met up to rounding counts as met."""
        time = self.frame.laboratory_time(self.table.time(step))
        return math.floor(min(time, _LAST) / given(self.interval) * (1.0 + 1e-12) + 1e-9)

    def count(self) -> int:
        """How often output is due in the whole run."""
        if self.every is not None:
            return 1 + self.steps // self.every + (self.steps % self.every != 0)
        # whether some steps pass one multiple, and some pass several
        several = self.table.smallest < given(self.interval) <= self.table.largest
        if (several or self.frame.expanding) and self.steps <= COUNTED_ONE_BY_ONE:
            return sum(self.due(step) for step in range(self.steps + 1))
        reached = min(self._passed(self.steps), self.steps)
        return 1 + reached + (self.steps > 0 and not self.reached(self.steps))


@dataclass(frozen=True)
class AdaptiveSchedule:
    """The same where steps are adaptive: every so many steps, or exactly at the multiples of an interval, most of which
    lie within a step; and always at the first and the last time. A function of where the last step began and ended.

    final  the last time on the clock of `frame`. Where that expands a step may hold very many intervals of the
           laboratory's: output is then due at the first step that reaches or passes a multiple, as with fixed steps.
    """

    final: float
    every: int | None = None
    interval: float | None = None
    frame: Frame = AT_REST

    def due_at(self, progress: Progress) -> bool:
        """Whether output at the end of a step is due."""
        if progress.step == 0 or progress.time >= self.final:
            return True
        return self.reached_at(progress) and not self._within(progress)

    def reached_at(self, progress: Progress) -> bool:
        """Whether a multiple of the interval is reached with the last step, or within it."""
        if self.every is not None:
            return progress.step % self.every == 0
        return progress.step > 0 and self._passed(progress.time) > self._passed(progress.previous)

    def between(self, progress: Progress) -> list[float]:
        """The times at which output is due within the last step, its end excepted."""
        if self.every is not None or self.frame.expanding or progress.step == 0:
            return []
        first, last = self._passed(progress.previous) + 1, self._passed(progress.time)
        interval = given(self.interval)
        times = [number * interval for number in range(first, last + 1)]
        return times[:-1] if times and not self._within(progress) else times

    def _within(self, progress: Progress) -> bool:
        """Whether the last multiple that is passed lies before the end of the step."""
        if self.every is not None or self.frame.expanding:
            return False
        return progress.time - self._passed(progress.time) * given(self.interval) > ROUNDING * progress.time

    def _passed(self, time: float) -> int:
        """How many intervals are over at a time; a multiple that is met up to rounding counts as met."""
        return math.floor(min(self.frame.laboratory_time(time), _LAST) / given(self.interval) * (1.0 + ROUNDING))

    def count(self) -> int | None:
        """How often output is due in the whole run; None where that depends on the number of steps."""
        if self.every is not None or self.frame.expanding:
            return None
        passed = self._passed(self.final)
        return 1 + passed + (self.final - passed * given(self.interval) > ROUNDING * self.final)


def given(interval: float | None) -> float:
    """The interval of a schedule that does not count steps: a loaded problem has one of the two."""
    if interval is None:
        raise TypeError("a schedule has neither a number of steps nor an interval")
    return interval


def schedule_of(options: ScheduleSection, time: TimeOptions, table: FixedSteps | None) -> Schedule | AdaptiveSchedule:
    """When the output of these options is due: a :class:`Schedule` of fixed steps, or an :class:`AdaptiveSchedule`
    where there are none."""
    if table is None:
        return AdaptiveSchedule(time.end, options.every, options.interval, time.frame)
    return Schedule(table, options.every, options.interval, time.frame)


def steps_from(time: TimeOptions, progress: Progress) -> FixedSteps | None:
    """All steps of a run that has come so far, those to the final time included; None where steps are adaptive."""
    return time.steps_from(progress.mark, progress.step_size, progress.step)


def has_reached(time: TimeOptions, progress: Progress) -> bool:
    """Whether a run has come to the final time."""
    table = steps_from(time, progress)
    return progress.time >= time.end if table is None else progress.step >= table.steps


def has_passed(time: TimeOptions, progress: Progress) -> bool:
    """Whether a run is beyond the final time already."""
    table = steps_from(time, progress)
    return progress.time > time.end if table is None else progress.step > table.steps
