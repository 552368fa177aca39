"""Starting runs: in this process, or in others through a launcher."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from hpcmix.api.audience import Listener
from hpcmix.api.endings import BadInput, RunFailed, failure, failure_of
from hpcmix.api.handle import RunHandle, told
from hpcmix.api.problem import Problem, problem_from, whole_number
from hpcmix.api.progress import Progress
from hpcmix.api.results.run import Run, open_run
from hpcmix.model.ranks import division_request
from hpcmix.parallel.job.launcher import ranks_started
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import described
from hpcmix.problem.times.durations import DurationError, seconds_of

if TYPE_CHECKING:
    from hpcmix.running.courses.course import Task


@dataclass(frozen=True)
class Command:
    """A command that computes a state, with its options.

    name      ``run``, ``ground`` or ``excitations``.
    max_wall  seconds that it may run, None without limit.
    """

    name: str
    restart: str
    max_wall: float | None
    accept_changes: bool = False

    @property
    def task(self) -> Task:
        """What it wants of a problem."""
        from hpcmix.running.courses.excitations.command import ExcitationsTask  # they start MPI
        from hpcmix.running.courses.fields import GroundTask, RunTask

        tasks: dict[str, Callable[[], Task]] = {
            "run": RunTask,
            "ground": GroundTask,
            "excitations": ExcitationsTask,
        }
        return tasks[self.name]()

    @property
    def options(self) -> list[str]:
        """The same as words of the command line."""
        words = ["--restart", self.restart]
        words += [] if self.max_wall is None else ["--max-wall", f"{self.max_wall:.17g}s"]
        return words + (["--accept-changes"] if self.accept_changes else [])


@overload
def run(
    problem: Problem | str | Path,
    *,
    ranks: int | None = None,
    directory: str | Path | None = None,
    launcher: str | None = None,
    wait: Literal[True] = True,
    restart: str | Path = "auto",
    accept_changes: bool = False,
    max_wall: float | str | None = None,
    progress: bool = True,
) -> Run: ...
@overload
def run(
    problem: Problem | str | Path,
    *,
    ranks: int | None = None,
    directory: str | Path | None = None,
    launcher: str | None = None,
    wait: Literal[False],
    restart: str | Path = "auto",
    accept_changes: bool = False,
    max_wall: float | str | None = None,
    progress: bool = True,
) -> RunHandle: ...
def run(
    problem: Problem | str | Path,
    *,
    ranks: int | None = None,
    directory: str | Path | None = None,
    launcher: str | None = None,
    wait: bool = True,
    restart: str | Path = "auto",
    accept_changes: bool = False,
    max_wall: float | str | None = None,
    progress: bool = True,
) -> Run | RunHandle:
    """Make the initial state, or go on from a checkpoint, and evolve to the final time, as ``hpcmix run`` does: the
    same numbers to the bit on as many ranks, the same files, and a run that is complete already is opened and not
    computed again.

    problem         a :class:`~hpcmix.Problem`, a file, or the bare name of an example.
    ranks           1 computes in this process, more are started through the launcher. None: 1, or as many as this
                    program itself was started with by mpirun or srun; all of them then call this function.
    directory       of the run, in place of the problem's.
    launcher        the command that starts ranks, such as ``"srun -n {ranks}"``; ``mpirun -n {ranks}`` unless given.
                    With it one rank is a process of its own too.
    wait            False: start it in processes of its own and return at once, with a :class:`~hpcmix.RunHandle`.
    restart         "auto" goes on with the run of the directory; "never" moves it aside and begins anew; the path of a
                    checkpoint or of a run's directory is gone on from.
    accept_changes  go on although the problem's physics are not the checkpoint's.
    max_wall        write a checkpoint and stop before it has run so long: seconds, or text such as ``"3h50m"``.
    progress        show a bar, in a notebook or on a terminal.

    Raises :class:`~hpcmix.BadInput`, :class:`~hpcmix.Stopped` (after a checkpoint; also by Ctrl-C, or when a notebook
    interrupts its kernel: the same call goes on), :class:`~hpcmix.BlewUp`, :class:`~hpcmix.NoCheckpoint` and
    :class:`~hpcmix.RunFailed`, whose texts are what the command says.
    """
    command = Command("run", str(restart), seconds_in(max_wall), accept_changes)
    return _start(command, problem, ranks, directory, launcher, wait, progress)


def ground(
    problem: Problem | str | Path,
    *,
    ranks: int | None = None,
    directory: str | Path | None = None,
    launcher: str | None = None,
    restart: Literal["auto", "never"] = "auto",
    max_wall: float | str | None = None,
    progress: bool = True,
) -> Run:
    """Find the ground state only, as ``hpcmix ground`` does, and open what it leaves: ``run.summary["ground_state"]``,
    energies and chemical potentials in ``run.summary``, wave functions in ``run.snapshots``. Where the directory holds
    this ground state already it is opened. Arguments and errors are those of :func:`run`."""
    return _searched("ground", restart, problem, ranks, directory, launcher, max_wall, progress)


def excitations(
    problem: Problem | str | Path,
    *,
    ranks: int | None = None,
    directory: str | Path | None = None,
    launcher: str | None = None,
    restart: Literal["auto", "never"] = "auto",
    max_wall: float | str | None = None,
    progress: bool = True,
) -> Run:
    """Find the ground state and the spectrum of its small oscillations, as ``hpcmix excitations`` does with what
    ``[excitations]`` of the problem says, its defaults where that is left out, and open what it leaves:
    :attr:`Run.excitations <hpcmix.Run.excitations>` has frequencies, strengths and fields of every mode. Where the
    directory holds this spectrum already it is opened. Arguments and errors are those of :func:`run`."""
    problem = problem_from(problem)
    if problem.content.excitations is None:
        problem = problem.with_sections("excitations")
    return _searched("excitations", restart, problem, ranks, directory, launcher, max_wall, progress)


def _searched(
    command: str,
    restart: str,
    problem: Problem | str | Path,
    ranks: int | None,
    directory: str | Path | None,
    launcher: str | None,
    max_wall: float | str | None,
    progress: bool,
) -> Run:
    """What a search has found that has no way behind it."""
    if restart not in ("auto", "never"):
        raise BadInput(f'restart of a search is "auto" or "never", not {restart!r}')
    started = Command(command, restart, seconds_in(max_wall))
    found = _start(started, problem, ranks, directory, launcher, True, progress)
    if isinstance(found, RunHandle):
        raise TypeError("a search is waited for")
    return found


def _start(
    command: Command,
    problem: Problem | str | Path,
    ranks: int | None,
    directory: str | Path | None,
    launcher: str | None,
    wait: bool,
    progress: bool,
) -> Run | RunHandle:
    problem = problem_from(problem)
    if directory is not None:
        problem = problem.replace({"output.directory": str(directory)})
    started = ranks_started()
    if ranks is not None:
        ranks = whole_number("ranks", ranks)
    if started > 1 and (ranks not in (None, started) or launcher is not None or not wait):
        raise BadInput(
            f"this program was started on {started} ranks itself, which compute together; it starts no others: leave "
            "ranks, launcher and wait out"
        )
    here = wait and launcher is None and ranks in (None, started)
    # signals are listened to by the main thread only
    if here and threading.current_thread() is threading.main_thread():
        return _in_this_process(command, problem, progress)
    _require_ranks(problem, ranks or 1)
    handle = RunHandle.start(problem, command.name, ranks or 1, launcher, command.options)
    return _waited_for(handle, problem, progress) if wait else handle


def _require_ranks(problem: Problem, ranks: int) -> None:
    """Raise :class:`~hpcmix.BadInput` before so many processes are started that the problem cannot use."""
    if problem.content.many_body is not None:
        return  # its configurations are counted by the run
    try:
        divide(division_request(problem.content), ranks, ranks, math.inf)
    except ProblemError as error:
        raise BadInput.of(problem.content.locate(error)) from None


def _in_this_process(command: Command, problem: Problem, progress: bool) -> Run:
    from hpcmix.running.launch import Request, launch  # starts MPI

    listener = Listener(progress)
    request = Request(
        problem.origin.file,
        task=command.task,
        restart=command.restart,
        accept_changes=command.accept_changes,
        max_wall=command.max_wall,
        problem=problem.content,
        is_guest=True,
    )
    try:
        status = launch(request, listener)
    except SystemExit as error:  # out of memory
        raise RunFailed("the run ended; standard error says why", problem.directory) from error
    if status == ExitStatus.DONE:
        return open_run(problem.directory)
    if listener.error is not None:
        raise failure_of(listener.error, problem.directory)
    raise failure(status, told(problem.directory), problem.directory)


def _waited_for(handle: RunHandle, problem: Problem, progress: bool) -> Run:
    """The run when it has ended. A Ctrl-C stops it, a second one ends it."""
    bar = Listener(progress).bar(problem.title, 1.0, 0.0, "")

    def show(state: Progress) -> None:
        if bar is not None:
            bar.update(state.share or 0.0, str(state), "")

    try:
        try:
            return handle.watch(show)
        except KeyboardInterrupt:
            handle.stop()
            return handle.watch(show)
    except KeyboardInterrupt:
        handle.end()
        raise
    finally:
        if bar is not None:
            bar.close()


def seconds_in(duration: float | str | None) -> float | None:
    """A limit of time in seconds. Raises :class:`~hpcmix.BadInput`."""
    if duration is None:
        return None
    if not isinstance(duration, str):
        if isinstance(duration, bool) or not isinstance(duration, Real) or not 0.0 <= duration < math.inf:
            raise BadInput(f'max_wall: must be seconds or a text such as "3h50m", not {described(duration)}')
        return float(duration)
    try:
        return seconds_of(duration)
    except DurationError as error:
        raise BadInput(f"max_wall: {error}") from None
