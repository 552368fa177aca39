"""Median and quartiles: how measured times are summarised, because their noise is one-sided and has outliers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, their lower and upper quartile, and how many there were."""

    median: float
    lower: float
    upper: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Summarise at least one number; quartiles are interpolated between neighbours. Raises :class:`ValueError` for
        none."""
        numbers = list(values)
        if not numbers:
            raise ValueError("there is no median of nothing")
        lower, median, upper = np.percentile(numbers, (25.0, 50.0, 75.0))
        return cls(float(median), float(lower), float(upper), len(numbers))

    def scaled(self, factor: float) -> Spread:
        """The spread of the numbers times a positive factor."""
        return Spread(self.median * factor, self.lower * factor, self.upper * factor, self.count)

    def text(self, digits: int = 3) -> str:
        """``median (lower to upper)`` with as many significant digits."""
        return f"{_short(self.median, digits)} ({_short(self.lower, digits)} to {_short(self.upper, digits)})"


def _short(value: float, digits: int) -> str:
    """A number with significant digits and without an exponent where that is readable."""
    if value != 0.0 and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits - 1}e}"
    decimals = 0
    if value != 0.0:
        decimals = max(0, digits - 1 - int(np.floor(np.log10(abs(value)))))
    return f"{value:.{decimals}f}"
