"""``sweep``: the same problem with other values of some of its entries."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import click

from hpcmix.commands.guide.completing import complete_problems
from hpcmix.commands.options import max_wall_option, overrides_option


@click.command()
@click.argument("file", metavar="[FILE]", required=False, shell_complete=complete_problems)
@click.option(
    "--restart",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="Where the sweep exists already: auto computes the points that are missing, never moves it aside.",
)
@click.option(
    "--retry", is_flag=True, help="Compute points that failed once more, from where their searches were kept."
)
@click.option("--among-others", is_flag=True, help="One of several jobs that share the points: for scripts of arrays.")
@click.option(
    "--submit",
    metavar='"--array 0-3 --time 1:00:00"',
    help="Submit jobs that share the points, with these options of hpcmix job, in place of computing here.",
)
@click.option(
    "--collect",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Make sweep.nc and sweep.png of what a sweep has so far.",
)
@click.option("--what", metavar="NAME,NAME", help="Variables of sweep.nc for the figure of --collect.")
@click.option(
    "--at-once",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Compute so many points side by side, each on its part of the ranks; without mpirun or srun each in a process "
    "of its own.",
)
@max_wall_option
@overrides_option
def sweep(
    file: str | None,
    restart: str,
    retry: bool,
    among_others: bool,
    submit: str | None,
    collect: Path | None,
    what: str | None,
    at_once: int,
    max_wall: float | None,
    overrides: tuple[str, ...],
) -> int:
    """Run FILE at every point of its [sweep], and gather all of them in one dataset and a figure.

    Every point is a run of its own in the directory of the sweep. The same command goes on with what is missing, and
    several of them at the same time share the points.
    """
    if collect is not None:
        if file is not None:
            raise click.UsageError("--collect takes what it needs from its directory; leave FILE out")
        from hpcmix.studies.sweeps.command import collect as gather

        return gather(collect, what.split(",") if what else ())
    if file is None:
        raise click.UsageError("hpcmix sweep needs FILE, a problem file with a [sweep], or --collect DIR")
    if what:
        raise click.UsageError("--what goes with --collect DIR")
    if submit is not None:
        return _submit(file, overrides, submit)
    from hpcmix.studies.sweeps.command import Request
    from hpcmix.studies.sweeps.command import sweep as compute

    return compute(Request(file, overrides, restart == "never", retry, among_others, max_wall, at_once))


def _submit(file: str, overrides: tuple[str, ...], words: str) -> int:
    """Hand a script of ``hpcmix job`` for the sweep over to the batch system. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` where there is none here, or it refuses."""
    from hpcmix.commands.job import job, script_of
    from hpcmix.problem.mistakes.errors import ProblemError

    settings = [word for entry in overrides for word in ("--set", entry)]
    options = job.make_context("hpcmix job", [file, "--sweep", *shlex.split(words), *settings]).params
    script, system = script_of(**options)
    try:
        submitted = subprocess.run(
            shlex.split(system.submits_with), input=script, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise ProblemError.of(
            "--submit", f"there is no {system.submits_with} here; hpcmix job {file} --sweep {words} prints the script"
        ) from None
    if submitted.returncode != 0:
        raise ProblemError.of("--submit", f"{system.submits_with} refuses the script: {submitted.stderr.strip()}")
    click.echo(submitted.stdout.strip() or submitted.stderr.strip())
    click.echo("afterwards, or in between: hpcmix sweep --collect DIR gathers what there is")
    return 0
