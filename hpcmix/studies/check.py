"""``hpcmix check CLAIM FILE``: a claim measured on a family of problems, with table, fit, figure and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.io.directories.directory import move_aside
from hpcmix.io.directories.holdings import CHECK, DirectoryInUse, holds_run, require_no_study
from hpcmix.io.directories.locking.lock import HEARTBEAT_SECONDS
from hpcmix.io.documents.atomic import OutputError, write_text
from hpcmix.io.documents.plain_json import page_of, plain
from hpcmix.parallel.communicators import world
from hpcmix.parallel.process.together import abort_on_uncaught_errors, together
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.ending import ExitStatus, Foreseen
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.show import resolved_dict
from hpcmix.running.log import Log, leave
from hpcmix.running.planning.resolution.structures import grid_warnings
from hpcmix.running.resuming.occupied import Attendants, occupied
from hpcmix.running.resuming.restart import same_problem
from hpcmix.running.stops.last_words import LastWords
from hpcmix.running.stops.requests import StopRequests
from hpcmix.running.stops.watchdog import BadLimit, Watchdog, hang_limit
from hpcmix.studies.claims import (
    bose_fermi_limit,
    conservation,
    dispersion,
    gross_pitaevskii_limit,
    mean_field_limit,
    morawetz,
    pair_excitation,
    scattering_rates,
    semiclassical_bounds,
    well_posedness,
)
from hpcmix.studies.claims.fluctuations import bogoliubov_limit, excitations_bounded, fluctuation_growth
from hpcmix.studies.claims.vlasov_limit import limit as vlasov_limit
from hpcmix.studies.looking.checks import FIGURE, LOG, REPORT, TEXT
from hpcmix.studies.measuring.claim import Finding
from hpcmix.studies.measuring.figure import draw_finding
from hpcmix.studies.measuring.options import check_options
from hpcmix.studies.measuring.setting import Setting
from hpcmix.studies.work import NOTHING_YET, Work

FILES = (LOG, REPORT, TEXT, FIGURE)

_MODULES = (
    scattering_rates,
    gross_pitaevskii_limit,
    dispersion,
    morawetz,
    pair_excitation,
    conservation,
    well_posedness,
    semiclassical_bounds,
    mean_field_limit,
    bose_fermi_limit,
    vlasov_limit,
    excitations_bounded,
    fluctuation_growth,
    bogoliubov_limit,
)
CLAIMS: dict[str, Callable[[Setting], tuple[Problem, Finding]]] = {
    module.CLAIM.name: module.check for module in _MODULES
}
"""What ``hpcmix check`` knows, by the word on the command line."""
_AROUND_FLOWS = {module.CLAIM.name for module in _MODULES if module.CLAIM.around_flow}


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    claim      its word.
    overrides  ``--set`` entries.
    numbers    particle numbers of the family; empty: the claim's own.
    bosons     of a family over bosons beside a fixed number of fermions.
    markers    of the classical twin of a problem.
    evolving   False: measure at time zero only.
    fresh      move what an earlier check left in the directory aside.
    max_wall   seconds that the program may run.
    """

    claim: str
    file: str
    overrides: Sequence[str] = ()
    numbers: Sequence[int] = ()
    bosons: Sequence[int] = ()
    markers: int | None = None
    evolving: bool = True
    fresh: bool = False
    max_wall: float | None = None

    @property
    def options(self) -> list[str]:
        """Those of its options that not every claim takes."""
        given = {
            "--numbers": bool(self.numbers),
            "--bosons": bool(self.bosons),
            "--markers": self.markers is not None,
            "--max-wall": self.max_wall is not None,
            "--at-start": not self.evolving,
        }
        return [option for option, wanted in given.items() if wanted]

    @property
    def asked(self) -> dict[str, Any]:
        """What is measured, beside the problem: kept in the report, to recognise a check that is complete."""
        bosons = {"bosons": list(self.bosons)} if self.bosons else {}
        markers = {"markers": self.markers} if self.markers is not None else {}
        return {"claim": self.claim, "numbers": list(self.numbers), "at_start": not self.evolving} | bosons | markers


