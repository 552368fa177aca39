"""Numpy twins of the compiled transforms: the same functions, slower, and the yardstick of their tests.

Arguments are taken as checked and brought to three dimensions by `hpcmix.kernels.transforms`. Lines are a library's
(`hpcmix.kernels.twins.fourier`); it is what the program runs on where there is no compiler.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels.twins import loops as reference
from hpcmix.kernels.twins.fourier.library import library


def transform_lines(field: NDArray, forward: bool, scale: float) -> None:
    """Transform along the middle axis of three, in place."""
    _transform(field, (1,), forward, scale)


def transform_planes(field: NDArray, forward: bool, scale: float) -> None:
    """Transform along the last two axes of three, in place."""
    _transform(field, (1, 2), forward, scale)


def multiply_lines(field: NDArray, factors: Sequence[NDArray], scale: float) -> None:
    """Along the first axis of three: forward, multiply by one factor for each axis, inverse; in place."""
    _transform(field, (0,), True, 1.0)
    reference.multiply_separable(field, factors)
    _transform(field, (0,), False, scale)


def turn_lines(field: NDArray, symbol: NDArray, angle: float, scale: float) -> None:
    """Along the first axis of three: forward, times exp(-1j * angle * symbol), inverse; in place."""
    _transform(field, (0,), True, 1.0)
    reference.rotate_phase(field, symbol, angle)
    _transform(field, (0,), False, scale)


def mix_lines(fields: Sequence[NDArray], multipliers: Sequence[NDArray | None], scale: float) -> None:
    """Along the first axis of three: forward, times a matrix of real multipliers, inverse; in place."""
    for field in fields:
        _transform(field, (0,), True, 1.0)
    spectra = [field.copy() for field in fields]
    for a, field in enumerate(fields):
        field[...] = 0.0
        for spectrum, multiplier in zip(spectra, multipliers[a * len(fields) :], strict=False):
            if multiplier is not None:
                field += multiplier * spectrum
        _transform(field, (0,), False, scale)


def kick_planes(
    fields: Sequence[NDArray],
    potentials: Sequence[Sequence[NDArray]],
    couplings: NDArray,
    spectra: Sequence[NDArray],
    weights: NDArray,
    functions: Sequence[tuple[NDArray, int, NDArray]],
    values: NDArray,
    angle: float,
    inverse_before: bool,
    forward_after: bool,
    columns_too: bool,
) -> None:
    """Inverse transform of planes (columns_too) or of their rows, kick, forward transform, in place; the fields of the
    half spectra, brought back too, add to the potentials."""
    axes = (1, 2) if columns_too else (2,)
    if inverse_before:
        for field in fields:
            _transform(field, axes, False, 1.0)
    if spectra:
        seen = [np.empty(fields[0].shape, fields[0].real.dtype) for _ in spectra]
        for spectrum, real_field in zip(spectra, seen, strict=True):
            transform_real_inverse(spectrum, real_field, columns_too, 1.0)
        potentials = [
            [*added, sum(weight * real_field.astype(np.float64) for weight, real_field in zip(row, seen, strict=True))]
            for added, row in zip(potentials, weights, strict=True)
        ]
    if functions:
        found = [value for function in functions for value in reference.point_function(fields, *function)]
        potentials = [
            [*added, sum(weight * value for weight, value in zip(row, found, strict=True))]
            for added, row in zip(potentials, values, strict=True)
        ]
    reference.kick_contact(fields, potentials, couplings, angle)
    if forward_after:
        for field in fields:
            _transform(field, axes, True, 1.0)


def multiply_planes(
    field: NDArray, factors: NDArray, inverse_before: bool, forward_after: bool, columns_too: bool
) -> None:
    """Inverse transform of planes (columns_too) or of their rows, times factors, forward transform, in place."""
    axes = (1, 2) if columns_too else (2,)
    if inverse_before:
        _transform(field, axes, False, 1.0)
    field *= factors
    if forward_after:
        _transform(field, axes, True, 1.0)


def density_of_planes(field: NDArray, weight: float, density: NDArray, columns_too: bool, add: bool) -> None:
    """Inverse transform of planes (columns_too) or of their rows, then density = weight * |field|^2, or += if add."""
    _transform(field, (1, 2) if columns_too else (2,), False, 1.0)
    if not add:
        density[...] = 0.0
    reference.accumulate_density(field, weight, density)


def density_spectra(
    fields: Sequence[NDArray], weights: NDArray, spectra: Sequence[NDArray], inverse_before: bool, columns_too: bool
) -> None:
    """Inverse transform of planes (columns_too) or of their rows in place, then half spectra of weighted sums of
    |field|^2."""
    if inverse_before:
        for field in fields:
            _transform(field, (1, 2) if columns_too else (2,), False, 1.0)
    for row, spectrum in zip(weights, spectra, strict=True):
        total = np.zeros(fields[0].shape)
        for weight, field in zip(row, fields, strict=True):
            reference.accumulate_density(field, weight, total)
        transform_real(total.astype(fields[0].real.dtype), spectrum, columns_too, 1.0)


def transform_real(real_field: NDArray, half_spectrum: NDArray, planes: bool, scale: float) -> None:
    """Real rows to half spectra, then the columns of each plane if wanted."""
    if real_field.size == 0:
        return
    library().r2c(real_field, 2, out=half_spectrum)
    _transform(half_spectrum, (1,) if planes else (), True, scale)


def transform_real_inverse(half_spectrum: NDArray, real_field: NDArray, planes: bool, scale: float) -> None:
    """Half spectra to real rows, after the columns of each plane if wanted."""
    if real_field.size == 0:
        return
    _transform(half_spectrum, (1,) if planes else (), False, 1.0)
    library().c2r(half_spectrum, 2, real_field.shape[2], out=real_field)
    if scale != 1.0:
        real_field *= scale


def _transform(field: NDArray, axes: tuple[int, ...], forward: bool, scale: float) -> None:
    if field.size == 0:
        return
    if axes:
        library().c2c(field, axes, forward, out=field)
    if scale != 1.0:
        field *= scale
