"""Commands that compute many runs, as processes that a Python program starts and waits for."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hpcmix.api.endings import BadInput, RunFailed, failure
from hpcmix.api.handle import launch_words
from hpcmix.api.problem import Problem
from hpcmix.parallel.job.launcher import ranks_started
from hpcmix.parallel.job.programs import LAUNCHER, PROGRAM, Process, end, environment, last_words, started, tell
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.problem.words.show import toml_value


@dataclass(frozen=True)
class StudyCommand:
    """A command that computes a study of a problem.

    words      the command and what stands before its file, such as ``("check", "dispersion")``.
    options    what stands behind it.
    ranks      of the command.
    launcher   a command with {ranks}; None: none for one rank, ``mpirun`` for more.
    """

    words: Sequence[str]
    options: Sequence[str]
    ranks: int = 1
    launcher: str | None = None

    def run(self, problem: Problem) -> None:
        """Start it on the file that the problem was read from, or on one that is written for the time being, and wait.
        Ctrl-C asks it to stop, and a second one ends it.

        Raises :class:`~hpcmix.BadInput`, :class:`~hpcmix.Stopped`, :class:`~hpcmix.NoCheckpoint` and
        :class:`~hpcmix.RunFailed`, whose texts are what the command says.
        """
        if (ranks := ranks_started()) > 1:
            raise BadInput(
                f"this program was started on {ranks} ranks itself, and a study starts processes of its own: call "
                "it from a program on one rank"
            )
        template = LAUNCHER if self.launcher is None and self.ranks > 1 else self.launcher or ""
        starting = launch_words(template, self.ranks)
        with _file_of(problem) as file, tempfile.TemporaryFile() as said:
            words = [*starting, *PROGRAM, *self.words, str(file), *_settings(problem), *self.options]
            try:
                process = started(words, said, environment())
            except FileNotFoundError:
                raise RunFailed(f'there is no program "{words[0]}"; launcher= names another') from None
            status = _waited_for(process)
            said.seek(0)
            text = said.read().decode("utf-8", errors="replace")
        if status != ExitStatus.DONE:
            told = last_words(text.replace(f"{file}: ", "")).replace("hpcmix: ", "")
            stopped = "stopped; what is done is kept, and the same call goes on" if status == ExitStatus.STOPPED else ""
            reason = told or stopped or f"hpcmix {self.words[0]} ended with status {status} and without a word"
            raise failure(status, reason, problem.directory)


@contextmanager
def _file_of(problem: Problem) -> Iterator[Path]:
    """The file of a problem: that which it was read from; else one beside the files that it names, for the time being:
    what a study varies are entries of a file, of which the complete problem has other ones."""
    origin = problem.origin
    place = Path(origin.file)
    if origin.tables is None and place.is_file() and place.read_text(encoding="utf-8") == origin.text:
        yield place
        return
    text = origin.text
    if origin.tables is not None:
        text = "".join(f"{key} = {toml_value(value)}\n" for key, value in origin.tables.items())
    try:
        file, path = tempfile.mkstemp(prefix=f".{Path(origin.name).name}-", suffix=".toml", dir=origin.folder)
    except OSError as error:
        raise RunFailed(f"{origin.folder} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(file, "w", encoding="utf-8") as opened:
            opened.write(text)
        yield Path(path)
    finally:
        Path(path).unlink(missing_ok=True)


def _settings(problem: Problem) -> list[str]:
    directory = f"output.directory={toml_value(str(problem.directory))}"
    return [word for setting in (*problem.settings, directory) for word in ("--set", setting)]


def _waited_for(process: Process) -> int:
    """Its exit status. A Ctrl-C asks it to stop, a second one ends it."""
    try:
        try:
            return process.wait()
        except KeyboardInterrupt:
            tell(process, signal.SIGINT)
            return process.wait()
    except KeyboardInterrupt:
        end(process)
        raise
