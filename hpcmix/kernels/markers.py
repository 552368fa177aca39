"""Loops over the markers of a classical species: what they put on a grid, and how they are moved by a field of it.

A marker at x lies in the cell c = floor((x + L/2) n / L) of each axis, 0 <= c < n, with the fraction f of a cell above
its left end, and meets the w grid points c - w/2 + 1 .. c + w/2 with the window

    phi(x/h - g) = sum_m table[j, m] (2 f - 1)^m  at the point  g = c - w/2 + 1 + j,     S(x - x_g) = product over axes.

A *patch* is a contiguous array of consecutive cells along every axis, from the cell `start`, which may be negative,
with as many ghost cells as windows need: the marker's place in it is l = ((c - start - w/2) mod n) + w/2, its window
l - w/2 + 1 .. l + w/2. Whoever holds the patches adds what is periodic.

Everything is in double precision. Deposits are whole numbers, so that their sum does not depend on the order of
markers, on threads and on ranks, to the bit; what a marker feels depends on itself and its patch only. Compiled or
numpy, as the other kernels; instruction sets and numpy differ by rounding. Wrong arguments raise TypeError or
ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins import markers as reference_markers

TILE = reference_markers.TILE
LARGEST_DEPOSIT = reference_markers.LARGEST_DEPOSIT


@dataclass(frozen=True, eq=False)
class MarkerGeometry:
    """The box, its grid, the window, and where a patch begins.

    lengths  L along each axis.
    points   n, not fewer than the window is wide.
    start    the patch's first cell along each axis, on a periodic line of cells; may be negative.
    table    float64 (w, degree + 1), polynomials of the window's w cells.
    """

    lengths: tuple[float, ...]
    points: tuple[int, ...]
    start: tuple[int, ...]
    table: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not 1 <= len(self.lengths) == len(self.points) == len(self.start) <= 3:
            raise ValueError("lengths, points and start must have an entry for each of one, two or three axes")
        if self.table.dtype != np.float64 or self.table.ndim != 2 or not self.table.flags.c_contiguous:
            raise TypeError("the table of a window must be a contiguous matrix of float64")
        if self.width % 2 or not 4 <= self.width <= 14:
            raise ValueError(f"a window is 4, 6, .. or 14 cells wide, not {self.width}")
        if not 2 <= self.table.shape[1] <= self.width + 4:
            raise ValueError("the polynomials of a window of w cells have degree 1 to w + 3")
        for axis, (length, points) in enumerate(zip(self.lengths, self.points, strict=True)):
            if points < self.width or not length > 0.0:
                raise ValueError(f"axis {axis} has {points} cells in a length of {length}, too few for {self.width}")

    @property
    def dimensions(self) -> int:
        return len(self.points)

    @property
    def width(self) -> int:
        """w, in cells."""
        return len(self.table)

    @property
    def spacings(self) -> tuple[float, ...]:
        return tuple(length / points for length, points in zip(self.lengths, self.points, strict=True))

    def cells(self, position: NDArray) -> NDArray[np.int64]:
        """The cell 0 <= c < n of every marker along every axis, (n, d): the numbers that all kernels work with."""
        return reference_markers.cells_and_fractions(position, np.array(self.lengths), np.array(self.points))[0]


def spread_fixed(
    position: NDArray, weight: NDArray, geometry: MarkerGeometry, scale: float, patch: NDArray[np.int64]
) -> None:
    """patch += rint(scale w_i prod phi) for every marker i.

    Args:
        position: (markers, d).
        weight: (markers,).
        geometry: of the patch.
        scale: units of the fixed point in one: |scale w_i| must not be larger than 2^51.
        patch: int64 of d dimensions. Sums are not looked at: whether they pass 2^63 is the caller's to know.
    """
    _check_markers(position, geometry)
    _check_doubles("weight", weight, (len(position),), written=False)
    _check_patch("patch", patch, geometry, np.int64, written=True)
    _implementation().spread_fixed(position, weight, *_numbers(geometry), float(scale), patch)


def gather(position: NDArray, geometry: MarkerGeometry, field: NDArray, gradient_out: NDArray) -> None:
    """The gradient d/dx of sum_g prod phi(..) field_g at every marker, (markers, d): an exact derivative of what
    :func:`spread_fixed` puts there, times the field."""
    _check_markers(position, geometry)
    _check_patch("field", field, geometry, np.float64, written=False)
    _check_doubles("gradient_out", gradient_out, position.shape, written=True)
    _implementation().gather(position, *_numbers(geometry), field, gradient_out)


def gather_kick_drift(
    position: NDArray,
    momentum: NDArray,
    geometry: MarkerGeometry,
    field: NDArray | None,
    force_gradient: NDArray | None,
    kick: float,
    drift: float,
    mass: float,
    rest_mass: float | None = None,
) -> NDArray[np.float64]:
    """p -= kick (gradient of the field at x + force_gradient), then x += drift dT/dp, wrapped into [-L/2, L/2).

    In place.

    Args:
        position, momentum: (markers, d).
        geometry: of the field's patch.
        field: as :func:`gather`; None where there is none.
        force_gradient: (markers, d), gradients of given potentials at x.
        kick, drift: durations.
        mass: T = p^2 / 2 m, velocity p / m.
        rest_mass: T = sqrt(m^2 + p^2) in place of that, velocity p / sqrt(m^2 + p^2).

    Returns:
        The largest |drift dT/dp| along each axis, (d,); NaN where one is none.
    """
    _check_markers(position, geometry, written=True)
    _check_doubles("momentum", momentum, position.shape, written=True)
    if field is not None:
        _check_patch("field", field, geometry, np.float64, written=False)
    if force_gradient is not None:
        _check_doubles("force_gradient", force_gradient, position.shape, written=False)
    if not mass > 0.0 or (rest_mass is not None and not rest_mass > 0.0):
        raise ValueError(f"masses must be positive, not {mass}, {rest_mass}")
    largest = np.zeros(geometry.dimensions)
    _implementation().gather_kick_drift(
        position,
        momentum,
        *_numbers(geometry),
        field,
        force_gradient,
        float(kick),
        float(drift),
        float(mass),
        0.0 if rest_mass is None else float(rest_mass),
        largest,
    )
    return largest


def sort_by_tiles(
    position: NDArray,
    momentum: NDArray,
    weight: NDArray,
    index: NDArray[np.int64],
    geometry: MarkerGeometry,
    extents: Sequence[int],
) -> None:
    """Markers in the order of tiles of 8^d cells of a patch of these extents, in place and without another array of
    their number: what a tile's markers meet stays in the first-level cache. Their order within a tile is not
    specified."""
    _check_markers(position, geometry, written=True)
    _check_doubles("momentum", momentum, position.shape, written=True)
    _check_doubles("weight", weight, (len(position),), written=True)
    if index.dtype != np.int64 or index.shape != (len(position),) or not index.flags.c_contiguous:
        raise ValueError("index must be contiguous int64, one for each marker")
    shape = np.array(extents, np.int64)
    if shape.shape != (geometry.dimensions,) or np.any(shape < 0):
        raise ValueError("extents must have an entry, not below zero, for each axis")
    _implementation().sort_by_tiles(position, momentum, weight, index, *_numbers(geometry), shape)


def _numbers(geometry: MarkerGeometry) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    return (
        np.array(geometry.lengths, np.float64),
        np.array(geometry.points, np.int64),
        np.array(geometry.start, np.int64),
        geometry.table,
    )


def _check_markers(position: NDArray, geometry: MarkerGeometry, *, written: bool = False) -> None:
    if position.ndim != 2:
        raise ValueError("position must have two dimensions, (markers, d)")
    _check_doubles("position", position, (len(position), geometry.dimensions), written=written)


def _check_doubles(name: str, values: NDArray, shape: tuple[int, ...], *, written: bool) -> None:
    arguments.check_typed(name, values, np.float64, written=written)
    if values.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, not {values.shape}")


def _check_patch(name: str, patch: NDArray, geometry: MarkerGeometry, dtype: type, *, written: bool) -> None:
    arguments.check_typed(name, patch, dtype, written=written)
    if patch.ndim != geometry.dimensions:
        raise ValueError(f"{name} must have {geometry.dimensions} dimensions, not {patch.ndim}")


def _implementation() -> ModuleType:
    kernels = dispatch.implementation()
    return reference_markers if kernels is reference else kernels


def values_at(position: NDArray, geometry: MarkerGeometry, field: NDArray) -> NDArray[np.float64]:
    """sum_g phi(..) field_g at every marker, (markers,): what :func:`gather` is the gradient of. In numpy: it is for
    the beginning of a run, not for its steps."""
    _check_markers(position, geometry)
    _check_patch("field", field, geometry, np.float64, written=False)
    return reference_markers.values_at(position, *_numbers(geometry), field)
