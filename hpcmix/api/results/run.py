"""A run's directory as Python has it: time series, fields and pictures of a run that is over, or goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from operator import index
from pathlib import Path
from typing import Any, SupportsIndex, TypeVar

import xarray as xr

from hpcmix.api.endings import BadInput, RunFailed, failure_of
from hpcmix.api.markup import table
from hpcmix.api.problem import Problem
from hpcmix.api.progress import Progress, progress_of
from hpcmix.api.results.checked import FileChecks
from hpcmix.api.results.drawn import Figures
from hpcmix.api.results.fields import over_time
from hpcmix.api.results.markers import markers_of
from hpcmix.api.results.matrices import matrices_of
from hpcmix.api.results.modes import modes_of
from hpcmix.api.results.phase_space import phase_space_of
from hpcmix.api.results.physical import UnitChoice, all_in_units
from hpcmix.api.results.pictures import pictures_of
from hpcmix.api.results.series import series_of
from hpcmix.api.results.vortices import vortices_of
from hpcmix.io.directories.holdings import holds_run, study_held
from hpcmix.io.figures.request import FEWEST_DOTS, FORMATS, MOST_DOTS, FigureRequest, Format
from hpcmix.io.reader import NotARun, RunReader
from hpcmix.problem.mistakes.ending import Foreseen
from hpcmix.problem.reading.values import described
from hpcmix.problem.words.show import toml_value

Read = TypeVar("Read")


class Run:
    """What a run has left so far, by :func:`open_run`. Everything is read when it is asked for first and then kept: of
    a run that goes on, open it again for what has come since.

    directory  of the run.
    units      of all datasets: "physical" are micrometres, milliseconds, hertz for energies (E/h) and what is made of
               them, where the problem has ``[units]``; "code" are those of the files and of :attr:`summary`.

    A dataset is empty, and a dictionary of datasets has no entry, where the run has left nothing of the kind.
    """

    def __init__(self, directory: str | Path, units: UnitChoice = "physical") -> None:
        if units not in ("physical", "code"):
            raise BadInput(f'units must be "physical" or "code", not {described(units)}')
        if not isinstance(directory, (str, Path)):
            raise BadInput(f"directory must be the path of a run, not {described(directory)}")
        study = None if holds_run(Path(directory)) else study_held(Path(directory))
        if study is not None and study.opener:
            raise failure_of(NotARun(f"{directory} holds {study.name}, which {study.opener} opens"))
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
        return self._read(lambda: all_in_units(series_of(self._reader), self.units))

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

    @cached_property
    def excitations(self) -> xr.Dataset:
        """The modes that :func:`hpcmix.excitations` found, over (mode): `frequency` is angular, `frequency_hertz` is
        omega / 2 pi where the problem has ``[units]``; `growth_rate`, `residual`, `multiplet`, the strengths `dipole`
        and `monopole`; of every species `weight` and `excitations`; and the fields `u`, `v` and `density_change` over
        (species, mode, x, ..), which are read where they are looked at. ``summary["excitations"]`` says how they were
        found."""
        return self._read(self._modes)

    @cached_property
    def vortices(self) -> xr.Dataset:
        """The vortices of the series (``output.observables.also = ["vortices"]``) over (time, species, vortex), where
        `vortex` is the number that one keeps from its birth on: ``run.vortices.x.sel(species="up", vortex=0)`` is its
        way, NaN where it is not there. In three dimensions lines: `line_length` and others over (time, species,
        vortex_line); the points of lines are in :attr:`series`."""
        return vortices_of(self.series)

    @cached_property
    def markers(self) -> Mapping[str, xr.Dataset]:
        """Of every classical species the markers that were written (``output.markers``): `position` and `momentum`
        over (time, axis, marker), `weight`, the particles that a marker stands for, and `number`, its index among all,
        over (time, marker). Read where they are looked at:
        ``run.markers["gas"].position.sel(axis="x").isel(time=-1)`` reads one array of one file."""
        return self._read(lambda: markers_of(self._reader.markers, self._reader.scales, self.units))

    @cached_property
    def phase_space(self) -> Mapping[str, xr.Dataset]:
        """Densities over two axes of phase space (``output.phase_space``), by species and axes: `density` of
        ``run.phase_space["gas_x_px"]`` is over (time, x, px), read where it is looked at."""
        return self._read(lambda: phase_space_of(self._reader.slices, self.problem.species, self.units))

    @cached_property
    def reduced(self) -> xr.Dataset:
        """Of N bodies (``[many_body]``) over time: the reduced density matrices of trace 1, `gamma_1_0` of one
        particle of the first species and none of the second over its basis twice, with `labels_1_0`, the modes that a
        vector of the basis is made of; over (species, x, ..) `density` and `mean_field_density`; and of every species
        its modes. Read where they are looked at. Distances from the mean field and natural occupations are in
        :attr:`series`."""
        return self._read(lambda: matrices_of(self._reader.reduced, self.problem.species, self.units))

    @cached_property
    def images(self) -> Mapping[str, xr.Dataset]:
        """The pictures that a camera took (:meth:`take_images`), by line of sight: of ``run.images["z"]``
        `column_density` and `optical_density` are over (time of the snapshot, species, x, y), and
        `optical_density_of_all` is that of all species. Read where they are looked at; pictures that were taken in
        another way than the last ones are left out."""
        return self._read(lambda: pictures_of(self._reader.images, self.problem.species, self.units))

    def take_images(
        self, snapshots: str = "last", settings: Mapping[str, Any] | None = None
    ) -> Mapping[str, xr.Dataset]:
        """Take pictures of snapshots as ``output.images`` of the problem says, as ``hpcmix image`` does, and give
        :attr:`images` with them.

        snapshots  "last", "all", or numbers such as "0, 3".
        settings   another camera, by keys of ``output.images``: ``{"time_of_flight": "10 ms", "axes": ["z"]}``.
        Raises :class:`~hpcmix.BadInput` for snapshots that there are not and settings that are wrong. Of flights with
        interactions (``expansion = "frame"``) each snapshot is a run of its own, computed in this process.
        """
        from hpcmix.running.courses.imaging.snapshots import pictures_taken

        directory, (words,) = self._reader.directory.path, _texts("snapshots", snapshots)
        options = [f"output.images.{key}={toml_value(value)}" for key, value in (settings or {}).items()]
        self._read(lambda: list(pictures_taken(directory, words, options, is_guest=True)))
        self._reader = RunReader(self._reader.directory.path)  # what it has read knows of no new pictures
        self.__dict__.pop("images", None)
        return self.images

    def verify(self) -> FileChecks:
        """Check every file of the run as ``hpcmix verify`` does: whole, sealed, of the right digest."""
        return FileChecks.of(self._reader.directory.path)

    def _modes(self) -> xr.Dataset:
        found = self._reader.excitations
        if found is None:
            return xr.Dataset()
        path, reader = self._reader.directory.modes, self._reader
        return modes_of(found, path, self.problem.species, reader.scales, self.units)

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


EXAMPLES = {"what": "columns, phase", "times": "0 ms, 2.5 ms, last", "snapshots": "0, 3"}
