"""Job scripts for Slurm: a run that survives its time limit, as one job that requeues itself or as a chain of jobs; and
plain jobs, for those who measure."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.times.durations import as_clock
from hpcmix.running.planning.jobs import launchers

TASK = "{task}"
"""In ``--set`` entries of an array of jobs: stands for the number of the job."""

_ARRAY = r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*(%\d+)?"
"""A list of job numbers as sbatch takes it."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job script is made from.

    file            the problem as the command line names it.
    name            of the job.
    directory       of the run.
    time            limit in seconds.
    ranks_per_node, threads    how a node is used.
    launcher        what starts the ranks, one of :data:`hpcmix.running.planning.jobs.launchers.LAUNCHERS`.
    mpi             the library it belongs to, of :data:`hpcmix.running.planning.jobs.launchers.LIBRARIES`;
                    None: srun of any.
    stop_before     seconds before the limit at which the run is asked to write a checkpoint and stop.
    requeues        how often the job may start itself again.
    array           Slurm's list of job numbers, such as "0-9"; every job has a directory of its own.
    chain           number of jobs that follow each other, each going on where the one before stopped.
    claim           a claim that ``hpcmix check`` measures on the problem, in place of a run; numbers, bosons,
                    markers: its options of these names.
    task            the command that takes the problem: run, or excitations.
    scaling         words of ``hpcmix scaling``, which measures the problem, in place of a run.
    command         the command line that made the script, for its first lines.
    site            lines of the site: #SBATCH lines for the head, all others (modules) for the body.
    """

    file: str
    name: str
    directory: str
    time: float
    nodes: int = 1
    ranks_per_node: int = 1
    threads: int = 1
    launcher: str = "srun"
    mpi: str | None = None
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
    def claim_options(self) -> dict[str, str]:
        """The options of the claim that are given, with their values."""
        options = {"--numbers": self.numbers, "--bosons": self.bosons, "--markers": self.markers}
        return {option: text for option, text in options.items() if text}


def make_script(problem: Problem, job: Job) -> str:
    """The script, or with `chain` the script that submits the jobs. Raises :class:`ProblemError` when the grid has no
    room for the ranks or the options contradict each other."""
    _check(problem, job)
    return _chained(job, _script(job)) if job.chain else _script(job)


def read_site(path: str | None) -> str:
    """The lines of a site file; none without one. Raises :class:`ProblemError`."""
    if path is None:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError.of(f"--site {path}", f"cannot be read: {error}") from None


def _check(problem: Problem, job: Job) -> None:
    if problem.many_body is None:  # ranks share the configurations of N bodies, not the grid
        divide(division_request(problem), job.nodes * job.ranks_per_node, job.ranks_per_node)
    if job.stop_before >= job.time:
        raise ProblemError.of(
            "--stop-before", f"{as_clock(job.stop_before)} leaves nothing of a limit of {as_clock(job.time)}"
        )
    if job.array and job.chain:
        raise ProblemError.of("--chain", "goes with a single run; submit one chain for every member of the array")
    if job.array and not re.fullmatch(_ARRAY, job.array):
        raise ProblemError.of("--array", f"{job.array} is no list of job numbers such as 0-9, 1,4,7 or 0-99%10")
    if not job.array:
        of_a_job = [option for option, text in job.claim_options.items() if TASK in text]
        of_a_job += ["--set" for entry in job.overrides if TASK in entry]
        for option in of_a_job:
            raise ProblemError.of(option, f"{TASK} stands for the number of a job in an array; add --array 0-9")
    if job.task != "run" and (job.claim or job.scaling):
        raise ProblemError.of(f"--{job.task}", "goes with neither --check nor --scaling")
    if job.scaling and (job.claim or job.array):
        raise ProblemError.of("--scaling", "goes with neither --check nor --array")
    for option in job.claim_options if job.claim is None else ():
        raise ProblemError.of(option, "are those of a claim; add --check CLAIM")


def make_plain_script(job: Job, body: Sequence[str]) -> str:
    """A script that only does what the lines of `body` say: it neither stops early nor starts again."""
    return "\n".join([*_opening(job, restarts=False), *body]) + "\n"


def _head(job: Job, restarts: bool) -> list[str]:
    output = "%x-%A_%a.out" if job.array else "%x-%j.out"
    site = [line for line in job.site.splitlines() if line.startswith("#SBATCH")]
    return [
        f"#SBATCH --job-name={job.name}",
        f"#SBATCH --nodes={job.nodes}",
        f"#SBATCH --ntasks-per-node={job.ranks_per_node}",
        f"#SBATCH --cpus-per-task={job.threads}",
        f"#SBATCH --time={as_clock(math.ceil(job.time / 60.0) * 60.0)}",
        *([f"#SBATCH --signal=B:USR1@{math.ceil(job.stop_before)}"] if restarts else []),
        "#SBATCH --no-requeue" if job.chain or not restarts else "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
        f"#SBATCH --output={output}",
        *([f"#SBATCH --array={job.array}"] if job.array else []),
        *site,
    ]


def launch_words(job: Job, ranks: int | None = None) -> str:
    """The line that starts the program, without its problem; on all ranks of the job unless their number is given."""
    return launchers.start(job.launcher, job.mpi, ranks, job.nodes * job.ranks_per_node, job.ranks_per_node)


def _quoted(text: str) -> str:
    """A word of the script; the number of an array's job is filled in by the shell."""
    if TASK not in text:
        return shlex.quote(text)
    return '"$SLURM_ARRAY_TASK_ID"'.join(shlex.quote(part) if part else "" for part in text.split(TASK))


