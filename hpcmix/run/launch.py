"""From the command line to the exit status: read, build or restart, evolve, write; every way it can end has its
sentence and its status."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from hpcmix.initial.ground_state import NotConverged
from hpcmix.io.atomic import OutputError
from hpcmix.io.directory import FILES, DirectoryInUse, RunDirectory
from hpcmix.io.footprint import Footprint
from hpcmix.io.lock import HEARTBEAT_SECONDS, Lock
from hpcmix.kernels import dispatch as kernels
from hpcmix.parallel.communicators import Communicators, launcher_mismatch, world
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.shared_memory import shared_memory_wanted
from hpcmix.parallel.together import abort_on_uncaught_errors, together
from hpcmix.parallel.transform import thread_count
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.evolution import NEEDS_TIME
from hpcmix.problem.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.run.checkpoints import Checkpoints
from hpcmix.run.conservation import BlowUp
from hpcmix.run.last_words import RESERVED, LastWords
from hpcmix.run.log import Log
from hpcmix.run.loop import evolve
from hpcmix.run.outputs import Outputs
from hpcmix.run.report import finish
from hpcmix.run.restart import NoCheckpoint, Origin, choose_origin, is_complete
from hpcmix.run.simulation import build_simulation
from hpcmix.run.stopping import Stopped, StopRequests
from hpcmix.run.watchdog import BadLimit, Watchdog, hang_limit

DONE, FAILED, BAD_INPUT, BLEW_UP, NO_CHECKPOINT, STOPPED = 0, 1, 2, 3, 4, 75
"""Exit statuses (README, Exit status)."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    overrides       ``--set`` entries.
    evolving        False: find the ground state only.
    restart         "auto", "never", or the path of a checkpoint or of a run's directory.
    accept_changes  go on although the file's physics are not the checkpoint's.
    max_wall        seconds that the program may run.
    drawing         make the figures at the end.
    until           the final time of :meth:`to_go_on`, which complaints then name in place of time.final.
    """

    file: str
    overrides: Sequence[str] = ()
    evolving: bool = True
    restart: str = "auto"
    accept_changes: bool = False
    max_wall: float | None = None
    drawing: bool = False
    until: str | None = None

    @classmethod
    def to_go_on(cls, directory: Path, until: str | None, **options) -> Request:
        """Go on with the run of a directory, to another final time if one is given."""
        overrides = [f"output.directory={json.dumps(str(directory))}"]
        if until is not None:
            overrides.append(f"time.final={until}")
        return cls(str(RunDirectory(directory).problem), overrides, until=until, **options)

    def worded(self, error: ProblemError) -> ProblemError:
        """The error in the words of this command line."""
        option = f"--set time.final={self.until}"
        return ProblemError(
            [
                replace(one, file=f"--until {self.until}", key="") if self.until and one.file == option else one
                for one in error.complaints
            ]
        )


def launch(request: Request) -> int:
    """Run a problem on all ranks. Collective; on every rank the same exit status is returned, and the root says why."""
    comm = world()
    abort_on_uncaught_errors(comm)
    log, last_words = Log(speaks=comm.rank == 0), LastWords()
    problem: Problem | None = None
    try:
        if mismatch := launcher_mismatch():
            raise OutputError(mismatch)
        _check_environment()
        problem = _read(comm, request)
        return _run(comm, problem, request, log, last_words)
    except ProblemError as error:
        located = error if problem is None else problem.locate(error)
        last_words.dismiss()  # what is refused leaves nothing
        return _leave(log, last_words, str(request.worded(located)), BAD_INPUT)
    except (DirectoryInUse, NoCheckpoint) as error:
        return _leave(log, last_words, str(error), NO_CHECKPOINT)
    except Stopped as error:
        return _leave(log, last_words, str(error), FAILED if error.kept is None else STOPPED)
    except (OutputError, NotConverged) as error:
        return _leave(log, last_words, str(error), FAILED)
    except MemoryError as error:
        _end_everywhere(
            comm,
            last_words,
            f"out of memory on rank {comm.rank} ({error}); "
            "hpcmix plan says what a run needs; more ranks need less each",
        )
    except BaseException as error:
        last_words.say(f"rank {comm.rank}: {type(error).__name__}: {error}")
        raise
    finally:
        log.close()


def _end_everywhere(comm: MPI.Comm, last_words: LastWords, message: str) -> NoReturn:
    """End the job from a rank that alone knows of an error: the others may wait for it in a collective call."""
    print(f"hpcmix: {message}", file=sys.stderr, flush=True)
    last_words.say(message)
    if comm.size > 1:
        comm.Abort(FAILED)
    sys.exit(FAILED)


def _leave(log: Log, last_words: LastWords, message: str, status: int) -> int:
    """The end of a run that all ranks know of: the root says it, on standard error and in the directory."""
    if log.speaks:
        print(message if status == BAD_INPUT else f"hpcmix: {message}", file=sys.stderr, flush=True)
        last_words.say(message)
    return status


def _read(comm: MPI.Comm, request: Request) -> Problem:
    """The root reads the file, everybody gets the problem or the complaint."""
    problem = None
    with together(comm):
        if comm.rank == 0:
            problem = load_problem(request.file, request.overrides)
            if request.evolving and problem.time is None:
                raise problem.complain("time", NEEDS_TIME)
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


def _run(comm: MPI.Comm, problem: Problem, request: Request, log: Log, last_words: LastWords) -> int:
    begin = time.perf_counter()
    Communicators.of(problem, comm).free()  # ranks that cannot be divided are refused before anything is moved aside
    with _occupied(comm, problem, request, log) as (directory, lock, origin):
        if origin is not None and is_complete(origin, problem):
            log.line(f"nothing to do: {directory.path} is complete (hpcmix restart --until goes beyond its final time)")
            return DONE
        with together(comm):
            log.open(directory.log)
            last_words.prepare(directory, problem, comm.size, has_room=comm.rank == 0)
        with (
            StopRequests(directory.path, request.max_wall, comm.rank == 0) as stops,
            Watchdog(comm.rank, comm.size, hang_limit(), lock.touch, HEARTBEAT_SECONDS, last_words.say) as watchdog,
        ):
            simulation = build_simulation(problem, comm, log, origin, watchdog, stops, directory)
            last_words.simulation = simulation
            with together(comm):
                if origin is not None and comm.rank == 0:
                    origin.prepare()
            last_words.outputs = outputs = Outputs(simulation)
            checkpoints = Checkpoints(simulation, outputs) if request.evolving else None
            status, message, collapse_time = DONE, "", None
            try:
                if checkpoints is not None:
                    message = evolve(simulation, outputs, checkpoints, stops)
                    status = STOPPED if message else DONE
                else:
                    outputs.write_ground_state()
            except BlowUp as error:
                status, message, collapse_time = BLEW_UP, str(error), error.collapse_time
            words = {DONE: "done", STOPPED: "stopped", BLEW_UP: "failed"}[status]
            finish(simulation, outputs, checkpoints, begin, words, message, collapse_time)
            with together(comm):
                if comm.rank == 0:
                    directory.search.unlink(missing_ok=True)  # of a search that is done now
            last_words.dismiss()
            simulation.free()
    if request.drawing:
        _draw(comm, problem, log)
    return _leave(log, last_words, message, status) if status == BLEW_UP else status


@contextmanager
def _occupied(
    comm: MPI.Comm, problem: Problem, request: Request, log: Log
) -> Iterator[tuple[RunDirectory, Lock, Origin | None]]:
    """The run's directory, locked for this job, and what is gone on from there. Collective."""
    directory = RunDirectory(Path(problem.output.directory))
    lock = Lock(directory.path)
    footprint = Footprint(directory.path, (*FILES, RESERVED)) if comm.rank == 0 else None
    origin = None
    refused = False
    try:
        with together(comm):
            if comm.rank == 0:
                lock.check()
                if request.evolving:
                    origin = choose_origin(directory, problem, request.restart, request.accept_changes, log)
                if origin is None or not origin.goes_on_in_place:
                    RunDirectory.claim(directory.path, fresh=request.restart == "never")
                lock.acquire()
        yield directory, lock, comm.bcast(origin)
    except ProblemError:
        refused = True
        raise
    finally:
        lock.release()
        if refused and footprint is not None:
            footprint.take_back()  # of a run that goes on nothing is new


def _draw(comm: MPI.Comm, problem: Problem, log: Log) -> None:
    """The figures of ``hpcmix plot``, by the root."""
    with together(comm):
        if comm.rank == 0:
            from hpcmix.io.figures import draw  # matplotlib takes a second to import

            for path in draw(problem.output.directory):
                log.line(f"drawn: {path}")
