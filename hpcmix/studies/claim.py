"""What a study of a claim says: the claim with its source, what was measured, what was fitted, and a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Claim:
    """A statement of a paper that numbers can contradict.

    name       the word on the command line.
    statement  in one sentence, formulas as plain text.
    source     paper and equation numbers.
    """

    name: str
    statement: str
    source: str


@dataclass(frozen=True)
class Fit:
    """A power law y = c x^exponent fitted to measured points by least squares of the logarithms.

    quantity   the column that was fitted, over which variable.
    interval   of the exponent, at 95 % confidence (Student's t; the points' scatter about the line is the only error
               that it knows).
    """

    quantity: str
    variable: str
    exponent: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, quantity: str, variable: str, x: Sequence[float], y: Sequence[float]) -> Fit:
        """The fit to at least three points with positive values."""
        if len(x) < 3:
            raise ValueError(f"a fit with a confidence needs three points, here are {len(x)}")
        found = stats.linregress(np.log(x), np.log(y))
        reach = float(stats.t.ppf(0.5 + 0.5 * CONFIDENCE, len(x) - 2)) * float(found.stderr)
        return cls(quantity, variable, float(found.slope), (float(found.slope) - reach, float(found.slope) + reach))

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.quantity} ~ {self.variable}^({self.exponent:+.3f}), "
            f"{100 * CONFIDENCE:.0f} % interval {low:+.3f} to {high:+.3f}"
        )


@dataclass(frozen=True)
class Finding:
    """The outcome of a study.

    columns   name of every column; the first is the variable.
    rows      measured numbers.
    shown     the columns that the figure draws over the first.
    holds     whether the measured numbers are consistent with the claim; None where they do not decide it.
    reason    why, in one sentence.
    """

    claim: Claim
    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    shown: tuple[str, ...]
    fits: tuple[Fit, ...]
    holds: bool | None
    reason: str

    def column(self, name: str) -> list[float]:
        """The numbers of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    @property
    def verdict(self) -> str:
        """In one line."""
        words = {True: "consistent", False: "NOT CONSISTENT", None: "not resolved"}
        return f"{words[self.holds]}: {self.reason}"

    def table(self) -> list[str]:
        """The measured numbers as aligned text."""
        cells = [list(self.columns), *([f"{value:.6g}" for value in row] for row in self.rows)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(self.columns))]
        return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]

    def lines(self) -> list[str]:
        """Everything as text."""
        return [
            f"claim {self.claim.name}: {self.claim.statement}",
            f"source: {self.claim.source}",
            "",
            *self.table(),
            "",
            *(f"fit: {fit}" for fit in self.fits),
            f"verdict: {self.verdict}",
        ]

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON."""
        return {
            "claim": {"name": self.claim.name, "statement": self.claim.statement, "source": self.claim.source},
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "fits": [
                {
                    "quantity": fit.quantity,
                    "variable": fit.variable,
                    "exponent": fit.exponent,
                    "interval": list(fit.interval),
                    "confidence": CONFIDENCE,
                }
                for fit in self.fits
            ],
            "holds": self.holds,
            "verdict": self.verdict,
            "reason": self.reason,
        }
