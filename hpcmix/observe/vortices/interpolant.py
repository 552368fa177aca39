"""The trigonometric interpolant of a field in planes of the grid, and its zeros.

    f(s, t) = sum_jl f_jl D_m(s - j) D_n(t - l),        D_n(t) = (1/n) sum_k exp(2 pi i k t / n)

with s and t in units of the spacings, k from -n/2 to n/2, and the Nyquist mode of an even n half on either side: D is
real. Lines of the grid are contracted on the rank that has them; what is left of a plane, a number for each line, is
summed by every rank in the same order, so that zeros have the same bits on any number of ranks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.vortices.plaquettes import PLANES

CONVERGED = 1e-7
"""Length of the last step of Newton's method, in spacings: what it leaves is the square."""
MOST_STEPS = 40
"""Enough for double zeros, whose distance is halved by every step."""
LONGEST_STEP = 0.5
FARTHEST = 1.5
"""Distance from the middle of the plaquette, in spacings, beyond which a zero is not that of the plaquette."""
NUMBERS_TOGETHER = 1 << 22
"""Complex numbers of planes that a rank has at hand at once."""


@dataclass(frozen=True)
class Punctures:
    """Points in planes of one normal, in units of the spacings.

    planes  index of the plane of each on the whole grid; zeros in two dimensions.
    first, second
            place along the two axes of the plane (:data:`~hpcmix.observe.vortices.plaquettes.PLANES`).
    """

    normal: int
    planes: np.ndarray
    first: np.ndarray
    second: np.ndarray


def zeros_near(mixture: Mixture, field: np.ndarray, start: Punctures) -> tuple[Punctures, np.ndarray]:
    """The zeros of a field that Newton's method comes to from points near them, and which of them it came to. The same
    on every rank of the group. Collective over the group."""
    first, second = start.first.copy(), start.second.copy()
    found = np.ones(len(first), bool)
    for part, lines in _planes(mixture, field, start):
        where, moving = np.flatnonzero(part), np.ones(np.count_nonzero(part), bool)
        for _ in range(MOST_STEPS):
            points = where[moving]
            value, along_first, along_second = lines.at(start.planes[points], first[points], second[points], True)
            step_first, step_second = _newton(value, along_first, along_second)
            first[points] += step_first
            second[points] += step_second
            steps = np.hypot(step_first, step_second)
            away = np.hypot(first[points] - start.first[points], second[points] - start.second[points])
            found[points[away > FARTHEST]] = False
            moving[moving] = (steps > CONVERGED) & (away <= FARTHEST)
            if not moving.any():
                break
    return Punctures(start.normal, start.planes, first, second), found


def values_at(mixture: Mixture, field: np.ndarray, points: Punctures) -> np.ndarray:
    """The interpolant at points, complex. The same on every rank of the group. Collective over the group."""
    values = np.zeros(len(points.first), np.complex128)
    for part, lines in _planes(mixture, field, points):
        values[part] = lines.at(points.planes[part], points.first[part], points.second[part], False)[0]
    return values


