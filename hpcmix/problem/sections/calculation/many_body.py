"""``[many_body]``: N bodies beside their mean field, both in finitely many modes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ValidationInfo, model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Taken, Value, listed, of_integer, of_number
from hpcmix.problem.reading.values import (
    described,
    number_in_range,
    pure_number,
    real,
    sequence,
    whole_number,
)
from hpcmix.problem.sections.calculation.modes import ModesEntry


class ExcitationNumbers(dict[str, int]):
    """A number per species by its name. Not to be changed, so that a problem can be a key."""

    def __hash__(self) -> int:  # type: ignore[override]  # dict has none, for it may change
        return hash(tuple(sorted(self.items())))


def _excitations(value: Any, info: ValidationInfo) -> int | ExcitationNumbers:
    if isinstance(value, dict) and not value:
        raise wrong("is an empty table; give a number for every species, such as { up = 12, down = 10 }")
    given = value if isinstance(value, dict) else {"": value}
    numbers = {name: whole_number(pure_number(entry, info)) for name, entry in given.items()}
    for number in numbers.values():
        if number < 1:
            raise wrong(
                f"must be at least 1, but is {number}: with nobody outside the condensate there is only the mean field"
            )
    return ExcitationNumbers(numbers) if isinstance(value, dict) else numbers[""]


def _order(value: Any, info: ValidationInfo) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)) or not value:
        raise wrong(f"must be a list of whole numbers, one per species, such as [1, 1], not {described(value)}")
    order = tuple(whole_number(pure_number(number, info), at_least=0) for number in value)
    if not any(order):
        raise wrong("is of no particle; at least one of the numbers must be positive")
    return order


def _theta(value: Any, info: ValidationInfo) -> float:
    theta = number_in_range(pure_number(value, info), above=0)
    if theta > 1.0:
        raise wrong(f"must be at most 1, the power of the whole kinetic energy, but is {theta:g}")
    return theta


class MeasureOptions(Section):
    """``[many_body.measure]``: which reduced density matrices are compared."""

    orders: (
        Annotated[
            tuple[Annotated[tuple[int, ...], Value(_order, taken=listed(of_integer(0, "1, 0"), 1))], ...], sequence()
        ]
        | None
    ) = None
    """Of alpha and R: how many particles of each species. Left out: each species alone, and
    pairs of one particle each."""
    sobolev: Annotated[
        tuple[Annotated[float, Value(_theta, taken=of_number(above=0, at_most=1, example="0.5"))], ...], sequence()
    ] = ()
    """Powers theta of Tr|S^(1/2) (gamma - P) S^(1/2)|, S = sum (1 + T_i)^theta, of every order."""


NUMBER_OF_EXCITATIONS = Taken(
    "whole number, at least 1; or a table with one for every species",
    {"anyOf": [of_integer(1).schema, {"type": "object", "additionalProperties": of_integer(1).schema}]},
    example="{ up = 12, down = 10 }",
)


class ManyBody(Section):
    """How N bodies are described, and what is compared with their mean field."""

    picture: Literal["occupations", "excitations"] = "occupations"
    """All configurations of the modes; or the frame that moves with the condensates, with few particles outside."""
    excitations: Annotated[int | ExcitationNumbers, Value(_excitations, taken=NUMBER_OF_EXCITATIONS)] | None = None
    """The most particles outside, for every species or by its name: of the picture of excitations only."""
    state: Literal["factorised", "coherent"] = "factorised"
    """What the N bodies begin as: every particle in the same function, or a coherent state without a fixed number."""
    tolerance: Annotated[float, real(above=0)] = 1e-12
    """Of the evolution, relative.
    Example: ``1e-10``."""
    lost: Annotated[float, real(at_least=0)] = 1e-6
    """The largest part of an initial orbital, |phi - P phi|^2, that the modes may miss.
    Example: ``1e-4``."""
    measure: MeasureOptions = MeasureOptions()
    """Which reduced density matrices are compared.
    Example: ``{ orders = [[1, 0], [1, 1]] }``."""
    modes: Annotated[tuple[ModesEntry, ...], sequence()] = ()
    """The functions that the bodies live in.
    Example: ``[{ kind = "plane-waves", largest = 2 }]``."""

    @model_validator(mode="after")
    def _excitations_have_a_use(self) -> Self:
        if self.excitations is not None and self.picture != "excitations":
            raise wrong(f'is for picture = "excitations"; it is "{self.picture}" here', key="excitations")
        if self.excitations is None and self.picture == "excitations":
            raise wrong(
                'is required with picture = "excitations": how many particles may be outside', key="excitations"
            )
        return self

    @model_validator(mode="after")
    def _tolerance_asks_for_something(self) -> Self:
        if self.tolerance >= 1.0:
            message = f"must be less than 1, the size of the solution itself, but is {self.tolerance:g}"
            raise wrong(message, key="tolerance")
        if self.lost >= 1.0:
            raise wrong(f"must be less than 1, the whole orbital, but is {self.lost:g}", key="lost")
        return self

    def outside(self, species: str, particles: int) -> int | None:
        """K: the most particles of a species outside its condensate, at most all of them; None in the picture of all
        configurations."""
        if self.excitations is None:
            return None
        asked = self.excitations[species] if isinstance(self.excitations, Mapping) else self.excitations
        return asked if self.state == "coherent" else min(asked, particles)  # there may be more than in the mean

    def entry_of(self, species: str) -> tuple[int, ModesEntry]:
        """The entry of ``modes`` that makes those of a species, and its index. Raises KeyError."""
        for index in self.entries_of(species):
            return index, self.modes[index]
        raise KeyError(species)

    def entries_of(self, species: str) -> Iterator[int]:
        """The entries of ``modes`` that name a species, by index: exactly one in a checked problem."""
        for index, entry in enumerate(self.modes):
            if entry.species is None or species in entry.species:
                yield index

    def with_orders(self, species: int) -> ManyBody:
        """The same with the default of ``measure.orders`` for a number of species filled in."""
        if self.measure.orders is not None:
            return self
        alone = [tuple(int(a == b) for b in range(species)) for a in range(species)]
        pairs = [tuple(int(c in (a, b)) for c in range(species)) for a, b in itertools.combinations(range(species), 2)]
        measure = self.measure.model_copy(update={"orders": (*alone, *pairs)})
        return self.model_copy(update={"measure": measure})
