"""What a run says: the same lines on standard output and in run.log, and progress with the time to go."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.job.terminal import is_live
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.words.times import TimeWords
from hpcmix.running.stops.last_words import LastWords

PLAIN_SECONDS = 10.0
"""Seconds between two lines of progress in a batch log."""


class _Console(Console):
    """Standard output whose reader may leave (``| head``): the run goes on, and run.log has all of it."""

    def on_broken_pipe(self) -> None:
        """Say nothing more; the library would end the process here."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Bar(Protocol):
    """Progress of one piece of work, as it goes."""

    def update(self, done: float, place: str, note: str) -> None:
        """Show that so much is done; `place` and `note` in words."""

    def close(self) -> None:
        """The work is over."""


class Audience(Protocol):
    """Whom a command speaks to, beside its file."""

    def say(self, text: str) -> None:
        """One line."""

    def complain(self, error: Foreseen) -> None:
        """The end that was foreseen, and came."""

    def bar(self, title: str, total: float | None, done: float, place: str) -> Bar | None:
        """What shows the progress of work of `total` parts (None: nobody knows), of which `done` are done; None:
        lines now and then are enough."""


class Terminal:
    """Lines on standard output, a live bar where somebody watches, errors on standard error (:class:`Audience`)."""

    def __init__(self) -> None:
        self._live = is_live()
        self._console = _Console(highlight=False, soft_wrap=True, force_terminal=self._live or None)

    def say(self, text: str) -> None:
        """See :class:`Audience`."""
        self._console.print(text, markup=False)

    def complain(self, error: Foreseen) -> None:
        """See :class:`Audience`."""
        print(error.for_terminal, file=sys.stderr, flush=True)

    def bar(self, title: str, total: float | None, done: float, place: str) -> Bar | None:
        """See :class:`Audience`."""
        return _TerminalBar(self._console, title, total, done, place) if self._live else None


class _TerminalBar:
    """A bar that vanishes when it is closed."""

    def __init__(self, console: Console, title: str, total: float | None, done: Any, place: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[place]}"),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._progress.start()
        # done is a float: rich counts in floats, and says it begins with an integer
        self._task = self._progress.add_task(title, total=total, completed=done, place=place, note="")

    def update(self, done: float, place: str, note: str) -> None:
        self._progress.update(self._task, completed=done, place=place, note=note)

    def close(self) -> None:
        self._progress.stop()


class Log:
    """Lines for people. On other ranks than the root nothing is said.

    speaks    whether this rank is the root.
    audience  who hears it: the terminal unless given.
    Lines go to the audience and, from :meth:`open` on, to run.log; progress is a live bar where there is one and a line
    now and then elsewhere.
    """

    def __init__(self, speaks: bool, audience: Audience | None = None) -> None:
        self.speaks = speaks
        self.audience = audience or Terminal()
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
        self.audience.say(text)
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
    """The end of a command that all ranks know of: the root says it, to the audience and in the directory. Gives the
    exit status."""
    if log.speaks:
        log.audience.complain(error)
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
        self._bar: Bar | None = None

    def __enter__(self) -> Meter:
        self._begin = self._last = time.monotonic()
        if self._log.speaks:
            self._bar = self._log.audience.bar(self._title, self._total, self._done, self._place(self._done))
        return self

    def update(self, done: float, note: str = "") -> None:
        """Say that `done` steps are done; `note` is shown beside them. Plain lines come at most every few seconds."""
        if not self._log.speaks:
            return
        now = time.monotonic()
        rate = (done - self._done) / (now - self._begin) if now > self._begin else 0.0
        if self._bar is not None:
            self._bar.update(done, self._place(done), f"{note}  {self._rate(rate)}")
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
            self._bar.close()
