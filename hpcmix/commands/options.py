"""Arguments and options that several commands have."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from hpcmix.commands.guide.completing import complete_problems

plot_option = click.option("--plot", "drawing", is_flag=True, help="Draw the figures of hpcmix plot at the end.")
directory_argument = click.argument(
    "directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
file_argument = click.argument("file", metavar="FILE", shell_complete=complete_problems)
overrides_option = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Replace an entry of the file: time.step=1e-3"
)


batch_option = click.option(
    "--batch",
    type=click.Choice(["slurm", "pbs", "flux"]),
    default="slurm",
    show_default=True,
    help="The batch system that the script is for.",
)
environment_option = click.option(
    "--environment",
    metavar="DIR",
    help="The virtual environment of the job; the one that this command runs in unless given.",
)


class Duration(click.ParamType):
    """A duration on the clock on the wall, in seconds."""

    name = "duration"

    reader = "seconds_of"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number of seconds. Fails with a sentence."""
        from hpcmix.problem.times import durations

        try:
            return value if isinstance(value, float) else getattr(durations, self.reader)(value)
        except durations.DurationError as error:
            self.fail(str(error), param, ctx)


class SlurmTime(Duration):
    """A time limit of Slurm, in seconds: read as sbatch reads it."""

    name = "time limit"
    reader = "slurm_seconds_of"


max_wall_option = click.option(
    "--max-wall",
    metavar="3h50m",
    type=Duration(),
    help="Write a checkpoint and stop with status 75 before the program has run so long.",
)


def by_one_process(function: Callable[..., int]) -> Callable[..., int]:
    """A command that needs no MPI: where a launcher started it several times all the same, the first process does it
    and the others end, so that nothing is said or written more than once."""

    @wraps(function)
    def alone(*arguments: Any, **options: Any) -> int:
        from hpcmix.parallel.job.launcher import rank_started

        return function(*arguments, **options) if rank_started() == 0 else 0

    return alone


def command_line() -> str:
    """The words that this process was called with, as a shell would take them."""
    return "hpcmix " + shlex.join(sys.argv[1:])
