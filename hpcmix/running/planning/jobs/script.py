"""Job scripts for a batch system: a run that survives its time limit, as one job that starts itself again or as a chain
of jobs; and plain jobs, for those who measure."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.durations import as_clock
from hpcmix.running.planning.jobs.environment import environment_line
from hpcmix.running.planning.jobs.launchers import LAUNCHERS, Shape, modules
from hpcmix.running.planning.jobs.render import rendered
from hpcmix.running.planning.jobs.systems import SLURM, BatchSystem, are_numbers, numbers_of_array

TASK = "{task}"
"""In ``--set`` entries of an array of jobs: stands for the number of the job."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job script is made from.

    file            the problem as the command line names it.
    name            of the job.
    directory       of the run.
    time            limit in seconds.
    system          the batch system, of :data:`hpcmix.running.planning.jobs.systems.SYSTEMS`.
    ranks_per_node, threads    how a node is used.
    launcher        what starts the ranks, one of :data:`hpcmix.running.planning.jobs.launchers.LAUNCHERS`.
    mpi             the library it belongs to, of :data:`hpcmix.running.planning.jobs.launchers.LIBRARIES`;
                    None: srun of any.
    environment     the virtual environment of the job; None: that of the program that makes the script.
    stop_before     seconds before the limit at which the run is asked to write a checkpoint and stop.
    requeues        how often the job may start itself again.
    array           the system's list of job numbers, such as "0-9"; every job has a directory of its own.
    chain           number of jobs that follow each other, each going on where the one before stopped.
    claim           a claim that ``hpcmix check`` measures on the problem, in place of a run; numbers, bosons,
                    markers: its options of these names.
    task            the command that takes the problem: run, excitations, or sweep, whose jobs of an array share one
                    directory and its points.
    scaling         words of ``hpcmix scaling``, which measures the problem, in place of a run.
    command         the command line that made the script, for its first lines.
    site            lines of the site: options of the batch system for the head, all others (modules) for the body.
    """

    file: str
    name: str
    directory: str
    time: float
    system: BatchSystem = SLURM
    nodes: int = 1
    ranks_per_node: int = 1
    threads: int = 1
    launcher: str = "srun"
    mpi: str | None = None
    environment: str | None = None
    stop_before: float = 180.0
    requeues: int = 20
    array: str | None = None
    chain: int | None = None
    overrides: Sequence[str] = ()
    site: str = ""
    command: str = "hpcmix job"
    task: str = "run"
    claim: str | None = None
    numbers: str | None = None
    bosons: str | None = None
    markers: str | None = None
    scaling: Sequence[str] = ()

    @property
    def shares_points(self) -> bool:
        """Whether the jobs of an array work on one sweep."""
        return self.task == "sweep"

    @property
    def claim_options(self) -> dict[str, str]:
        """The options of the claim that are given, with their values."""
        options = {"--numbers": self.numbers, "--bosons": self.bosons, "--markers": self.markers}
        return {option: text for option, text in options.items() if text}


def make_script(problem: Problem, job: Job) -> str:
    """The script, or with `chain`, and with `array` where the system knows no arrays, the script that submits the jobs.
    Raises :class:`ProblemError` when the grid has no room for the ranks or the options contradict each other."""
    _check(problem, job)
    script = _lasting_script(job)
    if job.chain:
        return rendered("chain", job=job, system=job.system, script=script.rstrip("\n"))
    if job.array and job.system.with_task:
        numbers = numbers_of_array(job.array)
        return rendered("bulk", job=job, system=job.system, numbers=numbers, script=script.rstrip("\n"))
    return script


def make_plain_script(job: Job, body: Sequence[str]) -> str:
    """A script that only does what the lines of `body` say: it neither stops early nor starts again."""
    return rendered("plain", body=body, **_opening(job, restarts=False))


def read_site(path: str | None) -> str:
    """The lines of a site file; none without one. Raises :class:`ProblemError`."""
    if path is None:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError.of(f"--site {path}", f"cannot be read: {error}") from None


def _check(problem: Problem, job: Job) -> None:
    system = job.system
    if problem.many_body is None:  # ranks share the configurations of N bodies, not the grid
        divide(division_request(problem), job.nodes * job.ranks_per_node, job.ranks_per_node)
    if job.stop_before >= job.time:
        raise ProblemError.of(
            "--stop-before", f"{as_clock(job.stop_before)} leaves nothing of a limit of {as_clock(job.time)}"
        )
    if job.array and job.chain:
        raise ProblemError.of("--chain", "goes with a single run; submit one chain for every member of the array")
    if job.array and not (system.arrays.fullmatch(job.array) and are_numbers(job.array)):
        raise ProblemError.of(
            "--array", f"{job.array} is no list of job numbers for {system.title} such as {system.array_examples}"
        )
    if not job.array:
        of_a_job = [option for option, text in job.claim_options.items() if TASK in text]
        of_a_job += ["--set" for entry in job.overrides if TASK in entry]
        for option in of_a_job:
            raise ProblemError.of(option, f"{TASK} stands for the number of a job in an array; add --array 0-9")
    if job.task != "run" and (job.claim or job.scaling):
        raise ProblemError.of(f"--{job.task}", "goes with neither --check nor --scaling")
    if job.scaling and (job.claim or job.array):
        raise ProblemError.of("--scaling", "goes with neither --check nor --array")
    if job.array and not job.shares_points and not any(TASK in text for text in _of_one_job(job)):
        raise ProblemError.of(
            "--array",
            f"every job of it would compute the same; {TASK} in a --set is the number of the job, and --sweep shares "
            "the points of a [sweep] among the jobs",
        )
    if job.shares_points and any(TASK in entry for entry in job.overrides):
        raise ProblemError.of("--set", f"{TASK} goes without --sweep, whose jobs share the points among them")
    for option in job.claim_options if job.claim is None else ():
        raise ProblemError.of(option, "are those of a claim; add --check CLAIM")


def _of_one_job(job: Job) -> list[str]:
    """The texts in which the jobs of an array may differ."""
    return [*job.overrides, *job.claim_options.values()]


def launch_words(job: Job, ranks: int | None = None) -> str:
    """The line that starts the program, without its problem; on all ranks of the job unless their number is given."""
    shape = Shape(job.nodes * job.ranks_per_node, job.ranks_per_node, job.nodes, job.threads)
    return LAUNCHERS[job.launcher].start(job.mpi, ranks, shape)


def _quoted(text: str, job: Job) -> str:
    """A word of the script; the number of an array's job is filled in by the shell."""
    if TASK not in text:
        return shlex.quote(text)
    return f'"${job.system.task}"'.join(shlex.quote(part) if part else "" for part in text.split(TASK))


