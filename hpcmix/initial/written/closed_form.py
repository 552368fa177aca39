"""States that are written down in closed form or stand in a file. Imports no MPI."""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

from hpcmix.grid import Grid
from hpcmix.initial.trial.shells import oscillator_filling
from hpcmix.initial.written import wave_functions
from hpcmix.initial.written.interpolation import interpolated, misfits
from hpcmix.initial.written.stored import Place, StoredField, opened
from hpcmix.model.potentials.finite import NotFinite, require_finite
from hpcmix.parallel.process.independence import LinearlyDependent, condition
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.sections.species.initial import (
    ExpressionInitial,
    FileInitial,
    GaussianInitial,
    OscillatorInitial,
    PlaneWavesInitial,
)

ZERO = "this state is zero everywhere on the grid; check centre, width and expressions"


@singledispatch
def closed_form(
    initial: object, where: str, mass: float, hbar: float, grid: Grid, length_si: float | None = None
) -> np.ndarray:
    """The state on this rank's block, before it is normalised. `length_si`: metres of the code unit of length, None
    without [units]; what a file says is compared with it. Raises :class:`ProblemError` where an expression is not
    finite or a file does not fit. Local."""
    raise TypeError(f"{type(initial).__name__} is not written down")


@closed_form.register
def _(
    initial: GaussianInitial, where: str, mass: float, hbar: float, grid: Grid, length_si: float | None = None
) -> np.ndarray:
    return wave_functions.gaussian(grid, initial.centre, initial.width)


@closed_form.register
def _(
    initial: OscillatorInitial, where: str, mass: float, hbar: float, grid: Grid, length_si: float | None = None
) -> np.ndarray:
    numbers = initial.numbers or (0,) * grid.dimensions  # of a single fermion: the lowest level
    return wave_functions.oscillator(grid, mass, hbar, initial.frequency, numbers, initial.centre)


@closed_form.register
def _(
    initial: PlaneWavesInitial, where: str, mass: float, hbar: float, grid: Grid, length_si: float | None = None
) -> np.ndarray:
    return wave_functions.plane_wave(grid, initial.numbers or (0,) * grid.dimensions)


@closed_form.register
def _(
    initial: FileInitial, where: str, mass: float, hbar: float, grid: Grid, length_si: float | None = None
) -> np.ndarray:
    return read_field(initial, where, grid, length_si)


@closed_form.register
def _(
    initial: ExpressionInitial, where: str, mass: float, hbar: float, grid: Grid, length_si: float | None = None
) -> np.ndarray:
    field = wave_functions.expression(grid, initial.amplitude, initial.phase)
    try:
        require_finite(where, grid, field, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    return field


def read_field(place: Place, where: str, grid: Grid, length_si: float | None) -> np.ndarray:
    """This rank's block of a condensate's wave function in the file that `place` names, from another grid by
    interpolation. `length_si`: metres of the problem's code unit of length, None without [units]. Raises
    :class:`ProblemError`. Local."""
    with opened(place, where, None, grid, length_si) as stored:
        return _on_this_grid(stored, 0, where, grid)


def read_set(place: Place, where: str, count: int, held: range, grid: Grid, length_si: float | None) -> np.ndarray:
    """This rank's block of the orbitals `held` of `count`, shape (held, *block); else as :func:`read_field`."""
    with opened(place, where, count, grid, length_si) as stored:
        orbitals = [_on_this_grid(stored, number, where, grid) for number in held]
    return np.array(orbitals) if orbitals else np.empty((0, *grid.position_shape), np.complex128)


def require_fit(place: Place, where: str, count: int | None, grid: Grid, length_si: float | None) -> bool:
    """Whether a file is of another grid than the problem; raises :class:`ProblemError` where its cloud does not fit
    into the new one. Local, the whole file is read."""
    with opened(place, where, count, grid, length_si) as stored:
        complaints = [Complaint("", None, where, sentence) for sentence in misfits(stored, grid)]
        if complaints:
            raise ProblemError(complaints)
        return not stored.is_on(grid)


def _on_this_grid(stored: StoredField, number: int, where: str, grid: Grid) -> np.ndarray:
    """One wave function on this rank's block."""
    if stored.is_on(grid):
        field = stored.read(number, grid.position_block.slices).astype(np.complex128)
    else:
        field = interpolated(stored, number, grid)
    try:
        require_finite(where, grid, field, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    return field


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
