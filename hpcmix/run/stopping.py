"""Who asks a run to stop, or for a checkpoint: signals, a file, the clock on the wall. Every rank listens, all decide
together in the vote of the time loop."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType

from hpcmix.initial.starts import SearchInterrupted
from hpcmix.parallel.mpi import MPI

STOPPING = {signal.SIGUSR1: "SIGUSR1", signal.SIGTERM: "SIGTERM", signal.SIGINT: "SIGINT (Ctrl-C)"}
"""Signals that end the run after a checkpoint."""

_STOP_FILE, _MAX_WALL, _END_OF_JOB = 1001, 1002, 1003  # beyond the numbers of signals
_LOOK_SECONDS = 1.0
"""How often the root looks for the files: a look costs a message to a file server."""
_SLURM_MARGIN = 30.0
"""Seconds kept free before the end of a job: Slurm's limit comes up to half a minute early (measured)."""


class Stopped(SearchInterrupted):
    """The run was asked to stop before there was a state to evolve; the text says by whom.

    reason  who asked.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        if self.kept is not None:
            return (
                f"stopped by {self.reason} while the ground state was sought; how far it came is kept in {self.kept}: "
                "the same command goes on from there"
            )
        return (
            f"stopped by {self.reason} before there was a state to go on from: the next run seeks the "
            "ground state from the start; give it more time, or find it by itself with hpcmix ground"
        )


class StopRequests:
    """What this rank has been asked for. Use it in a with statement: the handlers of signals are set inside.

    directory  of the run; a file STOP in it stops the run, a file CHECKPOINT asks for one, and both are removed: they
               reach a run under any launcher, while not all of them pass every signal on.
    max_wall   seconds that the program may run, None without limit.
    is_root    whether this rank looks at the files and at the clock.
    A handler only takes a note, so a second signal, during a checkpoint too, changes nothing.
    """

    def __init__(self, directory: Path, max_wall: float | None, is_root: bool) -> None:
        self._file, self._checkpoint_file = directory / "STOP", directory / "CHECKPOINT"
        self._is_root = is_root
        self._signal = 0
        self._checkpoint = False
        self._deadlines: list[tuple[float, int]] = []
        if max_wall is not None:
            self._deadlines.append((_program_start() + max_wall, _MAX_WALL))
        end_of_job = os.environ.get("SLURM_JOB_END_TIME", "")
        if end_of_job.isdigit():
            self._deadlines.append((int(end_of_job) - _SLURM_MARGIN, _END_OF_JOB))
        self._next_look = self._next_checkpoint_look = 0.0
        self._usual: dict[int, object] = {}

    def __enter__(self) -> StopRequests:
        for number in (*STOPPING, signal.SIGUSR2):
            self._usual[number] = signal.signal(number, self._note)
            signal.siginterrupt(number, False)  # system calls of MPI and HDF5 go on
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._usual.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGUSR2:
            self._checkpoint = True
        else:
            self._signal = number

    def checkpoint_wanted(self) -> bool:
        """Whether this rank got SIGUSR2, or found the file CHECKPOINT, since the last call: a checkpoint, and on."""
        wanted, self._checkpoint = self._checkpoint, False
        now = time.time()
        if self._is_root and now >= self._next_checkpoint_look:
            self._next_checkpoint_look = now + _LOOK_SECONDS
            wanted = self._was_there(self._checkpoint_file) or wanted
        return wanted

    @staticmethod
    def _was_there(path: Path) -> bool:
        """Whether there was such a file; it is removed, and asks no second time."""
        try:
            path.unlink()
        except OSError:
            return False
        return True

    def code(self, needed: float = 0.0) -> int:
        """Why this rank wants to stop, 0 if it does not; the vote takes the largest. `needed`: seconds that a step and
        a checkpoint take."""
        if self._signal:
            return int(self._signal)
        return self._code_of_root(needed) if self._is_root else 0

    def _code_of_root(self, needed: float) -> int:
        now = time.time()
        for deadline, code in self._deadlines:
            if now + needed >= deadline:
                return code
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            if self._file.exists():
                return _STOP_FILE
        return 0

    def reason(self, code: int) -> str:
        """The code that the ranks agreed on, in words."""
        if code in STOPPING:
            return STOPPING[signal.Signals(code)]
        return {
            _STOP_FILE: f"the file {self._file}",
            _MAX_WALL: "--max-wall",
            _END_OF_JOB: "the end of the job (SLURM_JOB_END_TIME)",
        }[code]

    def honoured(self, code: int) -> str:
        """The reason in words; the root removes the file that asked, so that the next run does not stop at once."""
        if code == _STOP_FILE and self._is_root:
            self._was_there(self._file)
        return self.reason(code)

    def meet(self, world: MPI.Comm) -> None:
        """Agree while there is nothing to save yet: raise :class:`Stopped` on every rank or on none. Collective."""
        code = world.allreduce(self.code(), op=MPI.MAX)
        if code:
            raise Stopped(self.honoured(code))


def _program_start() -> float:
    """When this process started, seconds since the epoch: importing counts as run time too."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        since_boot = float(Path("/proc/uptime").read_text().split()[0])
        return time.time() - (since_boot - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return time.time()
