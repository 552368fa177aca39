"""What every ``[[interaction]]`` answers about itself: the kernel G_ab between two species, or of one with itself.

Checks, plans, claims and the model ask the entry; none of them knows its kind. What has no safe default is abstract.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import PairOfNames
from hpcmix.problem.sections.frames.transverse import TransversePair
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.named import names_in

Boundary = Literal["periodic", "free"]
"""Where the convolution with a kernel takes place: on the periodic box, or between the particles in the box alone."""


RANGES = 41
"""Chebyshev points of the range at which a cut kernel is transformed
(model/pair_kernels/radial/decaying_transforms.py)."""


def reduced_mass(first: float, second: float) -> float:
    """``m_a m_b / (m_a + m_b)``."""
    return first * second / (first + second)


class Constants(Protocol):
    """What the numbers of an entry mean something with. A Problem has it."""

    @property
    def hbar(self) -> float:
        """The reduced Planck constant in code units."""

    def reduced_mass(self, between: tuple[str, str]) -> float:
        """``m_a m_b / (m_a + m_b)`` of two species, which may be the same."""

    def transverse(self, between: tuple[str, str]) -> TransversePair | None:
        """How two species lie to each other across the grid; None where the grid has all axes."""


@dataclass(frozen=True)
class Attraction:
    """How far a kernel lowers the energy of two particles, for the proofs that bound it: without
    :attr:`more_singular`, ``G(x) >= -depth - inverse_distance / r``, and nothing lower.

    depth             an energy; infinite where the kernel is bounded, but by what the file does not tell.
    inverse_distance  an energy times a length.
    more_singular     whether it attracts more than 1/r does where r is small: no kinetic energy need outweigh it.
    """

    depth: float = 0.0
    inverse_distance: float = 0.0
    more_singular: bool = False

    def times(self, factor: float) -> Attraction:
        """That of the kernel times a factor that is not negative."""
        return Attraction(factor * self.depth, factor * self.inverse_distance, self.more_singular)


@dataclass(frozen=True)
class LongWaves:
    """A pair's interaction in three dimensions, or in those of a grid without a tight trap, as waves much longer than
    its range see it.

    contact    its coupling g, None where it has no part that is a contact.
    dipoles    C of C (1 - 3 cos^2 theta)/r^3.
    direction  of the dipoles, up to a sign.
    """

    contact: float | None = None
    dipoles: float = 0.0
    direction: tuple[float, ...] = ()


class InteractionSection(Switching):
    """What every interaction has: the pair it acts between; ``G_ab = G_ba`` is written once."""

    between: PairOfNames
    """Two names of species; one twice for a species with itself.
    Example: ``["up", "down"]``."""

    # ---------------------------------------------------------------- what it is

    @property
    @abstractmethod
    def kernel_boundary(self) -> Boundary | None:
        """Where the convolution with the kernel takes place, or None for what acts at a point."""

    @property
    @abstractmethod
    def several_of_a_pair(self) -> bool:
        """Whether a pair may have several of this kind, as long as they differ."""

    @property
    @abstractmethod
    def moves_markers(self) -> bool:
        """Whether it has a force that the markers of a classical species can follow: one that is finite between
        points but for a pole that the grid cuts off."""

    @property
    def has_pole(self) -> bool:
        """Whether it is infinite where r is zero, so that a grid always cuts something of it off."""
        return False

    @abstractmethod
    def round_about(self, axis: int) -> bool:
        """Whether the kernel is the same after any turn about an axis."""

    @abstractmethod
    def attraction(self, constants: Constants) -> Attraction:
        """How far it lowers the energy of two particles, without its course in time."""

    def attraction_at_all_times(self, constants: Constants) -> Attraction:
        """The same at whatever time; what only an expression knows, or where a sign may change, counts as
        :attr:`Attraction.more_singular`."""
        attraction = self.attraction(constants)
        if self.course is None:
            return attraction
        lowest, highest = self.course.extremes
        return Attraction(more_singular=True) if lowest < 0.0 else attraction.times(highest)

    def at_long_waves(self, constants: Constants) -> LongWaves:
        """What of it the zero-point energy of sound is made of; nothing of kernels that have a range of their own."""
        return LongWaves()

    @property
    def averaged_across(self) -> bool:
        """Whether a tight trap across the grid makes its strength another one than that of three dimensions."""
        return False

    # ---------------------------------------------------------------- whether it fits

    @abstractmethod
    def strength_at_a_point(self, constants: Constants, grid: Grid) -> tuple[KeyPath, float]:
        """The key to blame, and what one particle at a grid point makes others at that point feel, about."""

    @abstractmethod
    def growth_with_the_frame(self, dimensions: int) -> float:
        """The power of b with which b^2 W grows in a frame that has expanded by b: 2 - d for a finite integral of the
        kernel, 1 for 1/r."""

    @abstractmethod
    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What of its range does not fit the box."""

    def out_of_range(self, constants: Constants) -> Iterator[Misfit]:
        """Numbers that leave the range where they meet others, beside its strength."""
        return iter(())

    # ---------------------------------------------------------------- its kernel, where it has one

    def shape(self, constants: Constants) -> Hashable:
        """What kernels have in common that differ by a factor only. Of those with a :attr:`kernel_boundary`, as what
        follows."""
        raise TypeError(f"{type(self).__name__} has no kernel")

    def coefficient(self, constants: Constants) -> float:
        """The factor of this kernel, code units."""
        raise TypeError(f"{type(self).__name__} has no kernel")

    def reach(self, diagonal: float) -> float:
        """The distance at which the kernel may be cut between points at most `diagonal` apart."""
        return diagonal

    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """Radius of the support, and number of functions, of the quadrature that the kernel's transform takes; None
        where it has a closed form."""
        raise TypeError(f"{type(self).__name__} has no kernel")

    @property
    def parts(self) -> int:
        """What its transform in free space costs, in units of a function of |k|."""
        raise TypeError(f"{type(self).__name__} has no kernel")

    @property
    def even_along_axes(self) -> bool:
        """Whether its transform is even in the wave number along every axis, so that a half of each is kept."""
        raise TypeError(f"{type(self).__name__} has no kernel")


