"""``hpcmix sweep``: from the command line to the points, the dataset, the figure and the exit status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcmix.io.documents.atomic import OutputError
from hpcmix.parallel.communicators import launcher_mismatch, world
from hpcmix.parallel.process.mpi import MPI
from hpcmix.parallel.process.together import abort_on_uncaught_errors, together
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.reading.values import counted
from hpcmix.running.log import Log, leave
from hpcmix.studies.sweeps.directory import SweepDirectory
from hpcmix.studies.sweeps.reading import SweptFile, read_sweep
from hpcmix.studies.sweeps.side_by_side import computed, parts_for
from hpcmix.studies.sweeps.tally import Tally


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    overrides     ``--set`` entries, for all points.
    fresh         move a sweep that is there aside.
    retry         compute points that failed once more.
    among_others  other jobs compute points of this sweep too: what is left to them is no reason to come again.
    max_wall      seconds that the program may run.
    at_once       so many points are computed side by side, each on its part of the ranks; with one rank in processes.
    """

    file: str
    overrides: Sequence[str] = ()
    fresh: bool = False
    retry: bool = False
    among_others: bool = False
    max_wall: float | None = None
    at_once: int = 1


def sweep(request: Request) -> int:
    """Compute the points of a sweep that are missing, and when all are there write ``sweep.nc`` and ``sweep.png``.

    The exit status: 0 where every point has its numbers or the sentence of its failure, 75 where points are left for
    the next time, 1 where none has numbers, or some could not be computed. Collective.
    """
    comm = world()
    abort_on_uncaught_errors(comm)
    log = Log(comm.rank == 0)
    try:
        if mismatch := launcher_mismatch():
            raise OutputError(mismatch)
        swept: SweptFile | None = None
        with together(comm):
            if comm.rank == 0:
                swept = read_sweep(request.file, request.overrides)
        return _sweep(request, comm.bcast(swept), comm, log)
    except Foreseen as error:
        return leave(log, error)
    finally:
        log.close()


def _sweep(request: Request, swept: SweptFile, comm: MPI.Comm, log: Log) -> ExitStatus:
    directory = SweepDirectory(swept.directory)
    at_once = parts_for(request.at_once, comm.size, len(swept.chains))
    with together(comm):
        if comm.rank == 0:
            _begin(request, swept, directory, log)
            if request.at_once > 1:
                log.line(_side_by_side(at_once, comm.size, request.at_once, swept))
    tally = comm.bcast(computed(swept, directory, comm, log, at_once, request.retry, request.max_wall))
    _tell(tally, swept, log)
    if tally.stopped:
        log.line(f"stopped by {tally.stopped}; what is done is kept, the same command goes on")
        return ExitStatus.STOPPED
    if tally.busy:
        log.line(f"{counted(tally.busy, 'point')} left to other jobs, which are at work on this sweep")
        return ExitStatus.DONE if request.among_others else ExitStatus.STOPPED
    if tally.troubled:
        log.line("the same command tries them again")
        return ExitStatus.FAILED
    with together(comm):
        if comm.rank == 0 and directory.is_gathered():
            log.line(f"nothing to do: all of it is in {directory.dataset} (--collect {directory.path} gathers it anew)")
        elif comm.rank == 0:
            collect(directory.path, log=log)
    return ExitStatus.DONE if len(tally.failed) < len(swept.points) else ExitStatus.FAILED


def _begin(request: Request, swept: SweptFile, directory: SweepDirectory, log: Log) -> None:
    """Make the directory ready, and say what is computed. For the root."""
    points, title = swept.points, swept.problem.title
    aside = directory.begin(title, swept.sweep, points, request.fresh)
    if not request.among_others:
        log.open(directory.log)
    if aside is not None:
        log.line(f"the sweep that was in {directory.path} is now in {aside}")
    what = {"run": "runs", "ground": "ground states", "excitations": "spectra"}[swept.command]
    order = f", continued {' and '.join(swept.sweep.ways)}" if swept.sweep.continued else ""
    log.line(f"{title}: {what} at {counted(len(points), 'point')} of {', '.join(swept.sweep.keys)}{order}")


def _side_by_side(at_once: int, ranks: int, asked: int, swept: SweptFile) -> str:
    """How many points are computed at a time, and on what."""
    chains = len(swept.chains)
    of_ranks = f"each on {counted(ranks // at_once, 'rank')}" if ranks > 1 else "each in a process of its own"
    what = "rows of points, continued from one to the next" if swept.sweep.continued else "points"
    few = f" (there are no more than {chains} that do not depend on each other)" if at_once < asked else ""
    return f"{at_once} {what} at a time{few}, {of_ranks}"


def _tell(tally: Tally, swept: SweptFile, log: Log) -> None:
    """What became of the points, in a sentence."""
    parts = [f"{len(tally.done)} of {counted(len(swept.points), 'point')} computed"]
    parts += [f"{tally.there} there from before"] if tally.there else []
    parts += [f"{len(tally.failed)} without an answer"] if tally.failed else []
    parts += [f"{len(tally.troubled)} not computed this time"] if tally.troubled else []
    log.line("; ".join(parts))


def collect(path: Path, what: Sequence[str] = (), log: Log | None = None) -> int:
    """``--collect DIR``: the dataset and the figure of what a sweep has so far; `what`: the variables of the figure.
    Raises :class:`OutputError`, and ProblemError for a variable that there is not."""
    from hpcmix.studies.sweeps.collecting import collected
    from hpcmix.studies.sweeps.figure import draw_sweep  # matplotlib takes a second to import

    log = log or Log(speaks=True)
    directory = SweepDirectory(path)
    found = collected(directory)
    with directory.alone():
        found.write(directory.dataset)
        draw_sweep(found, directory.figure, what)
    for sentence in found.sentences:
        log.line(sentence)
    log.line(f"written: {directory.dataset}, {directory.figure}")
    return ExitStatus.DONE
