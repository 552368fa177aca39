"""From the command line to the exit status: read, build or restart, evolve, write; every way it can end has its
sentence and its status."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from hpcmix.io.directories.directory import FILES, RunDirectory, move_aside
from hpcmix.io.directories.holdings import in_place_of_a_run
from hpcmix.io.directories.locking.lock import HEARTBEAT_SECONDS
from hpcmix.io.directories.locking.standing import never_begun
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.summary import read_summary
from hpcmix.kernels import dispatch as kernels
from hpcmix.parallel.communicators import launcher_mismatch, world
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.shared_memory import shared_memory_wanted
from hpcmix.parallel.process.together import abort_on_uncaught_errors, together
from hpcmix.parallel.transforms.transform import thread_count
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.components.coupling import asks_for_ground_state
from hpcmix.running.courses.course import Task
from hpcmix.running.courses.fields import RunTask
from hpcmix.running.log import Audience, Log, leave
from hpcmix.running.resuming.occupied import Attendants, occupied
from hpcmix.running.resuming.restart import NoCheckpoint, Origin, choose_origin, is_complete
from hpcmix.running.stops.guard import BlowUp
from hpcmix.running.stops.last_words import PREVIOUS, RESERVED, LastWords
from hpcmix.running.stops.requests import Prospect, StopRequests
from hpcmix.running.stops.watchdog import BadLimit, Watchdog, hang_limit


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    overrides       ``--set`` entries.
    task            what the command wants of the problem: to evolve it unless given.
    restart         "auto", "never", or the path of a checkpoint or of a run's directory.
    accept_changes  go on although the file's physics are not the checkpoint's.
    max_wall        seconds that the program may run.
    drawing         make the figures at the end.
    until           the final time of :meth:`to_go_on`, which complaints then name in place of time.final.
    goes_on_with    the directory of :meth:`to_go_on`.
    problem         read already, from Python: the file is then its name only.
    is_guest        in the process of a program that goes on when the run is over: nothing ends it at once.
    """

    file: str
    overrides: Sequence[str] = ()
    task: Task = field(default_factory=RunTask)
    restart: str = "auto"
    accept_changes: bool = False
    max_wall: float | None = None
    drawing: bool = False
    until: str | None = None
    goes_on_with: RunDirectory | None = None
    problem: Problem | None = None
    is_guest: bool = False

    @classmethod
    def to_go_on(cls, directory: Path, until: str | None, **options: Any) -> Request:
        """Go on with the run of a directory, to another final time if one is given."""
        overrides = [f"output.directory={json.dumps(str(directory))}"]
        if until is not None:
            overrides.append(f"time.final={until}")
        place = RunDirectory(directory)
        return cls(str(place.problem), overrides, until=until, goes_on_with=place, **options)

    def require_problem(self) -> None:
        """Raise :class:`NoCheckpoint` or :class:`ProblemError` where what is to be gone on with has not even left its
        problem."""
        place = self.goes_on_with
        if place is None or place.problem.exists():
            return
        if place.holds_run():
            raise NoCheckpoint(never_begun(place, read_summary(place.summary) if place.summary.exists() else None))
        raise ProblemError([Complaint(str(place.path), None, "", in_place_of_a_run(place.path))])

    def read(self) -> Problem:
        """The problem, from its file unless it has been read. Raises :class:`ProblemError`."""
        return self.problem or load_problem(self.file, self.overrides, self.task.sections)

    def worded(self, error: ProblemError) -> ProblemError:
        """The error in the words of this command line."""
        option = f"--set time.final={self.until}"
        return ProblemError(
            [
                replace(complaint, file=f"--until {self.until}", key="")
                if self.until and complaint.file == option
                else complaint
                for complaint in error.complaints
            ]
        )


def launch(request: Request, audience: Audience | None = None) -> int:
    """Run a problem on all ranks. Collective; on every rank the same exit status is returned, and the root says why, to
    the audience: the terminal unless given."""
    comm = world()
    abort_on_uncaught_errors(comm)
    log, last_words = Log(comm.rank == 0, audience), LastWords()
    problem: Problem | None = None
    try:
        if mismatch := launcher_mismatch():
            raise OutputError(mismatch)
        _check_environment()
        with (
            StopRequests(None, request.max_wall, comm.rank == 0, last_words, request.is_guest) as stops,
            Watchdog(comm.rank, comm.size, hang_limit(), last_words.say, HEARTBEAT_SECONDS) as watchdog,
        ):
            problem = _read(comm, request, log)
            watchdog.beat()
            return _run(Job(problem, request, Attendants(comm, log, last_words, stops, watchdog)))
    except ProblemError as error:
        located = error if problem is None else problem.locate(error)
        last_words.dismiss()  # what is refused leaves nothing
        return leave(log, request.worded(located), last_words)
    except Foreseen as error:
        return leave(log, error, last_words)
    except MemoryError as error:
        _end_everywhere(
            last_words,
            f"out of memory on rank {comm.rank} ({error}); "
            "hpcmix plan says what a run needs; more ranks need less each",
        )
    except BaseException as error:
        last_words.say(f"rank {comm.rank}: {type(error).__name__}: {error}")
        raise
    finally:
        log.close()