def _lasting_script(job: Job) -> str:
    system = job.system
    directory = job.directory + (f"/{TASK}" if job.array and not job.shares_points else "")
    again = system.again_array if job.array and system.again_array else system.again
    elsewhere = job.claim or job.scaling or job.task != "run"
    return rendered(
        "lasting",
        **_opening(job, restarts=True),
        directory=_quoted(directory, job),
        progress=_progress(job),
        program=_program(job),
        seconds=math.floor(job.time - job.stop_before),
        again=again.format(next=f"$((${{{system.starts}:-0}} + 1))"),
        goes_on="submitting it again" if elsewhere else "hpcmix restart $directory",
    )


def _program(job: Job) -> str:
    """What runs: the problem, a claim that is measured on it, or a scaling study, which starts its ranks itself."""
    settings = [f"--set {_quoted(entry, job)}" for entry in job.overrides]
    if job.scaling:
        ranks = LAUNCHERS[job.launcher].template(job.mpi)
        words = [*job.scaling, "--launcher", ranks, "--ranks-per-node", str(job.ranks_per_node)]
        return " ".join(["hpcmix scaling", shlex.join([job.file, *words]), *settings, '--output "$directory"'])
    words = [job.task, shlex.quote(job.file), *(["--among-others"] if job.array and job.shares_points else [])]
    if job.claim is not None:
        words = ["check", shlex.quote(job.claim), shlex.quote(job.file)]
        for option, text in job.claim_options.items():
            words += [option, _quoted(text, job)]
    directory = "--set \"output.directory='$directory'\""
    return " ".join([launch_words(job), "hpcmix", *words, *settings, directory])


def _opening(job: Job, restarts: bool) -> dict[str, Any]:
    """What the lines are made of before the first that does something: the system's options, the site's modules,
    threads."""
    lines = job.site.splitlines()
    system = job.system
    options = [system.option.sub(system.sign, line, count=1) for line in lines if system.option.match(line)]
    site = [line for line in lines if line and not system.option.match(line)]
    return {
        "job": job,
        "system": job.system,
        "restarts": restarts,
        "clock": job.system.clock(job.time),
        "margin": math.ceil(job.stop_before),
        "site_options": options,
        "site_lines": site,
        "modules": modules(job.mpi),
        # a site's lines make the environment too, unless the command line names one
        "environment": "" if site and job.environment is None else environment_line(job.environment),
    }


def _progress(job: Job) -> str:
    """The shell commands that tell how far it is: the newest checkpoint; of a search when it was kept; of a claim,
    whose parts are stored one beside the other, all of them; of a scaling study the number of its repeats; of a sweep
    what there is of its points."""
    if job.scaling:
        return 'wc -l <"$directory/repeats.jsonl" 2>/dev/null'
    if job.claim is not None:
        return 'find "$directory" -path "*/checkpoints/*.h5" -printf "%P\\n" 2>/dev/null | sort'
    if job.shares_points:  # what became of points, and how far those under way have come
        files = '! -name summary.json \\( -name "*.json" -o -path "*/checkpoints/*.h5" -o -name "*-search.h5" \\)'
        return f'find "$directory/points" {files} -printf "%P %T@\\n" 2>/dev/null | sort'
    if job.task != "run":  # how far its searches came
        return 'find "$directory" -name "*-search.h5" -printf "%f %T@\\n" 2>/dev/null | sort'
    return 'find "$directory/checkpoints" -name "*.h5" -printf "%f\\n" 2>/dev/null | sort -n | tail -n 1'
