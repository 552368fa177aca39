"""``hpcmix image``: from a run's directory to its pictures, by way of a flight where interactions go on in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from hpcmix.io.images.choice import BadChoice, chosen
from hpcmix.io.reader import RunReader
from hpcmix.parallel.job.launcher import rank_started
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.sections.calculation.images import ImagesOptions


def image_run(directory: Path, words: str, overrides: Sequence[str]) -> int:
    """Take the pictures, and print the paths of what is written; the exit status. Raises what
    :func:`pictures_taken` raises."""
    for path in pictures_taken(directory, words, overrides):
        click.echo(str(path))
    return 0


def pictures_taken(directory: Path, words: str, overrides: Sequence[str], is_guest: bool = False) -> Iterator[Path]:
    """Take the pictures of the chosen snapshots; the paths of what is written, as they come. Ranks beyond the first
    only take part in flights. Raises :class:`ProblemError` and :class:`~hpcmix.io.documents.atomic.OutputError`.

    is_guest  in the process of a program that goes on.
    """
    complaints = [
        Complaint(f"--set {entry}", None, "", "a camera changes output.images alone: the run is what it was")
        for entry in overrides
        if entry.partition("=")[0].strip().split(".")[:2] != ["output", "images"]
    ]
    if complaints:
        raise ProblemError(complaints)
    run = RunReader(directory)
    problem = load_problem(str(run.directory.problem), overrides)
    options = problem.output.images or ImagesOptions()
    try:
        snapshots = chosen(run, words)
    except BadChoice as error:
        raise ProblemError([Complaint("--snapshots", None, "", str(error))]) from error
    for stored in snapshots:
        flown = None
        if options.expansion == "frame":
            from hpcmix.running.courses.imaging.flight import fly  # imports MPI

            flown = fly(run, problem, options, stored, is_guest)
        if rank_started() == 0:
            from hpcmix.io.figures.camera.taking import take  # matplotlib takes a second to import

            yield from take(run, problem, stored, options, flown)
