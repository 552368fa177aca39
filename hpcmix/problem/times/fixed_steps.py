"""Fixed steps: where each begins and ends. They end at switching times, the times at which a potential or a coupling
jumps or bends; between two of them the steps are equal, as few as keep the file's step (CONVENTIONS.md, Time)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SAME_TIME = 1e-12
"""Relative difference below which two times on the clock are one: a time from a file carries a few roundings of 1e-16,
a sum of two and the map of an expanding frame some more."""


def steps_to(final: float, step: float, begin: float = 0.0) -> int:
    """How many steps from `begin` reach `final`, at least one; a quotient that is whole up to rounding counts as
    whole."""
    quotient = (final - begin) / step
    nearest = round(quotient)
    # the numbers and their quotient carry roundings of 1e-16 each; a factor of a thousand above that is still no real
    # part of a step
    whole = abs(quotient - nearest) <= 1e-12 * (final / step)
    return max(1, nearest if whole else math.ceil(quotient))


def between(times: Iterable[float], begin: float, end: float) -> list[float]:
    """The times within an interval, ascending, those that agree with each other or with an end but once or not at
    all."""
    inside: list[float] = []
    for time in sorted(times):
        least = inside[-1] if inside else begin
        if time - least > SAME_TIME * end and end - time > SAME_TIME * end:
            inside.append(time)
    return inside


@dataclass(frozen=True)
class Mark:
    """From where steps of one size are counted: their times are ``time + (number - step) * size``.

    step    number of steps before them.
    time    when they begin, on the clock of the frame.
    before  length of the step that ended there; 0 at the start.
    """

    step: int = 0
    time: float = 0.0
    before: float = 0.0


START = Mark()
"""From where steps are counted that never change."""


@dataclass(frozen=True)
class Stretch:
    """So many equal steps."""

    mark: Mark
    size: float
    count: int

    def time(self, step: float) -> float:
        """The time after `step` steps of the whole run."""
        return self.mark.time + (step - self.mark.step) * self.size


@dataclass(frozen=True)
class FixedSteps:
    """The steps of a run, stretch after stretch. A time follows from the number of the step, never from a sum."""

    stretches: tuple[Stretch, ...]

    @classmethod
    def uniform(cls, count: int, size: float) -> FixedSteps:
        """Equal steps from time zero on."""
        return cls((Stretch(START, size, count),))

    @classmethod
    def planned(cls, end: float, longest: float, switching: Iterable[float] = (), mark: Mark = START) -> FixedSteps:
        """From the mark to `end` by steps of at most `longest` that end at every time of `switching` in between. No
        steps where the mark is at the end.

        Where the longest step divides a stretch up to rounding it is taken as it is, so that stretches that begin or
        end elsewhere have the same; a run of one stretch has the exact part of its end.
        """
        stretches: list[Stretch] = []
        stops = [*between(switching, mark.time, end), end] if end - mark.time > SAME_TIME * end else []
        for stop in stops:
            length = stop - mark.time
            count = steps_to(stop, longest, mark.time)
            divides = abs(count * longest - length) <= 1e-12 * stop and (len(stops) > 1 or mark != START)
            stretches.append(Stretch(mark, longest if divides else length / count, count))
            mark = Mark(mark.step + count, stop, stretches[-1].size)
        return cls(tuple(stretches))

    @classmethod
    def going_on(
        cls, mark: Mark, size: float, step: int, end: float, longest: float, switching: Sequence[float] = ()
    ) -> FixedSteps:
        """The same for a run that has done `step` steps, the last of them of `size` from the mark on, and whose end or
        switching times may be others now.

        The steps stay what they are up to the next switching time, which a shorter one reaches where they do not; with
        none left up to the first that reaches `end`. They depend on the mark and not on the step that the run stands
        at. Where nothing was changed they are those that were planned.
        """
        left = (end - mark.time) / size
        count = steps_to(end, size, mark.time) if left > 1e-9 else math.ceil(left - 1e-9)  # none: it is at the end
        now = mark.time + (step - mark.step) * size
        stops = between(switching, now, max(now, end, mark.time + count * size))
        if not stops:
            return cls((Stretch(mark, size, count),))
        stop = stops[0]
        quotient = (stop - mark.time) / size
        whole = steps_to(stop, size, mark.time)
        if whole > quotient + 1e-12 * stop / size:  # the last one would end beyond the switching time
            whole -= 1
        stretches = [Stretch(mark, size, whole)] if whole else []
        if whole:
            mark = Mark(mark.step + whole, mark.time + whole * size, size)
        if stop - mark.time > 1e-12 * stop:
            stretches.append(Stretch(mark, stop - mark.time, 1))
            mark = Mark(mark.step + 1, stop, stretches[-1].size)
        rest = cls.planned(end, longest, switching, Mark(mark.step, stop, mark.before)) if stop < end else cls(())
        return cls((*stretches, *rest.stretches))

    @property
    def steps(self) -> int:
        """Number of all steps of the run."""
        last = self.stretches[-1]
        return last.mark.step + last.count

    @property
    def largest(self) -> float:
        """The longest step."""
        return max(stretch.size for stretch in self.stretches)

    @property
    def smallest(self) -> float:
        """The shortest step."""
        return min(stretch.size for stretch in self.stretches)

    @property
    def switching_times(self) -> list[float]:
        """The times at which the size of the steps may change, on the clock."""
        return [stretch.mark.time for stretch in self.stretches[1:]]

    def stretch(self, step: int) -> Stretch:
        """The one that the step after `step` steps belongs to; after the last step, and before the first stretch, the
        one next to it."""
        if len(self.stretches) == 1:  # nearly always; schedules ask for every step
            return self.stretches[0]
        return self.stretches[max(0, bisect_right(self.stretches, step, key=lambda stretch: stretch.mark.step) - 1)]

    def time(self, step: int) -> float:
        """When so many steps are done, on the clock; exactly a switching time where they end at one."""
        stretch = self.stretch(step)
        if step < stretch.mark.step:  # of what was done before a run went on, the last step is known
            return stretch.mark.time - (stretch.mark.step - step) * stretch.mark.before
        return stretch.time(step)
