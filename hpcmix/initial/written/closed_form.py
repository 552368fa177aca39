"""States that are written down in closed form or stand in a file. Imports no MPI."""

from __future__ import annotations

import math
from functools import singledispatch

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.initial.trial.shells import oscillator_filling
from hpcmix.initial.written import wave_functions
from hpcmix.model.potentials.external import NotFinite, read_block, require_finite
from hpcmix.parallel.process.independence import LinearlyDependent, condition
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.initial import (
    ExpressionInitial,
    FileInitial,
    FileStart,
    GaussianInitial,
    OscillatorInitial,
    PlaneWavesInitial,
)

ZERO = "this state is zero everywhere on the grid; check centre, width and expressions"


@singledispatch
def closed_form(initial: object, where: str, mass: float, hbar: float, grid: Grid) -> np.ndarray:
    """The state on this rank's block, before it is normalised. Raises :class:`ProblemError` where an expression is not
    finite or a file does not fit. Local."""
    raise TypeError(f"{type(initial).__name__} is not written down")


@closed_form.register
def _(initial: GaussianInitial, where: str, mass: float, hbar: float, grid: Grid) -> np.ndarray:
    return wave_functions.gaussian(grid, initial.centre, initial.width)


@closed_form.register
def _(initial: OscillatorInitial, where: str, mass: float, hbar: float, grid: Grid) -> np.ndarray:
    numbers = initial.numbers or (0,) * grid.dimensions  # of a single fermion: the lowest level
    return wave_functions.oscillator(grid, mass, hbar, initial.frequency, numbers, initial.centre)


@closed_form.register
def _(initial: PlaneWavesInitial, where: str, mass: float, hbar: float, grid: Grid) -> np.ndarray:
    return wave_functions.plane_wave(grid, initial.numbers or (0,) * grid.dimensions)


@closed_form.register
def _(initial: FileInitial, where: str, mass: float, hbar: float, grid: Grid) -> np.ndarray:
    return read_field(initial, where, grid)


@closed_form.register
def _(initial: ExpressionInitial, where: str, mass: float, hbar: float, grid: Grid) -> np.ndarray:
    field = wave_functions.expression(grid, initial.amplitude, initial.phase)
    try:
        require_finite(where, grid, field, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    return field


def read_field(place: FileInitial | FileStart, where: str, grid: Grid) -> np.ndarray:
    """This rank's block of a condensate's wave function, from the dataset of the grid's shape that `place` names by its
    path and dataset. Raises :class:`ProblemError`. Local."""
    try:
        field = read_block(place.path, place.dataset, grid).astype(np.complex128)
        require_finite(where, grid, field, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    except ValueError as error:
        raise ProblemError.of(where, str(error)) from error
    return field


def read_set(place: FileInitial | FileStart, where: str, count: int, held: range, grid: Grid) -> np.ndarray:
    """This rank's block of the orbitals `held` of `count`, from a dataset of shape (count, *grid). Raises
    :class:`ProblemError`. Local."""
    path, dataset, wanted = place.path, place.dataset, (count, *grid.points)
    try:
        with h5py.File(path, "r") as file:
            if dataset not in file or not isinstance(file[dataset], h5py.Dataset):
                raise ProblemError.of(where, f'{path} has no dataset "{dataset}"')
            data = file[dataset]
            if data.shape != wanted:
                raise ProblemError.of(
                    where, f"dataset {dataset} of {path} has shape {data.shape}, orbitals and grid need {wanted}"
                )
            values = np.asarray(data[(slice(held.start, held.stop), *grid.position_block.slices)])
    except OSError as error:
        raise ProblemError.of(where, f"{path} cannot be read as HDF5 ({error})") from error
    try:
        for orbital in values:
            require_finite(where, grid, orbital, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    return values


def too_many(error: LinearlyDependent) -> str:
    """The sentence about a set that the grid does not hold."""
    return f"{error}; use a finer grid, a larger box or fewer orbitals"


def require_oscillator_set(
    initial: OscillatorInitial, where: str, count: int, mass: float, hbar: float, grid: Grid
) -> None:
    """Raise :class:`ProblemError` where the `count` lowest oscillator states are linearly dependent on the whole grid,
    in double precision. They are products over the axes, and so are their overlaps."""
    numbers = np.array(oscillator_filling(initial.frequency, count).numbers)
    gram = np.ones((count, count))
    for axis in range(grid.dimensions):
        s = (grid.axis(axis) - initial.centre[axis]) * math.sqrt(mass * initial.frequency[axis] / hbar)
        levels = np.array([wave_functions.oscillator_level(n, s) for n in range(numbers[:, axis].max() + 1)])
        overlaps = levels @ levels.T
        gram *= overlaps[np.ix_(numbers[:, axis], numbers[:, axis])]
    norms = np.sqrt(np.diagonal(gram))
    norms = np.where(norms > 0.0, norms, 1.0)
    try:
        condition(gram / np.multiply.outer(norms, norms), float(np.finfo(float).eps))
    except LinearlyDependent as error:
        raise ProblemError.of(where, too_many(error)) from error
