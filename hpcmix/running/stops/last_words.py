"""What a command that fails leaves behind whatever happens: summary.json and a last line in its log."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from hpcmix.io.directories.directory import RunDirectory
from hpcmix.io.documents.atomic import reserve, write_text
from hpcmix.io.documents.summary import write_summary
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.show import resolved_dict, resolved_toml

RESERVED = ".reserved"
"""The file that keeps room for the last words."""

PREVIOUS = ".summary-before.json"
"""The summary of an earlier job, until this one has begun."""

_ROOM = 1 << 18
"""Bytes set aside for the summary and the line, so that they find room on a disk that is full by then."""


class _Progress(Protocol):
    """What is known of a simulation's progress."""

    @property
    def state(self) -> Any:
        """What evolves; it has a `step`."""

    @property
    def time(self) -> float:
        """Of the state, in the laboratory."""


class _Outputs(Protocol):
    """What else can be completed."""

    def write_dataset(self) -> None:
        """Write observables.h5 from the series."""


class LastWords:
    """Speaks once, for a command that cannot write its summary in the usual way; from any thread.

    simulation  set as soon as there is one: how far it came is part of the summary.
    outputs     set as soon as there are some: observables.h5 is completed from the series.
    """

    def __init__(self) -> None:
        self._log: Path | None = None
        self._summary: Path | None = None
        self._problem: tuple[Path, str] | None = None
        self._known: Mapping[str, Any] = {}
        self._room: Path | None = None
        self._foretold = False  # this rank has said that it is stopping
        self._turn = threading.Lock()
        self.simulation: _Progress | None = None
        self.outputs: _Outputs | None = None

    def prepare(self, directory: RunDirectory, problem: Problem, ranks: int, is_root: bool) -> None:
        """From now on there is a run's directory to speak in. The root sets room aside, and lays away the summary of an
        earlier job: it is this one's that is looked for from now on. Raises OSError."""
        if is_root:
            self._room = directory.path / RESERVED
            reserve(self._room, _ROOM)
            if directory.summary.exists():
                directory.summary.replace(directory.path / PREVIOUS)
        self._problem = directory.problem, resolved_toml(problem)
        self._known = {"ranks": ranks, "problem": resolved_dict(problem)}
        self._log, self._summary = directory.log, directory.summary

    def prepare_log(self, path: Path) -> None:
        """From now on there is a log to speak in, and no summary."""
        self._log = path

    def complete(self) -> None:
        """The command now writes its summary itself."""
        with self._turn:
            self._summary = None

    def refuse(self) -> None:
        """The command is refused: what it found is as it was."""
        with self._turn:
            if self._room is not None and self._summary is not None:
                with suppress(OSError):
                    self._summary.with_name(PREVIOUS).replace(self._summary)
            self._give_room()
            self._log = self._summary = None

    def dismiss(self) -> None:
        """The command has told everything itself."""
        with self._turn:
            self._give_room()
            self._log = self._summary = None

    def stopping(self, reason: str) -> bool:
        """Leave a word that a stop is under way: the last one, should the job be ended before it comes to it. False if
        another rank has said already how the job ends."""
        with self._turn:
            if self._told_by_another():
                return False
            self._write_line(f"asked to stop by {reason}")
            self._foretold = self._write_summary("stopping", f"asked to stop by {reason}")
        return True

    def say(self, message: str, status: str = "failed") -> bool:
        """Leave the message, if there is a place for it; False if another rank has done so before. Errors are passed
        over, there is nobody to tell."""
        with self._turn:
            if self._told_by_another():
                return False
            self._give_room()
            self._write_summary(status, message)
            self._write_line(message if message.startswith("stopped by") else f"stopped: {message}")
            self._log = self._summary = None
        # not from another thread: this one may hang in HDF5, which lets in one at a time
        if self.outputs is not None and threading.current_thread() is threading.main_thread():
            with suppress(Exception):
                self.outputs.write_dataset()
        return True

    def _told_by_another(self) -> bool:
        """Whether another rank has spoken: there was no summary when this job began, and this rank has made none."""
        return self._summary is not None and not self._foretold and self._summary.exists()

    def _write_summary(self, status: str, message: str) -> bool:
        if self._summary is None:
            return False
        if self._problem is not None:  # so that restart knows what never began
            with suppress(OSError):
                write_text(*self._problem)
        progress: dict[str, Any] = {}
        if self.simulation is not None:
            progress = {"step": self.simulation.state.step, "time": self.simulation.time}
        with suppress(OSError):
            write_summary(self._summary, {"status": status, "message": message, **progress, **self._known})
            return True
        return False

    def _write_line(self, text: str) -> None:
        if self._log is not None:
            with suppress(OSError), self._log.open("a", encoding="utf-8") as log:
                log.write(f"{text}\n")

    def _give_room(self) -> None:
        if self._room is not None:
            for path in (self._room, self._room.with_name(PREVIOUS)):
                with suppress(OSError):
                    path.unlink()
            self._room = None
