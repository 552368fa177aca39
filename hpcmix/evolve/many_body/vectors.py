"""What exponentials of operators ask of vectors and operators, wherever these live."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.complex128]


class Space(Protocol):
    """Where vectors live: cut over ranks, with inner products over all of them."""

    def vector(self) -> Vector:
        """A new vector."""
        ...

    def give_back(self, vector: Vector) -> None:
        """A vector that is not used any more."""
        ...

    def inner(self, left: Vector, right: Vector) -> complex:
        """<left|right>, the same on every rank."""
        ...

    def norm(self, vector: Vector) -> float:
        """|vector|, the same on every rank."""
        ...

    def add(self, factor: complex, source: Vector, target: Vector) -> None:
        """target += factor source, in place."""
        ...

    def fill_random(self, vector: Vector, seed: int) -> None:
        """Random numbers, the same vector however it is cut."""
        ...


class Apply(Protocol):
    """A Hermitian operator H as a product."""

    def __call__(
        self, source: Vector, target: Vector, scale: float = 1.0, shift: float = 0.0, keep: float = 0.0
    ) -> None:
        """target <- keep target + scale H source + shift source. Collective."""
        ...
