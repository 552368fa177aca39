"""Wave functions from another grid: trigonometric interpolation, and whether the cloud fits.

The old wave function is a sum of the plane waves of its box, of which those are kept that the new grid carries:

    psi(X) = sum_k psi^_k exp(i k X) = sum_x D(X - x) psi(x),    D(d) = (1/n) sum_(|k| <= pi/H) cos(k d),

along one axis, with n points of spacing h in the old box and H the new spacing; along several axes it is a product. At
an old point D is one for that point and zero for the others, to the bit, if all waves are kept: where the new grid has
the old points, the values there are the old ones. Beyond the old box psi is zero: the cloud has to end before its
faces.

Imports no MPI: every rank reads the file, a few planes at a time, and keeps its own points.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpcmix.grid import Grid
from hpcmix.initial.written.stored import SAME_LENGTH, StoredField

LOST = 1e-6
"""Part of the particles that a new grid may lack: cut off at a thousandth of the largest amplitude, a cloud has an edge
as small as the noise that experiments are started with. The same for a density at the faces over the largest."""
_AT_A_TIME = 1 << 22
"""Numbers that are read at a time: 64 MB."""
_ON_A_POINT = 1e-9
"""Distance from an old point, in old spacings, that is rounding."""


def interpolated(stored: StoredField, number: int, grid: Grid) -> np.ndarray:
    """The values of a stored wave function at the points of this rank's block. Complex, norm as in the file. Local."""
    matrices = [_matrix(stored, grid, axis) for axis in range(grid.dimensions)]
    field = np.zeros(grid.position_shape, np.complex128)
    for planes, values in _planes(stored, number):
        for axis in range(1, grid.dimensions):
            values = _along(matrices[axis], values, axis)
        field += _along(np.ascontiguousarray(matrices[0][:, planes]), values, 0)
    return field


def misfits(stored: StoredField, grid: Grid) -> Iterator[str]:
    """Sentences about axes along which the cloud of all orbitals does not fit into the new box or grid, or does not end
    before the faces of a box that is smaller than the new one. Reads the whole file. Local."""
    if stored.is_on(grid):
        return
    for axis, profile in enumerate(_profiles(stored)):
        if not np.isfinite(profile.sum()):
            yield f"{stored.path} holds values that are no numbers"
            return
        old, new = _length(stored, axis), grid.lengths[axis]
        if new < old * (1.0 - SAME_LENGTH):
            yield from _cut_off(stored, axis, profile, new)
        if new > old * (1.0 + SAME_LENGTH):
            yield from _without_end(stored, axis, profile)
        limit = np.pi / grid.spacings[axis]
        if limit < np.pi * stored.points[axis] / old * (1.0 - SAME_LENGTH):
            yield from _too_quick(stored, axis, limit, new)


def _cut_off(stored: StoredField, axis: int, profile: np.ndarray, length: float) -> Iterator[str]:
    """Of a smaller box: what lies beyond it."""
    x, name = _old_points(stored, axis), "xyz"[axis]
    outside = profile[(x < -0.5 * length) | (x >= 0.5 * length)].sum() / profile.sum()
    if outside > LOST:
        yield (
            f"the cloud of {stored.path} does not fit: {outside:.2g} of its particles lie beyond the box along {name}, "
            f"whose length is {length:.6g}; it takes {_needed(x, profile):.6g} (code units)"
        )


def _without_end(stored: StoredField, axis: int, profile: np.ndarray) -> Iterator[str]:
    """Of a larger box: what is at the faces of the old one."""
    face, name = max(profile[0], profile[-1]) / profile.max(), "xyz"[axis]
    if face > LOST:
        yield (
            f"the cloud of {stored.path} reaches the faces of its box along {name}, with {face:.2g} of its largest "
            f"density: nothing is known of it beyond; keep the length {_length(stored, axis):.6g} (code units)"
        )


def _too_quick(stored: StoredField, axis: int, limit: float, length: float) -> Iterator[str]:
    """Of a coarser grid: what has wave numbers beyond its largest."""
    spectrum, k, name = _spectrum(stored, axis), _wave_numbers(stored, axis), "xyz"[axis]
    beyond = spectrum[np.abs(k) > limit * (1.0 + SAME_LENGTH)].sum() / spectrum.sum()
    if beyond > LOST:
        points = int(np.ceil(_needed(k, spectrum) * length / (2.0 * np.pi))) + 1
        yield (
            f"the grid is too coarse for {stored.path}: {beyond:.2g} of its particles have wave numbers along {name} "
            f"beyond the grid's largest, pi/h = {limit:.6g}; it takes {points} points"
        )


