"""Wave functions in files of a run, or of somebody else, and the grid that they are on. Imports no MPI.

A snapshot has the wave function, or density and phase; a checkpoint has orbitals, which may lack a phase that its run
would have put on them with the next step. Both say which grid they are on. A bare HDF5 file says nothing: what it holds
is taken to be on the grid of the problem.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.initial import FileInitial, FileStart

SAME_LENGTH = 1e-9
"""Relative difference of lengths that are meant to be the same: units are converted there and back."""
Place = FileInitial | FileStart


@dataclass(frozen=True)
class StoredField:
    """The wave functions of a species in an open file.

    datasets  the one that holds them; or density and phase.
    orbitals  how many; None: a single field, without an axis for its number.
    points, lengths
              of their grid, lengths in the problem's code units; lengths are None where the file does not tell.
    """

    path: str
    datasets: tuple[h5py.Dataset, ...]
    orbitals: int | None
    points: tuple[int, ...]
    lengths: tuple[float, ...] | None

    def is_on(self, grid: Grid) -> bool:
        """Whether they are on the points of the problem's grid."""
        same = self.lengths is None or all(map(_same, self.lengths, grid.lengths))
        return same and self.points == grid.points

    def read(self, number: int, index: tuple[slice, ...]) -> np.ndarray:
        """A part of the grid of one of them, in the precision of the file."""
        place = index if self.orbitals is None else (number, *index)
        if len(self.datasets) == 1:
            return np.asarray(self.datasets[0][place])
        density, phase = (np.asarray(dataset[place]) for dataset in self.datasets)
        return np.sqrt(np.maximum(density, 0.0)) * np.exp(1j * phase)


@contextmanager
def opened(place: Place, where: str, count: int | None, grid: Grid, length_si: float | None) -> Iterator[StoredField]:
    """The wave functions that `place` names by its path and dataset.

    count      of orbitals; None for a single wave function.
    length_si  metres of the problem's code unit of length; None without [units].
    Raises :class:`ProblemError` where the file has none that fit.
    """
    try:
        with h5py.File(place.path, "r") as file:
            datasets = _datasets(file, place, where)
            dimensions, shape = grid.dimensions, datasets[0].shape
            grid_of_file = _grid_of(file, where, place.path, length_si)
            expected = grid.points if count is None else (count, *grid.points)
            if grid_of_file is None and shape != expected:
                needs = "the grid has" if count is None else "orbitals and grid need"
                message = f"dataset {place.dataset} of {place.path} has shape {shape}, {needs} {expected}"
                raise ProblemError.of(where, message)
            _require_at_rest(file, datasets[0], where, place.path)
            points = shape[-dimensions:]
            orbitals = shape[0] if len(shape) == dimensions + 1 else None
            if len(shape) not in (dimensions, dimensions + 1) or (grid_of_file and grid_of_file[0] != points):
                known = grid_of_file[0] if grid_of_file else shape
                raise ProblemError.of(
                    where, f"{place.path} is of a grid of {len(known)} dimensions, the problem's has {dimensions}"
                )
            if (orbitals or 1) != (count or 1):
                raise ProblemError.of(where, f"{place.path} has {orbitals or 1} orbitals, the species has {count or 1}")
            lengths = grid_of_file[1] if grid_of_file else None
            yield StoredField(place.path, datasets, orbitals, points, lengths)
    except OSError as error:
        raise ProblemError.of(where, f"{place.path} cannot be read as HDF5 ({error})") from error


def lacks_a_kick(path: str) -> bool:
    """Whether the file is a checkpoint whose wave functions lack a phase."""
    try:
        with h5py.File(path, "r") as file:
            return float(file.attrs.get("pending_kick", 0.0)) != 0.0
    except OSError:
        return False  # who reads it says so


def _datasets(file: h5py.File, place: Place, where: str) -> tuple[h5py.Dataset, ...]:
    """What is there of the species: the dataset, or what stands for it in a checkpoint or a snapshot."""
    species, _, kind = place.dataset.rpartition("/")
    choices: list[tuple[str, ...]] = [(place.dataset,)]
    if kind == "wave_function":
        choices += [(f"{species}/orbitals",), (f"{species}/density", f"{species}/phase")]
    for names in choices:
        if all(isinstance(file.get(name), h5py.Dataset) for name in names):
            return tuple(file[name] for name in names)
    if kind == "wave_function" and f"{species}/density" in file:
        raise ProblemError.of(
            where,
            f'{place.path} has the density of "{species}" and no wave function: take a checkpoint of its run, or let '
            'it write output.snapshots.fields = ["wave_function"]',
        )
    raise ProblemError.of(where, f'{place.path} has no dataset "{place.dataset}"')


def _grid_of(
    file: h5py.File, where: str, path: str, length_si: float | None
) -> tuple[tuple[int, ...], tuple[float, ...]] | None:
    """Points and lengths of the file's grid, lengths in the problem's unit; None where it does not tell."""
    if "box_lengths" in file.attrs and "points" in file.attrs:
        points, lengths = file.attrs["points"], file.attrs["box_lengths"]
    elif grid := _problem_of(file).get("grid"):
        points, lengths = grid["points"], grid["lengths"]
    else:
        return None
    theirs = file.attrs.get("length_si")
    if (theirs is None) != (length_si is None):
        which = "has units and the problem has not" if length_si is None else "has no units and the problem has"
        raise ProblemError.of(where, f"{path} {which}: lengths cannot be compared")
    factor = 1.0 if theirs is None or length_si is None else float(theirs) / length_si
    return tuple(map(int, points)), tuple(factor * float(length) for length in lengths)


def _problem_of(file: h5py.File) -> dict[str, Any]:
    """The tables of the problem that the file is of, none where it is of none."""
    try:
        return tomllib.loads(str(file.attrs.get("problem", "")))
    except tomllib.TOMLDecodeError:
        return {}


def _require_at_rest(file: h5py.File, dataset: h5py.Dataset, where: str, path: str) -> None:
    """Raise :class:`ProblemError` for wave functions of a frame that has expanded."""
    expanding = isinstance(_problem_of(file).get("grid", {}).get("frame"), dict)
    began = float(dataset.attrs.get("quadratic_phase", 0.0)) != 0.0
    if began or (expanding and "frame_rate" not in file.attrs and float(file.attrs.get("time", 0.0)) > 0.0):
        raise ProblemError.of(
            where,
            f"{Path(path).name} is of a frame that had expanded: its wave functions lack a phase that a grid may not "
            "resolve; take a file of time zero, or go on with its run (hpcmix restart)",
        )


def _same(length: float, other: float) -> bool:
    return math.isclose(length, other, rel_tol=SAME_LENGTH)
