"""How far a run has come, by what lies in its directory: also of one that another machine computes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.api.markup import progress_bar
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.directories.locking.lock import Lock
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.summary import read_summary
from hpcmix.io.documents.tail import last_line, tail
from hpcmix.io.reader import RunReader


@dataclass(frozen=True)
class Progress:
    """How far a run has come when it was looked at.

    status  "waiting": nothing has begun; "running"; "done"; "stopped": after a good checkpoint; "failed"; "not
            finished": nobody is at work on it, and it left no word.
    step    of the last record, None before there is one.
    time    of the last record, code units.
    final   the time it goes to, code units; None for a ground state, infinite where it is.
    line    the last line of run.log.
    """

    status: str
    step: int | None = None
    time: float | None = None
    final: float | None = None
    line: str = ""

    @property
    def share(self) -> float | None:
        """The part of the time that has passed, from 0 to 1; None where it has no end, or none is known yet."""
        if self.status == "done":
            return 1.0
        if self.time is None or not self.final or math.isinf(self.final):
            return None
        return min(self.time / self.final, 1.0)

    def __str__(self) -> str:
        share = "" if self.share is None else f", {100.0 * self.share:.0f} %"
        place = "" if self.step is None else f", step {self.step}"
        return f"{self.status}{place}{share}" + (f": {self.line}" if self.line and self.share is None else "")

    def _repr_html_(self) -> str:
        """For notebooks."""
        return progress_bar(self.status, self.share, self.line if self.share is None else f"{100 * self.share:.0f} %")


def progress_of(directory: str | Path) -> Progress:
    """Look at a directory of a run, which need not be there yet."""
    place = RunDirectory(Path(directory))
    if not place.holds_run():
        return Progress("waiting")
    try:
        summary = read_summary(place.summary)
    except (FileNotFoundError, OutputError):
        summary = {}
    record = _last_record(place.series)
    at_work = Lock(place.path).holder() is not None
    told = str(summary.get("status", "not finished"))
    status = "running" if at_work else "not finished" if told == "stopping" else told
    known = record if at_work else record | {key: summary[key] for key in ("step", "time") if key in summary}
    final = (RunReader(place.path).problem.get("time") or {}).get("final")
    return Progress(
        status,
        known.get("step"),
        known.get("time"),
        None if final is None else math.inf if final == "infinity" else float(final),
        last_line(place.log).strip(),
    )


def _last_record(path: Path) -> dict[str, Any]:
    """The last complete record of a series, without reading all of it; empty where there is none."""
    for line in reversed(tail(path).split(b"\n")[:-1]):
        try:
            record: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        return record
    return {}
