"""The distance of two densities in phase space (Cardenas, Miller and Pavlovic (2.24)):

    |f - g|_1 = sup over zeta in R^2d of |f^(zeta) - g^(zeta)| / (1 + |zeta|)

The supremum is looked for on a start grid and then by ascent from the best local maxima there. The start grid has every
xi of a lattice; eta runs over the same lattice in one and two dimensions, and over shells of growing radius with some
directions each in three. Half of the space is enough: f^(-zeta) = conj f^(zeta).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.optimize import minimize

from hpcmix.observe.semiclassical.characteristic import Characteristic, Sheet

STARTS = 8
"""So many ascents."""

WORTH = 0.6
"""Starts below this part of the largest value found are not followed: on the lattice a local maximum loses a third at
most."""

OUTERMOST = 0.9
"""From this part of the range on a point counts as at its edge."""

LATTICE = 0.75
"""Spacing of the start grid in units of 1 / the largest rms width of f: half of what the sampling theorem asks for a
uniform ball, whose radius is twice its width in one dimension."""

FINER = 0.7
"""Factor of the spacing of a finer start grid."""

SHELLS = (1.45, 1.3)
"""Ratio of the radii of neighbouring shells in three dimensions, and that of a finer start grid."""

DIRECTIONS = (16, 24)
"""Of eta on a shell, over half of the sphere, and those of a finer start grid."""


@dataclass(frozen=True)
class Search:
    """Where a supremum is looked for.

    dimensions  d.
    radius      largest |zeta|.
    spacing     of the start grid.
    finer       whether shells and their directions are denser.
    density     only eta = 0: the densities over x are compared.
    starts      how many ascents at most.
    """

    dimensions: int
    radius: float
    spacing: float
    finer: bool = False
    density: bool = False
    starts: int = STARTS

    @classmethod
    def of_widths(
        cls, dimensions: int, radius: float, widths: np.ndarray, finer: bool = False, starts: int = STARTS
    ) -> Search:
        """For densities of these rms widths along x and p."""
        spacing = LATTICE / float(np.max(widths)) * (FINER if finer else 1.0)
        return cls(dimensions, radius, spacing, finer, starts=starts)

    def sheets(self) -> Iterator[Sheet]:
        """The start grid."""
        reach = math.ceil(self.radius / self.spacing)
        for fixed in [(0.0,) * self.dimensions] if self.density else self._shifts(reach):
            yield Sheet(self.dimensions, self.spacing, reach, fixed, self.radius)

    def _shifts(self, reach: int) -> list[tuple[float, ...]]:
        """The components of eta that are fixed on the sheets."""
        if self.dimensions == 1:
            return [()]
        if self.dimensions == 2:
            return [(self.spacing * number,) for number in range(reach + 1)]
        ratio, count = SHELLS[self.finer], DIRECTIONS[self.finer]
        shells = [self.radius]
        while shells[-1] > self.spacing:
            shells.append(shells[-1] / ratio)
        directions = half_sphere(count)
        return [(0.0, 0.0, 0.0), *(tuple(float(r * c) for c in u) for r in reversed(shells) for u in directions)]


def half_sphere(count: int) -> np.ndarray:
    """Unit vectors spread over the half sphere x >= 0, (count, 3): a Fibonacci spiral."""
    x = (np.arange(count) + 0.5) / count
    angle = math.pi * (3.0 - math.sqrt(5.0)) * np.arange(count)
    across = np.sqrt(1.0 - x**2)
    return np.stack([x, across * np.cos(angle), across * np.sin(angle)], axis=1)


@dataclass(frozen=True)
class Supremum:
    """What was found.

    value      the largest |f^ - g^| / (1 + |zeta|).
    place      its zeta.
    outermost  the largest value of the start grid within the outermost tenth of the range.
    inside     whether the place lies within the range and not in its outermost tenth.
    """

    value: float
    place: tuple[float, ...]
    outermost: float
    inside: bool


def distance(
    first: Characteristic, second: Characteristic, search: Search, alive: Callable[[], None] = lambda: None
) -> Supremum:
    """|f - g|_1 as far as the search finds it; `alive` is called now and then. Collective over the ranks of both."""
    starts, outermost = _best_of_grid(first, second, search, alive)
    best, place = 0.0, np.zeros(2 * search.dimensions)
    for height, start in starts:
        if height < WORTH * best:
            break
        alive()
        value, end = _ascended(first, second, search, start)
        if value > best:
            best, place = value, end
    inside = float(np.linalg.norm(place)) < OUTERMOST * search.radius
    return Supremum(best, tuple(map(float, place)), outermost, inside)


def _best_of_grid(
    first: Characteristic, second: Characteristic, search: Search, alive: Callable[[], None]
) -> tuple[list[tuple[float, np.ndarray]], float]:
    """The best local maxima of the start grid with their values, apart from each other; and the largest value near the
    range's edge."""
    found: list[tuple[float, np.ndarray]] = []
    outermost = 0.0
    for sheet in search.sheets():
        alive()
        lengths = sheet.lengths
        values = np.abs(first.on_sheet(sheet) - second.on_sheet(sheet)) / (1.0 + lengths)
        values[lengths > search.radius] = 0.0
        outermost = max(outermost, float(np.max(values[lengths >= OUTERMOST * search.radius], initial=0.0)))
        peaks = np.argwhere((values == maximum_filter(values, size=3, mode="constant")) & (values > 0.0))
        heights = values[tuple(peaks.T)]
        for number in np.argsort(-heights, kind="stable")[: 4 * search.starts]:
            found.append((float(heights[number]), sheet.point(tuple(peaks[number]))))
    found.sort(key=lambda candidate: -candidate[0])
    starts: list[tuple[float, np.ndarray]] = []
    for height, zeta in found:
        if all(np.linalg.norm(zeta - start) > 1.5 * search.spacing for _, start in starts):
            starts.append((height, zeta))
        if len(starts) == search.starts:
            break
    return starts, outermost


def _ascended(
    first: Characteristic, second: Characteristic, search: Search, start: np.ndarray
) -> tuple[float, np.ndarray]:
    """The local maximum that quasi-Newton steps reach, and its place."""
    moving = np.arange(search.dimensions if search.density else 2 * search.dimensions)
    scale = search.spacing / LATTICE  # in these units the curvature is of the order of one: steps fit from the first
    height, _ = value_with_slope(first, second, start)

    def descending(place: np.ndarray) -> tuple[float, np.ndarray]:
        zeta = start.copy()
        zeta[moving] += scale * place
        value, slope = value_with_slope(first, second, zeta)
        return -value / height, -scale / height * slope[moving]

    end = minimize(descending, np.zeros(len(moving)), jac=True, method="BFGS", options={"gtol": 1e-5, "maxiter": 60})
    zeta = start.copy()
    zeta[moving] += scale * end.x
    return -float(end.fun) * height, zeta


def value_with_slope(first: Characteristic, second: Characteristic, zeta: np.ndarray) -> tuple[float, np.ndarray]:
    """|f^ - g^| / (1 + |zeta|) and its gradient. Collective."""
    here, its_slope = first.with_slope(zeta)
    there, other_slope = second.with_slope(zeta)
    difference, slope = here - there, its_slope - other_slope
    modulus, length = abs(difference), float(np.linalg.norm(zeta))
    if modulus == 0.0 or length == 0.0:
        return modulus / (1.0 + length), np.zeros(len(zeta))
    along = np.real(np.conj(difference) * slope) / modulus
    return modulus / (1.0 + length), along / (1.0 + length) - modulus / (1.0 + length) ** 2 * zeta / length
