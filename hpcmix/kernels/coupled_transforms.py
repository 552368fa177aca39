"""The drift of coherently coupled components: transforms along the first axis with a matrix at every wave vector
between them, in one sweep.

As in :mod:`hpcmix.kernels.transforms`: fields are changed in place, no factor is applied but what is passed, results do
not depend on threads nor a line's result on other lines, wrong arguments raise TypeError or ValueError.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.transforms import as_cube, check_planes
from hpcmix.kernels.twins import coupling as reference_coupling
from hpcmix.kernels.twins import loops as reference

MOST_COMPONENTS = 16
"""More than these are mixed by the numpy twin."""

LONGEST_SERIES = 2000.0
"""Levels that turn by more than these radians in a drift are left to the numpy twin: eigenvectors cost less then."""

Symbol = Sequence[NDArray] | NDArray
"""An energy T(k) at every point of a spectrum: a table in double precision for each axis, which add up, or an array of
the spectrum's shape and precision."""


def multiply_lines_by_matrix(fields: Sequence[NDArray], matrix: NDArray, factors: Sequence[NDArray]) -> None:
    """field_a <- F^-1 [ m(k) sum_b matrix_ab F field_b ] along the first axis, m a product of one table for each axis.

    Args:
        fields: two or more arrays of one shape, precision and distance of planes that share no memory, each as in
            :func:`hpcmix.kernels.transforms.multiply_lines`.
        matrix: complex, a row for each field; used in double precision.
        factors: one complex table for each axis (1/n belongs into one of them).
    """
    check_coupled(fields)
    tables = arguments.check_axis_tables("factors", factors, fields[0], np.complex128)
    tables += [np.ones(1, np.complex128)] * (3 - fields[0].ndim)
    _implementation(fields).multiply_lines_by_matrix(
        [as_cube(field) for field in fields], tables, check_matrix("matrix", matrix, len(fields))
    )


def turn_coupled_lines(
    fields: Sequence[NDArray],
    symbols: Sequence[Symbol],
    constant: NDArray,
    slope: NDArray,
    angle: float,
    scale: float,
    radius: float,
) -> None:
    """field_a <- scale F^-1 [ sum_b exp(-1j * angle * H(k))_ab F field_b ] along the first axis.

    H_ab = T_a delta_ab + constant_ab + (T_a - T_b) slope_ab.

    Args:
        fields: as in :func:`multiply_lines_by_matrix`.
        symbols: T_a of each field.
        constant: Hermitian p x p matrix.
        slope: anti-Hermitian p x p matrix.
        angle: duration over hbar.
        scale: factor on the result.
        radius: no eigenvalue of H less the mean of its T_a may be larger in size, anywhere. Not used for two fields,
            which are done in closed form; for more it says how many terms the series for the exponential needs.
    """
    check_coupled(fields)
    if len(symbols) != len(fields):
        raise ValueError(f"symbols must have an entry for each of the {len(fields)} fields, not {len(symbols)}")
    terms: list[list[NDArray]] = []
    tables: list[NDArray | None] = []
    for index, symbol in enumerate(symbols):
        name = f"symbols[{index}]"
        if isinstance(symbol, np.ndarray):
            arguments.check_real(name, symbol, fields[0], written=False)
            terms.append([])
            tables.append(as_cube(symbol))
        else:
            axes = arguments.check_axis_tables(name, symbol, fields[0], np.float64)
            terms.append(axes + [np.zeros(1)] * (3 - fields[0].ndim))
            tables.append(None)
    count, size = len(fields), abs(angle * radius)
    in_series = count > 2 and size <= LONGEST_SERIES
    _implementation(fields, in_series or count == 2).turn_coupled_lines(
        [as_cube(field) for field in fields],
        terms,
        tables,
        check_matrix("constant", constant, count),
        check_matrix("slope", slope, count),
        float(angle),
        float(scale),
        math.copysign(radius or 1.0, angle),  # the series is for a positive angle * radius
        exponential_series(size) if in_series else np.empty(0),
    )


@functools.lru_cache(maxsize=32)
def exponential_series(size: float) -> NDArray[np.float64]:
    """The coefficients (2 - delta_n0) J_n(size) of exp(-i size x) = sum_n coefficients[n] (-i)^n T_n(x) for |x| <= 1,
    as many as there are above rounding: they fall faster than exponentially once n is larger than `size`."""
    from scipy.special import jv

    orders = np.arange(2, 40 + int(size + 15.0 * size ** (1.0 / 3.0)))
    bessel = jv(np.concatenate([[0, 1], orders]), size)
    needed = 2 + np.count_nonzero(np.maximum.accumulate(np.abs(bessel[:1:-1]))[::-1] > 1e-17)
    coefficients = 2.0 * bessel[:needed]
    coefficients[0] = bessel[0]
    coefficients.setflags(write=False)
    return coefficients


def check_coupled(fields: Sequence[NDArray]) -> None:
    """Two or more fields as :func:`multiply_lines_by_matrix` takes them."""
    if len(fields) < 2:
        raise ValueError(f"there must be two fields at least, not {len(fields)}")
    for index, field in enumerate(fields):
        check_planes(f"fields[{index}]", field)
        if field.shape != fields[0].shape or field.dtype != fields[0].dtype or field.strides != fields[0].strides:
            raise ValueError(f"fields[{index}] must have the shape, precision and strides of fields[0]")


def check_matrix(name: str, matrix: NDArray, count: int) -> NDArray[np.complex128]:
    """The matrix in double precision, after a look at its shape."""
    values = np.asarray(matrix)
    if values.shape != (count, count):
        raise ValueError(f"{name} must have shape {(count, count)}, not {values.shape}")
    return np.ascontiguousarray(values, np.complex128)


def _implementation(fields: Sequence[NDArray], suited: bool = True) -> ModuleType:
    kernels = dispatch.implementation()
    compiled = suited and kernels is not reference and len(fields) <= MOST_COMPONENTS
    return kernels if compiled else reference_coupling
