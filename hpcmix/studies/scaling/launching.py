"""Starting one repeat as a program of its own: through the launcher, with a time limit, its failure in words."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.parallel.job.programs import LAUNCHER, PROGRAM, Process, end, last_words, started
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.times.durations import as_clock
from hpcmix.studies.scaling.configurations import Configuration

_TRIED_SECONDS = 5.0
"""How often the waiting study says that it is alive."""


class Failed(Exception):
    """A repeat did not end well; the text says why."""


@dataclass(frozen=True)
class Launcher:
    """How ranks are started.

    template        a command with {ranks} and, where wanted, {threads}, {nodes} and {ranks_per_node}.
    ranks_per_node  for {nodes}; None: all ranks on one node.
    program         the command that stands for ``hpcmix``.
    """

    template: str = LAUNCHER
    ranks_per_node: int | None = None
    program: tuple[str, ...] = PROGRAM

    def command(self, configuration: Configuration) -> list[str]:
        """The launcher's words for a configuration. Raises :class:`ProblemError` for a template that is wrong."""
        per_node = min(self.ranks_per_node or configuration.ranks, configuration.ranks)
        values = {
            "ranks": configuration.ranks,
            "threads": configuration.threads,
            "nodes": -(-configuration.ranks // per_node),
            "ranks_per_node": per_node,
        }
        if "{ranks}" not in self.template:
            raise ProblemError.of("--launcher", f'"{self.template}" does not say {{ranks}}: "srun -n {{ranks}}"')
        try:
            return shlex.split(self.template.format(**values))
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(f"{{{name}}}" for name in values)
            raise ProblemError.of("--launcher", f'"{self.template}" is wrong ({error}); known are {known}') from None

    def check(self, configuration: Configuration) -> None:
        """Raise :class:`ProblemError` when the launcher is not there."""
        command = self.command(configuration)[0]
        if shutil.which(command) is None:
            raise ProblemError.of("--launcher", f'there is no program "{command}"')


@dataclass(frozen=True)
class Measuring:
    """What every repeat does, whatever its configuration.

    length        entries of ``hpcmix bench``: ``("--steps", "20")`` or ``("--seconds", "2.0")``.
    output_trial  whether output is written and timed too.
    limit         seconds after which a repeat is ended.
    """

    file: str
    overrides: tuple[str, ...]
    length: tuple[str, str]
    output_trial: bool
    limit: float

    def arguments(self, configuration: Configuration, json_path: str, trial_path: str) -> list[str]:
        """The words after ``hpcmix``."""
        settings = [word for entry in (*self.overrides, *configuration.overrides) for word in ("--set", entry)]
        trial = ["--output-trial", trial_path] if self.output_trial else []
        return ["bench", self.file, *self.length, *trial, "--json", json_path, *settings]


def run_repeat(
    launcher: Launcher, measuring: Measuring, configuration: Configuration, folder: Path, alive: Callable[[], None]
) -> dict[str, Any]:
    """Run one and return its JSON. What it writes in passing is in `folder`, and removed.

    alive  is called now and then while it runs.
    Raises :class:`Failed`. An exception from outside, such as a Ctrl-C, ends the ranks first.
    """
    with tempfile.TemporaryDirectory(prefix=".repeat-", dir=folder, ignore_cleanup_errors=True) as scratch:
        place = Path(scratch)
        json_path = place / "result.json"
        words = measuring.arguments(configuration, str(json_path), str(place / "trial"))
        # by env, which every launcher starts, on other nodes too
        environment = ["env", f"OMP_NUM_THREADS={configuration.threads}"]
        command = [*launcher.command(configuration), *environment, *launcher.program, *words]
        status, said = _run(command, place / "said", measuring.limit, alive)
        if status is None:
            raise Failed(f"took longer than {as_clock(measuring.limit)} and was ended (--limit)")
        if status != 0:
            silent = f"ended with status {status} and without a word, as a launcher does that is told to end"
            raise Failed(last_words(said) or silent)
        try:
            return json.loads(json_path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Failed(f"ended well but its numbers cannot be read: {error}") from error


def _run(command: Sequence[str], said: Path, limit: float, alive: Callable[[], None]) -> tuple[int | None, str]:
    """Exit status (None: the limit came first), and what was said on standard error."""
    with said.open("wb") as file:
        process = started(command, file)
        try:
            status = _wait(process, limit, alive)
        finally:
            end(process)
    return status, said.read_text(encoding="utf-8", errors="replace")


def _wait(process: Process, limit: float, alive: Callable[[], None]) -> int | None:
    deadline = time.monotonic() + limit
    while (left := deadline - time.monotonic()) > 0.0:
        try:
            return process.wait(min(left, _TRIED_SECONDS))
        except subprocess.TimeoutExpired:
            alive()
    return None
