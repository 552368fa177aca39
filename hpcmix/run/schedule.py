"""When output is due."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpcmix.problem.frame import AT_REST, Frame

_LAST = 1e300
"""Stands for the time infinity, which has passed every interval."""


@dataclass(frozen=True)
class Schedule:
    """Output every so many steps or at intervals of time, and always at the first and at the last step.

    A function of the step alone: nothing to save, and a restarted run writes at the same steps. An interval that is no
    multiple of the step is due at the first step that reaches or passes each of its multiples. Intervals are the
    laboratory's; `frame` is the map from the clock that steps are counted by.
    """

    steps: int
    step_size: float
    every: int | None = None
    interval: float | None = None
    frame: Frame = AT_REST

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
        time = self.frame.laboratory_time(step * self.step_size)
        return math.floor(min(time, _LAST) / self.interval * (1.0 + 1e-12) + 1e-9)

    def count(self) -> int:
        """How often output is due in the whole run."""
        if self.every is not None:
            return 1 + self.steps // self.every + (self.steps % self.every != 0)
        return sum(self.due(step) for step in range(self.steps + 1))
