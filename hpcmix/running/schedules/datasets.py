"""When observables.h5, which is written anew from the whole series each time, is written while a run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable

GROWTH = 2.0
"""It is written when the series is so many times as long as last time: all writings together then cost at most twice
the last one, however many snapshots there are."""

SHARE = 0.02
"""And when so much of the time since the last writing pays for another: a long run's file is hardly ever behind."""


class DatasetSchedule:
    """Asked at every snapshot and checkpoint; the end of a run writes the file too, unless it has all records by then.

    clock  seconds on the wall.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._length = 0
        self._cost = 0.0
        self._written = clock()

    def due(self, length: int) -> bool:
        """Whether it is to be written from a series of `length` bytes."""
        if length <= self._length:
            return False
        return length >= GROWTH * self._length or SHARE * (self._clock() - self._written) >= self._cost

    def is_complete(self, length: int) -> bool:
        """Whether it was written from a series of `length` bytes already, and this job has added nothing since."""
        return 0 < length == self._length

    def write(self, length: int, action: Callable[[], None]) -> None:
        """Let `action` write it from a series of that length, and see what that costs."""
        begin = self._clock()
        action()
        self._written, self._length = self._clock(), length
        self._cost = self._written - begin
