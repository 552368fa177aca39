"""Times for people: few digits, and the unit that suits a run, the same one in everything that is said of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpcmix.problem.reading.values import counted
from hpcmix.problem.units.laboratory import SECONDS, suitable_unit

if TYPE_CHECKING:
    from hpcmix.problem.schema import Problem
    from hpcmix.problem.times.evolution import TimeOptions
    from hpcmix.problem.units.units import Units


@dataclass(frozen=True)
class TimeWords:
    """How times of a run are told: t, by calling it.

    name    of the unit; empty where the file has no [units] and times are plain numbers.
    factor  from code units.
    """

    name: str = ""
    factor: float = 1.0

    @classmethod
    def of(cls, scales: Units, longest: float) -> TimeWords:
        """The largest unit that the longest time (infinite: unknown) is one of at least."""
        if scales.time_si is None:
            return cls()
        seconds = longest * scales.time_si
        name = "ms" if math.isinf(seconds) else suitable_unit(seconds)
        return cls(name, scales.time_si / SECONDS[name])

    @classmethod
    def of_problem(cls, problem: Problem) -> TimeWords:
        """Those that suit the problem's evolution."""
        return cls.of(problem.scales, math.inf if problem.time is None else problem.time.final)

    def number(self, time: float, digits: int = 6) -> str:
        """The number alone."""
        return f"{time * self.factor:.{digits}g}"

    def __call__(self, time: float, digits: int = 6) -> str:
        """A time with its unit."""
        unit = "" if not self.name or math.isinf(time) else f" {self.name}"
        return f"{self.number(time, digits)}{unit}"

    def of_step(self, size: float, digits: int = 6) -> str:
        """A step with the unit that suits it by itself."""
        if not self.name:
            return self(size, digits)
        seconds = size * self.factor * SECONDS[self.name]
        name = suitable_unit(seconds)
        return f"{seconds / SECONDS[name]:.{digits}g} {name}"

    def of_end(self, time: float, end: float) -> str:
        """How far a time is on the way to the end."""
        return f"{self.number(time)} of {self(end)}"


PLAIN = TimeWords()
"""Of a file without [units]."""


def steps_in_words(time: TimeOptions, words: TimeWords) -> str:
    """How the problem's evolution is divided, for the log and the plan."""
    if time.adaptive is not None:
        smallest, initial, largest = (words.of_step(size, 3) for size in time.adaptive.within(time.end))
        tolerance = f"{time.adaptive.tolerance:g}"
        return f"adaptive steps, tolerance {tolerance}, from {smallest} to {largest}, the first {initial}"
    table = time.fixed_steps
    sizes = dict.fromkeys(words.of_step(size) for size in (table.smallest, table.largest))
    steps = f"{counted(table.steps, 'step')} of {' to '.join(sizes)}"
    if len(table.stretches) == 1:
        return steps
    count = len(table.switching_times)
    times = [words.number(time.frame.laboratory_time(clock)) for clock in table.switching_times[:4]]
    where = ", ".join(times) + (", ..." if count > len(times) else f" {words.name}".rstrip())
    which = f"{count} switching times" if count > 1 else "switching time"
    return f"{steps}, which end at the {which} t = {where}"
