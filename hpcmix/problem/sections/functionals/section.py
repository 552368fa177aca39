"""``[[functional]]``: local functionals of the densities, E = integral e(rho_1, ..., rho_p) dx."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, PlainValidator, ValidationInfo

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.section import Section, context_of, wrong
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import described, number_in_range, quantity_in, real
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.units.dimensions import ENERGY, LENGTH

Finding = tuple[KeyPath, str, str | None]

LARGEST_EXPONENT = 10.0
"""Of a power of the density: beyond it a number of the file to this power may be no float."""


def _names(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise wrong(f'must be a list of species names, such as ["up", "down"], not {described(value)}')
    if len(set(names)) < len(names):
        raise wrong("names a species twice")
    return tuple(names)


class FunctionalSection(Section):
    """What every functional has: the species whose densities it depends on; and what the checks and claims ask it."""

    species: Annotated[tuple[str, ...], BeforeValidator(_names)]

    @abstractmethod
    def largest_mean_field(self, density: float) -> float:
        """|de/drho|, about, where the density is as large as the grid can hold it."""

    @abstractmethod
    def growth_with_the_frame(self, dimensions: int) -> float:
        """The power of b with which b^2 e'(b^-d rho) grows in a frame that has expanded by b."""

    @property
    @abstractmethod
    def bounded_below(self) -> bool:
        """Whether e is never negative."""


def _moderate(exponent: float) -> float:
    if exponent > LARGEST_EXPONENT:
        raise wrong(f"must be at most {LARGEST_EXPONENT:g}, but is {exponent:g}")
    return exponent


def _strength(value: Any, info: ValidationInfo) -> float:
    """c of c rho^exponent: an energy times length^(d (exponent - 1))."""
    dimensions, exponent = context_of(info).dimensions, info.data.get("exponent")
    if not isinstance(value, str) or dimensions is None or exponent is None:
        return number_in_range(value) if not isinstance(value, str) else 1.0  # refused for another reason
    lengths = dimensions * (exponent - 1.0)
    if lengths != round(lengths):
        raise wrong(
            f"has no unit that can be written: with exponent = {exponent:g} it is an energy times length^{lengths:g}; "
            "give a number in code units"
        )
    return quantity_in(value, context_of(info), ENERGY + LENGTH * round(lengths))


class PowerFunctional(FunctionalSection):
    """``e = strength rho^exponent``, rho the sum of the named species' densities: three-body repulsion
    ``K rho^3 / 6``, a Skyrme force's ``t_3``."""

    kind: Literal["power"]
    exponent: Annotated[float, real(above=1), AfterValidator(_moderate)]
    strength: Annotated[float, PlainValidator(_strength)]

    def largest_mean_field(self, density: float) -> float:
        try:
            return abs(self.strength) * self.exponent * density ** (self.exponent - 1.0)
        except OverflowError:
            return math.inf

    def growth_with_the_frame(self, dimensions: int) -> float:
        return 2.0 - dimensions * (self.exponent - 1.0)

    @property
    def bounded_below(self) -> bool:
        return self.strength >= 0.0


Functional = PowerFunctional
"""The kinds of functionals; several are joined by a discriminated union as those of interactions."""


def check_functionals(functionals: Mapping[int, FunctionalSection], names: list[str]) -> Iterator[Finding]:
    """Yield path, sentence and suggestion for names that no species has."""
    for index, entry in functionals.items():
        for position, name in enumerate(entry.species):
            if name not in names:
                suggestion = closest(name, names)
                known = "" if suggestion else f" (species: {', '.join(names)})"
                yield ("functional", index, "species", position), f'there is no species "{name}"{known}', suggestion


def check_in_frame(functionals: Mapping[int, FunctionalSection], grid: Grid) -> Iterator[tuple[KeyPath, str]]:
    """Yield path and sentence for what has no limit where the frame has expanded to infinity."""
    for index, entry in functionals.items():
        if entry.growth_with_the_frame(grid.dimensions) > 0.0:
            message = (
                'dilutes too slowly: in the expanding frame it grows with the scale b, and time.final = "infinity" is '
                "not reached; give a finite time"
            )
            yield ("functional", index, "kind"), message
