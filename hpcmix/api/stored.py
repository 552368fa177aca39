"""A run's directory as Python has it: time series, fields and pictures of a run that is over, or goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from operator import index
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar, overload

import xarray as xr

from hpcmix.api.endings import BadInput, RunFailed, failure_of
from hpcmix.api.fields import over_time
from hpcmix.api.markup import picture, table
from hpcmix.api.physical import UnitChoice, all_in_units
from hpcmix.api.problem import Problem
from hpcmix.api.progress import Progress, progress_of
from hpcmix.io.documents.atomic import OutputError
from hpcmix.io.documents.metadata import Metadata
from hpcmix.io.documents.series import as_dataset
from hpcmix.io.figures.request import FEWEST_DOTS, FORMATS, MOST_DOTS, FigureRequest, Format
from hpcmix.io.reader import RunReader
from hpcmix.observe.vortices.tracks import numbered
from hpcmix.problem.mistakes.ending import Foreseen
from hpcmix.problem.reading.values import described

Read = TypeVar("Read")


class Run:
    """What a run has left so far, by :func:`open_run`. Everything is read when it is asked for first and then kept: of
    a run that goes on, open it again for what has come since.

    directory  of the run.
    units      of :attr:`series`, :attr:`snapshots` and :attr:`slices`: "physical" are micrometres, milliseconds, hertz
               for energies (E/h) and what is made of them, where the problem has ``[units]``; "code" are those of the
               files and of :attr:`summary`.
    """

    def __init__(self, directory: str | Path, units: UnitChoice = "physical") -> None:
        if units not in ("physical", "code"):
            raise BadInput(f'units must be "physical" or "code", not {described(units)}')
        if not isinstance(directory, (str, Path)):
            raise BadInput(f"directory must be the path of a run, not {described(directory)}")
        try:
            self._reader = RunReader(Path(directory).absolute())  # whatever folder the program goes to
        except Foreseen as error:
            raise failure_of(error) from None
        self.directory = Path(directory)
        self.units: UnitChoice = units

    @cached_property
    def problem(self) -> Problem:
        """The complete problem, as the run resolved it."""
        return Problem.read(self._reader.directory.problem)

    @property
    def summary(self) -> dict[str, Any]:
        """``summary.json``: status, energies, species, digest, ranks, timers, in code units. Raises
        :class:`~hpcmix.RunFailed` while it is not written."""
        summary = self._read(lambda: self._reader.summary)
        if summary is None:
            raise RunFailed(f"{self.directory} has no summary.json yet", self.directory)
        return dict(summary)

    @property
    def log(self) -> str:
        """The text of ``run.log``; empty where there is none."""
        path = self._reader.directory.log
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def progress(self) -> Progress:
        """How far the run has come, looked at anew."""
        return progress_of(self._reader.directory.path)

    @cached_property
    def series(self) -> xr.Dataset:
        """The time series as labelled arrays over (time, species, axis): energies, particles, widths, places and what
        else the problem asks for, with all records that there are so far. It is read from ``observables.h5`` where it
        is looked at; records that came behind that file are added to it.

        Raises :class:`~hpcmix.RunFailed` before a run has written the first of both.
        """
        return self._read(lambda: all_in_units(_series(self._reader), self.units))

    @cached_property
    def snapshots(self) -> xr.Dataset:
        """The fields of all snapshots over (time, species, x, y, z): ``density``, and ``phase`` and ``wave_function``
        where the problem asks for them (``output.fields``). Positions and times are read at once, fields where they are
        looked at: ``run.snapshots.density.sel(species="up").isel(time=-1)`` reads one field of one file.

        What differs in shape between species, such as the orbitals of fermions, is a variable for each of them,
        ``wave_function_<species>``.
        """
        return self._read(lambda: over_time(self._reader.snapshots, self.problem.species, self.units))

    @cached_property
    def slices(self) -> xr.Dataset:
        """Slices and column densities over (time, species, axes): ``slice_xy`` is the density on the plane z = 0,
        ``column_xy`` the density integrated along z. In one dimension ``slice_x`` is the density."""
        return self._read(lambda: over_time(self._reader.slices, self.problem.species, self.units))

    def plot(
        self,
        what: str | Sequence[str] = (),
        times: str | Sequence[str] = (),
        format: Format = "png",
        dpi: int | None = None,
    ) -> Figures:
        """Draw the figures of ``hpcmix plot`` into the directory of the run; a notebook shows them.

        what    the words of those that are wanted, such as ``"columns, phase"`` or ``["columns", "phase"]``; all there
                is something to draw for unless given. A word that there is not is told with those that there are.
        times   what is stored next to these times, such as ``"0 ms, 2.5 ms, last"``; words are first, last, all.
        format  png, pdf or svg; dpi: pixels per inch.
        Raises :class:`~hpcmix.BadInput` for words and times that there are not, and for other forms and dpi than those
        of the command.
        """
        from hpcmix.io.figures.draw import draw

        lists, moments = _texts("what", what), _texts("times", times)
        if format not in FORMATS:
            raise BadInput(f"format must be {', '.join(FORMATS)}, not {described(format)}")
        if dpi is not None and not (isinstance(dpi, SupportsIndex) and FEWEST_DOTS <= index(dpi) <= MOST_DOTS):
            raise BadInput(f"dpi must be a whole number from {FEWEST_DOTS} to {MOST_DOTS}, not {described(dpi)}")
        return Figures(
            self._read(lambda: draw(self._reader.directory.path, FigureRequest.of(lists, moments, format, dpi)))
        )

    def _read(self, reading: Callable[[], Read]) -> Read:
        """What is read, with its failure in an exception of Python's side."""
        try:
            return reading()
        except Foreseen as error:
            raise failure_of(error, self.directory) from None

    def __repr__(self) -> str:
        return f"<hpcmix.Run {self.directory}: {self.progress}>"

    def __str__(self) -> str:
        return "\n".join(self._read(self._reader.description))

    def _repr_html_(self) -> str:
        """For notebooks: what became of the run."""
        return table(self._read(self._reader.facts), title=f"{self.directory}: {self._reader.title}")


