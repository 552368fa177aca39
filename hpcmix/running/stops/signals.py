"""Signals, heard from the first moment of a command on, whatever the main thread is doing.

Python runs handlers in the main thread, between two instructions: not while it reads a library or sits in a long call.
So the handlers do nothing, and a thread reads the numbers of the signals from a pipe into which Python's own handler in
C writes them. The thread then tells a listener, who may say last words and end the job.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from hpcmix.parallel.job.abort import end_job
from hpcmix.parallel.job.launcher import rank_started

STOPPING = {signal.SIGUSR1: "SIGUSR1", signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT (Ctrl-C)"}
"""Signals that ask for the end."""

TURN_SECONDS = 0.7
"""Several ranks may be asked to end at once: so long the others leave it to the first one to say why, and to end the
job. A launcher that was told to end its ranks gives them a second."""

_TICK_SECONDS = 0.25


class Signals:
    """What this process was told by signals. There is one of it, :data:`SIGNALS`, as there is one set of handlers.

    number    the first signal that asked for the end, 0 if none has.
    heard     how many signals asked for the end.
    listener  called by the thread after every signal, and a few times a second.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._forget()

    def _forget(self) -> None:
        self.number = self.heard = 0
        self.listener: Callable[[], None] = self.end_before_the_beginning
        self._checkpoint = False

    def listen(self) -> bool:
        """Begin to listen; False where that has begun before. For the main thread."""
        if self._thread is not None:
            return False
        self._forget()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._usual = {number: signal.getsignal(number) for number in (*STOPPING, signal.SIGUSR2)}
        self._usual_fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._open = True
        self._thread = threading.Thread(target=self._hear, name="signals", daemon=True)
        self._thread.start()
        for number in self._usual:
            signal.signal(number, _nothing)
            signal.siginterrupt(number, False)  # system calls of MPI and HDF5 go on
        return True

    def close(self) -> None:
        """Listen no more, and leave signals to whoever had them before. For the main thread."""
        if self._thread is None:
            return
        for number, handler in self._usual.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._usual_fd)
        self._open = False
        os.write(self._writer, b"\0")  # no signal has this number: it only wakes the thread
        self._thread.join()
        self._thread = None
        os.close(self._reader)
        os.close(self._writer)

    def checkpoint_wanted(self) -> bool:
        """Whether there was a SIGUSR2 since the last call."""
        wanted, self._checkpoint = self._checkpoint, False
        return wanted

    def _hear(self) -> None:
        while self._open:
            select.select([self._reader], [], [], _TICK_SECONDS)
            with suppress(BlockingIOError):
                for number in os.read(self._reader, 100):
                    self._note(number)
            with suppress(Exception):  # a listener that fails must not end the listening
                self.listener()

    def _note(self, number: int) -> None:
        if number == signal.SIGUSR2:
            self._checkpoint = True
        elif number in STOPPING:
            self.number = self.number or number
            self.heard += 1

    def end_before_the_beginning(self) -> None:
        """The listener until there is another one: nothing has begun, so that the process may end at once."""
        if self.number:
            self.end(f"stopped by {STOPPING[signal.Signals(self.number)]} before anything had begun", 1)

    def end(self, sentence: str, status: int, say: Callable[[], bool] = lambda: True) -> None:
        """End the job with a sentence on standard error.

        say  leaves the sentence elsewhere as well; False where another rank has said already why the job ends.
        """
        rank, heard = rank_started(), self.heard
        if rank > 0:
            time.sleep(TURN_SECONDS)
            for number in os.read(self._reader, 100) if select.select([self._reader], [], [], 0.0)[0] else b"":
                self._note(number)
        if rank == 0 or self.heard == heard:
            with suppress(Exception):  # whatever fails, the job is ended
                if not say():
                    end_job(status)
                place = f"rank {rank}: " if rank else ""
                sys.stderr.write(f"hpcmix: {place}{sentence}\n")
        end_job(status)


def _nothing(number: int, frame: object) -> None:
    """The handler: what is to be done the thread does."""


SIGNALS = Signals()
