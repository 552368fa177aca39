"""The command line. Commands import what they need when they are called, so that help, show and plot start without
MPI."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click

from hpcmix import __version__
from hpcmix.studies.claim_options import OPTIONS, check_options

directory_argument = click.argument(
    "directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
file_argument = click.argument("file", metavar="FILE")
overrides_option = click.option(
    "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="Replace an entry of the file: time.step=1e-3"
)
restart_option = click.option(
    "--restart",
    metavar="auto|never|PATH",
    default="auto",
    show_default=True,
    help="auto goes on with the run of the directory from its newest good checkpoint; never moves it aside and starts "
    "from the beginning; a checkpoint or the directory of another run is gone on from.",
)
accept_changes_option = click.option(
    "--accept-changes", is_flag=True, help="Go on although the file's physics are not those of the checkpoint."
)


class Duration(click.ParamType):
    """A duration on the clock on the wall, in seconds."""

    name = "duration"

    def convert(self, value, param, ctx):
        """The number of seconds. Fails with a sentence."""
        from hpcmix.problem.durations import DurationError, seconds_of

        try:
            return value if isinstance(value, float) else seconds_of(value)
        except DurationError as error:
            self.fail(str(error), param, ctx)


max_wall_option = click.option(
    "--max-wall",
    metavar="3h50m",
    type=Duration(),
    help="Write a checkpoint and stop with status 75 before the program has run so long.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hpcmix", message="%(prog)s %(version)s")
def app() -> None:
    """Evolve mixtures of quantum gases on large grids, in parallel: mpirun -n 4 hpcmix run FILE.

    FILE is a problem file (TOML) or the bare name of an example.
    """


@app.command()
@file_argument
@restart_option
@accept_changes_option
@max_wall_option
@click.option("--plot", "drawing", is_flag=True, help="Draw the figures of hpcmix plot at the end.")
@overrides_option
def run(
    file: str, restart: str, accept_changes: bool, max_wall: float | None, drawing: bool, overrides: tuple[str, ...]
) -> int:
    """Make the initial state, or go on from a checkpoint, and evolve to the final time."""
    from hpcmix.run.launch import Request, launch

    return launch(
        Request(file, overrides, restart=restart, accept_changes=accept_changes, max_wall=max_wall, drawing=drawing)
    )


@app.command()
@directory_argument
@click.option("--until", metavar="T", help="Go on beyond the final time: a time in code units, or with its unit.")
@accept_changes_option
@max_wall_option
@click.option("--plot", "drawing", is_flag=True, help="Draw the figures of hpcmix plot at the end.")
def restart(directory: Path, until: str | None, accept_changes: bool, max_wall: float | None, drawing: bool) -> int:
    """Go on with the run of a directory from its newest good checkpoint, on any number of ranks."""
    from hpcmix.run.launch import Request, launch

    options = {"accept_changes": accept_changes, "max_wall": max_wall, "drawing": drawing}
    return launch(Request.to_go_on(directory, until, **options))


@app.command()
@file_argument
@click.option(
    "--restart",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="Where a run exists already: auto leaves it alone and says so, never moves it aside.",
)
@overrides_option
def ground(file: str, restart: str, overrides: tuple[str, ...]) -> int:
    """Find the ground state only, and write it with its wave functions."""
    from hpcmix.run.launch import Request, launch

    return launch(Request(file, overrides, evolving=False, restart=restart))


@app.command()
@file_argument
@click.option(
    "--ranks", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Ranks to plan for."
)
@overrides_option
def plan(file: str, ranks: int, overrides: tuple[str, ...]) -> int:
    """State memory per rank, file sizes, decomposition and time. Allocates nothing, needs no MPI."""
    from hpcmix.problem.errors import ProblemError
    from hpcmix.problem.load import load_problem
    from hpcmix.run.plan import make_plan
    from hpcmix.run.plan_table import plan_lines

    problem = load_problem(file, overrides)
    try:
        found = make_plan(problem, ranks)
    except ProblemError as error:
        raise problem.locate(error) from error
    click.echo("\n".join(plan_lines(problem, found, ranks)))
    return 0


def _numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Whole numbers separated by commas."""
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise click.BadParameter(f'"{text}" is no list of whole numbers such as 4,10,20') from None


