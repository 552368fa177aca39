"""The directory of a sweep: a run's directory for every point, what became of each, and what they come to together."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.io.directories.directory import RunDirectory, move_aside
from hpcmix.io.directories.holdings import SWEEP, DirectoryInUse, holds_run, require_no_study
from hpcmix.io.directories.locking.lock import Lock, Locked
from hpcmix.io.documents.atomic import OutputError, explained, write_text
from hpcmix.io.documents.plain_json import page_of, plain
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.sweep import Sweep
from hpcmix.problem.words.show import resolved_dict
from hpcmix.studies.sweeps.points import Point

FORMAT = 1
"""Version of sweep.json."""

_PATIENCE_SECONDS = 120.0
"""How long a job waits for another one that writes what is common to all points: milliseconds, as a rule."""


@dataclass(frozen=True)
class PointRecord:
    """What became of a point.

    status   "done" or "failed".
    message  the sentence of a failure.
    problem  the resolved problem of the point, as JSON has it.
    seconds  that it took the job which ended it.
    """

    status: str
    message: str
    problem: Mapping[str, Any]
    seconds: float

    @property
    def is_done(self) -> bool:
        """Whether it has numbers."""
        return self.status == "done"


@dataclass(frozen=True)
class SweepDirectory:
    """Paths of everything that a sweep leaves. Making one touches no file."""

    path: Path

    @property
    def description(self) -> Path:
        """Keys, values and points."""
        return self.path / "sweep.json"

    @property
    def dataset(self) -> Path:
        """Everything that was measured at all points, over the swept keys."""
        return self.path / "sweep.nc"

    @property
    def figure(self) -> Path:
        """The main numbers over the swept keys."""
        return self.path / "sweep.png"

    @property
    def log(self) -> Path:
        """What the sweep said; every run has its own log."""
        return self.path / "sweep.log"

    @property
    def stop(self) -> Path:
        """The file that asks the sweep to stop."""
        return self.path / "STOP"

    @property
    def points(self) -> Path:
        """Directory of the points."""
        return self.path / "points"

    def is_gathered(self) -> bool:
        """Whether the dataset and the figure were made after the last point, and after the list of points."""
        made = [path.stat().st_mtime_ns for path in (self.dataset, self.figure) if path.exists()]
        points = [self.points / f"{point['name']}.json" for point in self.read()["points"]]
        of = [path.stat().st_mtime_ns for path in (self.description, *points) if path.exists()]
        return len(made) == 2 and min(made) >= max(of)

    def run_of(self, name: str) -> RunDirectory:
        """Of a point by its name."""
        return RunDirectory(self.points / name)

    def record_of(self, name: str) -> PointRecord | None:
        """What became of a point; None where it is still to be computed, or cannot be read."""
        try:
            entries = json.loads(self.record_path(name).read_text(encoding="utf-8"))
            record = PointRecord(entries["status"], entries["message"], entries["problem"], entries["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return record if not record.is_done or self.run_of(name).summary.exists() else None

    def write_record(self, name: str, record: PointRecord) -> None:
        """Keep what became of a point. Raises :class:`OutputError`."""
        write_text(self.record_path(name), page_of(vars(record)))

    def record_path(self, name: str) -> Path:
        """Of the file that says what became of a point."""
        return self.points / f"{name}.json"

    def written_at(self, name: str) -> int:
        """When it was written what became of a point, nanoseconds since the epoch; 0 where nothing is."""
        try:
            return self.record_path(name).stat().st_mtime_ns
        except OSError:
            return 0

    def is_busy(self, name: str) -> bool:
        """Whether another living job computes the point."""
        return Lock(self.run_of(name).path).holder() is not None

    def begin(self, title: str, sweep: Sweep, points: list[Point], fresh: bool) -> Path | None:
        """Make the directory, or go on in it; where what was in it has gone, with `fresh` and an earlier sweep there.

        Raises :class:`DirectoryInUse` where it holds something else, or another sweep; :class:`OutputError`.
        """
        aside = None
        if fresh and SWEEP.is_in(self.path):
            aside = move_aside(self.path, SWEEP.name)
        if not SWEEP.is_in(self.path):
            require_no_study(self.path)
            if holds_run(self.path):
                raise DirectoryInUse(
                    f"{self.path} holds a run, which is left as it is; choose another directory with "
                    "--set output.directory=..."
                )
        try:
            self.points.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explained(error, self.path) from error
        with self.alone():
            description = described(title, sweep, points)
            stored = self.read() if self.description.exists() else None
            if stored is not None and not _goes_on(stored, description):
                raise DirectoryInUse(
                    f"{self.path} holds another sweep ({kind_in_words(stored)}; here {kind_in_words(description)}); "
                    "--restart never moves it aside, or choose another directory with --set output.directory=..."
                )
            if stored != description:
                write_text(self.description, page_of(description))
        return aside

    def read(self) -> dict[str, Any]:
        """``sweep.json``. Raises :class:`OutputError`."""
        try:
            content = json.loads(self.description.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise OutputError(f"{self.path} holds no sweep: there is no {self.description.name}") from None
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.description} cannot be read: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise OutputError(f"{self.description} is not of this version of hpcmix")
        return content

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Inside, no other job writes what is common to all points."""
        lock, deadline = Lock(self.path), time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                lock.acquire()
                break
            except Locked:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        try:
            yield
        finally:
            with suppress(OSError):
                lock.release()


