"""What a figure is made of: a run, its units, and of what is stored the times that are shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.columns import Records, column
from hpcmix.io.figures.request import EVERYTHING, MOST_TIMES, FigureRequest, spread
from hpcmix.io.figures.style import FigureUnits
from hpcmix.io.reader import RunReader, StoredFile

SIDE_BY_SIDE = 6
"""As many times fit into a figure, unless more are asked for."""

Entry = TypeVar("Entry")


class Scene:
    """A run as figures see it; what is read is kept, so that figures of the same times read files once."""

    def __init__(self, run: RunReader, request: FigureRequest = EVERYTHING) -> None:
        self.run, self.request = run, request
        self.units = FigureUnits(run.scales)
        self._read: dict[int, Slices] = {}

    @property
    def title(self) -> str:
        """Of the run."""
        return self.run.title

    @property
    def records(self) -> list[dict[str, Any]]:
        """All records."""
        return self.run.records

    @cached_property
    def lasts(self) -> bool:
        """Whether there are records of two times at least: otherwise nothing can be drawn over time."""
        return len({record.get("time") for record in self.records}) > 1

    def shown(self, records: Records) -> list[Any]:
        """Records of the asked times; without any, of up to six that are evenly spread."""
        return self._chosen(records, lambda record: float(column([record], "time")[0])) or spread_out(records)

    @cached_property
    def frames(self) -> list[Slices]:
        """Slices of the asked times; without any, of up to six that are evenly spread."""
        stored = self._chosen(self.run.slices, _time) or spread_out(self.run.slices)
        return [self.slices(entry) for entry in stored]

    @property
    def ends(self) -> list[Slices]:
        """Slices of the asked times; without any, of the first and the last."""
        if self.request.times or len(self.frames) < 2:
            return self.frames
        return [self.frames[0], self.frames[-1]]

    def between(self, stored: Sequence[StoredFile], most: int) -> list[StoredFile]:
        """At most so many stored files, or those of the asked times."""
        return self._chosen(stored, _time, most) or [stored[place] for place in spread(len(stored), most)]

    def slices(self, stored: StoredFile) -> Slices:
        """What a file of slices holds."""
        if stored.index not in self._read:
            self._read[stored.index] = self.run.read_slices(stored)
        return self._read[stored.index]

    def _chosen(
        self, stored: Sequence[Entry], time_of: Callable[[Entry], float], most: int = MOST_TIMES
    ) -> list[Entry] | None:
        return self.request.chosen(stored, time_of, self.run.scales, self._final, max(most, MOST_TIMES))

    @property
    def _final(self) -> float:
        """The last time of the run: that of its problem, and where it has none that of what is stored."""
        final = self.run.problem.get("time", {}).get("final")
        if isinstance(final, (int, float)):
            return float(final)
        return math.inf if final else max((entry.time for entry in self.run.slices), default=math.inf)


def spread_out(stored: Sequence[Any]) -> list[Any]:
    """All of them, or as many as fit into a figure: the first, the last, and what lies evenly between."""
    return [stored[place] for place in spread(len(stored), SIDE_BY_SIDE)]


def _time(stored: StoredFile) -> float:
    return stored.time
