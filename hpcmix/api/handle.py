"""A run in processes of its own, started by a Python program: to be waited for, watched and stopped."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from hpcmix.api.endings import BadInput, RunFailed, failure
from hpcmix.api.problem import Problem
from hpcmix.api.progress import Progress, progress_of
from hpcmix.api.results.run import Run, open_run
from hpcmix.io.directories.directory import RunDirectory
from hpcmix.parallel.job.programs import LAUNCHER, PROGRAM, Process, end, environment, last_words, started, tell
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.problem.reading.values import described

LAUNCHED_FILE = ".launched.toml"
"""The problem of a run as its processes read it, in its directory."""

_SECONDS_BETWEEN_LOOKS = 0.3


class RunHandle:
    """A run that goes on beside this program, by :func:`hpcmix.run` with ``wait=False``. It goes on when the program
    ends, too.

    directory  where the run leaves its files; :func:`hpcmix.open_run` opens it at any time.
    """

    def __init__(self, process: Process, said: IO[bytes], file: Path, directory: Path) -> None:
        self._process, self._said, self._file = process, said, file
        self.directory = directory

    @classmethod
    def start(
        cls, problem: Problem, command: str, ranks: int, launcher: str | None, options: Sequence[str]
    ) -> RunHandle:
        """Start a command (``run`` or ``ground``) on so many ranks.

        launcher  a command with {ranks}; None: none for one rank, ``mpirun`` for more.
        options   further words for it.
        Raises :class:`~hpcmix.RunFailed` where there is no such launcher, or the directory cannot be written.
        """
        directory = problem.directory
        file = directory / LAUNCHED_FILE
        starting = launch_words(LAUNCHER if launcher is None and ranks > 1 else launcher or "", ranks)
        try:
            directory.mkdir(parents=True, exist_ok=True)
            problem.to_toml(file)
        except OSError as error:
            raise RunFailed(f"{directory} cannot be written: {error.strerror}", directory) from None
        said = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the handle lives
        try:
            process = started([*starting, *PROGRAM, command, str(file), *options], said, environment())
        except FileNotFoundError:
            raise RunFailed(f'there is no program "{starting[0]}"; launcher= names another', directory) from None
        return cls(process, said, file, directory)

    @property
    def status(self) -> int | None:
        """The exit status of the command; None while it is at work."""
        return self._process.poll()

    @property
    def progress(self) -> Progress:
        """How far the run has come."""
        return progress_of(self.directory)

    def wait(self, timeout: float | None = None) -> Run:
        """Wait until the run ends, and open it. An interruption (Ctrl-C) ends the waiting, not the run.

        timeout  seconds; the run goes on when they are over.
        Raises :class:`TimeoutError`; :class:`~hpcmix.Stopped`, :class:`~hpcmix.BlewUp`, :class:`~hpcmix.NoCheckpoint`,
        :class:`~hpcmix.BadInput` or :class:`~hpcmix.RunFailed` where it does not end well.
        """
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"the run in {self.directory} goes on after {timeout:g} s") from None
        return self._ended(status)

    def watch(self, look: Callable[[Progress], None]) -> Run:
        """Wait as :meth:`wait`, and show its progress to a function again and again."""
        while (status := self.status) is None:
            look(self.progress)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        return self._ended(status)

    def stop(self) -> None:
        """Ask the run to write a checkpoint and to end, by a file STOP in its directory, which reaches it under any
        launcher; where nothing has begun it is ended at once. :meth:`wait` then raises :class:`~hpcmix.Stopped`."""
        if self.status is not None:
            return
        if RunDirectory(self.directory).holds_run():
            (self.directory / "STOP").touch()
        else:
            tell(self._process, signal.SIGTERM)

    def end(self) -> None:
        """End its processes, by SIGTERM and, where they are still there after ten seconds, SIGKILL. A run without a
        launcher writes a checkpoint first; others go on from their last one."""
        end(self._process)

    def _ended(self, status: int) -> Run:
        (self.directory / "STOP").unlink(missing_ok=True)  # where the run was quicker
        self._file.unlink(missing_ok=True)
        # a launcher may hide how its ranks ended: srun was seen to end with 0 where they had refused the problem with 2
        if status == ExitStatus.DONE and RunDirectory(self.directory).holds_run():
            return open_run(self.directory)
        raise failure(status, self._reason(status), self.directory)

    def _reason(self, status: int) -> str:
        """Why the run ended early, in a sentence: what it said on standard error, else what its summary says."""
        self._said.seek(0)
        text = self._said.read().decode("utf-8", errors="replace")
        if said := last_words(re.sub(rf"{re.escape(str(self._file))}(:\d+)?: ", "", text)):
            return said.replace("hpcmix: ", "")
        return told(self.directory) or f"the run ended with status {status} and without a word"

    def __repr__(self) -> str:
        return f"<hpcmix.RunHandle {self.directory}: {self.progress}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        return self.progress._repr_html_()


def told(directory: Path) -> str:
    """Why a run ended early, as its summary tells it; empty where it does not."""
    with suppress(RunFailed):
        summary = open_run(directory).summary
        if summary.get("status") == "stopped":
            return f"stopped by {summary.get('message')} at step {summary.get('step')}; the same call goes on"
        return str(summary.get("message", ""))
    return ""


def launch_words(template: str, ranks: int) -> list[str]:
    """The words of a launcher for so many ranks. Raises :class:`~hpcmix.BadInput` where it does not say {ranks} and
    there are several, and for what a shell would not read."""
    if not isinstance(template, str) or (ranks > 1 and "{ranks}" not in template):
        raise BadInput(
            f'launcher must say where the number of ranks stands, as "srun -n {{ranks}}", not {described(template)}'
        )
    try:
        return shlex.split(template.replace("{ranks}", str(ranks)))
    except ValueError as error:  # a quote that is not closed
        raise BadInput(f"launcher: {described(template)} is no command ({error})") from None