def open_run(directory: str | Path, units: UnitChoice = "physical") -> Run:
    """What a run has left in its directory, whether it is over or goes on, was started from Python or by the command.
    Needs no MPI.

    units  "physical": micrometres, milliseconds, E/h in hertz where the problem has ``[units]``; "code": as the files
           have them.
    Raises :class:`~hpcmix.RunFailed` for a directory that holds no run.
    """
    return Run(directory, units)


def _texts(name: str, given: object) -> list[str]:
    """What is given as a text or several. Raises :class:`~hpcmix.BadInput` for anything else."""
    texts = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for text in texts:
        if not isinstance(text, str):
            raise BadInput(f'{name} must be texts such as "{EXAMPLES[name]}", not {described(text)}')
    return [str(text) for text in texts]


EXAMPLES = {"what": "columns, phase", "times": "0 ms, 2.5 ms, last"}


class Figures(Sequence[Path]):
    """The files of figures that were drawn. A notebook shows them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> Figures: ...
    def __getitem__(self, index: int | slice) -> Path | Figures:
        chosen = self._paths[index]
        return chosen if isinstance(chosen, Path) else Figures(chosen)

    def __len__(self) -> int:
        return len(self._paths)

    def __repr__(self) -> str:
        return "\n".join(map(str, self._paths)) or "nothing to draw"

    def _repr_html_(self) -> str:
        """For notebooks: pictures that browsers show, and the names of others."""
        return "".join(picture(path) for path in self._paths)


def _series(reader: RunReader) -> xr.Dataset:
    """``observables.h5``, with the records of ``observables.jsonl`` where there are more of them. Raises
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    path, series = reader.directory.dataset, reader.directory.series
    try:
        written = xr.open_dataset(path, engine="h5netcdf", decode_times=False)
    except FileNotFoundError:
        raise OutputError(f"{reader.directory.path} has no time series yet") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"{path} is damaged: {error}") from error
    if not series.exists() or series.stat().st_mtime_ns <= path.stat().st_mtime_ns:
        return written
    own = ("time", "species", "axis")
    lists = {str(name): str(entry.dims[-1]) for name, entry in written.variables.items() if entry.dims[-1] not in own}
    metadata = Metadata(species=tuple(map(str, written.species.values)), axes=tuple(map(str, written.axis.values)))
    records = as_dataset(numbered(reader.records), metadata, {}, lists)
    known = {name: variable.attrs for name, variable in written.variables.items()}
    variables = {
        name: xr.Variable(variable.dimensions, variable.values, known.get(name, {}))
        for name, variable in records.variables.items()
    }
    return xr.Dataset(variables, attrs=written.attrs)
