"""Who asks a command to stop, or for a checkpoint: signals, a file, the clock on the wall. Every rank listens, all
decide together in the vote of the time loop; before there is one, whoever hears it ends the job with last words."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hpcmix.initial.descent.interruption import SearchInterrupted
from hpcmix.io.directories.locking.lock import Lock
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.running.stops.last_words import LastWords
from hpcmix.running.stops.signals import SIGNALS, STOPPING

_STOP_FILE, _MAX_WALL, _END_OF_JOB = 1001, 1002, 1003  # beyond the numbers of signals
_LOOK_SECONDS = 1.0
"""How often the root looks for the file: a look costs a message to a file server."""
_SLURM_MARGIN = 30.0
"""Seconds kept free before the end of a job: Slurm's limit comes up to half a minute early (measured)."""
SEARCH_GRACE = 2.0
"""Seconds, and twice the longest iteration, in which a search for a ground state is expected to meet: then it ends in
good order, and may keep what it has."""


@dataclass(frozen=True)
class Stop:
    """An early end that the ranks have agreed on, with everything that was computed stored: why, in words."""

    reason: str


@dataclass(frozen=True)
class Prospect:
    """What becomes of a command that is stopped now.

    words   behind "stopped by ...": at what point, and what the user may do.
    status  what the process ends with.
    """

    words: str
    status: ExitStatus = ExitStatus.FAILED

    @property
    def behind(self) -> str:
        """The words as they go on from those before."""
        return self.words if self.words.startswith(";") else f" {self.words}"


class Stopped(SearchInterrupted, Foreseen):
    """The run was asked to stop before there was a state to evolve; the text says by whom.

    reason    who asked.
    prospect  what becomes of it, unless the search is kept.
    """

    def __init__(self, reason: str, prospect: Prospect) -> None:
        super().__init__(reason)
        self.reason, self.prospect = reason, prospect

    @property
    def status(self) -> ExitStatus:
        """A search that is kept is gone on with by the same command."""
        return self.prospect.status if self.kept is None else ExitStatus.STOPPED

    def __str__(self) -> str:
        if self.kept is not None:
            return (
                f"stopped by {self.reason} while {self.sought} sought; how far it came is kept in {self.kept}: "
                "the same command goes on from there"
            )
        return f"stopped by {self.reason}{self.prospect.behind}"


class Meeting(Protocol):
    """Where a search for a ground state asks between its iterations whether to go on."""

    def meet(self, world: Any) -> None:
        """Raise :class:`Stopped` on every rank of the communicator or on none. Collective."""

    def found(self) -> None:
        """There is a state, which is worth to be saved."""


