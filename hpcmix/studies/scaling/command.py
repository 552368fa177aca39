"""``hpcmix scaling``: from the command line to tables, figure and exit status."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from hpcmix.io.directories.locking.lock import Lock
from hpcmix.io.documents.atomic import OutputError, write_text
from hpcmix.io.documents.plain_json import page_of
from hpcmix.parallel.job.launcher import ranks_started
from hpcmix.parallel.job.programs import LAUNCHER
from hpcmix.parallel.job.terminal import is_live
from hpcmix.problem.files.cards import find_problem
from hpcmix.problem.mistakes.ending import ExitStatus
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import AXES, counted
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.show import resolved_toml
from hpcmix.running.log import Log
from hpcmix.running.planning.jobs.launchers import launcher_of, library_of
from hpcmix.running.planning.jobs.script import Job, read_site
from hpcmix.running.planning.jobs.systems import SYSTEMS
from hpcmix.running.planning.preflight import load_checked
from hpcmix.running.stops.last_words import LastWords
from hpcmix.running.stops.requests import Prospect, StopRequests
from hpcmix.studies.scaling.configurations import Asked, Configuration, configurations
from hpcmix.studies.scaling.figure import draw_scaling
from hpcmix.studies.scaling.jobs import write_jobs
from hpcmix.studies.scaling.launching import Launcher, Measuring, run_repeat
from hpcmix.studies.scaling.measured.store import Store
from hpcmix.studies.scaling.prediction import Network
from hpcmix.studies.scaling.report import TEXT_WIDTH, as_dict, as_text, configurations_csv, print_report, repeats_csv
from hpcmix.studies.scaling.reported import Reported
from hpcmix.studies.scaling.study import measure_all

FORMAT = 1
"""Version of study.json."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    grow      "" for a strong study; "auto", or the letters of the axes along which a weak one grows.
    length    of a repeat, as ``hpcmix bench`` takes it.
    output    directory; None for runs/scaling-<name>.
    fresh     move a study that is there aside.
    """

    file: str
    overrides: tuple[str, ...] = ()
    ranks: tuple[int, ...] = (1,)
    threads: tuple[int, ...] = (1,)
    groups: tuple[int | None, ...] = (None,)
    pencil_grids: tuple[tuple[int, int] | None, ...] = (None,)
    grow: str = ""
    repeats: int = 5
    length: tuple[str, str] = ("--seconds", "2.0")
    output_trial: bool = True
    limit: float = 1800.0
    launcher: str = LAUNCHER
    network: Network = field(default_factory=Network)
    output: Path | None = None
    fresh: bool = False


@dataclass(frozen=True)
class _Plan:
    """A request, checked: the problem, what is measured, and its description for study.json."""

    problem: Problem
    configurations: list[Configuration]
    measuring: Measuring
    description: dict[str, Any]


def scaling_of(
    file: str,
    overrides: tuple[str, ...],
    network: Network,
    command: str,
    *,
    weak: bool,
    grow: str | None,
    steps: int | None,
    seconds: float,
    launcher: str | None,
    no_output_trial: bool,
    restart: str,
    jobs: Path | None,
    time: float,
    batch: str,
    environment: str | None,
    site: str | None,
    **options: Any,
) -> int:
    """The study, or its scripts, as the options of the command line say. `command` is that line; other options are
    entries of :class:`Request`."""
    if grow is not None and not weak:
        raise ProblemError.of("--grow", "is for weak scaling; add --weak")
    request = Request(
        file,
        overrides,
        grow=(grow or "auto") if weak else "",
        length=("--steps", str(steps)) if steps else ("--seconds", str(seconds)),
        output_trial=not no_output_trial,
        launcher=launcher or LAUNCHER,
        network=network,
        fresh=restart == "never",
        **options,
    )
    if jobs is None:
        return scaling(request)
    system = SYSTEMS[batch]
    launcher = launcher_of(system, launcher)
    name = find_problem(file)[1]
    job = Job(
        file=file,
        name=name,
        directory=str(jobs),
        time=time,
        ranks_per_node=network.ranks_per_node or 1,
        system=system,
        launcher=launcher,
        mpi=library_of(launcher, None),
        environment=environment,
        site=read_site(site),
        command=command,
    )
    return write_study_jobs(request, jobs, job)


def scaling(request: Request) -> int:
    """Measure what is missing, and report. The exit status: 75 where it was stopped, 1 where nothing could be measured.

    Raises :class:`ProblemError`, :class:`OutputError` and :class:`~hpcmix.io.directories.directory.DirectoryInUse`.
    """
    _refuse_launched()
    last_words = LastWords()
    with StopRequests(None, None, True, last_words) as stops:
        return _scaling(request, stops, last_words)


def _scaling(request: Request, stops: StopRequests, last_words: LastWords) -> ExitStatus:
    plan = _plan(request, request.launcher)
    launcher = Launcher(request.launcher, request.network.ranks_per_node)
    launcher.check(plan.configurations[0])
    store = Store(request.output or default_directory(request.file, bool(request.grow)))
    log = Log(speaks=True)
    lock = stops.lock = Lock(store.path, log.line)
    try:
        if store.path.is_dir():
            lock.acquire()
        going_on = store.begin(plan.description, request.fresh)
        if not lock.is_here():
            lock.acquire()
        log.open(store.log)
        last_words.prepare_log(store.log)
        stops.prospect = Prospect("; every repeat so far is kept, the same command goes on", ExitStatus.STOPPED)
        log.line(
            f"{plan.problem.title}: {counted(len(plan.configurations), 'configuration')}, "
            f"{counted(request.repeats, 'repeat')} each"
        )
        for sentence in plan.description["left_out"]:
            log.line(f"left out: {sentence}")
        if going_on:
            log.line(f"going on with the study in {store.path}")
        stops.grace = None  # from now on a stop ends the repeat that is under way, and what there is is reported
        stopped = measure_all(
            store,
            plan.configurations,
            request.repeats,
            lambda repeat: run_repeat(launcher, plan.measuring, repeat, store.path, lock.touch),
            log,
        )
        measured = _report(store, plan.description, request.network, log)
        if stopped is not None:
            log.line(f"stopped by {stopped.reason}; the same command goes on")
            return ExitStatus.STOPPED
        return ExitStatus.DONE if measured else ExitStatus.FAILED
    finally:
        log.close()
        lock.release()


def write_study_jobs(request: Request, directory: Path, job: Job) -> int:
    """``--jobs DIR``: scripts in place of measuring. Raises as :func:`scaling` does."""
    if request.network.ranks_per_node is None:
        raise ProblemError.of("--jobs", "needs to know how many ranks a node takes: --ranks-per-node 64")
    plan = _plan(request, f"jobs, {job.launcher}")
    store = Store(directory)
    store.begin(plan.description, request.fresh)
    paths = write_jobs(store, plan.configurations, request.repeats, plan.measuring, job)
    log = Log(speaks=True)
    for sentence in plan.description["left_out"]:
        log.line(f"left out: {sentence}")
    log.line(f"{len(paths) - 2} configurations written; submit them with: bash {paths[-1]}")
    log.line(f"afterwards, or in between: hpcmix scaling --collect {directory}")
    return ExitStatus.DONE


def collect(directory: Path, network: Network) -> int:
    """``--collect DIR``: report what a study, of jobs or not, has measured so far. Raises :class:`OutputError`."""
    store = Store(directory)
    study = store.read_study()
    given = Network(**study["network"])
    network = Network(
        given.latency if network.latency is None else network.latency,
        given.bandwidth if network.bandwidth is None else network.bandwidth,
        given.ranks_per_node if network.ranks_per_node is None else network.ranks_per_node,
    )
    log = Log(speaks=True)
    return ExitStatus.DONE if _report(store, study, network, log) else ExitStatus.FAILED


def _plan(request: Request, launcher: str) -> _Plan:
    problem = load_checked(request.file, request.overrides)
    if problem.time is None:
        raise problem.complain("time", "scaling measures time steps: it needs a [time] section with final and step")
    if problem.fluctuations is not None:
        message = (
            "scaling measures and models steps of the mean field alone; hpcmix bench measures those of pairs: "
            "give a file without [fluctuations]"
        )
        raise problem.complain("fluctuations", message)
    asked = Asked(request.ranks, request.threads, request.groups, request.pencil_grids, _axes(request.grow, problem))
    chosen, left_out = configurations(problem, request.file, request.overrides, asked)
    measuring = Measuring(request.file, request.overrides, request.length, request.output_trial, request.limit)
    description = {
        "format": FORMAT,
        "title": problem.title,
        "file": request.file,
        "overrides": list(request.overrides),
        "problem": resolved_toml(problem),
        "grow": list(asked.grow),
        "fewest_ranks": min(request.ranks),
        "repeats": request.repeats,
        "length": list(request.length),
        "output_trial": request.output_trial,
        "launcher": launcher,
        "network": asdict(request.network),
        "configurations": [configuration.as_dict() for configuration in chosen],
        "left_out": left_out,
    }
    return _Plan(problem, chosen, measuring, description)


def _axes(grow: str, problem: Problem) -> tuple[int, ...]:
    """The axes that a weak study's grid grows along."""
    if not grow:
        return ()
    if grow == "auto":
        return tuple(range(problem.grid.dimensions))
    axes = tuple(AXES.index(letter) if letter in problem.grid.axes else -1 for letter in dict.fromkeys(grow))
    if min(axes) < 0:
        raise ProblemError.of("--grow", f'"{grow}" is no choice among the axes {", ".join(problem.grid.axes)}')
    return axes


