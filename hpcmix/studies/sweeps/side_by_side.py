"""Several points of a sweep at a time in one job: by parts of its ranks, or by processes where it has but one rank.

Parts share the points as jobs of an array do: each takes the next one that nobody has (directory.py). A part that is
asked to stop asks the others by a file, and they stop before their next point.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from hpcmix.parallel.process.company import in_parts, wait_for_all
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import together
from hpcmix.problem.mistakes.ending import Foreseen
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted
from hpcmix.running.log import Log
from hpcmix.running.stops.signals import SIGNALS
from hpcmix.studies.sweeps.directory import SweepDirectory
from hpcmix.studies.sweeps.processes import at_once_in_processes
from hpcmix.studies.sweeps.reading import SweptFile
from hpcmix.studies.sweeps.sweeping import Sweeping, failures
from hpcmix.studies.sweeps.tally import Tally

Round = Callable[[], Sequence[Tally]]
"""All parts at work until none of them finds another point; what became of the points, by parts. Collective."""


def parts_for(asked: int, ranks: int, chains: int) -> int:
    """How many points are computed at a time where so many are asked for: no more than there are that do not depend on
    each other, each with as many ranks. One rank starts processes instead.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` where ranks cannot be shared by so many.
    """
    if ranks == 1:
        return min(asked, chains)
    divisors = [count for count in range(1, ranks + 1) if ranks % count == 0]
    if asked not in divisors:
        raise ProblemError.of(
            "--at-once",
            f"{ranks} ranks cannot be shared by {counted(asked, 'point')} at a time, as many for each; "
            f"{', '.join(map(str, divisors[:-1]))} or {ranks} can",
        )
    return max(count for count in divisors if count <= min(asked, chains))


def computed(
    file: SweptFile,
    directory: SweepDirectory,
    comm: MPI.Comm,
    log: Log,
    at_once: int,
    retry: bool = False,
    max_wall: float | None = None,
) -> Tally:
    """Compute what is left of a sweep, `at_once` points at a time, each on its part of the ranks; with one rank in so
    many processes. Raises :class:`~hpcmix.problem.mistakes.ending.Foreseen`. Collective; the root has the tally."""
    again: dict[str, int] = {}
    with together(comm):
        if comm.rank == 0 and retry:
            again = failures(file, directory)
    again = comm.bcast(again)
    if at_once == 1:
        return Sweeping(file, directory, comm, log, again, max_wall).run()

    asked = directory.path / f".stop-{comm.bcast(os.urandom(8).hex())}"  # of this job: one that is killed leaves it

    def round_of_ranks() -> Sequence[Tally]:
        return _at_once_on_ranks(file, directory, comm, log, at_once, again, max_wall, asked)

    def round_of_processes() -> Sequence[Tally]:
        return at_once_in_processes(file, directory, at_once, again, max_wall, asked)

    try:
        return _rounds(round_of_processes if comm.size == 1 else round_of_ranks, file, directory, comm)
    finally:
        if comm.rank == 0:
            asked.unlink(missing_ok=True)


def _rounds(work: Round, file: SweptFile, directory: SweepDirectory, comm: MPI.Comm) -> Tally:
    """Rounds until one ends nothing, or nothing is left: points of a job that died meanwhile are taken over."""
    SIGNALS.listener = lambda: None  # a part without a point is no reason to end the others, who have what to save
    tallies: list[Tally] = []
    while True:
        last = work()
        tallies += last
        recorded = 0
        with together(comm):
            if comm.rank == 0:
                recorded = sum(directory.record_of(point.name) is not None for point in file.points)
        tally = Tally.together(tallies, comm.bcast(recorded), len(file.points))
        if tally.stopped == f"the file {directory.stop}":
            with together(comm):
                if comm.rank == 0:
                    directory.stop.unlink(missing_ok=True)
        if not tally.busy or tally.stopped or not any(each.ended for each in last):
            return tally


def _at_once_on_ranks(
    file: SweptFile,
    directory: SweepDirectory,
    comm: MPI.Comm,
    log: Log,
    at_once: int,
    again: dict[str, int],
    max_wall: float | None,
    asked: Path,
) -> Sequence[Tally]:
    """A part of the ranks for each of so many points. Raises the first error of a part, when all have ended."""
    tally, failure = Tally(), None
    with in_parts(comm, at_once) as part:
        of_part = log if comm.rank == 0 else Log(part.rank == 0)
        if of_part is not log:
            of_part.open(directory.log)
        try:
            tally = Sweeping(file, directory, part, of_part, again, max_wall, beside=asked).run()
        except Foreseen as error:
            failure = error
            if part.rank == 0:
                asked.touch()  # what ends one part ends the others: a disk without room, a changed file
        finally:
            if of_part is not log:
                of_part.close()
        leads = part.rank == 0
        wait_for_all(comm)
    with together(comm):
        if failure is not None:
            raise failure
    return [each for each in comm.allgather(tally if leads else None) if each is not None]
