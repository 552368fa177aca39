"""Pictures of a run's snapshots, taken, written and drawn. Needs no MPI and no display."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib

from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.figures.camera.images import image_figure
from hpcmix.io.figures.style import STYLE, FigureUnits, save
from hpcmix.io.images.exposure import expose
from hpcmix.io.images.image_file import Images, write_images
from hpcmix.io.reader import RunReader, StoredFile
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.calculation.images import ImagesOptions


def take(
    run: RunReader, problem: Problem, stored: StoredFile, options: ImagesOptions, flown: StoredFile | None = None
) -> Iterator[Path]:
    """Write ``images/NNNNNN.h5`` and draw ``images/NNNNNN.png`` of a snapshot of the run; the paths as they come.

    flown  the snapshot at the end of a flight that has been computed already; None where the pictures make it.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    seen = stored if flown is None else StoredFile(stored.index, stored.step, flown.time, flown.path)
    pictures = expose(problem, seen, options, flown is not None)
    path = run.directory.image(stored.index)
    write_images(path, stored, options, pictures, Metadata.of(problem))
    yield path
    with matplotlib.rc_context(STYLE):
        images = Images(stored.time, options.time_of_flight, pictures)
        yield save(image_figure(images, FigureUnits(problem.scales), problem.title), path.with_suffix(".png"))
