"""``[fluctuations]``: the quadratic fluctuations around the condensates, followed along their flow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import StrictBool, ValidationInfo, model_validator

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.section import Section, wrong
from hpcmix.problem.reading.taken import Value, of_integer, or_word
from hpcmix.problem.reading.values import described, integer, pure_number, sequence, whole_number

DEFAULT_PROBES = 16


def _modes(value: Any, info: ValidationInfo) -> int | str:
    if value == "all":
        return "all"
    if isinstance(value, str) and closest(value, ("all",)) is None:
        value = pure_number(value, info)
    if not isinstance(value, int) or isinstance(value, bool):
        suggestion = closest(value, ("all",)) if isinstance(value, str) else None
        raise wrong(f'must be a positive whole number or "all", not {described(value)}', suggestion=suggestion)
    if value < 1:
        raise wrong(f"must be at least 1, the condensate's own function, but is {described(value)}")
    if value >= 2**63:
        raise wrong(f"is too large a number: {described(value)}")
    return value


def _probes(value: Any, info: ValidationInfo) -> int:
    number = whole_number(pure_number(value, info), at_least=0)
    if number == 1:
        raise wrong("must be at least 2, so that their spread tells the error, but is 1")
    return number


class FluctuationsSection(Section):
    """How the Bogoliubov map b(t) = U b + V b^+ along the flow is followed: by the images of some functions exactly,
    and of what is left by random ones."""

    initial: Literal["vacuum", "correlated"] = "vacuum"
    """Nothing outside the condensates; or the short-range correlations of pairs that scatter."""
    modes: Annotated[int | Literal["all"] | None, Value(_modes, taken=or_word(of_integer(1), "all"))] = None
    """M, per species: psi exp(ikx) of so many of the smallest |k| is followed exactly; "all": every mode of the grid,
    which as many modes as points become. Left out: 3^d where it is left out.
    Example: ``27``."""
    probes: Annotated[int | None, Value(_probes, taken=of_integer(0, "32"))] = None
    """Random functions in what the modes leave. Left out: 16, and 0 where nothing is left."""
    seed: Annotated[int, integer(at_least=0)] = 0
    """Of the random functions."""
    also: Annotated[tuple[Literal["momentum-distribution", "density", "structure-factor"], ...], sequence()] = ()
    """What to measure beside the numbers of excitations."""
    matrices: StrictBool = False
    """Write U, V and what follows from them with every snapshot; with modes = "all" only."""

    @model_validator(mode="after")
    def _sampled_or_whole(self) -> Self:
        if self.probes == 0 and not self.whole:
            message = 'must be at least 2, or 0 with modes = "all" alone: nothing else speaks for what the modes leave'
            raise wrong(message, key="probes")
        if self.matrices and not self.whole:
            raise wrong('needs modes = "all": a sample of functions makes no matrix', key="matrices")
        if len(set(self.also)) < len(self.also):
            raise wrong("names a measurement twice", key="also")
        return self

    @property
    def whole(self) -> bool:
        """Whether every mode of the grid is followed."""
        return self.modes == "all"

    def modes_on(self, points: Sequence[int]) -> int:
        """M on a grid of these points per axis."""
        if isinstance(self.modes, int):
            return self.modes
        return math.prod(points) if self.whole else min(3 ** len(points), math.prod(points))

    def pairs(self, species: int, points: Sequence[int]) -> int:
        """The number of pairs of amplitudes of so many species: modes and probes."""
        return species * self.modes_on(points) + self.on_grid(points).sampled

    @property
    def sampled(self) -> int:
        """The number of probes: none where nothing is left to sample."""
        if self.whole:
            return 0
        return DEFAULT_PROBES if self.probes is None else self.probes

    def whole_on(self, points: Sequence[int]) -> bool:
        """Whether every mode of a grid of these points is followed."""
        return self.whole or self.modes_on(points) == math.prod(points)

    def on_grid(self, points: Sequence[int]) -> FluctuationsSection:
        """The same with the defaults filled in."""
        if self.whole_on(points):
            return self.model_copy(update={"modes": "all", "probes": 0})
        return self.model_copy(update={"modes": self.modes_on(points), "probes": self.sampled})