@app.command()
@click.argument("claim", metavar="CLAIM", type=click.Choice(tuple(OPTIONS)))
@file_argument
@click.option("--numbers", metavar="N,N,...", callback=_numbers, help="Particle numbers of the family.")
@click.option("--at-start", is_flag=True, help="Measure at time zero only, even where FILE has a [time].")
@click.option(
    "--restart",
    type=click.Choice(["auto", "never"]),
    default="auto",
    show_default=True,
    help="Where a check exists already: auto goes on with one that was stopped, and leaves an outcome alone and says "
    "so; never moves the directory aside and begins anew.",
)
@max_wall_option
@overrides_option
def check(
    claim: str,
    file: str,
    numbers: tuple[int, ...],
    at_start: bool,
    restart: str,
    max_wall: float | None,
    overrides: tuple[str, ...],
) -> int:
    """Measure a claim of the papers: table, fitted exponent with its confidence, numerical errors, verdict, figure,
    JSON.

    \b
    scattering-rates        the Neumann problem tends to the scattering problem (Chong, Lee and Sun, Lemma 1.1)
    gross-pitaevskii-limit  the modified system tends to its limit like 1/N, at all times (Prop. 2.4)
    dispersion              wave functions spread like t^(-3/2), for every N (Cor. 2.6)
    morawetz                the interaction Morawetz inequality (Appendix B)
    pair-excitation         Hilbert-Schmidt norms of the pair kernel (Lemma 3.2)
    conservation            particles, energy, momentum, angular momentum: drift over time and step
    well-posedness          kinetic energy below its bound from the conserved energy (Anapolitanos et al., Thm 1.1)
    semiclassical-bounds    commutators of a trapped Fermi gas are of the size M hbar (Cardenas et al. (2.9), (2.11))
    """
    from hpcmix.studies.check import Request
    from hpcmix.studies.check import check as measure

    wanted = {"evolving": not at_start, "fresh": restart == "never", "max_wall": max_wall}
    return measure(Request(claim, file, overrides, numbers, **wanted))


@app.command()
@click.argument("file", metavar="[FILE]", required=False)
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
    from hpcmix.run.bench import Length, launch_bench

    return launch_bench(file, overrides, Length(seconds, steps), json_path, output_trial)