def _needed(x: np.ndarray, profile: np.ndarray) -> float:
    """The smallest length around zero that holds all but a part :data:`LOST`."""
    order = np.argsort(np.abs(x))
    held = np.cumsum(profile[order])
    return 2.0 * float(np.abs(x[order])[np.searchsorted(held, (1.0 - LOST) * held[-1])])


def _old_points(stored: StoredField, axis: int) -> np.ndarray:
    length, points = _length(stored, axis), stored.points[axis]
    return -0.5 * length + length / points * np.arange(points)


def _wave_numbers(stored: StoredField, axis: int) -> np.ndarray:
    points = stored.points[axis]
    return 2.0 * np.pi / _length(stored, axis) * np.fft.fftfreq(points, 1.0 / points)


def _length(stored: StoredField, axis: int) -> float:
    if stored.lengths is None:
        raise TypeError(f"{stored.path} does not tell its grid")
    return stored.lengths[axis]


def _matrix(stored: StoredField, grid: Grid, axis: int) -> np.ndarray:
    """D(X - x) for this rank's points X along an axis, shape (points here, old points)."""
    new, old = grid.axis(axis)[grid.position_block.slices[axis]], _old_points(stored, axis)
    length, points = _length(stored, axis), stored.points[axis]
    spacing = length / points
    k = _wave_numbers(stored, axis)
    kept = k[np.abs(k) <= np.pi / grid.spacings[axis] * (1.0 + SAME_LENGTH)]
    waves_new, waves_old = np.multiply.outer(new, kept), np.multiply.outer(old, kept)
    # the cosine of k (X - x) is the sum of two products; of an even grid's largest wave number it stands for both signs
    matrix = (np.cos(waves_new) @ np.cos(waves_old).T + np.sin(waves_new) @ np.sin(waves_old).T) / points
    if len(kept) == points:
        place = (new - old[0]) / spacing
        nearest = np.rint(place)
        for row in np.flatnonzero(np.abs(place - nearest) < _ON_A_POINT):
            matrix[row] = 0.0
            matrix[row, int(nearest[row]) % points] = 1.0
    if grid.lengths[axis] > length * (1.0 + SAME_LENGTH):
        edge = 0.5 * length + _ON_A_POINT * spacing
        matrix[(new < -edge) | (new >= 0.5 * length - _ON_A_POINT * spacing)] = 0.0
    return matrix


def _along(matrix: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    """The real matrix applied to one axis of complex values."""
    last = np.moveaxis(values, axis, -1)
    product = np.empty((*last.shape[:-1], len(matrix)), np.complex128)
    product.real, product.imag = np.ascontiguousarray(last.real) @ matrix.T, np.ascontiguousarray(last.imag) @ matrix.T
    return np.moveaxis(product, -1, axis)


def _planes(stored: StoredField, number: int, axis: int = 0) -> Iterator[tuple[slice, np.ndarray]]:
    """A wave function a few planes across `axis` at a time."""
    points = stored.points
    size = max(1, _AT_A_TIME * points[axis] // int(np.prod(points)))
    for first in range(0, points[axis], size):
        planes = slice(first, min(first + size, points[axis]))
        index = tuple(planes if place == axis else slice(None) for place in range(len(points)))
        yield planes, stored.read(number, index).astype(np.complex128)


def _profiles(stored: StoredField) -> list[np.ndarray]:
    """The density of all orbitals, summed over all axes but one, for every axis."""
    profiles = [np.zeros(count) for count in stored.points]
    for number in range(stored.orbitals or 1):
        for planes, values in _planes(stored, number):
            density = values.real**2 + values.imag**2
            for axis, profile in enumerate(profiles):
                others = tuple(place for place in range(density.ndim) if place != axis)
                profile[planes if axis == 0 else slice(None)] += density.sum(axis=others)
    return profiles


def _spectrum(stored: StoredField, axis: int) -> np.ndarray:
    """The same in wave numbers along one axis, in the order of :func:`numpy.fft.fftfreq`."""
    spectrum = np.zeros(stored.points[axis])
    across = 1 if axis == 0 else 0  # the axis of the transform has to be whole
    for number in range(stored.orbitals or 1):
        parts = _planes(stored, number, across) if len(stored.points) > 1 else _whole(stored, number)
        for _, values in parts:
            waves = np.fft.fft(values, axis=axis)
            others = tuple(place for place in range(waves.ndim) if place != axis)
            spectrum += (waves.real**2 + waves.imag**2).sum(axis=others)
    return spectrum


def _whole(stored: StoredField, number: int) -> Iterator[tuple[slice, np.ndarray]]:
    yield slice(None), stored.read(number, (slice(None),)).astype(np.complex128)
