"""``job``: a script for a batch system."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from hpcmix.commands.claims import numbers_of
from hpcmix.commands.measuring import scaling
from hpcmix.commands.options import (
    Duration,
    SlurmTime,
    batch_option,
    by_one_process,
    command_line,
    environment_option,
    file_argument,
    overrides_option,
)
from hpcmix.problem.times.evolution import NEEDS_TIME
from hpcmix.studies.measuring.options import OPTIONS, check_options

if TYPE_CHECKING:
    from hpcmix.running.planning.jobs.systems import BatchSystem


def _numbers_of_jobs(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """The list as it stands, once it is one with a number in every place of the job's."""
    from hpcmix.running.planning.jobs.script import TASK

    numbers_of(context, parameter, text and text.replace(TASK, "1"))
    return text


@click.command()
@file_argument
@click.option(
    "--nodes", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Nodes of the job."
)
@click.option(
    "--time",
    metavar="12:00:00",
    type=SlurmTime(),
    required=True,
    help="Time limit of a job, as sbatch reads it: 90 is minutes, 30:00 half an hour, 1-0 a day; or 3h50m.",
)
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
@batch_option
@click.option(
    "--launcher",
    type=click.Choice(["srun", "mpirun", "mpiexec", "flux"]),
    help="What starts the ranks: srun with Slurm, mpirun with PBS, flux run with Flux unless given.",
)
@click.option(
    "--mpi",
    type=click.Choice(["openmpi", "mpich", "intel-mpi"]),
    help="The MPI library of the job (mpich: Cray's too); of mpirun and mpiexec what the one here says unless given.",
)
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
@environment_option
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
@click.option(
    "--bosons",
    metavar="N,N,...",
    callback=_numbers_of_jobs,
    help="Those of a claim about bosons beside a fixed number of fermions.",
)
@click.option("--markers", metavar="N", type=click.IntRange(min=4), help="Those of a claim with a classical gas.")
@click.option("--excitations", is_flag=True, help="Find the spectrum of the problem's ground state, in place of a run.")
@click.option("--sweep", is_flag=True, help="Run the file at all points of its [sweep]; jobs of an array share them.")
@click.option("--scaling", "study", metavar='"--ranks 1,8,64"', help="Measure how the problem scales, in its place.")
@click.option(
    "--chain",
    metavar="N",
    type=click.IntRange(min=2),
    help="A script that submits N jobs, each going on where the one before stopped, for sites that do not requeue.",
)
@click.option(
    "--site",
    metavar="FILE",
    envvar="HPCMIX_SITE",
    help="Lines of the site for every script: modules, options of the batch system.",
)
@overrides_option
@by_one_process
def job(**options: Any) -> int:
    """Print a script for a batch system: a run that goes on over its time limit until it is complete.

    \b
    hpcmix job FILE --time 12:00:00 ... | sbatch
    hpcmix job FILE --time 12:00:00 --batch pbs ... | qsub
    hpcmix job FILE --time 12:00:00 --batch flux ... | flux batch
    """
    click.echo(script_of(**options)[0], nl=False)
    return 0


def script_of(
    *,
    file: str,
    nodes: int,
    time: float,
    ranks_per_node: int,
    threads: int,
    batch: str,
    launcher: str | None,
    mpi: str | None,
    stop_before: float,
    requeues: int,
    environment: str | None,
    array: str | None,
    claim: str | None,
    numbers: str | None,
    bosons: str | None,
    markers: int | None,
    excitations: bool,
    sweep: bool,
    study: str | None,
    chain: int | None,
    site: str | None,
    overrides: tuple[str, ...],
) -> tuple[str, BatchSystem]:
    """The script that the options of the command line ask for, and the batch system it is for. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    from hpcmix.problem.files.cards import find_problem
    from hpcmix.problem.mistakes.errors import ProblemError
    from hpcmix.running.planning.jobs.launchers import launcher_of, library_of
    from hpcmix.running.planning.jobs.script import TASK, Job, make_script, read_site
    from hpcmix.running.planning.jobs.systems import SYSTEMS
    from hpcmix.running.planning.preflight import load_checked

    if claim is not None:
        given = {"--numbers": numbers, "--bosons": bosons, "--markers": markers}
        check_options(claim, [option for option, text in given.items() if text])
    first = (array or "1").replace(",", "-").partition("-")[0]  # the problem of an array's first job is looked at
    problem = load_checked(file, [entry.replace(TASK, first) for entry in overrides])
    if sweep and (excitations or claim or study):
        raise ProblemError.of("--sweep", "goes with neither --check, --scaling nor --excitations ([sweep] command)")
    if sweep:
        from hpcmix.studies.sweeps.reading import read_sweep

        read_sweep(file, overrides)  # the mistakes of all points are said now
    elif problem.time is None and claim is None and study is None and not excitations:
        alone = problem.sweep is None
        raise problem.complain("time", NEEDS_TIME + ("" if alone else ", and --sweep the points of its [sweep]"))
    name, directory, words = find_problem(file)[1], problem.output.directory, shlex.split(study or "")
    if study is not None:
        from hpcmix.studies.scaling.command import default_directory

        chosen = scaling.make_context("hpcmix scaling", [file, *words]).params  # its mistakes are said now
        directory = str(chosen["output"] or default_directory(file, chosen["weak"]))
    system = SYSTEMS[batch]
    starter = launcher_of(system, launcher)
    wanted = Job(
        file=file,
        name=name,
        directory=directory,
        time=time,
        nodes=nodes,
        ranks_per_node=ranks_per_node,
        threads=threads,
        system=system,
        launcher=starter,
        mpi=library_of(starter, mpi),
        environment=environment,
        stop_before=stop_before,
        requeues=requeues,
        array=array,
        chain=chain,
        overrides=[entry for entry in overrides if not entry.startswith("output.directory=")],
        site=read_site(site),
        command=command_line(),
        task="excitations" if excitations else "sweep" if sweep else "run",
        claim=claim,
        numbers=numbers,
        bosons=bosons,
        markers=None if markers is None else str(markers),
        scaling=words,
    )
    return make_script(problem, wanted), system