def _words(reader: str):
    """A callback that reads a word of the command line by a function of ``hpcmix.studies.scaling.quantities``."""

    def convert(context: click.Context, parameter: click.Parameter, text: str | None):
        from hpcmix.studies.scaling import quantities

        try:
            return None if text is None else getattr(quantities, reader)(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


@app.command()
@click.argument("file", metavar="[FILE]", required=False)
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
@click.option("--jobs", metavar="DIR", type=click.Path(path_type=Path), help="Write Slurm scripts, measure nothing.")
@click.option("--time", metavar="30min", type=Duration(), default=1800.0, help="Time limit of a job of --jobs.")
@click.option("--site", metavar="FILE", envvar="HPCMIX_SITE", help="Lines of the site for every script of --jobs.")
@click.option("--collect", metavar="DIR", type=click.Path(path_type=Path), help="Report what a study has so far.")
@overrides_option
def scaling(file: str | None, overrides: tuple[str, ...], **options) -> int:
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
    return scaling_of(file, overrides, network, "hpcmix " + shlex.join(sys.argv[1:]), **options)


@app.command()
@click.argument("path", metavar="PATH")
@overrides_option
def show(path: str, overrides: tuple[str, ...]) -> int:
    """Print a problem with every default filled in; of a run's directory, what became of the run."""
    if Path(path).is_dir():
        from hpcmix.io.reader import RunReader

        click.echo("\n".join(RunReader(Path(path)).description()))
        return 0
    from hpcmix.problem.load import load_problem
    from hpcmix.problem.show import resolved_toml

    click.echo(resolved_toml(load_problem(path, overrides)), nl=False)
    return 0


@app.command()
@directory_argument
def plot(directory: Path) -> int:
    """Draw the time series and column densities of a run, finished or not, as PNG files in its directory."""
    from hpcmix.io.figures import draw

    drawn = draw(directory)
    for path in drawn:
        click.echo(str(path))
    if not drawn:
        click.echo(f"{directory} holds neither records nor slices: there is nothing to draw")
    return 0


def _numbers_of_jobs(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """The list as it stands, once it is one with a number in every place of the job's."""
    from hpcmix.run.job_script import TASK

    _numbers(context, parameter, text and text.replace(TASK, "1"))
    return text


@app.command()
@file_argument
@click.option(
    "--nodes", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Nodes of the job."
)
@click.option("--time", metavar="12:00:00", type=Duration(), required=True, help="Time limit of a job.")
@click.option(
    "--ranks-per-node",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="MPI ranks on a node.",
)
@click.option(
    "--threads", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of a rank."
)
@click.option("--launcher", type=click.Choice(["srun", "mpirun"]), default="srun", show_default=True)
@click.option(
    "--stop-before", metavar="3min", type=Duration(), default=180.0, help="How long before the limit the run stops."
)
@click.option(
    "--requeues",
    metavar="N",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How often the job may start itself again.",
)
@click.option("--array", metavar="0-9", help="An array of jobs; {task} in a --set is the number of the job.")
@click.option(
    "--check",
    "claim",
    metavar="CLAIM",
    type=click.Choice(tuple(OPTIONS)),
    help="Measure a claim on the problem, in place of a run.",
)
@click.option(
    "--numbers",
    metavar="M,M,...",
    callback=_numbers_of_jobs,
    help="Those of the claim; {task} is the number of the job.",
)
@click.option("--scaling", "study", metavar='"--ranks 1,8,64"', help="Measure how the problem scales, in its place.")
@click.option(
    "--chain",
    metavar="N",
    type=click.IntRange(min=2),
    help="A script that submits N jobs, each going on where the one before stopped, for sites that do not requeue.",
)
@click.option(
    "--site", metavar="FILE", envvar="HPCMIX_SITE", help="Lines of the site for every script: modules, #SBATCH options."
)
@overrides_option
def job(
    file: str,
    nodes: int,
    time: float,
    ranks_per_node: int,
    threads: int,
    launcher: str,
    stop_before: float,
    requeues: int,
    array: str | None,
    claim: str | None,
    numbers: str | None,
    study: str | None,
    chain: int | None,
    site: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Print a Slurm script for a run that goes on over its time limit until it is complete: hpcmix job ... | sbatch."""
    from hpcmix.problem.cards import find_problem
    from hpcmix.problem.load import load_problem
    from hpcmix.run.job_script import TASK, Job, make_script, read_site

    if claim is not None:
        check_options(claim, ["--numbers"] if numbers else [])
    first = (array or "1").replace(",", "-").partition("-")[0]  # the problem of an array's first job is looked at
    problem = load_problem(file, [entry.replace(TASK, first) for entry in overrides])
    name, directory, words = find_problem(file)[1], problem.output.directory, shlex.split(study or "")
    if study is not None:
        from hpcmix.studies.scaling.command import default_directory

        chosen = scaling.make_context("hpcmix scaling", [file, *words]).params  # its mistakes are said now
        directory = str(chosen["output"] or default_directory(file, chosen["weak"]))
    wanted = Job(
        file,
        name,
        directory,
        time,
        nodes,
        ranks_per_node,
        threads,
        launcher,
        stop_before,
        requeues,
        array,
        chain,
        [entry for entry in overrides if not entry.startswith("output.directory=")],
        read_site(site),
        "hpcmix " + shlex.join(sys.argv[1:]),
        claim,
        numbers,
        words,
    )
    click.echo(make_script(problem, wanted), nl=False)
    return 0


@app.command()
@click.argument("path", metavar="PATH", type=click.Path(exists=True, path_type=Path))
def verify(path: Path) -> int:
    """Check every file of a run's directory, or one checkpoint or snapshot: whole, sealed, of the right digest.

    Ends with status 1 if any is not.
    """
    from hpcmix.io.verify import verify as findings

    good = True
    for finding in findings(path):
        click.echo(f"{'good' if finding.good else 'BAD '}  {finding.path}: {finding.text}")
        good = good and finding.good
    return 0 if good else 1


def main() -> None:
    """Entry point of the command ``hpcmix``: ends the process with the exit status that README lists."""
    try:
        status = app(standalone_mode=False)
    except click.ClickException as mistake:
        if _speaks():
            mistake.show()
        status = 2
    except click.Abort:
        status = 1
    except Exception as error:
        status = _status_of(error)
        if status is None:
            raise
    sys.exit(status or 0)


def _status_of(error: Exception) -> int | None:
    """Say what is wrong and give the exit status; None for an error that nobody expected."""
    from hpcmix.io.atomic import OutputError
    from hpcmix.io.directory import DirectoryInUse
    from hpcmix.problem.errors import ProblemError

    if not isinstance(error, (ProblemError, OutputError, DirectoryInUse)):
        return None
    if _speaks():
        click.echo(str(error) if isinstance(error, ProblemError) else f"hpcmix: {error}", err=True)
    return {ProblemError: 2, DirectoryInUse: 4}.get(type(error), 1)


def _speaks() -> bool:
    """Whether this process is the one that speaks, as far as the launcher's environment tells without MPI."""
    ranks = (os.environ.get(name) for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"))
    return next((rank for rank in ranks if rank is not None), "0") == "0"
