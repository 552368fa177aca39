"""``plot``: figures and films of what a run has left. Needs no MPI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from hpcmix.commands.options import Duration, by_one_process, directory_argument
from hpcmix.io.figures.request import (
    DOTS,
    DOTS_OF_FILMS,
    FEWEST_DOTS,
    FIGURES,
    FORMATS,
    MOST_DOTS,
    FigureRequest,
    Format,
    Suffix,
)

if TYPE_CHECKING:
    from hpcmix.studies.looking.study_directory import StudyDirectory


@click.command(
    epilog="\b\n"
    + "\n".join(
        [
            "Figures, each drawn where a run has something to draw for it:",
            *(f"  {word:20}{figure.shows}" for word, figure in FIGURES.items()),
        ]
    )
)
@directory_argument
@click.option(
    "--what", "lists", metavar="WORDS", multiple=True, help="Only these figures: --what columns,phase. Words below."
)
@click.option(
    "--times",
    metavar="TIMES",
    multiple=True,
    help='What is stored next to these times: --times "0 ms, 2.5 ms, last". Or first, all.',
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="png", show_default=True, help="Of the files.")
@click.option(
    "--dpi",
    "dots",
    metavar="N",
    type=click.IntRange(FEWEST_DOTS, MOST_DOTS),
    show_default=f"{DOTS}, of films {DOTS_OF_FILMS}",
    help="Pixels per inch; in PDF and SVG of maps alone.",
)
@click.option(
    "--film", is_flag=True, help="Also make a film of densities and phases at all stored times: mp4 where ffmpeg is."
)
@click.option("--film-format", type=click.Choice(("mp4", "gif")), help="Make the film in this form.")
@click.option("--watch", is_flag=True, help="Draw again whenever the run has left something new, until it ends.")
@click.option(
    "--every",
    metavar="10s",
    type=Duration(),
    help="How long --watch waits between two looks: 10 seconds unless given.",
)
@by_one_process
def plot(
    directory: Path,
    lists: tuple[str, ...],
    times: tuple[str, ...],
    form: Format,
    dots: int | None,
    film: bool,
    film_format: Literal["mp4", "gif"] | None,
    watch: bool,
    every: float | None,
) -> int:
    """Draw what a run has left, finished or not, as files in its directory: densities, phases, series, spectra; of a
    check or study, its figure."""
    from hpcmix.studies.looking.find import study_in

    if every is not None and not watch:
        raise click.UsageError("--every is how long --watch waits: give --watch too")
    request = FigureRequest.of(lists, times, form, dots)
    suffix: Suffix | None = film_format or ("auto" if film else None)
    if (study := study_in(directory)) is not None:
        _refuse_of_study(study, {"--what": lists, "--times": times, "--film": suffix, "--watch": watch})
        click.echo(str(study.draw(f".{form}", dots) or study.nothing_to_draw()))
        return 0
    if not watch:
        return _draw(directory, request, suffix, print_paths=True)
    from hpcmix.io.directories.directory import RunDirectory
    from hpcmix.io.figures.films.watching import changes

    for number, _ in enumerate(changes(RunDirectory(directory), 10.0 if every is None else every)):
        _draw(directory, request, suffix, print_paths=number == 0)
        if number:
            click.echo("drawn again")
    return 0


def _refuse_of_study(study: StudyDirectory, options: Mapping[str, object]) -> None:
    """Raise :class:`~hpcmix.problem.mistakes.errors.ProblemError` for options that are about runs."""
    from hpcmix.problem.mistakes.errors import ProblemError

    if given := [option for option, value in options.items() if value]:
        raise ProblemError.of(given[0], f"is for runs; {study.figures_in_words()}")


def _draw(directory: Path, request: FigureRequest, film: Suffix | None, print_paths: bool) -> int:
    """The figures, and the film if it is asked for."""
    from hpcmix.io.figures.draw import draw
    from hpcmix.io.reader import RunReader

    drawn = draw(directory, request)
    missing = [word for word in request.what if not any(path.stem == word for path in drawn)]
    if film is not None:
        from hpcmix.io.figures.films.film import make_film

        path = make_film(RunReader(directory), request, film)
        if path is None:
            click.echo(f"{directory} holds fewer than two slices or snapshots: there is no film")
        else:
            drawn.append(path)
    if print_paths:
        for path in drawn:
            click.echo(str(path))
    for word in missing:
        click.echo(f"{directory} has nothing to draw for {word}, which needs {FIGURES[word].needs}")
    if not drawn and not missing:
        click.echo(f"{directory} holds neither records nor slices: there is nothing to draw")
    return 0
