"""Column densities of wave functions after a flight.

Flight keeps the norm along every axis, so that along the line of sight nothing has to fly: the integral of |phi(t)|^2
over it is that of the wave function flown along the axes of the picture alone. Planes across the line of sight are read
and added one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

AT_ONCE = 2**22
"""Values of a wave function that are read together."""


class Stored(Protocol):
    """An array that is read by slices: numpy's, or a dataset of a file."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, key: tuple[int | slice, ...], /) -> np.ndarray: ...


@dataclass(frozen=True)
class Spread:
    """What the wave functions of a species are along an axis: mean and standard deviation of place and wave number."""

    place: float
    width: float
    wave_number: float
    wave_width: float


def planes(orbital: Stored, gone: int | None) -> Iterator[np.ndarray]:
    """The values of a wave function of one to three axes, the axis of the line of sight first and some of its points at
    a time; with None there is one such point."""
    if gone is None:
        yield orbital[(slice(None),) * len(orbital.shape)][np.newaxis]
        return
    others = int(np.prod(orbital.shape)) // orbital.shape[gone]
    together = max(1, AT_ONCE // others)
    for first in range(0, orbital.shape[gone], together):
        chosen: list[int | slice] = [slice(None)] * len(orbital.shape)
        chosen[gone] = slice(first, first + together)
        yield np.moveaxis(orbital[tuple(chosen)], gone, 0)


def column_density(orbital: Stored, matrices: Sequence[np.ndarray], gone: int | None, spacing: float) -> np.ndarray:
    """sum over the points of the line of sight of |phi(t)|^2 h, on the places of the picture.

    matrices  of the flight along each axis of the picture, shape (places, points).
    gone      the axis of the line of sight, None where the grid has none; spacing: h along it, one there.
    """
    picture = np.zeros([matrix.shape[0] for matrix in matrices])
    for part in planes(orbital, gone):
        for number, matrix in enumerate(matrices):
            # the axis that flies comes last, and the flown one takes its place before the others
            waves = matrix.T.astype(np.result_type(part, np.complex64))
            part = np.moveaxis(np.moveaxis(part, 1 + number, -1) @ waves, -1, 1 + number)
        picture += spacing * np.sum(part.real.astype(float) ** 2 + part.imag.astype(float) ** 2, axis=0)
    return picture


def spreads(orbital: Stored, gone: int | None, axes: Sequence[np.ndarray]) -> list[Spread]:
    """Of one wave function along each axis of the picture, whose points are given."""
    places = [np.zeros(points.size) for points in axes]
    waves = [np.zeros(points.size) for points in axes]
    for part in planes(orbital, gone):
        others = [tuple(axis for axis in range(part.ndim) if axis != 1 + number) for number in range(len(axes))]
        for number, summed in enumerate(others):
            places[number] += np.sum(np.abs(part) ** 2, axis=summed)
            waves[number] += np.sum(np.abs(np.fft.fft(part, axis=1 + number)) ** 2, axis=summed)
    found = []
    for points, place, wave in zip(axes, places, waves, strict=True):
        wave_numbers = 2.0 * np.pi * np.fft.fftfreq(points.size, points[1] - points[0])
        found.append(Spread(*_moments(points, place), *_moments(wave_numbers, wave)))
    return found


def _moments(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    total = float(np.sum(weights))
    if total == 0.0:
        return 0.0, 0.0
    mean = float(weights @ values) / total
    return mean, float(np.sqrt(weights @ (values - mean) ** 2 / total))
