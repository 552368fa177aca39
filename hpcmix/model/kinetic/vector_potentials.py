"""Vector potentials A(x): their shapes, as a problem file names them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import singledispatch

import h5py
import numpy as np

from hpcmix.grid import Grid
from hpcmix.model.potentials.finite import NotFinite, require_finite
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.sections.species.vector_potentials import (
    ExpressionVectorPotential,
    FileVectorPotential,
    RandomVectorPotential,
    SolenoidVectorPotential,
    UniformVectorPotential,
    VectorPotential,
)
from hpcmix.problem.units.expressions import Expression

Components = list[np.ndarray | None]
"""A per axis of the grid, arrays that broadcast to this rank's block; None for zero."""


def uniform(grid: Grid, field: Sequence[float], gauge: str) -> Components:
    """A of the uniform field B = `field`: B x r / 2, or in the Landau gauge (-B_z y, -B_x z, -B_y x)."""
    if gauge == "symmetric":
        return cross(tuple(0.5 * part for part in field), grid)
    components: Components = []
    for axis in range(grid.dimensions):
        strength, other = field[(axis + 2) % 3], (axis + 1) % 3
        components.append(-strength * grid.coordinates[other] if strength != 0.0 and other < grid.dimensions else None)
    return components


def cross(vector: Sequence[float], grid: Grid) -> Components:
    """vector x r; in two dimensions the vector is along z."""
    components: Components = []
    for axis in range(grid.dimensions):
        part = None
        for strength, other in ((vector[(axis + 1) % 3], (axis + 2) % 3), (-vector[(axis + 2) % 3], (axis + 1) % 3)):
            if strength != 0.0 and other < grid.dimensions:
                term = strength * grid.coordinates[other]
                part = term if part is None else part + term
        components.append(part)
    return components


def magnitudes(components: Components) -> list[float]:
    """The largest |A| of every component, zero for None."""
    return [0.0 if part is None else float(np.max(np.abs(part))) for part in components]


def solenoid(grid: Grid, flux: float, radius: float, centre: Sequence[float]) -> Components:
    """A = flux (1 - exp(-s^2/radius^2)) / (2 pi s) around an axis along z, s the distance from it."""
    x, y = grid.coordinates[0] - centre[0], grid.coordinates[1] - centre[1]
    square = (x**2 + y**2) / radius**2
    # (1 - exp(-u)) / u, which is one at u = 0
    smooth = np.where(square > 0.0, -np.expm1(-square) / np.where(square > 0.0, square, 1.0), 1.0)
    turn = flux / (2.0 * math.pi * radius**2) * smooth
    return [-y * turn, x * turn, None][: grid.dimensions]


def random(grid: Grid, amplitude: float, length: float, seed: int, modes: Sequence[int], largest: float) -> Components:
    """A trigonometric polynomial with random coefficients, the same function on every grid of a box.

    A_j = sum_k c_k exp(i k.x) over the box's modes up to `modes` with 0 < |k| <= largest; c_k complex normal times
    exp(-k^2 length^2 / 4), the mean square over the box made amplitude^2. The numbers are those of one Philox sequence
    per component, in the order of the modes: no grid point and no rank has a part in them.
    """
    ranges = [np.arange(-most, most + 1) for most in modes]
    numbers = [2.0 * math.pi / side * modes for side, modes in zip(grid.lengths, ranges, strict=True)]
    square = sum(np.meshgrid(*(k**2 for k in numbers), indexing="ij"))
    inside = (square > 0.0) & (square <= largest**2)
    weights = np.where(inside, np.exp(-0.25 * square * length**2), 0.0)
    waves = [np.exp(1j * np.outer(x.ravel(), k)) for x, k in zip(grid.coordinates, numbers, strict=True)]
    components: Components = []
    for component in range(grid.dimensions):
        generator = np.random.Generator(np.random.Philox(key=[seed, component]))
        coefficients = generator.standard_normal(weights.shape) + 1j * generator.standard_normal(weights.shape)
        coefficients = weights * (coefficients + np.flip(coefficients).conj())  # c_-k = c_k^*: A is real
        coefficients *= amplitude / float(np.linalg.norm(coefficients))
        for wave in waves:  # contracts the first axis and puts the points' axis last
            coefficients = np.tensordot(coefficients, wave, axes=(0, 1))
        components.append(np.ascontiguousarray(coefficients.real))
    return components


def from_file(grid: Grid, path: str, dataset: str) -> Components:
    """This rank's block of a dataset of shape (components, *grid). Raises :class:`ValueError` with a sentence."""
    try:
        with h5py.File(path, "r") as file:
            if dataset not in file or not isinstance(file[dataset], h5py.Dataset):
                raise ValueError(f'{path} has no dataset "{dataset}"')
            data = file[dataset]
            wanted = (grid.dimensions, *grid.points)
            if data.shape != wanted:
                raise ValueError(
                    f"dataset {dataset} of {path} has shape {data.shape}, components and grid need {wanted}"
                )
            values = np.asarray(data[(slice(None), *grid.position_block.slices)])
    except OSError as error:
        raise ValueError(f"{path} cannot be read as HDF5 ({error})") from error
    if np.iscomplexobj(values):
        raise ValueError(f"dataset {dataset} of {path} is complex, a vector potential is real")
    return list(values.astype(float))


def make_vector_potential(where: str, entry: VectorPotential | None, grid: Grid) -> Components:
    """A of one validated ``vector_potential`` of the problem file; None for the entry is no potential.

    Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` when a file does not fit the grid or A is not finite.
    """
    if entry is None:
        return [None] * grid.dimensions
    try:
        components = components_of(entry, grid)
        for part in components:
            if part is not None:
                require_finite(where, grid, part, 0.0)
    except NotFinite as error:
        raise error.of_the_file() from error
    except ValueError as error:
        raise ProblemError.of(where, str(error)) from error
    return components


@singledispatch
def components_of(entry: object, grid: Grid) -> Components:
    """A of an entry on this rank's block. Raises :class:`ValueError` with a sentence where a file does not fit."""
    raise TypeError(f"{type(entry).__name__} has no components")


@components_of.register
def _(entry: UniformVectorPotential, grid: Grid) -> Components:
    return uniform(grid, entry.field, entry.gauge)


@components_of.register
def _(entry: SolenoidVectorPotential, grid: Grid) -> Components:
    return solenoid(grid, entry.flux, entry.radius, entry.centre)


@components_of.register
def _(entry: RandomVectorPotential, grid: Grid) -> Components:
    modes, largest = entry.modes(grid.lengths), entry.largest_wave_number
    return random(grid, entry.amplitude, entry.correlation_length, entry.seed, modes, largest)


@components_of.register
def _(entry: ExpressionVectorPotential, grid: Grid) -> Components:
    return [_evaluated(value, grid) for value in entry.value]


@components_of.register
def _(entry: FileVectorPotential, grid: Grid) -> Components:
    return from_file(grid, entry.path, entry.dataset)


def _evaluated(expression: Expression, grid: Grid) -> np.ndarray | None:
    value = np.asarray(expression.evaluate(**grid.named_coordinates), dtype=float)
    if not expression.variables_used and value == 0.0:
        return None
    return value.reshape((1,) * (grid.dimensions - value.ndim) + value.shape)
