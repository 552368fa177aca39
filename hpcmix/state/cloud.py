"""What evolves of one species."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from hpcmix.parallel.communicators import Communicators
from hpcmix.parallel.decomposition import Part
from hpcmix.parallel.engine import Engine
from hpcmix.parallel.transforms.transform import Transform


class Cloud(ABC):
    """What evolves of one species on this rank: its arrays, and what a run asks of them whatever they are.

    A kind of cloud answers all of this; its flows are moved by :class:`hpcmix.evolve.flows.Flows`. Arrays may change in
    place; two clouds of one species have the same division among ranks.

    orbitals  the wave functions of the species, shape (number held here, *local grid); of a species that has none an
              array of none, so that whoever goes over the wave functions of a state needs no question.
    """

    orbitals: np.ndarray

    stored: ClassVar[Mapping[str, str]]
    """What a checkpoint keeps of it: name of an array -> what it holds, in words."""

    stored_along: ClassVar[Mapping[str, tuple[str, ...]]]
    """What the axes of these arrays are, in order: "grid" for all axes of the grid, "axis" for the components of a
    vector, other words for numbers of the species' own things."""

    @abstractmethod
    def copy(self) -> Self:
        """A cloud that shares no memory with this one."""

    @abstractmethod
    def laid_out(self, transform: Transform) -> Self:
        """A copy whose fields lie where the transform can work on them in place. Collective."""

    def placed(self, transform: Transform) -> Cloud:
        """The cloud where the transform can work on its fields in place, this one or a copy of it. Collective."""
        return self.laid_out(transform)

    @abstractmethod
    def assign(self, source: Self) -> None:
        """Take the values of another cloud of the species, in place."""

    @abstractmethod
    def take_density(self, engine: Engine, weight: float, density: np.ndarray, axes: int) -> None:
        """Write this rank's part of the density into `density`, `weight` times the sum over what this rank's group
        has, by the kernels of the engine: the sum over groups is the density. Collective over the world.

        axes  how many of the last axes of fields are still transformed; they are brought back in place.
        """

    @abstractmethod
    def squared_distance(self, other: Self) -> float:
        """This rank's part of the sum of squared differences, in double precision. Collective over the world."""

    @abstractmethod
    def looks_finite(self) -> bool:
        """Whether it is finite here as far as few values tell, after every step."""

    @abstractmethod
    def is_finite(self) -> bool:
        """Whether every value here is finite."""

    @abstractmethod
    def parts(self, communicators: Communicators) -> dict[str, Part]:
        """What this rank holds of every distributed array of :attr:`stored`: to be written, or to be filled. Collective
        over the world."""
