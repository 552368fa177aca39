"""What a study of a claim says: the claim with its source, what was measured, what was fitted, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
from scipy.special import stdtrit

from hpcmix.io.documents.plain_json import plain
from hpcmix.studies.measuring.budget import Budget, numbers_of

CONFIDENCE = 0.95
TABLE_WIDTH = 116
"""Characters of a line of a table; what does not fit stands in a second table below."""
MOST_TABLES = 3
"""So many error budgets are shown as tables; more of them as a line each, with the tables in the JSON."""


@dataclass(frozen=True)
class Claim:
    """A statement of a paper that numbers can contradict.

    name       the word on the command line.
    statement  in one sentence, formulas as plain text.
    source     paper and equation numbers.
    around_flow  whether it is about the fluctuations around a flow; a claim about the flow itself leaves
               ``[fluctuations]`` of a file alone.
    """

    name: str
    statement: str
    source: str
    around_flow: bool = False


Numbers = Sequence[float] | np.ndarray
"""Numbers of a column."""


@dataclass(frozen=True)
class Fit:
    """A power law y = c x^exponent fitted to measured points by least squares of the logarithms.

    quantity   the column that was fitted, over which variable.
    interval   of the exponent: at 95 % confidence (Student's t) from the points' scatter about the line, and wider by
               what the points' numerical errors can do to the slope where these are given.
    """

    quantity: str
    variable: str
    exponent: float
    interval: tuple[float, float]

    @classmethod
    def of(cls, quantity: str, variable: str, x: Numbers, y: Numbers, errors: Sequence[float] = ()) -> Fit:
        """The fit to at least three points with positive values; `errors`: the numerical error of every value.

        The slope is sum_i c_i log y_i with c_i = (log x_i - mean) / sum of squares, so that errors e_i move it by at
        most sum_i |c_i| e_i / y_i.
        """
        if len(x) < 3:
            raise ValueError(f"a fit with a confidence needs three points, here are {len(x)}")
        abscissa, ordinate = np.log(x), np.log(y)
        distances, heights = abscissa - np.mean(abscissa), ordinate - np.mean(ordinate)
        squares = float(np.sum(distances**2))
        slope = float(np.sum(distances * heights)) / squares
        scatter = float(np.sum((heights - slope * distances) ** 2)) / (len(x) - 2)
        reach = float(stdtrit(len(x) - 2, 0.5 + 0.5 * CONFIDENCE)) * math.sqrt(scatter / squares)
        if len(errors):
            reach += float(np.sum(np.abs(distances) * np.asarray(errors) / np.asarray(y))) / squares
        return cls(quantity, variable, slope, (slope - reach, slope + reach))

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.quantity} ~ {self.variable}^({self.exponent:+.3f}), "
            f"{100 * CONFIDENCE:.0f} % interval {low:+.3f} to {high:+.3f}"
        )


@dataclass(frozen=True)
class Curve:
    """A measured quantity as a function of another one, for the figure and for JSON: mostly over time.

    reference  what the others are compared with: dashed and black.
    """

    name: str
    x: Numbers
    y: Numbers
    reference: bool = False


class Display(TypedDict, total=False):
    """Fields of a :class:`Finding` that are the same whatever its verdict: what it shows."""

    budgets: tuple[Budget, ...]
    curves: tuple[Curve, ...]
    abscissa: str
    curve_scale: str
    curve_ordinate: str
    ordinate: str
    measured: str
    scale: str
    slopes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Finding:
    """The outcome of a study.

    columns   name of every column; the first is the variable, unless `variable` names another.
    rows      measured numbers.
    shown     the columns that the figure draws over the first; none where the curves say all.
    holds     whether the measured numbers are consistent with the claim; None where they do not decide it.
    reason    why, in one sentence.
    budgets   the numerical errors beside the measured numbers.
    curves    what the figure draws beside the columns, over `abscissa`, with `curve_scale` "linear" or "log".
    curve_ordinate  what all curves are, for the axis; ordinate: what all shown columns are. Of a single one its name.
    further   curves for JSON alone.
    slopes    exponents that the figure of columns draws for comparison, each with what it is: claimed, proven.
    measured  in words, what the columns are.
    scale     of the figure's columns, "linear" or "log".
    """

    claim: Claim
    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    shown: tuple[str, ...]
    fits: tuple[Fit, ...]
    holds: bool | None
    reason: str
    budgets: tuple[Budget, ...] = ()
    curves: tuple[Curve, ...] = ()
    abscissa: str = "t"
    curve_scale: str = "linear"
    curve_ordinate: str = ""
    ordinate: str = ""
    measured: str = ""
    scale: str = "linear"
    notes: tuple[str, ...] = field(default=())
    further: tuple[Curve, ...] = ()
    slopes: tuple[tuple[str, float], ...] = ()
    variable: str = ""

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
        return aligned(self.columns, self.rows)

    def lines(self) -> list[str]:
        """Everything as text."""
        lines = [f"claim {self.claim.name}: {self.claim.statement}", f"source: {self.claim.source}"]
        if self.measured:
            lines.append(f"measured: {self.measured}")
        lines += ["", *self.table(), ""]
        if len(self.budgets) > MOST_TABLES:
            lines += [*(f"numerical error: {budget.summary}" for budget in self.budgets), ""]
        for budget in self.budgets if len(self.budgets) <= MOST_TABLES else ():
            title = f"numerical error of {budget.quantity}, by what was varied:"
            lines += [title, *aligned(budget.columns, budget.rows), *budget.remarks, ""]
        return [
            *lines,
            *(f"fit: {fit}" for fit in self.fits),
            *(f"note: {note}" for note in self.notes),
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
            "measured": self.measured,
            "numerical_errors": [budget.as_dict() for budget in self.budgets],
            "curves": [
                {"name": curve.name, "x": list(curve.x), "y": list(curve.y)} for curve in (*self.curves, *self.further)
            ],
            "figure": {
                "curves": [curve.name for curve in self.curves],
                "references": [curve.name for curve in self.curves if curve.reference],
                **{name: plain(getattr(self, name)) for name in _OF_THE_FIGURE},
            },
            "notes": list(self.notes),
            "holds": self.holds,
            "verdict": self.verdict,
            "reason": self.reason,
        }

    @classmethod
    def from_dict(cls, report: Mapping[str, Any]) -> Finding:
        """What :meth:`as_dict` was made of, for JSON has no NaN null in its place. Raises KeyError, TypeError and
        ValueError for what is none, or of a version that did not say how it is drawn."""
        figure = report["figure"]
        curves = [
            Curve(entry["name"], numbers_of(entry["x"]), numbers_of(entry["y"]), entry["name"] in figure["references"])
            for entry in report["curves"]
        ]
        drawn = len(figure["curves"])  # they come first
        return cls(
            claim=Claim(**report["claim"]),
            columns=tuple(report["columns"]),
            rows=tuple(numbers_of(row) for row in report["rows"]),
            fits=tuple(
                Fit(fit["quantity"], fit["variable"], fit["exponent"], tuple(fit["interval"])) for fit in report["fits"]
            ),
            holds=report["holds"],
            reason=report["reason"],
            budgets=tuple(Budget.from_dict(entries) for entries in report["numerical_errors"]),
            measured=report["measured"],
            notes=tuple(report["notes"]),
            curves=tuple(curves[:drawn]),
            further=tuple(curves[drawn:]),
            **{name: _hashable(figure[name]) for name in _OF_THE_FIGURE},
        )


_OF_THE_FIGURE = ("shown", "abscissa", "curve_scale", "curve_ordinate", "ordinate", "scale", "slopes", "variable")
"""Fields of a finding that only its figure asks for."""


def _hashable(value: Any) -> Any:
    """Lists of JSON as tuples."""
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def aligned(columns: Sequence[str], rows: Sequence[Sequence[float]]) -> list[str]:
    """Numbers as aligned text under their names; columns beyond the width of a line follow in tables of their own, each
    with the first column."""
    cells = [list(columns), *([f"{value:.6g}" for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    blocks: list[list[int]] = [[0]]
    for place in range(1, len(columns)):
        used = sum(widths[other] + 2 for other in blocks[-1])
        if len(blocks[-1]) > 1 and used + widths[place] > TABLE_WIDTH:
            blocks.append([0])
        blocks[-1].append(place)
    lines = []
    for number, block in enumerate(blocks):
        lines += [""] if number else []
        lines += ["  ".join(row[place].rjust(widths[place]) for place in block) for row in cells]
    return lines
