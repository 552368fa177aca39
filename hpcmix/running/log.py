"""What a run says: the same lines on standard output and in run.log, and progress with the time to go."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.job.terminal import is_live
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.words.times import TimeWords
from hpcmix.running.stops.last_words import LastWords

PLAIN_SECONDS = 10.0
"""Seconds between two lines of progress in a batch log."""


class _Terminal(Console):
    """Standard output whose reader may leave (``| head``): the run goes on, and run.log has all of it."""

    def on_broken_pipe(self) -> None:
        """Say nothing more; the library would end the process here."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Log:
    """Lines for people. On other ranks than the root nothing is said.

    speaks  whether this rank is the root.
    Lines go to standard output and, from :meth:`open` on, to run.log; progress is a live bar on a terminal and a line
    now and then elsewhere.
    """

    def __init__(self, speaks: bool) -> None:
        self.speaks = speaks
        self._live = speaks and is_live()
        self._console = _Terminal(highlight=False, soft_wrap=True, force_terminal=self._live or None)
        self._file: TextIO | None = None
        self._kept: list[str] = []

    def open(self, path: Path) -> None:
        """Write all lines so far and all further ones to a file as well, behind what stands there from earlier jobs of
        the run."""
        if self.speaks:
            self._file = path.open("a", encoding="utf-8", buffering=1)
            self._file.writelines(line + "\n" for line in self._kept)

    def line(self, text: str = "") -> None:
        """Say one line."""
        if not self.speaks:
            return
        self._console.print(text, markup=False)
        self._write(text)

    def keep(self, text: str) -> None:
        """Write a line to run.log alone: what standard error tells people who watch."""
        if self.speaks:
            self._write(text)

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.write(text + "\n")
        else:
            self._kept.append(text)

    def progress(self, title: str, total: float | None, done: float = 0, words: TimeWords | None = None) -> Meter:
        """A meter for work of `total` steps, or of time to pass that is told in `words` (None: unknown), `done` of
        which are done; use it in a with statement."""
        return Meter(self, title, total, done, words)

    def close(self) -> None:
        """Close run.log."""
        if self._file is not None:
            self._file.close()
            self._file = None


def leave(log: Log, error: Foreseen, last_words: LastWords | None = None) -> ExitStatus:
    """The end of a command that all ranks know of: the root says it, on standard error and in the directory. Gives the
    exit status."""
    if log.speaks:
        print(error.for_terminal, file=sys.stderr, flush=True)
        if last_words is not None:
            if isinstance(error, OutputError):  # a disk without room: HDF5 may take the process with it
                last_words.outputs = None
            last_words.say(str(error), "stopped" if error.status == ExitStatus.STOPPED else "failed")
    return error.status


class Meter:
    """Progress of one piece of work: steps done, or time passed, rate and time to go."""

    def __init__(self, log: Log, title: str, total: float | None, done: float, words: TimeWords | None = None) -> None:
        self._log = log
        self._title = title
        self._total = total
        self._done = done
        self._words = words
        self._bar: tuple[Progress, TaskID] | None = None

    def __enter__(self) -> Meter:
        self._begin = self._last = time.monotonic()
        if self._log._live:
            bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[place]}"),
                TextColumn("{task.fields[note]}"),
                TimeRemainingColumn(),
                console=self._log._console,
                transient=True,
            )
            bar.start()
            done: Any = self._done  # rich counts in floats, and says it begins with an integer
            place = self._place(self._done)
            self._bar = bar, bar.add_task(self._title, total=self._total, completed=done, place=place, note="")
        return self

    def update(self, done: float, note: str = "") -> None:
        """Say that `done` steps are done; `note` is shown beside them. Plain lines come at most every few seconds."""
        if not self._log.speaks:
            return
        now = time.monotonic()
        rate = (done - self._done) / (now - self._begin) if now > self._begin else 0.0
        if self._bar is not None:
            bar, task = self._bar
            bar.update(task, completed=done, place=self._place(done), note=f"{note}  {self._rate(rate)}")
        elif now - self._last >= PLAIN_SECONDS:
            self._last = now
            self._log.line(self._plain(done, note, rate))

    def _plain(self, done: float, note: str, rate: float) -> str:
        place = f"{self._title} {self._place(done)}"
        if self._total is None:
            return f"{place}  {note}  {self._rate(rate)}"
        remaining = timedelta(seconds=round((self._total - done) / rate)) if rate > 0.0 else "unknown"
        share = int(100 * done / self._total)
        return f"{place} ({share} %)  {note}  {self._rate(rate)}  to go {remaining}"

    def _place(self, done: float) -> str:
        """How much is done of how much: whole numbers, or times in few digits."""
        if self._total is None:
            return f"{done:.12g}"
        if self._words is None:
            return f"{done:.12g}/{self._total:.12g}"
        return f"{self._words.number(done, 4)}/{self._words(self._total, 4)}"

    def _rate(self, rate: float) -> str:
        """What is done in a second."""
        return f"{rate:.3g} /s" if self._words is None else f"{self._words(rate, 3)} a second"

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar[0].stop()
