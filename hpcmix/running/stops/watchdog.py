"""A run that makes no progress for long is ended, with the stack of every rank on standard error."""

from __future__ import annotations

import faulthandler
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

VARIABLE = "HPCMIX_HANG_SECONDS"
"""Environment variable: seconds without progress after which a run counts as hanging; 0 for never."""

DEFAULT_SECONDS = 1800.0
"""Longer than any step or file that is still worth waiting for."""

_GRACE_SECONDS = 3.0
"""All ranks hang at nearly the same time: so long one waits for the others' stacks before it leaves and takes them
along."""

_START_SECONDS = 20.0
"""Reading libraries may take so long on a busy machine, whatever a step takes."""


class BadLimit(ValueError):
    """The environment variable holds no number of seconds."""


def hang_limit() -> float:
    """The limit in seconds, infinite for never. Raises :class:`BadLimit`."""
    text = os.environ.get(VARIABLE, "")
    try:
        seconds = float(text) if text else DEFAULT_SECONDS
    except ValueError:
        seconds = -1.0
    if not seconds >= 0.0:
        raise BadLimit(f'{VARIABLE} is "{text}"; it must be a number of seconds, or 0 to wait for ever')
    return seconds or float("inf")


_STANDARD_ERROR = 2
"""The file descriptor: the object sys.stderr may be one without, in a notebook."""


def watch_the_start() -> None:
    """Until there is a :class:`Watchdog` the timer in C watches alone, over imports and the start of MPI."""
    with suppress(BadLimit):  # which is told when there are words for it
        _set_timer(max(hang_limit(), _START_SECONDS))


def _set_timer(seconds: float) -> None:
    if seconds < 1e9:  # what the timer can count
        faulthandler.dump_traceback_later(seconds, exit=True, file=_STANDARD_ERROR)


class Watchdog:
    """Watches this rank from a thread. Use it in a with statement and call :meth:`beat` whenever there is progress.

    rank, ranks  for the message.
    limit        seconds without a beat.
    last_words   called with a sentence before this process ends.
    heartbeat    called every `interval` seconds from the thread: signs of life for others; may be set later.
    Should the interpreter itself be stuck in a library, so that the thread cannot run, a timer in C prints the stack
    and ends the process a little later.
    """

    def __init__(
        self,
        rank: int,
        ranks: int,
        limit: float,
        last_words: Callable[[str], object] = lambda sentence: None,
        interval: float = 15.0,
    ) -> None:
        self._who = f"rank {rank} of {ranks} on {socket.gethostname()}"
        self._limit = limit
        self.heartbeat: Callable[[], None] = lambda: None
        self._interval = interval
        self._last_words = last_words
        self._last = time.monotonic()
        self._is_patient = False
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._last = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def beat(self) -> None:
        """There is progress."""
        self._last = time.monotonic()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Waits within it as long as it takes: for a library that computes for hours and tells nothing."""
        self._is_patient = True
        faulthandler.cancel_dump_traceback_later()
        try:
            yield
        finally:
            self.beat()
            self._is_patient = False

    def _watch(self) -> None:
        next_heartbeat = 0.0
        pause = min(1.0, self._limit / 4.0)
        while not self._done.wait(pause):
            now = time.monotonic()
            if now >= next_heartbeat:
                next_heartbeat = now + self._interval
                self.heartbeat()
                if not self._is_patient:
                    _set_timer(self._limit + self._interval + 2 * _GRACE_SECONDS)
            if now - self._last > self._limit and not self._is_patient:
                self._end()

    def _end(self) -> None:
        sentence = f"no progress for {self._limit:g} s ({VARIABLE})"
        with suppress(Exception):
            sys.stderr.write(f"hpcmix: {self._who}: {sentence}; its stack:\n{_stacks()}")
            sys.stderr.flush()
        time.sleep(_GRACE_SECONDS)
        with suppress(Exception):
            self._last_words(f"{sentence}; the stacks of all ranks are on standard error")
        os._exit(1)


def _stacks() -> str:
    """The stacks of all threads of this process."""
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file)
        file.seek(0)
        return file.read()