def weights(places: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """D_n(t - l) of every place t and its derivative by t, shape (places, n)."""
    modes = np.fft.fftfreq(points, 1.0 / points)
    waves = np.exp((2j * np.pi / points) * np.outer(places, modes))
    derivative = waves * (2j * np.pi / points) * modes
    return np.fft.fft(waves, axis=1).real / points, np.fft.fft(derivative, axis=1).real / points


def _newton(value: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The steps to the zero of value + s first + t second, none longer than :data:`LONGEST_STEP`."""
    determinant = first.real * second.imag - first.imag * second.real
    safe = np.where(determinant == 0.0, 1.0, determinant)
    along_first = (second.real * value.imag - second.imag * value.real) / safe
    along_second = (first.imag * value.real - first.real * value.imag) / safe
    length = np.hypot(along_first, along_second)
    shrink = np.where(determinant == 0.0, 0.0, np.minimum(1.0, LONGEST_STEP / np.maximum(length, 1e-300)))
    return along_first * shrink, along_second * shrink


class _Lines:
    """What this rank has of some planes: the lines along `along` of each, that `across` numbers.

    start  number of its first line; None where it has none.
    """

    def __init__(self, mixture: Mixture, normal: int, held: dict[int, np.ndarray], start: int) -> None:
        self._group, self._held, self._start = mixture.communicators.group, held, start
        self._across, self._along = _plane_axes(normal)
        points = mixture.grid.points
        self._points_across, self._points_along = points[self._across], points[self._along]
        self._first_is_across = PLANES[normal][0] == self._across

    def at(
        self, planes: np.ndarray, first: np.ndarray, second: np.ndarray, derivatives: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The interpolant at points, and its derivatives along the first and the second axis where they are asked for.
        Collective over the group."""
        s, t = (first, second) if self._first_is_across else (second, first)
        weight, slope = weights(t, self._points_along)
        kinds = (weight, slope) if derivatives else (weight,)
        own = [number for number, plane in enumerate(planes) if int(plane) in self._held]
        count = next(iter(self._held.values())).shape[0] if self._held else 0
        contracted = np.empty((len(own), len(kinds), count), np.complex128)
        for row, number in enumerate(own):
            lines = self._held[int(planes[number])]
            for kind, table in enumerate(kinds):
                contracted[row, kind] = np.sum(lines * table[number], axis=-1)
        piece = (own, self._start, contracted)
        whole = np.zeros((len(planes), len(kinds), self._points_across), np.complex128)
        for numbers, start, values in self._group.allgather(piece) if self._group.size > 1 else [piece]:
            if numbers:
                whole[numbers, :, start : start + values.shape[2]] = values
        weight, slope = weights(s, self._points_across)
        value = np.sum(whole[:, 0] * weight, axis=-1)
        if not derivatives:
            return value, value, value
        along_s, along_t = np.sum(whole[:, 0] * slope, axis=-1), np.sum(whole[:, 1] * weight, axis=-1)
        return (value, along_s, along_t) if self._first_is_across else (value, along_t, along_s)


def _plane_axes(normal: int) -> tuple[int, int]:
    """The axes across and along the lines of a plane: lines are along the later axis, which is whole on a rank, but for
    planes across z on pencils."""
    across, along = sorted(PLANES[normal])
    return across, along


def _planes(mixture: Mixture, field: np.ndarray, points: Punctures) -> Iterator[tuple[np.ndarray, _Lines]]:
    """Parts of the points, as masks, each with the planes that they lie in. Collective over the group."""
    block, normal = mixture.grid.position_block, points.normal
    across, along = _plane_axes(normal)
    size = max(1, mixture.grid.points[across] * mixture.grid.points[along])
    together = max(1, NUMBERS_TOGETHER // size)
    planes = np.unique(points.planes)
    for begin in range(0, len(planes), together):
        some = planes[begin : begin + together]
        held = _held_lines(mixture, field, normal, [int(plane) for plane in some])
        yield np.isin(points.planes, some), _Lines(mixture, normal, held, block.start[across])


def _held_lines(mixture: Mixture, field: np.ndarray, normal: int, planes: Sequence[int]) -> dict[int, np.ndarray]:
    """The whole lines that this rank has of some planes, by the plane's index, shape (lines, points). Collective over
    the group."""
    if field.ndim == 2:
        return {planes[0]: np.ascontiguousarray(field, np.complex128)}
    block, communicators = mixture.grid.position_block, mixture.communicators
    local = [plane - block.start[normal] for plane in planes]
    pieces = {
        plane: np.take(field, place, axis=normal).astype(np.complex128)
        for plane, place in zip(planes, local, strict=True)
        if 0 <= place < block.shape[normal]
    }
    row = communicators.along[1]
    if normal == 2 and row.size > 1:  # pencils: the first rank of a row gets the whole lines along y
        gathered = row.gather(pieces, root=0)
        if gathered is None:
            return {}
        return {plane: np.concatenate([part[plane] for part in gathered], axis=1) for plane in planes}
    return {plane: np.ascontiguousarray(piece) for plane, piece in pieces.items()}
