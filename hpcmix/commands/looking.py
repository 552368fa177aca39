"""``plan``, ``show`` and ``verify``: what looks at problems and at runs, and needs no MPI."""

from __future__ import annotations

from pathlib import Path

import click

from hpcmix.commands.guide.completing import complete_paths
from hpcmix.commands.options import by_one_process, file_argument, overrides_option


@click.command()
@file_argument
@click.option(
    "--ranks", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="Ranks to plan for."
)
@overrides_option
@by_one_process
def plan(file: str, ranks: int, overrides: tuple[str, ...]) -> int:
    """State memory per rank, file sizes, decomposition and time. Allocates nothing, needs no MPI."""
    from hpcmix.problem.mistakes.errors import ProblemError
    from hpcmix.problem.reading.values import counted
    from hpcmix.running.planning.preflight import load_checked
    from hpcmix.running.planning.room import lines_of_shortage

    problem = load_checked(file, overrides)
    sweep = []
    if problem.sweep is not None:
        from hpcmix.studies.sweeps.reading import read_sweep

        points = counted(len(read_sweep(file, overrides).points), "point")  # the mistakes of all of them are said
        sweep = [f"[sweep]: {points} for hpcmix sweep; what is planned here is the file with its own values"]
    try:
        if problem.many_body is not None:
            from hpcmix.running.planning.many_body.lines import bodies_lines as lines_of
        else:
            from hpcmix.running.planning.plan_table import planned_lines as lines_of
        lines = lines_of(problem, ranks)
        if problem.many_body is None:  # N bodies are refused there
            lines = [*lines, *lines_of_shortage(problem, ranks)]
    except ProblemError as error:
        raise problem.locate(error) from error
    click.echo("\n".join([*lines, *sweep]))
    return 0


@click.command()
@click.argument("path", metavar="PATH", shell_complete=complete_paths)
@overrides_option
@by_one_process
def show(path: str, overrides: tuple[str, ...]) -> int:
    """Print a problem with every default filled in; of a directory, what became of the run, check or study in it."""
    if Path(path).is_dir():
        from hpcmix.io.reader import RunReader
        from hpcmix.studies.looking.find import study_in

        study = study_in(Path(path))
        click.echo("\n".join(RunReader(path).description() if study is None else study.description()))
        return 0
    from hpcmix.problem.words.show import resolved_toml
    from hpcmix.running.planning.preflight import load_checked

    click.echo(resolved_toml(load_checked(path, overrides)), nl=False)
    return 0


@click.command()
@click.argument("path", metavar="PATH", type=click.Path(exists=True, path_type=Path))
@by_one_process
def verify(path: Path) -> int:
    """Check every file of a directory of a run, check or study, or one checkpoint or snapshot: whole, sealed, of the
    right digest.

    Ends with status 1 if any is not.
    """
    from hpcmix.io.verify import verify as verify_run
    from hpcmix.studies.looking.find import study_in

    study = study_in(path) if path.is_dir() else None
    good = True
    for finding in verify_run(path) if study is None else study.verify():
        click.echo(f"{'good' if finding.good else 'BAD '}  {finding.path}: {finding.text}")
        good = good and finding.good
    return 0 if good else 1
