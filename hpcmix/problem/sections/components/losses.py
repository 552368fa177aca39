"""``[[loss]]``: particles that leave, by themselves, two or three at a time, or at the edges of the box."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.names import named_constant
from hpcmix.problem.reading.section import Context, context_of, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.taken import Taken, Value, Widened, instead, of_quantity
from hpcmix.problem.reading.values import (
    NAMES,
    SpeciesNames,
    counted,
    described,
    expression,
    quantity_in,
    species_names,
)
from hpcmix.problem.reading.vectors import Lengths
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.dimensions import DIMENSIONLESS, FREQUENCY, LENGTH
from hpcmix.problem.units.expressions import Expression
from hpcmix.problem.units.quantities import UnitError, parse_quantity

FEWEST_SPACINGS = 4.0
"""Of an absorber's width: below, its ramp is a step to every wave of the grid, and waves turn back at steps."""


@dataclass(frozen=True)
class Reaction:
    """Particles that meet and leave together: one of each species in `channel`, which may be named repeatedly.

    Of the species named first d rho/dt = -rate times the product of the channel's densities; the others lose as many
    more or less as they occur more or less often.
    """

    channel: tuple[str, ...]
    rate: float

    @property
    def in_words(self) -> str:
        """What it does to the densities n, K its rate."""
        powers = [(name, self.channel.count(name)) for name in dict.fromkeys(self.channel)]
        product = " ".join(f"n_{name}" if power == 1 else f"n_{name}^{power}" for name, power in powers)
        factors = {1.0: "K", 2.0: "2 K", 0.5: "K/2"}
        return ", ".join(f"d n_{name}/dt = -{factors[share]} {product}" for name, share in self.shares.items())

    @property
    def shares(self) -> dict[str, float]:
        """What every species loses for a particle of the one named first."""
        first = self.channel.count(self.channel[0])
        return {name: self.channel.count(name) / first for name in dict.fromkeys(self.channel)}


def _rate_of(order: int, key: str = "rate") -> Value:
    """Of `order` particles that meet: a rate times length^(d (order - 1)), not negative. With a tight trap across the
    grid it is that of three dimensions, as scattering lengths are."""

    def check(value: Any, info: ValidationInfo) -> float:
        context = context_of(info)
        volumes = (3 if context.transverse else context.dimensions or 1) * (order - 1)
        if isinstance(value, str) and _cycles(value, context):
            raise wrong(
                f"{described(value)} counts cycles, which are 2 pi radians each, and a rate of loss is no frequency; "
                f'write 1/s, such as "0.1 / s"'
            )
        return quantity_in(value, context, FREQUENCY + LENGTH * volumes, at_least=0)

    return Value(check, taken=of_quantity(FREQUENCY + LENGTH * (3 * (order - 1)), at_least=0))


def _cycles(text: str, context: Context) -> bool:
    """Whether a quantity is given in hertz."""
    named = named_constant(text, context)
    if named is not None:
        return named.hertz != 0
    try:
        return parse_quantity(text).hertz_power != 0
    except UnitError:
        return False  # has a complaint of its own


def _channel_of(order: int) -> Widened:
    def check(value: Any) -> tuple[str, ...]:
        names = species_names(value)
        if len(names) != order:
            raise wrong(
                f"must name {counted(order, 'particle')} by the species, one name for each, but names {len(names)}"
            )
        return names

    return Widened(check, widens=instead(Taken(f"{counted(order, 'name')} of species", NAMES)))


def _axes(value: Any, info: ValidationInfo) -> tuple[str, ...]:
    """Axes by their letters, "xy" or ["x", "y"]."""
    known = "xyz"[: context_of(info).dimensions or 3]
    letters = tuple(value) if isinstance(value, (str, list, tuple)) else ()
    if not letters or len(set(letters)) < len(letters) or not all(letter in tuple(known) for letter in letters):
        raise wrong(f'must name axes of the grid ({", ".join(known)}), such as "{known}", not {described(value)}')
    return tuple(letters)


AXES_TAKEN = Taken("names of axes", NAMES, example='"xy"')


