"""Fourier transforms along lines and planes, alone or fused with the multiplier or the kick between them.

Signs and factors are those of CONVENTIONS.md, Fourier transform: no factor is applied but `scale`, so that a forward
and an inverse transform together multiply by the number of points. Fields are complex128 or complex64 arrays of one
to three dimensions, contiguous in C order, changed in place; tables of factors are used in double precision. A split
step on slabs is `kick` (all axes but the first), `multiply_lines` (the first axis) and again `kick`: two sweeps over
memory. On pencils `kick` transforms the last axis only, and `transform_lines` the one in the middle.

Axes are transformed from the last to the first and back in the opposite order, whatever the function. Any length works;
lengths whose prime factors are 2, 3, 5 and 7 are the fast ones. Results do not depend on the number of threads, and a
line's result not on the lines around it, to the bit: a rank may hold as many as it likes. Arrays that start at a cache
line (see :func:`empty`) are a little faster. The choice between the compiled transforms and their numpy twins is that
of `hpcmix.kernels.dispatch`. Wrong arguments raise TypeError or ValueError with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import ModuleType

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hpcmix.kernels import arguments, dispatch
from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins import transforms as reference_transforms

Allocate = Callable[[Sequence[int], DTypeLike], NDArray]
"""Makes an array of a shape and a type, as :func:`empty` does."""

CACHE_LINE = 64
ROWS_BYTES = 1 << 17
"""Size of the pieces of a field that are worked on at a time along its last axis: half of a small second-level cache.
"""


def transform_lines(field: NDArray, axis: int, forward: bool, scale: float = 1.0) -> None:
    """Transform along one axis, times scale."""
    _check_transformed("field", field)
    if not -field.ndim <= axis < field.ndim:
        raise ValueError(f"axis must be an axis of a field of {field.ndim} dimensions, not {axis}")
    axis %= field.ndim
    shape = field.shape
    lines = field.reshape(math.prod(shape[:axis]), shape[axis], math.prod(shape[axis + 1 :]))
    _implementation().transform_lines(lines, bool(forward), float(scale))


def transform_planes(field: NDArray, forward: bool, scale: float = 1.0, *, axes: int | None = None) -> None:
    """Transform along the last `axes` axes (0, 1 or 2; all but the first unless given), plane by plane while it is in
    cache, times scale."""
    _check_transformed("field", field)
    axes = check_axes(field, field.ndim - 1 if axes is None else axes)
    if axes == 2:
        _implementation().transform_planes(as_planes(field), bool(forward), float(scale))
    elif axes == 1:
        transform_lines(field, field.ndim - 1, forward, scale)
    elif scale != 1.0:
        field *= scale


def multiply_lines(field: NDArray, factors: Sequence[NDArray], scale: float = 1.0) -> None:
    """Transform along the first axis, multiply, transform back, times scale: one sweep over memory.

    Args:
        field: may be a view `array[:, first:last]` of some rows of all planes; each plane of it must be contiguous.
        factors: one complex table for each axis, whose product is the multiplier (1/n belongs into one of them, or into
            scale).
        scale: factor on the result.
    """
    check_planes("field", field)
    tables = arguments.check_axis_tables("factors", factors, field, np.complex128)
    tables += [np.ones(1, np.complex128)] * (3 - field.ndim)
    _implementation().multiply_lines(as_cube(field), tables, float(scale))


def multiply_along(field: NDArray, axis: int, table: NDArray) -> None:
    """Transform along one axis, multiply by the table, transform back, in place: a multiplier that depends on one
    component of the wave number.

    Args:
        table: complex, as long as the axis (1/n is its to hold).
    """
    _check_transformed("field", field)
    before, length, after = math.prod(field.shape[:axis]), field.shape[axis], math.prod(field.shape[axis + 1 :])
    if after > 1 or axis == 0:
        ones = np.ones(after, np.complex128)
        for plane in field.reshape(before, length, after):
            multiply_lines(plane, [table, ones])
        return
    # Along the last axis the inverse comes first, as it does in a kick: F_- m F_+ = F_+ m(-k) F_-. The table stands
    # for as many rows as fit into a cache with it.
    rows = field.reshape(before, length)
    many = max(1, ROWS_BYTES // (length * field.itemsize))
    mirrored = np.roll(np.asarray(table, np.complex128)[::-1], 1).astype(field.dtype)
    factors = np.ascontiguousarray(np.broadcast_to(mirrored, (min(many, before), length)))
    for first in range(0, before, many):
        part = rows[first : first + many]
        multiply_points(part, factors[: len(part)], axes=1, inverse_before=True, forward_after=True)


def turn_lines(field: NDArray, symbol: NDArray, angle: float, scale: float = 1.0) -> None:
    """Transform along the first axis, multiply by exp(-1j * angle * symbol), transform back, times scale.

    Args:
        field: as in :func:`multiply_lines`.
        symbol: real array of the field's shape and precision.
        angle: duration over hbar.
        scale: factor on the result.
    """
    check_planes("field", field)
    arguments.check_real("symbol", symbol, field, written=False)
    _implementation().turn_lines(as_cube(field), as_cube(symbol), float(angle), float(scale))


def mix_lines(fields: Sequence[NDArray], multipliers: Sequence[Sequence[NDArray | None]], scale: float = 1.0) -> None:
    """Transform along the first axis, multiply by a matrix of real multipliers, transform back, times scale.

    field_a <- scale F^-1 [ sum_b multipliers[a][b] F field_b ], the mean fields of several densities in one sweep.

    Args:
        fields: p >= 1 arrays of one shape and precision that share no memory, each as in :func:`multiply_lines`.
        multipliers: p x p real arrays of that shape and precision, None for zero.
        scale: factor on the result.
    """
    for index, field in enumerate(fields):
        check_planes(f"fields[{index}]", field)
        if field.shape != fields[0].shape or field.dtype != fields[0].dtype or field.strides != fields[0].strides:
            raise ValueError(f"fields[{index}] must have the shape, precision and strides of fields[0]")
    if len(fields) == 0 or len(multipliers) != len(fields) or any(len(row) != len(fields) for row in multipliers):
        raise ValueError("multipliers must be a square matrix with a row for each field, and there must be a field")
    flat = [multiplier for row in multipliers for multiplier in row]
    for multiplier in flat:
        if multiplier is not None:
            arguments.check_real("a multiplier", multiplier, fields[0], written=False)
    _implementation().mix_lines(
        [as_cube(field) for field in fields],
        [None if multiplier is None else as_cube(multiplier) for multiplier in flat],
        float(scale),
    )


def kick(
    fields: Sequence[NDArray],
    potentials: Sequence[Sequence[NDArray]],
    couplings: NDArray,
    angle: float,
    *,
    axes: int = 0,
    inverse_before: bool = False,
    forward_after: bool = False,
    spectra: Sequence[NDArray] = (),
    weights: NDArray | None = None,
    functions: Sequence[arguments.PointFunction] = (),
) -> None:
    """The kick of all components, in one pass with transforms along the last axes before and after it.

    field_a *= exp(-1j * angle * (sum of potentials[a] + sum_b couplings[a, b] * rho_b + sum_c weights[a, c] * w_c +
    what it sees of functions)), rho_b = |field_b|^2, w_c the real field of a half spectrum that is brought back in the
    same pass.

    Args:
        fields: p >= 1 arrays of one shape and precision that share no memory.
        potentials: for each field any number of real arrays of that shape and precision, which add up.
        couplings: real matrix of shape (p, p).
        angle: duration of the kick over hbar.
        axes: how many of the last axes are transformed: 0, 1 (rows) or 2 (planes).
        inverse_before: bring these axes of the fields back to position space first, without a factor.
        forward_after: transform them afterwards.
        spectra: half spectra as :func:`transform_densities` makes them, transformed along `axes`, at least one; they
            are brought back without a factor and overwritten.
        weights: real matrix of shape (p, number of spectra).
        functions: of the densities at every point.
    """
    values = arguments.check_functions(functions, len(fields))
    matrix = arguments.check_components(fields, potentials, couplings)
    _check_dimensions("fields[0]", fields[0])
    axes = check_axes(fields[0], axes)
    _check_half_spectra(spectra, fields, axes)
    seen = arguments.check_matrix(
        "weights", np.zeros((len(fields), 0)) if weights is None else weights, (len(fields), len(spectra))
    )
    _implementation().kick_planes(
        [as_planes(field) for field in fields],
        [[as_planes(potential) for potential in added] for added in potentials],
        matrix,
        [as_planes(spectrum) for spectrum in spectra],
        seen,
        [(np.ascontiguousarray(each.measures, np.float64), int(each.power), each.rows) for each in functions],
        values,
        float(angle),
        bool(inverse_before and axes > 0),
        bool(forward_after and axes > 0),
        axes == 2,
    )


def multiply_points(
    field: NDArray, factors: NDArray, *, axes: int = 0, inverse_before: bool = False, forward_after: bool = False
) -> None:
    """field *= factors point by point, in place, with transforms along the last axes before and after it as in
    :func:`kick`: what a kick does to one of many fields that turn by the same phase.

    Args:
        factors: complex array of the field's shape and precision that shares no memory with it.
    """
    arguments.check_field("field", field, written=True)
    arguments.check_same("factors", factors, field, written=False)
    axes = check_axes(field, axes)
    if axes == 0 or not (inverse_before or forward_after):
        field *= factors
        return
    _implementation().multiply_planes(
        as_planes(field), as_planes(factors), bool(inverse_before), bool(forward_after), axes == 2
    )


def take_density(field: NDArray, weight: float, density: NDArray, *, add: bool = False, axes: int = 0) -> None:
    """Bring the last `axes` axes (0, 1 or 2) back to position space, in place, then density = weight * |field|^2, added
    to what is there if `add`."""
    if axes == 0:
        if not add:
            density[...] = 0.0
        dispatch.accumulate_density(field, weight, density)
        return
    arguments.check_field("field", field, written=True)
    arguments.check_real("density", density, field, written=True)
    axes = check_axes(field, axes)
    _implementation().density_of_planes(as_planes(field), float(weight), as_planes(density), axes == 2, bool(add))


def transform_densities(
    fields: Sequence[NDArray],
    weights: NDArray,
    spectra: Sequence[NDArray],
    *,
    axes: int,
    inverse_before: bool = False,
) -> None:
    """Half spectra of weighted sums of densities: spectra[c] = F[ sum_a weights[c, a] |field_a|^2 ], in one pass.

    Args:
        fields: arrays of one shape and precision that share no memory.
        weights: real matrix of shape (number of spectra, number of fields).
        spectra: arrays of the fields' precision and shape, but for a last axis of n // 2 + 1 numbers.
        axes: how many of the last axes are transformed, 1 or 2.
        inverse_before: bring these axes of the fields back to position space first, in place, without a factor.
    """
    arguments.check_distinct(fields)
    axes = check_axes(fields[0], axes)
    _check_half_spectra(spectra, fields, axes)
    matrix = arguments.check_matrix("weights", weights, (len(spectra), len(fields)))
    _implementation().density_spectra(
        [as_planes(field) for field in fields],
        matrix,
        [as_planes(spectrum) for spectrum in spectra],
        bool(inverse_before),
        axes == 2,
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


def check_axes(field: NDArray, axes: int) -> int:
    """How many of the last axes of a field are transformed, after a look at them."""
    _check_dimensions("field", field)
    if not 0 <= axes <= min(2, field.ndim):
        raise ValueError(f"axes must be 0, 1 or 2 of the {field.ndim} axes of field, not {axes}")
    return axes


def as_planes(array: NDArray) -> NDArray:
    """With three dimensions, ones in front: the last two axes are a plane."""
    return array.reshape((1,) * (3 - array.ndim) + array.shape)


def as_cube(array: NDArray) -> NDArray:
    """With three dimensions, ones behind: the first axis is that of the lines."""
    return array[(...,) + (np.newaxis,) * (3 - array.ndim)]


def check_planes(name: str, field: NDArray) -> None:
    """What multiply_lines takes: contiguous planes, one after the other with any distance between them."""
    if isinstance(field, np.ndarray) and field.ndim > 1 and field.size > 0 and not field.flags.c_contiguous:
        if field.strides[0] < field[0].nbytes or field.strides[0] % field.itemsize != 0:
            raise ValueError(f"the planes of {name} must follow one another in memory without overlap")
        _check_dimensions(name, field)
        arguments.check_field(f"each plane of {name}", field[0], written=True)
    else:
        _check_transformed(name, field)


def _check_half_spectra(spectra: Sequence[NDArray], fields: Sequence[NDArray], axes: int) -> None:
    """Half spectra along one or two axes of real fields as large as `fields`, which share no memory with them."""
    if len(spectra) > 0 and axes == 0:
        raise ValueError("axes must be 1 or 2 where there are spectra")
    for index, spectrum in enumerate(spectra):
        name = f"spectra[{index}]"
        check_half_shape(name, spectrum, fields[0])
        if any(np.may_share_memory(spectrum, other) for other in (*fields, *spectra[:index])):
            raise ValueError(f"{name} shares memory with another array")


def check_half_shape(name: str, spectrum: NDArray, field: NDArray) -> None:
    """A half spectrum that is written to, of real fields as large as `field` and in its precision."""
    arguments.check_field(name, spectrum, written=True)
    if spectrum.dtype != field.dtype:
        raise TypeError(f"{name} must have the precision of the fields, {field.dtype}, not {spectrum.dtype}")
    expected = (*field.shape[:-1], field.shape[-1] // 2 + 1)
    if spectrum.shape != expected:
        raise ValueError(f"{name} must have shape {expected}, not {spectrum.shape}")


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
