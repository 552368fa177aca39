"""``[[functional]]``: local functionals of the densities, E = integral e(rho_1, ..., rho_p) dx."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

from pydantic import ValidationInfo

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import Section, context_of
from hpcmix.problem.reading.taken import of_quantity
from hpcmix.problem.reading.values import SpeciesNames, number_in_range, quantity_in
from hpcmix.problem.sections.functionals.gas import PointGas
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.units.dimensions import ENERGY, LENGTH


class FunctionalSection(Section):
    """What every functional has: the species whose densities it depends on; and what the checks and claims ask it."""

    species: SpeciesNames
    """Names of the species whose densities it depends on, one or a list.
    Example: ``["up", "down"]``."""

    of_condensates: ClassVar[bool]
    """Whether every species must be a condensate: sets of orbitals have no such energy."""

    of_the_sum: ClassVar[bool] = False
    """Whether it depends on the sum of its species' densities alone, as the exact flow of spins asks of it."""

    @property
    def energies(self) -> tuple[tuple[str, ...], ...]:
        """The species, each alone or together, of which it holds the energy that its kind is of: two of a kind that
        hold the same one count it twice. None of a kind whose entries add up to what somebody wants."""
        return ()

    @abstractmethod
    def largest_mean_field(self, densities: Sequence[float], gas: PointGas) -> float:
        """|de/drho_a|, about, where the densities of the named species are these, as large as the grid can hold
        them."""

    @abstractmethod
    def growth_with_the_frame(self, dimensions: int) -> float:
        """The power of b with which b^2 e'(b^-d rho) grows in a frame that has expanded by b."""

    @abstractmethod
    def bounded_below(self, dimensions: int) -> bool:
        """Whether e is never negative."""

    def misfits(self, gas: PointGas) -> Iterator[Misfit]:
        """Key and sentence for what the rest of the file does not say, or what contradicts it."""
        return iter(())


STRENGTH_OF_POWER = replace(of_quantity(ENERGY), words="energy times a power of length", unit="nK um^6", example="0.02")


_LARGEST_DENOMINATOR = 1000
"""Of an exponent: 7/3 and 2.37 are what they say, whatever their last bit."""


def strength_of_power(value: Any, info: ValidationInfo, exponent: float) -> float:
    """c of c rho^exponent: an energy times length^(d (exponent - 1)). Raises the validation error that says what is
    wrong."""
    context = context_of(info)
    if not isinstance(value, str):
        return number_in_range(value)
    if context.dimensions is None:
        return 1.0  # refused for another reason
    lengths = context.dimensions * (Fraction(exponent).limit_denominator(_LARGEST_DENOMINATOR) - 1)
    return quantity_in(value, context, ENERGY + LENGTH * lengths)


def check_in_frame(functionals: Mapping[int, FunctionalSection], grid: Grid) -> Iterator[Misfit]:
    """Yield path and sentence for what has no limit where the frame has expanded to infinity."""
    for index, entry in functionals.items():
        if entry.growth_with_the_frame(grid.dimensions) > 0.0:
            message = (
                'dilutes too slowly: in the expanding frame it grows with the scale b, and time.final = "infinity" is '
                "not reached; give a finite time"
            )
            yield ("functional", index, "kind"), message