class StopRequests:
    """What this rank has been asked for. Use it in a with statement: signals are listened to inside, by a thread.

    directory  of the run; a file STOP in it stops the run, a file CHECKPOINT asks for one, and both are removed: they
               reach a run under any launcher, while not all of them pass every signal on. None: there is none yet.
    max_wall   seconds that the program may run, None without limit.
    is_root    whether this rank speaks for all, and looks at the files and at the clock.
    last_words what the command leaves in its directory when it is ended at once.
    is_guest   in the process of a program that goes on behind the command: every request waits until the ranks meet or
               vote, and max_wall counts from now on.

    To be kept up to date by the command:

    grace      seconds after which a request ends the job at once, by :class:`~hpcmix.running.stops.signals.Signals`;
               None: it waits until the ranks meet or vote, however long that takes, for there is something to save.
    prospect   what a stop comes to at present.
    search     where an unfinished search for the ground state is kept now and then.
    lock       of the directory, once it is held.
    at_end     what else is to be done before the job is ended at once.
    file_waits the file ends nobody at once: parts of a study are short, groups of ranks tell each other by it, and
               what is under way is worth its end.

    A signal is only noted, so a second one, during a checkpoint too, changes nothing.
    """

    def __init__(
        self,
        directory: Path | None,
        max_wall: float | None,
        is_root: bool,
        last_words: LastWords | None = None,
        is_guest: bool = False,
    ) -> None:
        self.directory = directory
        self.looks = is_root
        self.grace: float | None = 0.0
        self.prospect = Prospect("before anything was written")
        self.search: Path | None = None
        self.lock: Lock | None = None
        self.at_end: list[Callable[[], Any]] = []
        self.file_waits = False
        self._is_root, self._is_guest = is_root, is_guest
        self._last_words = last_words or LastWords()
        self._deadlines: list[tuple[float, int]] = []
        if max_wall is not None:
            begin = time.time() if is_guest else program_start()
            self._deadlines.append((begin + max_wall, _MAX_WALL))
        end_of_job = os.environ.get("SLURM_JOB_END_TIME", "")
        if end_of_job.isdigit():
            self._deadlines.append((int(end_of_job) - _SLURM_MARGIN, _END_OF_JOB))
        self._next_look = self._next_checkpoint_look = 0.0
        self._asked_since: float | None = None
        self._met, self._longest_round = 0.0, 0.0

    def __enter__(self) -> StopRequests:
        self._began_to_listen = SIGNALS.listen()
        SIGNALS.listener = self._tick
        return self

    def __exit__(self, *exception: object) -> None:
        SIGNALS.listener = lambda: None  # the command is over, the process about to end
        if self._began_to_listen:
            SIGNALS.close()

    # ---------------------------------------------------------------------------------------- asked by the ranks

    def checkpoint_wanted(self) -> bool:
        """Whether this rank got SIGUSR2, or found the file CHECKPOINT, since the last call: a checkpoint, and on."""
        wanted, now = SIGNALS.checkpoint_wanted(), time.time()
        if self.looks and self.directory is not None and now >= self._next_checkpoint_look:
            self._next_checkpoint_look = now + _LOOK_SECONDS
            wanted = _was_there(self.directory / "CHECKPOINT") or wanted
        return wanted

    def code(self, needed: float = 0.0) -> int:
        """Why this rank wants to stop, 0 if it does not; the vote takes the largest. `needed`: seconds that a step and
        a checkpoint take."""
        return SIGNALS.number or (self._code_of_root(needed) if self.looks else 0)

    def _code_of_root(self, needed: float, looks_for_file: bool = True) -> int:
        now = time.time()
        for deadline, code in self._deadlines:
            if now + needed >= deadline:
                return code
        if looks_for_file and self.directory is not None and now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            if self._file.exists():
                self._next_look = 0.0  # it stays asked for until it is honoured
                return _STOP_FILE
        return 0

    @property
    def _file(self) -> Path:
        """The file that asks for a stop, where there is a directory for it."""
        if self.directory is None:
            raise TypeError("without a directory no file asks for a stop")
        return self.directory / "STOP"

    def reason(self, code: int) -> str:
        """The code that the ranks agreed on, in words."""
        if code in STOPPING:
            return STOPPING[signal.Signals(code)]
        if code == _STOP_FILE:
            return f"the file {self._file}"
        return {_MAX_WALL: "--max-wall", _END_OF_JOB: "the end of the job (SLURM_JOB_END_TIME)"}[code]

    def honoured(self, code: int) -> str:
        """The reason in words; the root removes the file that asked, so that the next run does not stop at once."""
        if code == _STOP_FILE and self.looks:
            _was_there(self._file)
        return self.reason(code)

    def meet(self, world: Any) -> None:
        """Agree while there is nothing to save yet: raise :class:`Stopped` on every rank of the communicator or on
        none. Once they have met a stop waits for the next time. Collective."""
        now = time.monotonic()
        if self._met:
            self._longest_round = max(self._longest_round, now - self._met)
        self._met, self.grace = now, max(self.grace or 0.0, SEARCH_GRACE)
        code = max(world.allgather(self.code()))
        if code:
            self.grace = None
            raise Stopped(self.honoured(code), self.prospect)

    def found(self) -> None:
        """There is a state: a stop waits until it is saved."""
        self.grace = None

    @contextmanager
    def may_end(self, prospect: Prospect, seconds: float) -> Iterator[None]:
        """Within, a request ends the job when so many seconds have passed: what is under way may take hours, and is
        computed again from what was saved before."""
        self.prospect, self.grace = prospect, seconds
        try:
            yield
        finally:
            self.grace = None

    @property
    def _prospect_now(self) -> Prospect:
        """What a stop at once comes to: a search that was kept a while ago is gone on with."""
        if self.prospect.status == ExitStatus.FAILED and self.search is not None and self.search.exists():
            return Prospect(
                f"before there was a state to go on from; how far the search for the ground state had come is kept in "
                f"{self.search}: the same command goes on from there",
                ExitStatus.STOPPED,
            )
        return self.prospect

    # --------------------------------------------------------------------------------------------- in the thread

    def _tick(self) -> None:
        """Look whether the job is asked to stop, say so, and end it when the ranks do not meet in time."""
        code = SIGNALS.number
        if not code and self.looks and self.grace is not None:
            code = self._code_of_root(0.0, not self.file_waits)
        if not code:
            return
        now = time.monotonic()
        if self._asked_since is None:
            self._asked_since = now
            if self.lock is not None:
                self.lock.mark_stopping()
            if self._is_root and self.grace != 0.0 and not self._last_words.stopping(self.reason(code)):
                self._end(code)  # another rank ends the job, and has said why
        if self.grace is None or self._is_guest:
            return
        waited = min(now - self._asked_since, now - self._met)
        if self.grace == 0.0 or waited >= self.grace + 2.0 * self._longest_round:
            self._end(code)

    def _end(self, code: int) -> None:
        prospect = self._prospect_now
        sentence, status = f"stopped by {self.honoured(code)}{prospect.behind}", prospect.status

        def say() -> bool:
            spoken = self._last_words.say(sentence, "stopped" if status == ExitStatus.STOPPED else "failed")
            for action in self.at_end:
                with suppress(Exception):
                    action()
            if self.lock is not None:
                self.lock.release()
            return spoken

        SIGNALS.end(sentence, status, say)


def _was_there(path: Path) -> bool:
    """Whether there was such a file; it is removed, and asks no second time."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def program_start() -> float:
    """When this process started, seconds since the epoch: importing counts as run time too."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        since_boot = float(Path("/proc/uptime").read_text().split()[0])
        return time.time() - (since_boot - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return time.time()
