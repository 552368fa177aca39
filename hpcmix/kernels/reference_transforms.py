"""Numpy twins of the compiled transforms: the same functions, slower, and the yardstick of their tests.

Arguments are taken as checked and brought to three dimensions by `hpcmix.kernels.transforms`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hpcmix.kernels import reference


def transform_lines(field: NDArray, forward: bool, scale: float) -> None:
    """Transform along the middle axis of three, in place."""
    _transform(field, (1,), forward, scale)


def transform_planes(field: NDArray, forward: bool, scale: float) -> None:
    """Transform along the last two axes of three, in place."""
    _transform(field, (1, 2), forward, scale)


def multiply_lines(field: NDArray, factors: Sequence[NDArray] | NDArray, scale: float) -> None:
    """Along the first axis of three: forward, multiply, inverse; in place."""
    _transform(field, (0,), True, 1.0)
    if isinstance(factors, np.ndarray):
        field *= factors
    else:
        reference.multiply_separable(field, factors)
    _transform(field, (0,), False, scale)


def kick_planes(
    fields: Sequence[NDArray],
    potentials: Sequence[NDArray | None],
    couplings: NDArray,
    angle: float,
    inverse_before: bool,
    forward_after: bool,
    rows_too: bool,
) -> None:
    """Inverse transform of planes (rows_too) or of their rows, kick, forward transform, in place."""
    axes = (1, 2) if rows_too else (2,)
    if inverse_before:
        for field in fields:
            _transform(field, axes, False, 1.0)
    reference.kick_contact(fields, potentials, couplings, angle)
    if forward_after:
        for field in fields:
            _transform(field, axes, True, 1.0)


def transform_real(real_field: NDArray, half_spectrum: NDArray, planes: bool, scale: float) -> None:
    """Real rows to half spectra, then the columns of each plane if wanted."""
    if real_field.size == 0:
        return
    half_spectrum[...] = np.fft.rfft(real_field, axis=2)
    _transform(half_spectrum, (1,) if planes else (), True, scale)


def transform_real_inverse(half_spectrum: NDArray, real_field: NDArray, planes: bool, scale: float) -> None:
    """Half spectra to real rows, after the columns of each plane if wanted."""
    if real_field.size == 0:
        return
    _transform(half_spectrum, (1,) if planes else (), False, 1.0)
    real_field[...] = np.fft.irfft(half_spectrum, n=real_field.shape[2], axis=2, norm="forward")
    real_field *= scale


def _transform(field: NDArray, axes: tuple[int, ...], forward: bool, scale: float) -> None:
    """numpy.fft keeps single precision; 'forward' as norm leaves the inverse without its factor."""
    if field.size == 0:
        return
    if axes:
        field[...] = np.fft.fftn(field, axes=axes) if forward else np.fft.ifftn(field, axes=axes, norm="forward")
    if scale != 1.0:
        field *= scale
