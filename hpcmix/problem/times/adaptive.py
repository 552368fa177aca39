"""``[time] step`` as a table: steps that are chosen by their error."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import model_validator

from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.values import quantity, real
from hpcmix.problem.units.dimensions import TIME

ROUNDING = {"double": 5e-14, "single": 1.5e-5}
"""Relative L2 distance of a step from two of half the length that rounding alone makes, with a factor ten in hand:
measured up to 5e-15 and 1.4e-6, in one to three dimensions with every kind of integrator."""


class AdaptiveStep(Section):
    """Steps of a size that keeps their error at a tolerance."""

    tolerance: Annotated[float, real(above=0)]
    """What a step of relative L2 error e may have: ``e^(p/(p+1)) <= tolerance`` at order p of the integrator, so that
    the error at the end is proportional to it.
    Example: ``1e-6``."""
    initial: Annotated[float, quantity(TIME, above=0)] | None = None
    """The first step to try; left out: a tenth of the largest.
    Example: ``"1 us"``."""
    smallest: Annotated[float, quantity(TIME, above=0)] | None = None
    """Where a step would have to be shorter the run ends. Left out: a millionth of the largest.
    Example: ``"1 ns"``."""
    largest: Annotated[float, quantity(TIME, above=0)] | None = None
    """The longest step to take. Left out: two of the largest fixed steps, of which a step here consists, where the grid
    sets a limit to those; else the whole evolution.
    Example: ``"10 us"``."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        sizes = [(name, getattr(self, name)) for name in ("smallest", "initial", "largest")]
        given = [(name, size) for name, size in sizes if size is not None]
        for (name, size), (next_name, next_size) in pairwise(given):
            if size > next_size:
                raise wrong(f"{size:g} is larger than {next_name} = {next_size:g}, in code units", key=name)
        if self.tolerance >= 1.0:
            message = f"must be less than 1, the size of the solution itself, but is {self.tolerance:g}"
            raise wrong(message, key="tolerance")
        return self

    def within(self, final: float) -> tuple[float, float, float]:
        """Smallest, initial and largest step of an evolution to `final`."""
        largest = final if self.largest is None else min(self.largest, final)
        smallest = min(largest, 1e-6 * largest if self.smallest is None else self.smallest)
        initial = 0.1 * largest if self.initial is None else self.initial
        return smallest, min(largest, max(smallest, initial)), largest


def largest_local_error(tolerance: float, order: int) -> float:
    """e with ``e^(p/(p+1)) = tolerance``: the relative L2 error that a step may have."""
    return tolerance ** ((order + 1.0) / order)


def smallest_tolerance(precision: str, order: int) -> float:
    """The tolerance at which a step may have the error that rounding alone makes. The estimate divides a difference by
    2^p - 1, and rounding with it."""
    return (ROUNDING[precision] / (2.0**order - 1.0)) ** (order / (order + 1.0))