class KernelInteraction(InteractionSection):
    """An interaction through a kernel: on the periodic box it acts between all images (``periodic``), or between the
    particles in the box alone (``free``)."""

    boundary: Boundary = "periodic"
    """On the periodic box the kernel acts between all images; in free space between the particles in the box alone,
    which costs transforms of twice the size."""

    @model_validator(mode="before")
    @classmethod
    def _keeps_its_shape(cls, table: Any) -> Any:
        if isinstance(table, dict):
            for key in table.keys() & {"width", "radius", "screening", "direction", "radii"}:
                if changes_in_time(table[key]):
                    raise wrong(
                        "cannot change in time, for the kernel's range or shape would change with it: of a kernel "
                        'only the strength may, by "factor", "from", "until" and "ramp"',
                        key=key,
                    )
        return table

    @property
    def kernel_boundary(self) -> Boundary | None:
        return self.boundary

    @property
    def several_of_a_pair(self) -> bool:
        return True

    @abstractmethod
    def shape(self, constants: Constants) -> Hashable:
        """What kernels have in common that differ by a factor only."""

    @abstractmethod
    def coefficient(self, constants: Constants) -> float:
        """The factor of this kernel, code units."""

    @abstractmethod
    def quadrature(self, dimensions: int, diagonal: float) -> tuple[float, int] | None:
        """Radius of the support, and number of functions, of the quadrature that the kernel's transform takes."""

    @property
    @abstractmethod
    def parts(self) -> int:
        """What its transform in free space costs, in units of a function of |k|."""

    @property
    @abstractmethod
    def even_along_axes(self) -> bool:
        """Whether its transform is even in the wave number along every axis."""


class RadialInteraction(KernelInteraction):
    """A kernel that is a function of the distance alone."""

    @property
    def moves_markers(self) -> bool:
        return True

    def round_about(self, axis: int) -> bool:
        return True

    @property
    def parts(self) -> int:
        return 1

    @property
    def even_along_axes(self) -> bool:
        return True


def changes_in_time(value: Any) -> bool:
    """Whether an entry is written as a function of time: a table, or an expression in t."""
    if isinstance(value, (list, tuple)):
        return any(map(changes_in_time, value))
    if isinstance(value, dict):
        return True
    return isinstance(value, str) and names_in(value, ("t",))


def cut(radius: float) -> tuple[float, int]:
    """The quadrature of a cut kernel, for all ranges that it may come to have.

    They are those of model/pair_kernels/radial/decaying_transforms.py."""
    return radius, RANGES
