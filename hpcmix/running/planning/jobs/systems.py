"""The batch systems that job scripts are for: what each calls things, what it does at a time limit, and how a script
submits others."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from hpcmix.problem.times.durations import as_clock


@dataclass(frozen=True, kw_only=True)
class BatchSystem:
    """A batch system, as the templates of job scripts ask for it.

    name         on the command line; that of the template of its head, too.
    title        in sentences.
    suffix       of a file with a script for it.
    option       what the lines begin with that carry its options; sign: how the scripts write that, and all of a script
                 have to write it alike.
    launchers    what starts ranks in its jobs, the usual one first.
    clock        a time limit in seconds, as it takes it.
    signals      whether it sends USR1 before the limit; else the script takes the time itself.
    before_limit, cancel, how_again
                 its words in the comments of scripts.
    folder       the variable with the directory where the job was submitted; empty where jobs begin there.
    task         the variable with the number of an array's job.
    task_word    what the script makes that variable of; empty where the system sets it.
    starts       the variable that counts how often a job was started again.
    again        submits the running script once more; {next} is the new count.
    again_array  the same of a job of an array; empty: no different.
    submits_with
                 the command that submits a script from a file or from standard input; submit: the same, printing the
                 job's number alone.
    behind       its option for a job that waits for the end of others, in front of a colon and their numbers.
    gather, behind_all
                 the line of a script that notes the number $job of a job in $jobs, and the option for one that waits
                 for all of these.
    with_task    its option that gives a job of an array its number; empty where the system has arrays.
    arrays, array_examples
                 what it takes as the numbers of an array, and such numbers in words.
    """

    name: str
    title: str
    suffix: str
    option: re.Pattern[str]
    sign: str
    launchers: tuple[str, ...]
    clock: Callable[[float], str]
    signals: bool
    before_limit: str
    cancel: str
    how_again: str
    folder: str = ""
    task: str
    task_word: str = ""
    starts: str
    again: str
    again_array: str = ""
    submits_with: str
    submit: str
    behind: str
    gather: str
    behind_all: str
    with_task: str = ""
    arrays: re.Pattern[str]
    array_examples: str
    head: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "head", f"{self.name}.head.j2")


def _whole_minutes(seconds: float) -> float:
    """The limit rounded up to minutes, in seconds: what batch systems count in."""
    return math.ceil(seconds / 60.0) * 60.0


def _hours(seconds: float) -> str:
    """hh:mm:ss with as many hours as there are: PBS knows no days."""
    minutes = round(_whole_minutes(seconds) / 60.0)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:00"


_NUMBERS = r"\d+(-\d+(:\d+)?)?(,\d+(-\d+(:\d+)?)?)*"

SLURM = BatchSystem(
    name="slurm",
    title="Slurm",
    suffix="sbatch",
    option=re.compile(r"#SBATCH"),
    sign="#SBATCH",
    launchers=("srun", "mpirun", "mpiexec"),
    clock=lambda seconds: as_clock(_whole_minutes(seconds)),
    signals=True,
    before_limit="Slurm sends USR1 before the time limit:",
    cancel="scancel",
    how_again="Start again",
    task="SLURM_ARRAY_TASK_ID",
    starts="SLURM_RESTART_COUNT",
    again='scontrol requeue "$SLURM_JOB_ID"',
    submits_with="sbatch",
    submit="sbatch --parsable",
    behind="--dependency=afterany",
    gather="jobs=$jobs:${job%%;*}",
    behind_all='--dependency="afterany$jobs"',
    arrays=re.compile(_NUMBERS + r"(%\d+)?"),
    array_examples="0-9, 1,4,7 or 0-99%10",
)

PBS = BatchSystem(
    name="pbs",
    title="PBS",
    suffix="pbs",
    option=re.compile(r"#PBS"),
    sign="#PBS",
    launchers=("mpirun", "mpiexec"),
    clock=_hours,
    signals=False,
    before_limit="USR1 comes before the time limit:",
    cancel="qdel",
    how_again="Submit this script again",
    folder="PBS_O_WORKDIR",
    task="task",
    task_word="${HPCMIX_TASK:-$PBS_ARRAY_INDEX}",
    starts="HPCMIX_STARTS",
    again='qsub -v "HPCMIX_STARTS={next}" "$0"',
    again_array='sed "/^#PBS -J /d" "$0" | qsub -v "HPCMIX_STARTS={next},HPCMIX_TASK=$task"',
    submits_with="qsub",
    submit="qsub",
    behind="-W depend=afterany",
    gather="jobs=$jobs:$job",
    behind_all='-W depend="afterany$jobs"',
    arrays=re.compile(r"\d+-\d+(:\d+)?(%\d+)?"),
    array_examples="0-9, 0-90:10 or 0-99%10",
)

FLUX = BatchSystem(
    name="flux",
    title="Flux",
    suffix="flux",
    option=re.compile(r"#\s*(flux|FLUX):"),
    sign="# flux:",
    launchers=("flux", "mpirun", "mpiexec"),
    clock=lambda seconds: f"{round(_whole_minutes(seconds) / 60.0)}m",
    signals=False,
    before_limit="USR1 comes before the time limit:",
    cancel="flux cancel",
    how_again="Submit this script again",
    task="HPCMIX_TASK",
    starts="HPCMIX_STARTS",
    # the script runs in an instance of its own, and goes on in the one around it
    again='flux --parent batch --env="HPCMIX_STARTS={next}" "$0"',
    submits_with="flux batch",
    submit="flux batch",
    behind="--dependency=afterany",
    gather='jobs="$jobs --dependency=afterany:$job"',
    behind_all="$jobs",
    with_task='--env="HPCMIX_TASK=$task"',
    arrays=re.compile(_NUMBERS),
    array_examples="0-9, 1,4,7 or 0-90:10",
)

SYSTEMS = {system.name: system for system in (SLURM, PBS, FLUX)}
"""By their names on the command line."""


def are_numbers(text: str) -> bool:
    """Whether every part of an array such as 0-9, 1,4,7 or 0-90:10%5 has a number: no span ends before it begins, and
    neither a step nor the number of jobs at a time is 0."""
    listed, _, at_a_time = text.partition("%")
    for part in listed.split(","):
        span, _, step = part.partition(":")
        first, _, last = span.partition("-")
        if int(last or first) < int(first) or int(step or 1) == 0:
            return False
    return int(at_a_time or 1) > 0


def numbers_of_array(text: str) -> list[int]:
    """The numbers of an array such as 0-9, 1,4,7 or 0-90:10."""
    numbers: list[int] = []
    for part in text.partition("%")[0].split(","):
        span, _, step = part.partition(":")
        first, _, last = span.partition("-")
        numbers += range(int(first), int(last or first) + 1, int(step or 1))
    return numbers
