"""When a checkpoint pays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from hpcmix.problem.sections.calculation.output import CheckpointsOptions
from hpcmix.running.schedules.schedule import AdaptiveSchedule, Schedule
from hpcmix.state.progress import Progress

LARGEST_OVERHEAD = 0.02
"""Share of the time that checkpoints may take where nothing else is asked for."""


def daly_interval(cost: float, mean_time_between_failures: float) -> float:
    """The time between checkpoints that loses least to writing them and to failures:

        sqrt(2 c M) [1 + 1/3 sqrt(c / 2M) + 1/9 (c / 2M)] - c   for c < 2M, else M

    with the cost c of one and the mean time M between failures of the job, both in the same unit. J. T. Daly, Future
    Generation Computer Systems 22 (2006) 303, equation 37.
    """
    ratio = cost / (2.0 * mean_time_between_failures)
    if ratio >= 1.0:
        return mean_time_between_failures
    return math.sqrt(2.0 * cost * mean_time_between_failures) * (1.0 + math.sqrt(ratio) / 3.0 + ratio / 9.0) - cost


class CheckpointSchedule:
    """Decides whether a checkpoint is due; a matter of the root rank, which tells the others in the vote.

    steps  when one is due by `every` or `interval`.
    nodes  number of machines: any of them may fail.
    The file's `every` or `interval` and `wall` are followed; where none is given, the interval of :func:`daly_interval`
    from the measured cost, but no more than 2 % of the time. `clock` in seconds.
    """

    def __init__(
        self,
        options: CheckpointsOptions,
        steps: Schedule | AdaptiveSchedule,
        nodes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = options
        self._steps = None if options.every is None and options.interval is None else steps
        self._mean_time_between_failures = options.mean_time_between_failures / nodes
        self._clock = clock
        self._last = clock()
        self.cost = 0.0
        """Seconds that the last checkpoint took."""

    def due(self, progress: Progress) -> bool:
        """Whether one is due after the last step; the end of the run is not counted as such here."""
        if not self._options.enabled:
            return False
        if self._steps is not None and self._steps.reached_at(progress):
            return True
        seconds = self.seconds_between()
        return seconds is not None and self._clock() - self._last >= seconds

    def seconds_between(self) -> float | None:
        """Seconds from one to the next, None where only steps count."""
        if self._options.wall is not None:
            return self._options.wall
        if self._steps is not None:
            return None
        pays = daly_interval(self.cost, self._mean_time_between_failures)
        return max(pays, self.cost * (1.0 / LARGEST_OVERHEAD - 1.0))

    def written(self, cost: float) -> None:
        """One was written, in `cost` seconds."""
        self.cost, self._last = cost, self._clock()
