"""Fourier transforms along lines and planes, alone or fused with the multiplier or the kick between them.

Signs and factors are those of CONVENTIONS.md, Fourier transform: no factor is applied but `scale`, so that a forward
and an inverse transform together multiply by the number of points. Fields are complex128 or complex64 arrays of one
to three dimensions, contiguous in C order, changed in place; tables of factors are used in double precision. A split
step on slabs is `kick_planes` (all axes but the first), `multiply_lines` (the first axis) and again `kick_planes`:
two sweeps over memory. On pencils a rank passes its field as rows, `field.reshape(-1, nz)`.

Any length works; lengths whose prime factors are 2, 3, 5 and 7 are the fast ones. Results do not depend on the number
of threads, and a line's result not on the lines around it, to the bit: a rank may hold as many as it likes. Arrays
that start at a cache line (see :func:`empty`) are a little faster. The choice between the compiled transforms and
their numpy twins is that of `hpcmix.kernels.dispatch`. Wrong arguments raise TypeError or ValueError with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hpcmix.kernels import arguments, dispatch, reference, reference_transforms

CACHE_LINE = 64


def transform_lines(field: NDArray, axis: int, forward: bool, scale: float = 1.0) -> None:
    """Transform along one axis, times scale."""
    _check_transformed("field", field)
    if not -field.ndim <= axis < field.ndim:
        raise ValueError(f"axis must be an axis of a field of {field.ndim} dimensions, not {axis}")
    axis %= field.ndim
    shape = field.shape
    lines = field.reshape(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
    _implementation().transform_lines(lines, bool(forward), float(scale))


def transform_planes(field: NDArray, forward: bool, scale: float = 1.0) -> None:
    """Transform along every axis but the first, one plane after the other while it is in cache, times scale."""
    _check_transformed("field", field)
    if field.ndim == 1:
        if scale != 1.0:
            field *= scale
    elif field.ndim == 2:
        transform_lines(field, 1, forward, scale)
    else:
        _implementation().transform_planes(field, bool(forward), float(scale))


def multiply_lines(field: NDArray, factors: Sequence[NDArray] | NDArray, scale: float = 1.0) -> None:
    """Transform along the first axis, multiply, transform back, times scale: one sweep over memory.

    Args:
        field: may be a view `array[:, first:last]` of some rows of all planes; each plane of it must be contiguous.
        factors: one complex table for each axis, whose product is the multiplier (1/n belongs into one of them, or into
            scale); or an array of the field's shape and precision, real or complex.
        scale: factor on the result.
    """
    _check_planes(field)
    cube = field[(...,) + (np.newaxis,) * (3 - field.ndim)]
    if isinstance(factors, np.ndarray) and factors.shape == field.shape:
        _check_multiplier(factors, field)
        _implementation().multiply_lines(cube, factors.reshape(cube.shape), float(scale))
        return
    if isinstance(factors, np.ndarray):
        raise ValueError(f"an array of factors must have the shape of the field, {field.shape}, not {factors.shape}")
    tables = arguments.check_axis_tables("factors", factors, field, np.complex128)
    tables += [np.ones(1, np.complex128)] * (3 - field.ndim)
    _implementation().multiply_lines(cube, tables, float(scale))


def kick_planes(
    fields: Sequence[NDArray],
    potentials: Sequence[NDArray | None],
    couplings: NDArray,
    angle: float,
    *,
    inverse_before: bool,
    forward_after: bool,
) -> None:
    """The kick of `dispatch.kick_contact` between transforms along every axis but the first, plane by plane.

    field_a *= exp(-1j * angle * (potential_a + sum_b couplings[a, b] * rho_b)), rho_b = |field_b|^2.

    Args:
        fields: p >= 1 arrays of one shape and precision that share no memory.
        potentials: p real arrays of that shape and precision, None for zero.
        couplings: real matrix of shape (p, p).
        angle: duration of the kick over hbar.
        inverse_before: bring the planes back to position space first, without a factor.
        forward_after: transform the planes afterwards.
    """
    matrix = arguments.check_components(fields, potentials, couplings)
    dimensions = fields[0].ndim
    _check_dimensions("fields[0]", fields[0])
    if dimensions == 1 or not (inverse_before or forward_after):
        dispatch.implementation().kick_contact(list(fields), list(potentials), matrix, angle)
        return
    shape = fields[0].shape if dimensions == 3 else (1, *fields[0].shape)
    _implementation().kick_planes(
        [field.reshape(shape) for field in fields],
        [None if potential is None else potential.reshape(shape) for potential in potentials],
        matrix,
        angle,
        bool(inverse_before),
        bool(forward_after),
        dimensions == 3,
    )


def transform_real(real_field: NDArray, half_spectrum: NDArray, scale: float = 1.0, *, planes: bool = False) -> None:
    """Forward transform of a real array along its last axis into the n // 2 + 1 numbers that are not conjugates, times
    scale.

    Args:
        real_field: float64 or float32; it is not changed.
        half_spectrum: complex array of the same precision and shape, but for the last axis.
        scale: factor on the result.
        planes: transform every axis but the first, plane by plane; three dimensions only.
    """
    real_shape, half_shape = _check_real_pair(real_field, half_spectrum, planes)
    _implementation().transform_real(
        real_field.reshape(real_shape), half_spectrum.reshape(half_shape), bool(planes), float(scale)
    )


def transform_real_inverse(
    half_spectrum: NDArray, real_field: NDArray, scale: float = 1.0, *, planes: bool = False
) -> None:
    """The way back of :func:`transform_real`, times scale. With `planes` the half spectrum is overwritten.

    Imaginary parts of the first and, for even n, last number of a row are ignored: a real row has none.
    """
    real_shape, half_shape = _check_real_pair(real_field, half_spectrum, planes, inverse=True)
    _implementation().transform_real_inverse(
        half_spectrum.reshape(half_shape), real_field.reshape(real_shape), bool(planes), float(scale)
    )


def empty(shape: Sequence[int], dtype: DTypeLike) -> NDArray:
    """An uninitialised array that starts at a cache line, so that no vector of a transform straddles two of them."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def _implementation() -> ModuleType:
    kernels = dispatch.implementation()
    return reference_transforms if kernels is reference else kernels


