"""The map between the grid's clock and places and the laboratory's: at rest, or expanding with a released cloud
(docs/methods/expanding-frame.md).

With x = b(t) y, b = sqrt(1 + w^2 t^2), and the clock ds = dt / b^2 that the integrator goes by,

    s = arctan(w t) / w,    t = tan(w s) / w,    1/b = cos(w s),    b' = db/dt = w sin(w s)

all times 0 <= t <= infinity are the interval [0, pi / 2w] of s (docs/methods/expanding-frame.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INFINITELY_FAR = 1e-12
"""1/b below which the clock stands at its end. Rounding leaves cos(pi/2) = 6e-17 and, after a sum of steps, some more;
LARGEST_SCALE keeps finite times away from it."""

LARGEST_SCALE = 1e6
"""b at the latest finite time: rounding of the clock makes a relative error of 2e-16 b in b, there 2e-10."""


@dataclass(frozen=True)
class Frame:
    """The map between the laboratory and the grid; with rate 0 they are the same, to the bit.

    rate  w, code units of an angular frequency.
    """

    rate: float = 0.0

    @property
    def expanding(self) -> bool:
        """Whether grid and laboratory differ."""
        return self.rate != 0.0

    def clock(self, time: float) -> float:
        """s of a laboratory time, which may be infinite."""
        return math.atan(self.rate * time) / self.rate if self.expanding else time

    def laboratory_time(self, clock: float) -> float:
        """t of a time on the clock; infinite at its end and beyond."""
        if not self.expanding:
            return clock
        return math.inf if self.contraction(clock) == 0.0 else math.tan(self.rate * clock) / self.rate

    def contraction(self, clock: float) -> float:
        """1/b at a time on the clock; 0 at its end and beyond."""
        if not self.expanding:
            return 1.0
        angle = self.rate * clock
        return math.cos(angle) if angle < 0.5 * math.pi - INFINITELY_FAR else 0.0

    def scale(self, clock: float) -> float:
        """b at a time on the clock."""
        contraction = self.contraction(clock)
        return 1.0 / contraction if contraction > 0.0 else math.inf

    def speed(self, clock: float) -> float:
        """b' = db/dt at a time on the clock."""
        return self.rate * math.sin(self.rate * clock) if self.expanding else 0.0

    def quadratic_phase(self, clock: float, mass: float, hbar: float) -> float:
        """q of the phase exp(i q x^2) that the laboratory's wave function has beside the frame's: m b' / (2 hbar b)."""
        return mass * self.speed(clock) * self.contraction(clock) / (2.0 * hbar)

    def described(self, clock: float) -> dict[str, float]:
        """Where the frame stands, as records and summaries say it."""
        return {"clock": clock, "scale": self.scale(clock), "speed": self.speed(clock)}


AT_REST = Frame()
"""The laboratory."""