class LossSection(Switching):
    """What every loss answers about itself. Its rate is multiplied by its factor of time, which is not negative: what
    has left does not come back."""

    lowest_factor: ClassVar[float] = 0.0

    @abstractmethod
    def reactions(self, names: Sequence[str]) -> tuple[Reaction, ...]:
        """What it does to species of these names, all that there are."""

    @property
    @abstractmethod
    def named(self) -> dict[KeyPath, str]:
        """The species that it names, by their places in its table."""

    @property
    @abstractmethod
    def in_words(self) -> str:
        """What it is, for people."""

    def profile(self, grid: Grid, places: Sequence[np.ndarray]) -> np.ndarray | None:
        """What its rate is multiplied by at some places, an array of coordinates for each axis that broadcasts with the
        others; None where it is the same everywhere."""
        return None

    @property
    def in_places(self) -> bool:
        """Whether it has a :meth:`profile`."""
        return False

    @property
    def absorbs(self) -> bool:
        """Whether it stands for space beyond the box."""
        return False

    @property
    def known_rate(self) -> tuple[str, float] | None:
        """The key and the largest rate of a loss of single particles, which no density changes; None of others."""
        return None

    def open_axes(self, grid: Grid, species: str) -> list[int]:
        """Numbers of the axes across whose faces it lets a species leave the box."""
        return []

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        """What of it does not fit the grid."""
        return iter(())


class OneBodyLoss(LossSection):
    """``d rho/dt = -rate profile(x) rho``: collisions with the background gas, a beam that removes atoms."""

    kind: Literal["one-body"]
    rate: Annotated[float, _rate_of(1)]
    """Per time, no angular frequency.
    Example: ``"0.1 / s"``."""
    channel: Annotated[tuple[str, ...], _channel_of(1)] | None = None
    """The species that loses, in a list.
    Example: ``["up"]``."""
    species: SpeciesNames | None = None
    """Those that lose; all where neither is given."""
    profile_in_space: Annotated[Expression, expression(dimension=DIMENSIONLESS)] | None = Field(None, alias="profile")
    """A function of x, y, z that the rate is multiplied by. Left out: one everywhere.
    Example: ``"exp(-x**2/8)"``."""

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> Self:
        if self.channel is not None and self.species is not None:
            raise wrong("contradicts channel; give one of the two, or none for all species", key="species")
        return self

    def reactions(self, names: Sequence[str]) -> tuple[Reaction, ...]:
        return tuple(Reaction((name,), self.rate) for name in self.channel or self.species or names)

    @property
    def named(self) -> dict[KeyPath, str]:
        return _places("channel", self.channel or ()) | _places("species", self.species or ())

    @property
    def in_places(self) -> bool:
        return self.profile_in_space is not None

    @property
    def known_rate(self) -> tuple[str, float]:
        return "rate", self.rate

    @property
    def in_words(self) -> str:
        who = " and ".join(self.channel or self.species or ("all species",))
        return f"one-body loss of {who}{'' if self.profile_in_space is None else ' in places'}"

    def profile(self, grid: Grid, places: Sequence[np.ndarray]) -> np.ndarray | None:
        if self.profile_in_space is None:
            return None
        return np.asarray(self.profile_in_space.evaluate(**dict(zip(grid.axes, places, strict=True))))


class Collision(LossSection):
    """Particles that leave together where they meet."""

    kind: Literal["two-body", "three-body"]
    channel: tuple[str, ...]
    """Who meets, a name for each particle.
    Example: ``["up", "up"]``."""
    rate: float
    """Of those that are named first.
    Example: ``1e-4``."""

    def reactions(self, names: Sequence[str]) -> tuple[Reaction, ...]:
        return (Reaction(self.channel, self.rate),)

    @property
    def named(self) -> dict[KeyPath, str]:
        return _places("channel", self.channel)

    @property
    def in_words(self) -> str:
        return f"{self.kind} loss of {' + '.join(self.channel)}"


class TwoBodyLoss(Collision):
    """``d rho_a/dt = -rate rho_a rho_b`` of a and of b; ``-rate rho_a^2`` where they are the same."""

    kind: Literal["two-body"]
    channel: Annotated[tuple[str, ...], _channel_of(2)]
    rate: Annotated[float, _rate_of(2)]