def _check_dimensions(name: str, array: NDArray) -> None:
    if not 1 <= array.ndim <= 3:
        raise ValueError(f"{name} must have one, two or three dimensions, not {array.ndim}")


def _check_transformed(name: str, field: NDArray) -> None:
    arguments.check_field(name, field, written=True)
    _check_dimensions(name, field)


def _check_planes(field: NDArray) -> None:
    """What multiply_lines takes: contiguous planes, one after the other with any distance between them."""
    if isinstance(field, np.ndarray) and field.ndim > 1 and field.size > 0 and not field.flags.c_contiguous:
        if field.strides[0] < field[0].nbytes or field.strides[0] % field.itemsize != 0:
            raise ValueError("the planes field[0], field[1], ... must follow one another in memory without overlap")
        _check_dimensions("field", field)
        arguments.check_field("each plane of field", field[0], written=True)
    else:
        _check_transformed("field", field)


def _check_multiplier(values: NDArray, field: NDArray) -> None:
    if values.dtype.kind == "c":
        arguments.check_field("factors", values, written=False)
        if values.dtype != field.dtype:
            raise TypeError(f"factors must be of the field's precision, {field.dtype}, not {values.dtype}")
    else:
        arguments.check_real("factors", values, field, written=False)


def _check_real_pair(
    real_field: NDArray, half_spectrum: NDArray, planes: bool, inverse: bool = False
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Both shapes with three dimensions, after a look whether the arrays fit."""
    arguments.check_field("half_spectrum", half_spectrum, written=not inverse or planes)
    if not isinstance(real_field, np.ndarray):
        raise TypeError(f"real_field must be a numpy array, not {type(real_field).__name__}")
    _check_dimensions("real_field", real_field)
    expected = (*real_field.shape[:-1], real_field.shape[-1] // 2 + 1)
    if half_spectrum.shape != expected:
        raise ValueError(f"half_spectrum must have shape {expected}, not {half_spectrum.shape}")
    like_spectrum = np.broadcast_to(np.zeros(1, half_spectrum.dtype), real_field.shape)
    arguments.check_real("real_field", real_field, like_spectrum, written=inverse)
    if np.may_share_memory(real_field, half_spectrum):
        raise ValueError("real_field and half_spectrum share memory")
    if planes and real_field.ndim != 3:
        raise ValueError(f"planes=True needs three dimensions, not {real_field.ndim}")
    ones = (1,) * (3 - real_field.ndim)
    return ones + real_field.shape, ones + half_spectrum.shape
