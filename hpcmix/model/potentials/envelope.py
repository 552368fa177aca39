"""How strong a potential, an interaction or a loss is at a time: switching, ramps and a factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.frame import Frame
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.times.tables import TimeTable
from hpcmix.problem.units.expressions import Expression


@dataclass(frozen=True)
class Instant:
    """A time at which potentials are wanted, in the laboratory.

    time      what ramps and expressions are evaluated at.
    switches  what switches without a ramp are compared with: a time within the step that the time is used in. Steps end
              at switching times, so that it tells on which side of one the time is meant (CONVENTIONS.md, Time).
    contraction
              1/b, b the scale of the grid's frame (hpcmix/frame.py).
    """

    time: float
    switches: float
    contraction: float = 1.0

    @classmethod
    def on_clock(cls, frame: Frame, clock: float, middle: float) -> Instant:
        """From the integrator's times: what is evaluated at, and the middle of the step."""
        return cls(frame.laboratory_time(clock), frame.laboratory_time(middle), frame.contraction(clock))

    @classmethod
    def before_start(cls) -> Instant:
        """Time 0-: what the ground state is computed at."""
        return cls(0.0, -math.ulp(0.0))

    @classmethod
    def after_start(cls) -> Instant:
        """Time 0+: what the evolution begins with."""
        return cls(0.0, math.ulp(0.0))


BEFORE_START = Instant.before_start()
"""Time 0-."""


@dataclass(frozen=True)
class Envelope:
    """The factor e(t) of a potential.

    begin, end  from when until when it is on (minus and plus infinity: always).
    ramp        duration of the switching: up over [begin, begin + ramp], down over [end, end + ramp]; 0 switches at
                once.
    smooth      ramps like (1 - cos(pi s))/2 instead of s.
    factor      a function of t, or None.
    """

    begin: float = -math.inf
    end: float = math.inf
    ramp: float = 0.0
    smooth: bool = False
    factor: Expression | TimeTable | None = None

    @classmethod
    def of(cls, entry: Switching) -> Envelope:
        """How strong an entry of the file is at a time."""
        return cls(entry.from_time, entry.until, entry.ramp, entry.ramp_shape == "smooth", entry.course)

    @property
    def constant(self) -> bool:
        """Whether the factor is one at all times."""
        return self.begin == -math.inf and self.end == math.inf and self.factor is None

    def changes_after(self, time: float) -> bool:
        """Whether the factor may still change at or after `time`."""
        if self.end + self.ramp <= time:
            return False
        if self.factor is not None and self.factor.last_change > time:
            return True
        last = max((edge + self.ramp for edge in (self.begin, self.end) if math.isfinite(edge)), default=-math.inf)
        return last > time

    def is_over(self, time: float) -> bool:
        """Whether the factor is zero from `time` on, for good."""
        if self.end + self.ramp <= time:
            return True
        return not (self.constant or self.changes_after(time)) and self(Instant(time, time)) == 0.0

    def __call__(self, instant: Instant) -> float:
        """e(t) at an instant."""
        value = self._rise(instant, self.begin) * (1.0 - self._rise(instant, self.end))
        if value != 0.0 and self.factor is not None:
            value *= float(self.factor.evaluate(t=instant.time))
        return value

    def values(self, instants: Sequence[Instant]) -> np.ndarray:
        """e(t) at several instants, the expression evaluated once for all of them."""
        values = [self._rise(instant, self.begin) * (1.0 - self._rise(instant, self.end)) for instant in instants]
        if self.factor is None:
            return np.array(values)
        if all(values):
            return np.array(values) * self.factor.evaluate(t=np.array([instant.time for instant in instants]))
        return np.array([self(instant) for instant in instants])  # where it is off, the expression need have no value

    def _rise(self, instant: Instant, edge: float) -> float:
        """0 before `edge`, 1 after it, ramped in between."""
        if edge == -math.inf:
            return 1.0
        if edge == math.inf:
            return 0.0
        if self.ramp == 0.0:
            return 1.0 if instant.switches >= edge else 0.0
        progress = min(1.0, max(0.0, (instant.time - edge) / self.ramp))
        return 0.5 * (1.0 - math.cos(math.pi * progress)) if self.smooth else progress