def _end_everywhere(last_words: LastWords, message: str) -> NoReturn:
    """End the job from a rank that alone knows of an error: the others may wait for it in a collective call."""
    print(f"hpcmix: {message}", file=sys.stderr, flush=True)
    last_words.say(message)
    if MPI.COMM_WORLD.size > 1:
        MPI.COMM_WORLD.Abort(ExitStatus.FAILED)
    sys.exit(ExitStatus.FAILED)


def _read(comm: MPI.Comm, request: Request, log: Log) -> Problem:
    """The root reads the file, everybody gets the problem or the complaint."""
    problem = None
    with together(comm):
        if comm.rank == 0:
            request.require_problem()
            asked = request.read()
            if asked.sweep is not None:
                log.line("[sweep] is for hpcmix sweep: here the problem has the file's own values")
            problem = request.task.taken(asked)
    return comm.bcast(problem)


def _check_environment() -> None:
    """Choose the kernels and the watchdog's limit now, so that a wrong choice is told in a sentence."""
    try:
        kernels.implementation()
        hang_limit()
        thread_count()
        shared_memory_wanted()
    except (ValueError, ImportError, BadLimit) as error:
        raise ProblemError.of("", str(error)) from error


@dataclass(frozen=True)
class Job:
    """A request whose problem has been read."""

    problem: Problem
    request: Request
    attendants: Attendants

    @property
    def directory(self) -> RunDirectory:
        """Of the run."""
        return RunDirectory(Path(self.problem.output.directory))


def _run(job: Job) -> ExitStatus:
    problem, request, directory, attendants = job.problem, job.request, job.directory, job.attendants
    comm, log, last_words, stops = attendants.comm, attendants.log, attendants.last_words, attendants.stops
    begin = time.perf_counter()
    course = request.task.course(problem)
    course.require_ranks(problem, comm)  # what is refused is refused before anything is moved aside
    with occupied(directory.path, (*FILES, RESERVED, PREVIOUS), lambda: _prepare(job), attendants) as start:
        if start.complete:
            log.line(start.complete)
            return ExitStatus.DONE
        with together(comm):
            log.open(directory.log)
            last_words.prepare(directory, problem, comm.size, is_root=comm.rank == 0)
        attendants.watchdog.beat()
        stops.prospect, stops.search, stops.directory = start.prospect, directory.search, directory.path
        early_end = course.follow(problem, start.origin, attendants, begin)
        with together(comm):
            if comm.rank == 0:
                directory.search.unlink(missing_ok=True)  # of a search that is done now
        last_words.dismiss()
    lost = early_end if isinstance(early_end, BlowUp) else None
    status = lost.status if lost else ExitStatus.STOPPED if early_end else ExitStatus.DONE
    if request.drawing:
        stops.prospect = Prospect(f"while figures were drawn; hpcmix plot {directory.path} draws them", status)
        stops.grace = 0.0
        _draw(comm, problem, log)
        stops.grace = None
    return leave(log, lost) if lost else status


@dataclass(frozen=True)
class Start:
    """What a job begins with.

    origin    what is gone on from; None: the beginning.
    complete  a sentence where nothing is left to do.
    prospect  what a stop comes to until the first step.
    """

    origin: Origin | None = None
    complete: str = ""
    prospect: Prospect = field(default_factory=lambda: Prospect("before the first step"))


def _prepare(job: Job) -> Start:
    """Look at what is in the directory, and make it ready. For the root."""
    directory, problem, request, log = job.directory, job.problem, job.request, job.attendants.log
    if request.restart != "never" and (held := request.task.nothing_left(directory, problem)):
        return Start(complete=f"nothing to do: {directory.path} holds {held}")
    origin = None
    if request.task.evolves:
        origin = choose_origin(directory, problem, request.restart, request.accept_changes, log)
    if origin is not None and is_complete(origin, problem):
        return Start(
            origin,
            f"nothing to do: {directory.path} is complete (hpcmix restart --until goes beyond its final time)",
        )
    if origin is None or not origin.goes_on_in_place:
        cut_short = request.restart != "never" and directory.was_cut_short()
        if cut_short and directory.holds_results():
            aside = move_aside(directory.path, "what a job that was cut short had begun with")
            log.line(f"a job was cut short here at its first output, before a checkpoint; that is now in {aside}")
            kept = RunDirectory(aside).search
            if kept.exists():
                kept.replace(directory.search)
        RunDirectory.claim(directory.path, fresh=request.restart == "never")
    if origin is not None:
        step = origin.candidates[0].progress.step
        words = f"before the first step of this job: hpcmix restart {directory.path} goes on from step {step}"
        if not origin.goes_on_in_place:
            words = "before the first step: the same command begins again"
        return Start(origin, prospect=Prospect(words, ExitStatus.STOPPED))
    searching = request.task.evolves and any(map(asks_for_ground_state, problem.species))
    hint = "; give it more time, or find the ground state by itself with hpcmix ground" if searching else ""
    return Start(
        prospect=Prospect(f"before there was a state to go on from: the next run starts from the beginning{hint}")
    )


def _draw(comm: MPI.Comm, problem: Problem, log: Log) -> None:
    """The figures of ``hpcmix plot``, by the root."""
    with together(comm):
        if comm.rank == 0:
            from hpcmix.io.figures.draw import draw  # matplotlib takes a second to import

            for path in draw(problem.output.directory):
                log.line(f"drawn: {path}")
