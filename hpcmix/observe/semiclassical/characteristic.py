"""The transform f^ of a density in phase space, and where it is asked for.

    f^(xi, eta) = integral f(x, p) exp(-i (xi.x + eta.p)) dx dp,    f^(0) = integral f = 1,    f^(-zeta) = conj f^(zeta)

with zeta = (xi, eta) in R^2d. Of orbitals f is their Wigner function divided by their number (Cardenas, Miller and
Pavlovic (6.2), with the prefactor (2 pi)^(-d)), of a classical gas its density in phase space.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Sheet:
    """Points zeta = (xi, eta) that are evaluated together: xi and the first axes of eta on a lattice about zero, the
    other axes of eta fixed.

    dimensions  d.
    spacing     of the lattice along each axis.
    reach       so many points on either side of zero.
    fixed       the last components of eta. Where there are none, the first component of eta is not negative, for the
                other half holds the complex conjugates.
    radius      points beyond |zeta| = radius are not needed.
    """

    dimensions: int
    spacing: float
    reach: int
    fixed: tuple[float, ...]
    radius: float

    @property
    def joint(self) -> int:
        """Number of axes of eta on the lattice."""
        return self.dimensions - len(self.fixed)

    @property
    def is_half(self) -> bool:
        """Whether the first axis of eta runs from zero on."""
        return not self.fixed

    @cached_property
    def waves(self) -> np.ndarray:
        """The lattice along an axis of xi."""
        return self.spacing * np.arange(-self.reach, self.reach + 1)

    @cached_property
    def shifts(self) -> list[np.ndarray]:
        """The lattice along each joint axis of eta."""
        lattices = [self.waves] * self.joint
        return [self.waves[self.reach :], *lattices[1:]] if self.is_half else lattices

    @property
    def shape(self) -> tuple[int, ...]:
        """Of values on the sheet: axes of xi, then the joint axes of eta."""
        return (len(self.waves),) * self.dimensions + tuple(map(len, self.shifts))

    @cached_property
    def lengths(self) -> np.ndarray:
        """|zeta| of every point."""
        squares = np.full(self.shape, float(np.sum(np.square(self.fixed))))
        for axis, lattice in enumerate([*[self.waves] * self.dimensions, *self.shifts]):
            line = [1] * len(self.shape)
            line[axis] = len(lattice)
            squares += np.square(lattice).reshape(line)
        return np.sqrt(squares)

    def point(self, index: tuple[int, ...]) -> np.ndarray:
        """zeta at an index into values on the sheet."""
        lattices = [*[self.waves] * self.dimensions, *self.shifts]
        return np.array([*(lattice[place] for lattice, place in zip(lattices, index, strict=True)), *self.fixed])


class Characteristic(ABC):
    """f^ of a state at one time. All methods are collective over the ranks that hold the state, and give the same bits
    on each of them."""

    @abstractmethod
    def on_sheet(self, sheet: Sheet) -> np.ndarray:
        """f^ on the points of a sheet, complex, of its shape; any number beyond its radius."""

    @abstractmethod
    def with_slope(self, zeta: np.ndarray) -> tuple[complex, np.ndarray]:
        """f^ at one point and its gradient there, 2d complex numbers: along xi, then along eta."""


class Kept(Characteristic):
    """Another transform whose sheets are kept, for comparisons with several others."""

    def __init__(self, transform: Characteristic) -> None:
        self._transform = transform
        self._sheets: dict[Sheet, np.ndarray] = {}

    def on_sheet(self, sheet: Sheet) -> np.ndarray:
        if sheet not in self._sheets:
            self._sheets[sheet] = self._transform.on_sheet(sheet)
        return self._sheets[sheet]

    def with_slope(self, zeta: np.ndarray) -> tuple[complex, np.ndarray]:
        return self._transform.with_slope(zeta)