def described(title: str, sweep: Sweep, points: list[Point]) -> dict[str, Any]:
    """The content of sweep.json."""
    return plain(
        {
            "format": FORMAT,
            "title": title,
            "command": sweep.command,
            "combine": sweep.combine,
            "order": sweep.order,
            "directions": list(sweep.ways) if sweep.continued else [],
            "keys": sweep.values,
            "points": [
                {
                    "name": point.name,
                    "label": point.label,
                    "settings": {setting.key: setting.value for setting in point.settings},
                    "place": point.place,
                    "direction": point.direction,
                }
                for point in points
            ],
        }
    )


def kind_in_words(description: Mapping[str, Any]) -> str:
    """What must agree where a sweep goes on, in words."""
    words = f"{description['command']}, {description['order']} over {', '.join(description['keys'])}"
    return f"{words}, {len(description['points'])} points"


def _goes_on(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a sweep can use the points of another one: points that are computed by themselves are those of any sweep
    of the same keys, while one that is continued depends on all before it."""
    of_all = ("command", "order", "combine", "directions") if wanted["order"] == "continued" else ("command", "order")
    if any(stored[entry] != wanted[entry] for entry in of_all) or list(stored["keys"]) != list(wanted["keys"]):
        return False
    names = [[point["name"] for point in each["points"]] for each in (stored, wanted)]
    return wanted["order"] != "continued" or names[0] == names[1]


def is_of(record: PointRecord, problem: Problem) -> bool:
    """Whether a record is about this very problem: but for its title, its output, how ranks share it and how many
    iterations a search may take, and wherever the sweep has been moved."""
    try:
        there = _content(record.problem)
    except (AttributeError, KeyError, TypeError):  # no problem at all
        return False
    return there == _content(plain(resolved_dict(problem)))


def _content(tables: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in tables.items() if key not in ("title", "parallel", "output")}
    search = {key: value for key, value in tables["ground_state"].items() if key != "max_iterations"}
    output = {key: value for key, value in tables["output"].items() if key != "directory"}
    return kept | {"ground_state": search, "output": output, "species": [*map(_unmoved, tables["species"])]}


def _unmoved(species: Mapping[str, Any]) -> Mapping[str, Any]:
    """A species whose search begins with the state of another point, named within the sweep."""
    start = species.get("initial", {}).get("start")
    if not isinstance(start, dict) or "/points/" not in start["path"]:
        return species
    within = start["path"].rpartition("/points/")[2]
    return {**species, "initial": {**species["initial"], "start": {**start, "path": within}}}
