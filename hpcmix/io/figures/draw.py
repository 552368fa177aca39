"""Figures of a run, finished or not, as files in its directory. Needs no MPI and no display."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from hpcmix.io.figures.catalogue import MAKERS
from hpcmix.io.figures.request import EVERYTHING, FigureRequest
from hpcmix.io.figures.scene import Scene
from hpcmix.io.figures.style import STYLE, save
from hpcmix.io.reader import RunReader


def draw(directory: str | Path, request: FigureRequest = EVERYTHING) -> list[Path]:
    """Draw everything that is asked for and that there is something to draw of, and return the paths written: files
    named like the words of :data:`~hpcmix.io.figures.request.FIGURES`, which says what each shows.

    In micrometres and milliseconds for a problem with ``[units]``, otherwise in code units. Raises
    :class:`~hpcmix.io.reader.NotARun`, :class:`~hpcmix.problem.mistakes.errors.ProblemError` for times that the run
    does not have and, for files that are damaged or cannot be written,
    :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    run = RunReader(directory)
    return [
        save(figure, run.directory.path / f"{word}.{request.form}", request.dots)
        for word, figure in figures(run, request)
    ]


def figures(run: RunReader, request: FigureRequest = EVERYTHING) -> Iterator[tuple[str, Figure]]:
    """The words and figures of a run that are asked for and that there is something to draw of, one after the other.
    Raises as :func:`draw` does."""
    scene = Scene(run, request)
    for word, make in MAKERS.items():
        if not request.wants(word):
            continue
        with matplotlib.rc_context(STYLE):
            figure = make(scene)
        if figure is not None:
            yield word, figure
