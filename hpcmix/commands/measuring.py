"""``bench`` and ``scaling``: how quick the program is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hpcmix.commands.guide.completing import complete_problems
from hpcmix.commands.options import (
    Duration,
    SlurmTime,
    batch_option,
    command_line,
    environment_option,
    overrides_option,
)


@click.command()
@click.argument("file", metavar="[FILE]", required=False, shell_complete=complete_problems)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.0, min_open=True),
    default=5.0,
    show_default=True,
    help="How long to take steps, about.",
)
@click.option("--steps", metavar="N", type=click.IntRange(min=1), help="How many steps to take, whatever they take.")
@click.option(
    "--output-trial",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Also write and time a record, a snapshot and a checkpoint, in a directory that is made for it and removed.",
)
@click.option(
    "--json",
    "json_path",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the numbers to a file too.",
)
@overrides_option
def bench(
    file: str | None,
    seconds: float,
    steps: int | None,
    output_trial: Path | None,
    json_path: Path | None,
    overrides: tuple[str, ...],
) -> int:
    """Time per step and phase and effective bandwidth on this machine; two components on 128^3 points without FILE."""
    from hpcmix.running.bench.bench import Length, launch_bench

    return launch_bench(file, overrides, Length(seconds, steps), json_path, output_trial)


def _words(reader: str) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback that reads a word of the command line by a function of
    ``hpcmix.studies.scaling.measured.quantities``."""

    def convert(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
        from hpcmix.studies.scaling.measured import quantities

        try:
            return None if text is None else getattr(quantities, reader)(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


@click.command()
@click.argument("file", metavar="[FILE]", required=False, shell_complete=complete_problems)
@click.option("--ranks", metavar="1,2,4", callback=_words("counts_of"), help="Numbers of ranks.")
@click.option("--threads", metavar="1,2", default="1", callback=_words("counts_of"), help="Threads of a rank.")
@click.option("--groups", metavar="1,2,auto", default="auto", callback=_words("groups_of"), help="Orbital groups.")
@click.option(
    "--pencil-grids", metavar="4x1,auto", default="auto", callback=_words("pencil_grids_of"), help="Pencil grids."
)
@click.option("--weak", is_flag=True, help="The grid grows with the ranks: as many points for each of them.")
@click.option("--grow", metavar="auto|x|xy|...", help="Axes along which it grows; auto, the shortest ones.")
@click.option(
    "--repeats", metavar="R", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds of all of them."
)
@click.option("--steps", metavar="N", type=click.IntRange(min=1), help="Steps of a repeat; else as many as --seconds.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.0, min_open=True),
    default=2.0,
    show_default=True,
    help="How long the steps of a repeat take, about.",
)
@click.option("--launcher", metavar='"srun -n {ranks}"', help="How ranks are started; mpirun -n {ranks} unless given.")
@click.option("--limit", metavar="30min", type=Duration(), default=1800.0, help="A repeat that takes longer is ended.")
@click.option("--no-output-trial", is_flag=True, help="Do not measure what output costs.")
@click.option("--latency", metavar="2us", callback=_words("latency_of"), help="Of the network, for the model.")
@click.option("--bandwidth", metavar="10GB/s", callback=_words("bandwidth_of"), help="Of a node, for the model.")
@click.option("--ranks-per-node", metavar="N", type=click.IntRange(min=1), help="For the model, {nodes} and --jobs.")
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path), help="runs/scaling-<name> unless given.")
@click.option(
    "--restart",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="Where the study exists already: auto goes on with it, never moves it aside.",
)
@click.option("--jobs", metavar="DIR", type=click.Path(path_type=Path), help="Write job scripts, measure nothing.")
@click.option("--time", metavar="30min", type=SlurmTime(), default=1800.0, help="Limit of a job of --jobs, for sbatch.")
@batch_option
@environment_option
@click.option("--site", metavar="FILE", envvar="HPCMIX_SITE", help="Lines of the site for every script of --jobs.")
@click.option("--collect", metavar="DIR", type=click.Path(path_type=Path), help="Report what a study has so far.")
@overrides_option
def scaling(file: str | None, overrides: tuple[str, ...], **options: Any) -> int:
    """Measure how well FILE scales over ranks, orbital groups, pencil grids and threads, with a model of more ranks.

    Ends in a table, CSV, JSON and a figure in a directory of its own. Ctrl-C loses nothing: the same command goes on.
    """
    from hpcmix.studies.scaling.command import collect, scaling_of
    from hpcmix.studies.scaling.prediction import Network

    network = Network(options.pop("latency"), options.pop("bandwidth"), options.pop("ranks_per_node"))
    directory = options.pop("collect")
    if directory is not None:
        if file is not None:
            raise click.UsageError("--collect takes what it needs from its directory; leave FILE out")
        return collect(directory, network)
    if file is None or options["ranks"] is None:
        raise click.UsageError("hpcmix scaling needs FILE and --ranks, such as --ranks 1,2,4")
    return scaling_of(file, overrides, network, command_line(), **options)
