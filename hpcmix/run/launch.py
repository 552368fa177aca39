"""From the command line to the exit status: read, build, evolve, write; every way it can end has its sentence and its
status."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from hpcmix.initial.ground_state import NotConverged
from hpcmix.io.atomic import OutputError
from hpcmix.io.directory import DirectoryInUse, RunDirectory
from hpcmix.kernels import dispatch as kernels
from hpcmix.parallel.communicators import launcher_mismatch, world
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.together import abort_on_uncaught_errors, together
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.run.conservation import BlowUp
from hpcmix.run.log import Log
from hpcmix.run.loop import evolve
from hpcmix.run.outputs import Outputs
from hpcmix.run.report import finish
from hpcmix.run.simulation import build_simulation

DONE, FAILED, BAD_INPUT, BLEW_UP, NO_CHECKPOINT = 0, 1, 2, 3, 4
"""Exit statuses (README, Exit status)."""


def launch(file: str, overrides: Sequence[str], fresh: bool, evolving: bool, drawing: bool = False) -> int:
    """Run a problem on all ranks, or find its ground state only (`evolving` False). Collective; the exit status.

    fresh    move an existing run of the same directory aside.
    drawing  make the figures at the end.
    On every rank the same status is returned; the root says why.
    """
    comm = world()
    abort_on_uncaught_errors(comm)
    log = Log(speaks=comm.rank == 0)
    problem: Problem | None = None
    try:
        if mismatch := launcher_mismatch():
            raise OutputError(mismatch)
        _load_kernels()
        problem = _read(comm, file, overrides, evolving)
        return _run(comm, problem, fresh, evolving, drawing, log)
    except ProblemError as error:
        return _leave(log, str(error if problem is None else problem.locate(error)), BAD_INPUT)
    except DirectoryInUse as error:
        return _leave(log, str(error), NO_CHECKPOINT)
    except (OutputError, NotConverged) as error:
        return _leave(log, str(error), FAILED)
    except MemoryError as error:
        _end_everywhere(
            comm,
            f"out of memory on rank {comm.rank} ({error}); "
            "hpcmix plan says what a run needs; more ranks need less each",
        )
    finally:
        log.close()


def _end_everywhere(comm: MPI.Comm, message: str) -> NoReturn:
    """End the job from a rank that alone knows of an error: the others may wait for it in a collective call."""
    print(f"hpcmix: {message}", file=sys.stderr, flush=True)
    if comm.size > 1:
        comm.Abort(FAILED)
    sys.exit(FAILED)


def _leave(log: Log, message: str, status: int) -> int:
    if log.speaks:
        print(message if status == BAD_INPUT else f"hpcmix: {message}", file=sys.stderr, flush=True)
    return status


def _read(comm: MPI.Comm, file: str, overrides: Sequence[str], evolving: bool) -> Problem:
    """The root reads the file, everybody gets the problem or the complaint."""
    problem = None
    with together(comm):
        if comm.rank == 0:
            problem = load_problem(file, overrides)
            if evolving and problem.time is None:
                raise problem.complain(
                    "time", "run needs a [time] section with final and step; hpcmix ground does without"
                )
    return comm.bcast(problem)


def _load_kernels() -> None:
    """Choose the kernels now, so that a wrong choice is told in a sentence and a missing extension once."""
    try:
        kernels.implementation()
    except (ValueError, ImportError) as error:
        raise ProblemError.of("", str(error)) from error


def _run(comm: MPI.Comm, problem: Problem, fresh: bool, evolving: bool, drawing: bool, log: Log) -> int:
    begin = time.perf_counter()
    with together(comm):
        if comm.rank == 0:
            log.open(RunDirectory.claim(problem.output.directory, fresh).log)
    simulation = build_simulation(problem, comm, log)
    outputs = Outputs(simulation)
    status, message = DONE, ""
    try:
        if evolving:
            evolve(simulation, outputs)
        else:
            outputs.write_ground_state()
    except BlowUp as error:
        status, message = BLEW_UP, str(error)
    finish(simulation, outputs, time.perf_counter() - begin, message)
    simulation.free()
    if drawing:
        _draw(comm, problem, log)
    return status if status == DONE else _leave(log, message, status)


def _draw(comm: MPI.Comm, problem: Problem, log: Log) -> None:
    """The figures of ``hpcmix plot``, by the root."""
    with together(comm):
        if comm.rank == 0:
            from hpcmix.io.figures import draw  # matplotlib takes a second to import

            for path in draw(problem.output.directory):
                log.line(f"drawn: {path}")
