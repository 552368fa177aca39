"""What a run that fails leaves behind whatever happens: summary.json and a last line in run.log."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcmix.io.atomic import reserve
from hpcmix.io.directory import RunDirectory
from hpcmix.io.summary import write_summary
from hpcmix.problem.schema import Problem
from hpcmix.problem.show import resolved_dict
from hpcmix.run.outputs import Outputs
from hpcmix.run.simulation import Simulation

RESERVED = ".reserved"
"""The file that keeps room for the last words."""

_ROOM = 1 << 18
"""Bytes set aside for the summary and the line, so that they find room on a disk that is full by then."""


class LastWords:
    """Speaks once, for a run that cannot write its summary in the usual way.

    simulation  set as soon as there is one: how far it came is part of the summary.
    outputs     set as soon as there are some: observables.h5 is completed from the series.
    """

    def __init__(self) -> None:
        self._directory: RunDirectory | None = None
        self._known: dict[str, Any] = {}
        self.simulation: Simulation | None = None
        self.outputs: Outputs | None = None

    def prepare(self, directory: RunDirectory, problem: Problem, ranks: int, has_room: bool) -> None:
        """From now on there is a directory to speak in. `has_room`: set the room aside, as the root does. Raises
        OSError."""
        if has_room:
            reserve(directory.path / RESERVED, _ROOM)
        self._directory = directory
        self._known = {"ranks": ranks, "problem": resolved_dict(problem)}

    def dismiss(self) -> None:
        """The run has told everything itself."""
        if self._directory is not None:
            self._give_room(self._directory.path)
        self._directory = None

    def say(self, message: str) -> None:
        """Leave the message in the directory, if there is one; errors are passed over, there is nobody to tell."""
        directory, self._directory = self._directory, None
        if directory is None:
            return
        self._give_room(directory.path)
        progress = {}
        if self.simulation is not None:
            progress = {"step": self.simulation.state.step, "time": self.simulation.time}
        with suppress(OSError):
            write_summary(directory.summary, {"status": "failed", "message": message} | progress | self._known)
        with suppress(OSError), directory.log.open("a", encoding="utf-8") as log:
            log.write(f"stopped: {message}\n")
        # not from the watchdog's thread: the other one may hang in HDF5, which lets in one at a time
        if self.outputs is not None and threading.current_thread() is threading.main_thread():
            with suppress(Exception):
                self.outputs.write_dataset()

    @staticmethod
    def _give_room(directory: Path) -> None:
        with suppress(OSError):
            (directory / RESERVED).unlink()