def check(request: Request) -> int:
    """Measure a claim on all ranks and write ``claim.json``, ``claim.txt`` and ``claim.png`` into the problem's
    directory: ``output.directory`` if the file names one, else ``runs/<name of the file>``. The exit status: 0 also
    where the claim is not confirmed, for that is a result. Collective."""
    comm = world()
    abort_on_uncaught_errors(comm)
    log, last_words = Log(speaks=comm.rank == 0), LastWords()
    try:
        check_options(request.claim, request.options)
        with (
            StopRequests(None, request.max_wall, comm.rank == 0, last_words) as stops,
            Watchdog(comm.rank, comm.size, _hang_limit(), last_words.say, HEARTBEAT_SECONDS) as watchdog,
        ):
            problem = None
            with together(comm):
                if comm.rank == 0:
                    problem = load_problem(request.file, request.overrides)
            problem = comm.bcast(problem)
            path, attendants = Path(problem.output.directory), Attendants(comm, log, last_words, stops, watchdog)
            with occupied(path, FILES, lambda: _prepare(path, problem, request, log), attendants) as complete:
                if complete:
                    log.line(complete)
                    return ExitStatus.DONE
                last_words.prepare_log(path / LOG)
                stops.prospect, stops.directory, stops.file_waits = NOTHING_YET, path, True
                _measure(request, Work(comm, log, path, stops, watchdog), path)
        return ExitStatus.DONE
    except Foreseen as error:
        if error.status != ExitStatus.STOPPED:
            return leave(log, error, last_words)
        log.line(str(error))
        return error.status
    except BaseException as error:
        last_words.say(f"rank {comm.rank}: {type(error).__name__}: {error}")
        raise
    finally:
        log.close()


def _measure(request: Request, work: Work, directory: Path) -> None:
    """Measure, write and say what was found. Collective."""
    comm, log = work.comm, work.log
    around_flow = request.claim in _AROUND_FLOWS
    setting = Setting(
        request.file,
        request.overrides,
        request.numbers,
        request.evolving,
        work,
        request.bosons,
        around_flow,
        request.markers,
    )
    problem, finding = CLAIMS[request.claim](setting)
    with together(comm):
        if comm.rank == 0:
            written = load_problem(request.file, request.overrides)
            report = finding.as_dict() | {
                "ranks": comm.size,
                "problem": resolved_dict(problem),
                "asked": request.asked | {"problem": resolved_dict(written)},
            }
            write_text(directory / TEXT, "\n".join(finding.lines()) + "\n")
            draw_finding(finding, directory / FIGURE)
            write_text(directory / REPORT, page_of(report))
    log.line()
    for line in finding.lines():
        log.line(line)
    log.line(f"written: {directory}/{REPORT}, {TEXT}, {FIGURE}")


def _hang_limit() -> float:
    try:
        return hang_limit()
    except BadLimit as error:
        raise ProblemError.of("", str(error)) from error


def _prepare(path: Path, problem: Problem, request: Request, log: Log) -> str:
    """Make the directory ready; a sentence where nothing is left to do. For the root."""
    if not request.fresh and _is_complete(path, problem, request.asked):
        return (
            f"nothing to do: {path} holds the outcome of this check, in {REPORT} and {TEXT} "
            "(--restart never measures it again)"
        )
    if aside := _claim_directory(path, request.fresh):
        log.line(f"the check that was in {path} is now in {aside}")
    log.open(path / LOG)
    for line in grid_warnings(problem):
        log.line(line)
    if problem.fluctuations is not None and request.claim not in _AROUND_FLOWS:
        log.line(f"[fluctuations] is left out: {request.claim} is about the flow itself")
    return ""


def _is_complete(path: Path, problem: Problem, asked: Mapping[str, Any]) -> bool:
    """Whether just this was measured here."""
    try:
        stored = dict(json.loads((path / REPORT).read_text(encoding="utf-8"))["asked"])
        return same_problem(stored.pop("problem"), problem) and stored == plain(asked)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _claim_directory(path: Path, fresh: bool) -> Path | None:
    """Make the directory, or go on in it; where what was in it has gone, with `fresh` and an earlier check there. For
    the root. Raises :class:`DirectoryInUse`."""
    aside = None
    require_no_study(path, but=CHECK)
    if holds_run(path):
        raise DirectoryInUse(f"{path} holds a run; choose another directory with --set output.directory=...")
    if fresh and CHECK.is_in(path):
        aside = move_aside(path, CHECK.name)
    if (path / REPORT).exists():
        raise DirectoryInUse(
            f"{path} holds the outcome of another check already and is left as it is; "
            "--restart never moves it aside, or choose another with --set output.directory=..."
        )
    if foreign := [name for name in (TEXT, FIGURE) if (path / name).exists() and not CHECK.is_in(path)]:
        raise DirectoryInUse(
            f"{path} holds no check but {', '.join(foreign)}, which a check would overwrite; "
            "move what is there away, or choose another directory with --set output.directory=..."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be made: {error.strerror}") from error
    return aside
