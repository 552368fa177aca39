"""Several points of a sweep at a time without a launcher: processes of one rank each, started and watched by the
command. Whatever ends the command ends them: they hear its signals from it, and its end from a pipe."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hpcmix.parallel.job.programs import environment
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.running.stops.requests import program_start
from hpcmix.running.stops.signals import SIGNALS, STOPPING
from hpcmix.studies.sweeps.directory import SweepDirectory
from hpcmix.studies.sweeps.reading import SweptFile
from hpcmix.studies.sweeps.tally import Tally

_PROGRAM = (sys.executable, "-c", "from hpcmix.studies.sweeps.process import main; main()")
_SECONDS_BETWEEN_LOOKS = 0.1


class PartFailed(Foreseen):
    """A process of the sweep ended with an error, or without a word; the text says how."""

    def __init__(self, message: str, status: ExitStatus = ExitStatus.FAILED) -> None:
        super().__init__(message)
        self._status = status

    @property
    def status(self) -> ExitStatus:
        """That of the process."""
        return self._status

    @property
    def for_terminal(self) -> str:
        """As the process would have said it."""
        return str(self)


class _Process:
    """A process that computes points, until none is left for it."""

    def __init__(self, request: Mapping[str, Any], outcome: Path) -> None:
        self._outcome = outcome
        self._process = subprocess.Popen(_PROGRAM, stdin=subprocess.PIPE, env=environment(), start_new_session=True)
        if self._process.stdin is not None:  # it stays open: where it is closed, this process has died
            with suppress(BrokenPipeError):
                self._process.stdin.write((json.dumps({**request, "outcome": str(outcome)}) + "\n").encode())
                self._process.stdin.flush()

    def is_at_work(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def tell(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.is_at_work():
            self._process.send_signal(number)

    def has_died(self) -> bool:
        """Whether it ended without a word."""
        return not self.is_at_work() and not self._outcome.exists()

    def tally(self, asked: int) -> Tally:
        """What it did. `asked`: the signal that it was told to stop by, 0 if none. Raises :class:`PartFailed`."""
        if self.has_died():
            if asked:  # before it had begun
                return Tally(stopped=STOPPING[signal.Signals(asked)])
            status = self._process.returncode
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            raise PartFailed(f"hpcmix: a process of the sweep ended {how} and without a word; the same command goes on")
        content = json.loads(self._outcome.read_text(encoding="utf-8"))
        if "error" in content:
            raise PartFailed(content["error"], ExitStatus(content["status"]))
        return Tally.from_dict(content["tally"])

    def close(self) -> None:
        """Let it go: it ends by itself where it has not."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process.wait()


def at_once_in_processes(
    file: SweptFile,
    directory: SweepDirectory,
    at_once: int,
    again: Mapping[str, int],
    max_wall: float | None,
    asked: Path,
) -> Sequence[Tally]:
    """So many processes at work until none of them finds another point. Signals are handed on to them; where one dies,
    the others are asked to stop, and go on with the next command. Raises :class:`PartFailed`.

    asked  the file by which they ask each other to stop.
    """
    left = None if max_wall is None else max(max_wall - (time.time() - program_start()), 0.1)
    request = {
        "file": file.file,
        "overrides": list(file.overrides),
        "directory": str(directory.path),
        "retry": dict(again),
        "max_wall": left,
        "asked": str(asked),
    }
    told, one_has_died = 0, False
    with tempfile.TemporaryDirectory(prefix="hpcmix-sweep-") as folder:
        processes = [_Process(request, Path(folder) / f"{number}.json") for number in range(at_once)]
        try:
            while any(process.is_at_work() for process in processes):
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                if SIGNALS.heard > told:
                    told = SIGNALS.heard
                    _tell(processes, SIGNALS.number)
                if not one_has_died and not told and any(process.has_died() for process in processes):
                    one_has_died = True
                    _tell(processes, signal.SIGTERM)
        finally:
            for process in processes:
                process.close()
        return [process.tally(SIGNALS.number) for process in processes]


def _tell(processes: Sequence[_Process], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            process.tell(number)


def request_of(pipe: int) -> dict[str, Any]:
    """For a process: what it is asked, a line of JSON. Nothing is read ahead, so that the pipe can be watched."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(pipe, 1 << 16)
        if not piece:
            raise SystemExit(ExitStatus.FAILED)  # who asks has died meanwhile
        text += piece
    request: dict[str, Any] = json.loads(text)
    return request


def watch_the_pipe(pipe: int) -> None:
    """For a process: wait until the other end of a pipe is closed, then ask this process to stop."""
    while os.read(pipe, 1 << 16):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
