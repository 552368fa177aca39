"""Lengths, densities and energies for people: in micrometres and as frequencies E/h where the file has [units], else
plain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hpcmix.problem.units.laboratory import energy_of_frequency, micrometres
from hpcmix.problem.units.units import Units

_POWERS = {1: "", 2: "^2", 3: "^3"}
"""Of a unit, by its exponent."""


@dataclass(frozen=True)
class MeasureWords:
    """How the numbers of a record are told, which are in code units.

    scales  factors to SI; without them numbers stay as they are.
    """

    scales: Units = field(default_factory=Units)

    def lengths(self, values: Sequence[float | None], between: str = ", ", digits: int = 6) -> str:
        """Of every axis, with the unit behind them."""
        factor, unit = micrometres(self.scales.length_si)
        return between.join(number(None if value is None else factor * value, digits) for value in values) + unit

    def point(self, place: Sequence[float]) -> str:
        """A place, as its coordinates in brackets."""
        return f"({self.lengths(place, digits=4)})"

    def density(self, value: float, dimensions: int) -> str:
        """A number of particles in a unit of length to the power of the dimensions."""
        factor, unit = micrometres(self.scales.length_si)
        return number(value / factor**dimensions, 4) + (f" per{unit}{_POWERS[dimensions]}" if unit else "")

    def energy(self, value: float | None, digits: int = 6) -> str:
        """An energy, in the largest unit of E/h that it is one of at least."""
        hertz = self.scales.energy_in_hertz
        if hertz is None or value is None or not math.isfinite(value):
            return number(value, digits)
        return energy_of_frequency(hertz * value, digits)


PLAIN_MEASURES = MeasureWords()
"""Numbers as they are."""


def number(value: Any, digits: int = 6) -> str:
    """A number in few digits; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