def _script(job: Job) -> str:
    directory = job.directory + (f"/{TASK}" if job.array else "")
    lines = [*_opening(job, restarts=True), f"directory={_quoted(directory)}", *_body(_program(job), _progress(job))]
    lines += ['exit "$status"'] if job.chain else _requeue(job)
    return "\n".join(lines) + "\n"


def _program(job: Job) -> str:
    """What runs: the problem, a claim that is measured on it, or a scaling study, which starts its ranks itself."""
    settings = [f"--set {_quoted(entry)}" for entry in job.overrides]
    if job.scaling:
        ranks = launchers.template(job.launcher, job.mpi)
        words = [*job.scaling, "--launcher", ranks, "--ranks-per-node", str(job.ranks_per_node)]
        return " ".join(["hpcmix scaling", shlex.join([job.file, *words]), *settings, '--output "$directory"'])
    words = [job.task, shlex.quote(job.file)]
    if job.claim is not None:
        words = ["check", shlex.quote(job.claim), shlex.quote(job.file)]
        for option, text in job.claim_options.items():
            words += [option, _quoted(text)]
    directory = "--set \"output.directory='$directory'\""
    return " ".join([launch_words(job), "hpcmix", *words, *settings, directory])


def _opening(job: Job, restarts: bool) -> list[str]:
    """The lines before the first that does something: Slurm's options, the site's modules, threads."""
    modules = [line for line in job.site.splitlines() if line and not line.startswith("#SBATCH")]
    if not modules:
        modules = [
            f"# Load what provides MPI and HDF5 here, for instance: module load {launchers.modules(job.mpi)}",
            "# then the environment that hpcmix is installed in:",
            ". .venv/bin/activate",
        ]
    opening = ["#!/bin/bash", f"# Made by: {job.command}", *_head(job, restarts), "", *modules, ""]
    return [*opening, f"export OMP_NUM_THREADS={job.threads}"]


def _progress(job: Job) -> str:
    """The shell function that tells how far it is: the newest checkpoint; of a search when it was kept; of a claim,
    whose parts are stored one beside the other, all of them; of a scaling study the number of its repeats."""
    files = 'find "$directory/checkpoints" -name "*.h5" -printf "%f\\n" 2>/dev/null | sort -n | tail -n 1'
    if job.task != "run":  # how far its searches came
        files = 'find "$directory" -name "*-search.h5" -printf "%f %T@\\n" 2>/dev/null | sort'
    if job.claim is not None:
        files = 'find "$directory" -path "*/checkpoints/*.h5" -printf "%P\\n" 2>/dev/null | sort'
    if job.scaling:
        files = 'wc -l <"$directory/repeats.jsonl" 2>/dev/null'
    return f"newest() {{ {files}; }}"


def _body(program: str, progress: str) -> list[str]:
    """Start the program in the background, pass signals on, wait for its end: a trap runs while the shell waits, not
    while a program runs in front."""
    return [
        progress,
        "before=$(newest)",
        "",
        "# Slurm sends USR1 before the time limit: the run writes a checkpoint and ends with status 75. After scancel",
        "# it gets TERM, does the same if there is time, and is not started again.",
        "cancelled=no",
        "trap 'kill -USR1 \"$solver\"' USR1",
        "trap 'cancelled=yes; kill -TERM \"$solver\"' TERM",
        f"{program} &",
        "solver=$!",
        'while kill -0 "$solver" 2>/dev/null; do',
        '    wait "$solver"  # a trap ends it early',
        "done",
        'wait "$solver"',
        "status=$?",
        "",
    ]


def _requeue(job: Job) -> list[str]:
    most = job.requeues
    how = "submitting it again" if job.claim or job.scaling or job.task != "run" else "hpcmix restart $directory"
    return [
        "# Start again if the run stopped early, got further, and has not been started too often.",
        'if [ "$status" -eq 75 ] && [ "$cancelled" = no ]; then',
        "    after=$(newest)",
        '    if [ "$after" = "$before" ]; then',
        '        echo "no progress since $before: not starting again" >&2',
        f'    elif [ "${{SLURM_RESTART_COUNT:-0}}" -ge {most} ]; then',
        f'        echo "started again {most} times already: that is enough; {how} goes on" >&2',
        '    elif scontrol requeue "$SLURM_JOB_ID"; then',
        "        exit 0",
        "    fi",
        "fi",
        'exit "$status"',
    ]


def _chained(job: Job, script: str) -> str:
    return "\n".join(
        [
            "#!/bin/bash",
            f"# Submits {job.chain} jobs, each of which goes on where the one before stopped; those that find the run",
            "# complete end at once. Arguments go to every sbatch.",
            "set -eu",
            "previous=",
            f"for number in $(seq {job.chain}); do",
            "    previous=$(sbatch --parsable ${previous:+--dependency=afterany:$previous} \"$@\" <<'JOB'",
            script.rstrip("\n"),
            "JOB",
            "    )",
            '    echo "$number: job $previous"',
            "done",
            "",
        ]
    )