class ThreeBodyLoss(Collision):
    """``d rho/dt = -rate rho^3`` of three alike; of a, a, b ``d rho_a/dt = -rate rho_a^2 rho_b`` and half of it of
    b: rate counts the particles of the species that is named first."""

    kind: Literal["three-body"]
    channel: Annotated[tuple[str, ...], _channel_of(3)]
    rate: Annotated[float, _rate_of(3)]


class Absorber(LossSection):
    """``d rho/dt = -strength s(x) rho`` near the faces of the box: waves that come there leave.

    s is the sum over the axes of 0.1 q^3 / (1.1 - q), q = 1 - (distance to the nearer face) / width where that is
    positive, and one at the face. It begins so gently that slow waves do not turn back, and they are gone before it is
    steep; fast ones it takes near the face. Of waves from k to 10 k less than 1e-6 comes back with width = 20/k and
    strength = 45 hbar k^2 / m (measured; docs/systems/losses.md).
    """

    kind: Literal["absorber"]
    width: Lengths
    """Of the layer at the faces, per axis.
    Example: ``"4 um"``."""
    strength: Annotated[float, _rate_of(1, "strength")]
    """The rate at the face.
    Example: ``45.0``."""
    axes: Annotated[tuple[str, ...], Widened(_axes, widens=instead(AXES_TAKEN))] | None = None
    """Across whose faces waves leave; left out: all."""
    species: SpeciesNames | None = None
    """Those that leave; left out: all."""

    def reactions(self, names: Sequence[str]) -> tuple[Reaction, ...]:
        return tuple(Reaction((name,), self.strength) for name in self.species or names)

    @property
    def named(self) -> dict[KeyPath, str]:
        return _places("species", self.species or ())

    @property
    def in_words(self) -> str:
        return f"absorber of {' and '.join(self.species or ('all species',))}"

    @property
    def in_places(self) -> bool:
        return True

    @property
    def absorbs(self) -> bool:
        return True

    @property
    def known_rate(self) -> tuple[str, float]:
        return "strength", self.strength

    def acting_axes(self, grid: Grid) -> list[int]:
        """Numbers of the axes across whose faces waves leave."""
        return [axis for axis, name in enumerate(grid.axes) if self.axes is None or name in self.axes]

    def open_axes(self, grid: Grid, species: str) -> list[int]:
        return self.acting_axes(grid) if self.species is None or species in self.species else []

    def profile(self, grid: Grid, places: Sequence[np.ndarray]) -> np.ndarray | None:
        total = np.zeros((1,) * grid.dimensions)
        for axis in self.acting_axes(grid):
            depth = 1.0 - (0.5 * grid.lengths[axis] - np.abs(places[axis])) / self.width[axis]
            inside = np.clip(depth, 0.0, 1.0)
            total = total + 0.1 * inside**3 / (1.1 - inside)
        return total

    def misfits(self, grid: Grid) -> Iterator[Misfit]:
        for axis in self.acting_axes(grid):
            width, half, spacing = self.width[axis], 0.5 * grid.lengths[axis], grid.spacings[axis]
            where = f"on axis {grid.axes[axis]}"
            if width > half:
                yield (
                    ("width",),
                    f"{width:.6g} {where} is more than half the box, {half:.6g}: nothing would be left outside the "
                    "absorber; use a larger box or a smaller width",
                )
            elif width < FEWEST_SPACINGS * spacing:
                yield (
                    ("width",),
                    f"{width:.6g} {where} is less than {FEWEST_SPACINGS:g} spacings of {spacing:.6g}: waves would turn "
                    "back at so steep an edge; use a larger width",
                )


Loss = Annotated[OneBodyLoss | TwoBodyLoss | ThreeBodyLoss | Absorber, Field(discriminator="kind")]
"""The kinds of losses."""


def _places(key: str, names: Sequence[str]) -> dict[KeyPath, str]:
    return {(key, position): name for position, name in enumerate(names)}
