"""Sweeps: the same problem with other values of some of its entries, and what came out of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import xarray as xr

from hpcmix.api.endings import BadInput, failure_of
from hpcmix.api.markup import picture, table
from hpcmix.api.problem import Problem, problem_from, whole_number
from hpcmix.api.results.checked import FileChecks
from hpcmix.api.results.physical import UnitChoice, all_in_units
from hpcmix.api.results.run import Run
from hpcmix.api.running import seconds_in
from hpcmix.api.studies.launched import StudyCommand
from hpcmix.problem.mistakes.ending import Foreseen
from hpcmix.studies.sweeps.collecting import collected
from hpcmix.studies.sweeps.directory import PointRecord, SweepDirectory


class Sweep(Mapping[str, Run]):
    """What a sweep has left so far, by :func:`hpcmix.sweep` or :func:`hpcmix.open_sweep`. As a dictionary it has the
    runs of the points that are done, by their labels such as "species.rb.particles = 100".

    directory  of the sweep.
    units      of :attr:`data` and of the runs: "physical" or "code", as :func:`hpcmix.open_run` has them.
    """

    def __init__(self, directory: str | Path, units: UnitChoice = "physical") -> None:
        self.directory, self.units = Path(directory), units
        self._place = SweepDirectory(self.directory.absolute())
        try:
            points = self._place.read()["points"]
        except Foreseen as error:
            raise failure_of(error, self.directory) from None
        self._names: dict[str, str] = {point["label"]: point["name"] for point in points}
        self.settings: dict[str, dict[str, Any]] = {point["label"]: point["settings"] for point in points}
        """Of every point the swept keys with their values, by its label."""

    @cached_property
    def data(self) -> xr.Dataset:
        """What every run measured as one Dataset with the swept keys as its first dimensions, of all points that there
        are so far; `status` and `message` say why a point has NaN (docs/how-to/scan.md)."""
        try:
            return all_in_units(collected(self._place).data, self.units)
        except Foreseen as error:
            raise failure_of(error, self.directory) from None

    @property
    def failures(self) -> dict[str, str]:
        """Of the points without an answer their sentences, by their labels."""
        return {label: record.message for label, record in self._records() if record and not record.is_done}

    @property
    def missing(self) -> list[str]:
        """The labels of points that are not computed yet."""
        return [label for label, record in self._records() if record is None]

    @property
    def figure(self) -> Path:
        """The path of the figure."""
        return self._place.figure

    def verify(self) -> FileChecks:
        """Check every file of the sweep and of its runs, as ``hpcmix verify`` does."""
        return FileChecks.of(self._place.path)

    def _records(self) -> Iterator[tuple[str, PointRecord | None]]:
        for label, name in self._names.items():
            yield label, self._place.record_of(name)

    def __getitem__(self, label: str) -> Run:
        if label not in self._names:
            raise KeyError(label)
        return Run(self._place.run_of(self._names[label]).path, self.units)

    def __iter__(self) -> Iterator[str]:
        return (label for label, record in self._records() if record and record.is_done)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        told = [f"{len(self)} of {len(self._names)} points done"]
        told += [f"{len(self.failures)} without an answer"] if self.failures else []
        return f"<hpcmix.Sweep {self.directory}: {', '.join(told)}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        rows = [(label, record.status if record else "missing", record.message if record else "")
                for label, record in self._records()]  # fmt: skip
        return table(rows, title=repr(self)[1:-1]) + (picture(self.figure) if self.figure.exists() else "")


def sweep(
    problem: Problem | str | Path,
    *,
    at_once: int = 1,
    ranks: int = 1,
    directory: str | Path | None = None,
    launcher: str | None = None,
    restart: Literal["auto", "never"] = "auto",
    retry: bool = False,
    max_wall: float | str | None = None,
) -> Sweep:
    """Run a problem at every point of its ``[sweep]``, as ``hpcmix sweep`` does, and open what came out. Computed in
    processes of their own; called again it goes on with the points that are missing.

    problem    a :class:`~hpcmix.Problem` with a ``[sweep]``, a file, or the bare name of an example.
    at_once    so many points side by side, each on its part of the ranks; with one rank each in a process of its own.
    ranks      of the command, for all points at a time together.
    directory  of the sweep, in place of the problem's.
    launcher   the command that starts ranks, such as ``"srun -n {ranks}"``; ``mpirun -n {ranks}`` unless given.
    restart    "auto" computes the points that are missing, "never" moves the sweep aside.
    retry      compute points that failed once more.
    max_wall   stop before it has run so long: seconds, or text such as ``"3h50m"``.

    A point whose problem has no answer is NaN with its sentence in :attr:`Sweep.failures`. Raises
    :class:`~hpcmix.BadInput`, :class:`~hpcmix.Stopped` and :class:`~hpcmix.RunFailed`, which is raised where no point
    has numbers, too.
    """
    problem = _at(problem, directory)
    options = ["--at-once", str(whole_number("at_once", at_once)), "--restart", _restart(restart)]
    options += ["--retry"] if retry else []
    seconds = seconds_in(max_wall)
    options += [] if seconds is None else ["--max-wall", f"{seconds:.17g}s"]
    StudyCommand(("sweep",), options, whole_number("ranks", ranks), launcher).run(problem)
    return Sweep(problem.directory)


def open_sweep(directory: str | Path, units: UnitChoice = "physical") -> Sweep:
    """What a sweep has left in its directory, whether it is over or goes on. Needs no MPI.

    units  "physical" or "code", as :func:`hpcmix.open_run` has them.
    Raises :class:`~hpcmix.RunFailed` for a directory that holds no sweep.
    """
    return Sweep(directory, units)


def _at(problem: Problem | str | Path, directory: str | Path | None) -> Problem:
    problem = problem_from(problem)
    if problem.content.sweep is None:
        raise BadInput("sweep: the problem has no [sweep], whose keys are those of Problem.replace")
    return problem if directory is None else problem.replace({"output.directory": str(directory)})


def _restart(restart: object) -> str:
    if restart not in ("auto", "never"):
        raise BadInput(f'restart of a study is "auto" or "never", not {restart!r}')
    return str(restart)