def _report(store: Store, study: dict[str, Any], network: Network, log: Log) -> bool:
    """Write and print everything; whether anything was measured."""
    reported, weak, left_out = Reported.of(store, study, network), bool(study["grow"]), study["left_out"]
    outcome, prediction, model_words = reported.outcome, reported.prediction, reported.model_words
    write_text(store.text, as_text(outcome, prediction, weak, left_out, model_words))
    write_text(store.json, page_of(as_dict(outcome, prediction, study, left_out, model_words)))
    write_text(store.table, configurations_csv(outcome))
    write_text(store.raw_table, repeats_csv(reported.rows))
    live = is_live()
    console = Console(highlight=False, soft_wrap=True, force_terminal=live, width=None if live else TEXT_WIDTH)
    print_report(console, outcome, prediction, weak, left_out, model_words)
    if outcome.measured:
        draw_scaling(outcome, prediction, study["title"], weak, store.figure)
    files = (store.text, store.json, store.table, store.raw_table, *([store.figure] if outcome.measured else []))
    log.line(f"written: {', '.join(str(path) for path in files)}")
    return bool(outcome.measured)


def default_directory(file: str, weak: bool) -> Path:
    """Where a study of a file goes unless told otherwise. Raises :class:`ProblemError` where there is no such file."""
    return Path("runs") / f"{'weak-scaling' if weak else 'scaling'}-{find_problem(file)[1]}"


def _refuse_launched() -> None:
    """The study starts ranks itself, and an MPI program must not start MPI programs."""
    if ranks_started() > 1 or "OMPI_COMM_WORLD_RANK" in os.environ:
        raise OutputError("hpcmix scaling starts its ranks itself: call it without mpirun, mpiexec or srun")
