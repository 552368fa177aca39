"""``hpcmix check CLAIM FILE``: a claim measured on a family of problems, with table, fit, figure and JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hpcmix.initial.ground_state import NotConverged
from hpcmix.io.atomic import OutputError, write_text
from hpcmix.io.directory import DirectoryInUse, RunDirectory, move_aside
from hpcmix.io.footprint import Footprint
from hpcmix.io.lock import HEARTBEAT_SECONDS, Lock
from hpcmix.io.plain_json import page_of
from hpcmix.parallel.communicators import world
from hpcmix.parallel.mpi import MPI
from hpcmix.parallel.together import abort_on_uncaught_errors, together
from hpcmix.problem.errors import ProblemError
from hpcmix.problem.expected.warnings import expected_warnings
from hpcmix.problem.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.problem.show import resolved_dict
from hpcmix.run.log import Log
from hpcmix.run.watchdog import BadLimit, Watchdog, hang_limit
from hpcmix.studies import (
    conservation,
    dispersion,
    gross_pitaevskii_limit,
    morawetz,
    pair_excitation,
    scattering_rates,
    semiclassical_bounds,
    well_posedness,
)
from hpcmix.studies.claim import Finding
from hpcmix.studies.claim_options import check_options
from hpcmix.studies.figure import draw_finding
from hpcmix.studies.setting import Setting
from hpcmix.studies.work import StudyStopped, Work

DONE, FAILED, BAD_INPUT, IN_USE, STOPPED = 0, 1, 2, 4, 75
REPORT, TEXT, FIGURE = "claim.json", "claim.txt", "claim.png"
"""What a check leaves in its directory."""
LOG = "check.log"
FILES = (LOG, REPORT, TEXT, FIGURE)

CLAIMS: dict[str, Callable[[Setting], tuple[Problem, Finding]]] = {
    module.CLAIM.name: module.check
    for module in (
        scattering_rates,
        gross_pitaevskii_limit,
        dispersion,
        morawetz,
        pair_excitation,
        conservation,
        well_posedness,
        semiclassical_bounds,
    )
}
"""What ``hpcmix check`` knows, by the word on the command line."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    claim      its word.
    overrides  ``--set`` entries.
    numbers    particle numbers of the family; empty: the claim's own.
    evolving   False: measure at time zero only.
    fresh      move what an earlier check left in the directory aside.
    max_wall   seconds that the program may run.
    """

    claim: str
    file: str
    overrides: Sequence[str] = ()
    numbers: Sequence[int] = ()
    evolving: bool = True
    fresh: bool = False
    max_wall: float | None = None

    @property
    def options(self) -> list[str]:
        """Those of its options that not every claim takes."""
        given = {
            "--numbers": bool(self.numbers),
            "--max-wall": self.max_wall is not None,
            "--at-start": not self.evolving,
        }
        return [option for option, wanted in given.items() if wanted]


def check(request: Request) -> int:
    """Measure a claim on all ranks and write ``claim.json``, ``claim.txt`` and ``claim.png`` into the problem's
    directory. The exit status: 0 also where the claim is not confirmed, for that is a result. Collective."""
    comm = world()
    abort_on_uncaught_errors(comm)
    log = Log(speaks=comm.rank == 0)
    try:
        check_options(request.claim, request.options)
        with _occupied(comm, request, log) as (directory, watchdog):
            work = Work(comm, log, directory, request.max_wall, watchdog)
            setting = Setting(request.file, request.overrides, request.numbers, request.evolving, work)
            problem, finding = CLAIMS[request.claim](setting)
            with together(comm):
                if comm.rank == 0:
                    report = finding.as_dict() | {"ranks": comm.size, "problem": resolved_dict(problem)}
                    write_text(directory / REPORT, page_of(report))
                    write_text(directory / TEXT, "\n".join(finding.lines()) + "\n")
                    draw_finding(finding, directory / FIGURE)
            log.line()
            for line in finding.lines():
                log.line(line)
            log.line(f"written: {directory}/{REPORT}, {TEXT}, {FIGURE}")
        return DONE
    except ProblemError as error:
        return _leave(log, str(error), BAD_INPUT)
    except DirectoryInUse as error:
        return _leave(log, f"hpcmix: {error}", IN_USE)
    except StudyStopped as stop:
        log.line(str(stop))
        return STOPPED
    except (OutputError, NotConverged) as error:
        return _leave(log, f"hpcmix: {error}", FAILED)
    finally:
        log.close()


@contextmanager
def _occupied(comm: MPI.Comm, request: Request, log: Log) -> Iterator[tuple[Path, Watchdog]]:
    """The directory of the results, locked for this job: ``output.directory`` if the file names one, else ``runs/<name
    of the file>``. Checked before anything is computed. Collective."""
    path, lock, footprint, refused = Path(), None, None, False
    try:
        with together(comm):
            if comm.rank == 0:
                problem = load_problem(request.file, request.overrides)
                path = Path(problem.output.directory)
                lock, footprint = Lock(path), Footprint(path, FILES)
                if path.is_dir():
                    lock.check()
                if aside := _claim_directory(path, request.fresh):
                    log.line(f"the check that was in {path} is now in {aside}")
                lock.acquire()
                log.open(path / LOG)
                for line in expected_warnings(problem):
                    log.line(line)
        path = comm.bcast(path)
        with _watchdog(comm, lock) as watchdog:
            yield path, watchdog
    except ProblemError:
        refused = True
        raise
    finally:
        if lock is not None:
            lock.release()
        if refused and footprint is not None:
            log.close()
            footprint.take_back()


def _watchdog(comm: MPI.Comm, lock: Lock | None) -> Watchdog:
    try:
        limit = hang_limit()
    except BadLimit as error:
        raise ProblemError.of("", str(error)) from error
    heartbeat = (lambda: None) if lock is None else lock.touch
    return Watchdog(comm.rank, comm.size, limit, heartbeat, HEARTBEAT_SECONDS, lambda words: None)


def _claim_directory(path: Path, fresh: bool) -> Path | None:
    """Make the directory, or go on in it; where what was in it has gone, with `fresh` and an earlier check there. For
    the root. Raises :class:`DirectoryInUse`."""
    directory, aside = RunDirectory(path), None
    if directory.holds_run():
        raise DirectoryInUse(f"{path} holds a run; choose another directory with --set output.directory=...")
    if fresh and directory.holds_check():
        aside = move_aside(path, "a check of a claim")
    if (path / REPORT).exists():
        raise DirectoryInUse(
            f"{path} holds the outcome of a check already and is left as it is; "
            "--restart never moves it aside, or choose another with --set output.directory=..."
        )
    if foreign := [name for name in (TEXT, FIGURE) if (path / name).exists() and not directory.holds_check()]:
        raise DirectoryInUse(
            f"{path} holds no check but {', '.join(foreign)}, which a check would overwrite; "
            "move what is there away, or choose another directory with --set output.directory=..."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made: {error.strerror}") from error
    return aside


def _leave(log: Log, message: str, status: int) -> int:
    if log.speaks:
        print(message, file=sys.stderr, flush=True)
    return status
