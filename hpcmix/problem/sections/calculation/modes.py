"""``[[many_body.modes]]``: the modes that N bodies live in, and what every kind of them answers."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.values import SpeciesNames, counted, integer, real
from hpcmix.problem.sections.grid import Grid

LARGEST_WAVE = 1e4
"""Of modes that are plane waves: nobody fills a grid with more."""

MOST_GRID_MODES = 256
"""Modes of kind "grid" for whose channels there is room and time: matrices of m^3 numbers."""


class ModesSection(Section):
    """What every entry of ``[[many_body.modes]]`` has: the species whose modes it makes, all where they are left
    out."""

    species: SpeciesNames | None = None
    """Names of the species whose modes these are. Left out: of all.
    Example: ``["up"]``."""

    @abstractmethod
    def number(self, points: Sequence[int]) -> int:
        """How many modes it makes on a grid of these points per axis."""

    @property
    @abstractmethod
    def number_key(self) -> str:
        """The key that sets their number."""

    every_point: ClassVar[bool]
    """Whether there is one for every point of the grid, whose mean field is then that of the modes."""

    of_the_box: ClassVar[bool]
    """Whether they are those of the periodic box, whatever trap the species is in."""

    needs_oscillator: ClassVar[bool] = False
    """Whether they are made of the frequencies of an expanding frame or of a harmonic trap."""

    def momenta(self, dimensions: int) -> list[tuple[int, ...]] | None:
        """Where every mode has a momentum the numbers of its periods per axis; None of others."""
        return None

    def misfits(self, grid: Grid) -> Iterator[str]:
        """What does not fit the grid: a sentence about :attr:`number_key`."""
        number, points = self.number(grid.points), math.prod(grid.points)
        if number > points:
            yield f"{counted(number, 'mode')} are more than the grid's {counted(points, 'point')} hold"

    @abstractmethod
    def fewer(self, share: float) -> tuple[str, str] | None:
        """About this share of them, in words and as the ``--set`` entry behind the modes' name; None where there are no
        fewer."""


class CountedModes(ModesSection):
    """The lowest of a sequence without end."""

    kind: str
    count: Annotated[int, integer(at_least=1)]
    """How many, from the lowest.
    Example: ``6``."""

    of_the_box: ClassVar[bool] = False
    every_point: ClassVar[bool] = False

    def number(self, points: Sequence[int]) -> int:
        return self.count

    @property
    def number_key(self) -> str:
        return "count"

    def fewer(self, share: float) -> tuple[str, str] | None:
        if self.count <= 2:
            return None
        fewer = min(self.count - 1, round(share * self.count))
        return f"{self.count} to {fewer} {self.kind}", f"count={fewer}"


class EigenstateModes(CountedModes):
    """The ``count`` lowest eigenstates of T + U of the species at time 0-."""

    kind: Literal["eigenstates"]


class OscillatorModes(CountedModes):
    """The ``count`` lowest oscillator states of the expanding frame, or of the species' harmonic trap where the frame
    is at rest."""

    kind: Literal["oscillator"]

    needs_oscillator: ClassVar[bool] = True


class PlaneWaveModes(ModesSection):
    """All waves exp(2 pi i sum over axes of n x / L) of the periodic box with |n| <= ``largest``."""

    kind: Literal["plane-waves"]
    largest: Annotated[float, real(at_least=0)]
    """Number of periods in the box up to which waves are modes.
    Example: ``3``."""

    @model_validator(mode="after")
    def _countable(self) -> Self:
        if self.largest > LARGEST_WAVE:
            raise wrong(f"{self.largest:g} makes more waves than can be modes", key="largest")
        return self

    @property
    def largest_on_an_axis(self) -> int:
        """The largest number of periods along an axis."""
        return math.floor(self.largest)

    of_the_box: ClassVar[bool] = True
    every_point: ClassVar[bool] = False

    def waves(self, dimensions: int) -> list[tuple[int, ...]]:
        """The numbers of periods per axis, by |n| and then in their order."""
        axis = range(-self.largest_on_an_axis, self.largest_on_an_axis + 1)
        limit = self.largest**2 * (1.0 + 1e-12)
        inside = [n for n in itertools.product(axis, repeat=dimensions) if sum(k * k for k in n) <= limit]
        return sorted(inside, key=lambda n: (sum(k * k for k in n), n))

    def number(self, points: Sequence[int]) -> int:
        """See :class:`ModesSection`; of very many an estimate, the volume of the ball."""
        dimensions = len(points)
        if (2 * self.largest_on_an_axis + 1) ** dimensions > 10**6:
            ball = math.pi ** (dimensions / 2) / math.gamma(dimensions / 2 + 1)
            return round(ball * self.largest**dimensions)
        return len(self.waves(dimensions))

    @property
    def number_key(self) -> str:
        return "largest"

    def momenta(self, dimensions: int) -> list[tuple[int, ...]] | None:
        return self.waves(dimensions)

    def misfits(self, grid: Grid) -> Iterator[str]:
        """Differences of two waves that the grid takes for others."""
        least = 4 * self.largest_on_an_axis + 1
        short = [axis for axis, number in enumerate(grid.points) if number < least]
        if short:
            yield (
                f"differences of waves up to {self.largest:g} alias on axis {grid.in_words(short)}: their interaction "
                f"needs at least {counted(least, 'point')} there"
            )

    def fewer(self, share: float) -> tuple[str, str] | None:
        """The next smaller ball of waves."""
        if self.largest <= 1.0:
            return None
        smaller = self.largest - 1.0
        return f"waves up to {self.largest:g} to {smaller:g}", f"largest={smaller!r}"


class GridModes(ModesSection):
    """One mode for every point of the grid: nothing is left out that the grid holds."""

    kind: Literal["grid"]

    of_the_box: ClassVar[bool] = True
    every_point: ClassVar[bool] = True

    def number(self, points: Sequence[int]) -> int:
        return math.prod(points)

    @property
    def number_key(self) -> str:
        return "kind"

    def misfits(self, grid: Grid) -> Iterator[str]:
        """More modes than there is room for."""
        points = math.prod(grid.points)
        if points > MOST_GRID_MODES:
            yield (
                f'"grid" makes a mode of each of the {points} points, more than the {MOST_GRID_MODES} that the pair '
                "interaction has room for; use fewer points or other modes"
            )

    def fewer(self, share: float) -> tuple[str, str] | None:
        return None


ModesEntry = Annotated[
    EigenstateModes | PlaneWaveModes | OscillatorModes | GridModes,
    Field(discriminator="kind"),
]
"""The kinds of modes that a problem file can name."""
