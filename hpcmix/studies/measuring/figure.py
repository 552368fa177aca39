"""The figure of a study: the measured columns over the variable with their numerical errors and fits, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from hpcmix.io.figures.style import COLOURS, FROM_ZERO, LINES, STYLE, Side, headline, legends_below, save
from hpcmix.studies.measuring.claim import Finding

_MARKERS = "osD^vP"

_LETTER, _AXIS = 0.085, 4.0
"""Inches of a letter of a tick's label, and of an axis at least."""


def draw_finding(finding: Finding, path: Path, dots: int | None = None) -> Path:
    """Draw it as the ending says: the curves, if there are any, on the left, the shown columns, if there are any,
    on the right. Raises :class:`~hpcmix.io.documents.atomic.OutputError`."""
    with matplotlib.rc_context(STYLE):
        panels = 2 if finding.curves and finding.shown else 1
        figure = Figure(figsize=(6.4 if panels == 1 else 10.4, 4.0), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        if finding.curves:
            _draw_curves(finding, axes[0])
        if finding.shown:
            _draw_columns(finding, axes[-1])
        headline(figure, f"{finding.claim.name}: {finding.verdict.partition(':')[0]}\n{finding.claim.source}")
        sides: dict[Side, tuple[Axes, float]] = {"center": (axes[0], 0.98)}
        if panels > 1:
            sides = {"left": (axes[0], 0.49), "right": (axes[1], 0.49)}
        legends_below(figure, {side: share for side, share in sides.items() if _needs_legend(share[0])})
        return save(figure, path, dots)


def _needs_legend(axes: Axes) -> bool:
    """Unless there is a single line, and the axis says what it is."""
    return axes.get_legend_handles_labels()[1] != [axes.get_ylabel()]


def _draw_curves(finding: Finding, axes: Axes) -> None:
    for number, curve in enumerate(finding.curves):
        x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
        seen = np.isfinite(x) & np.isfinite(y) & ((y > 0.0) if finding.curve_scale == "log" else True)
        line, colour = LINES[number // len(COLOURS) % 3], _colour(number)
        if curve.reference:
            line, colour = "--", "black"
        axes.plot(x[seen], y[seen], line, color=colour, label=curve.name)
    axes.set_yscale(finding.curve_scale)
    axes.set_xlabel(finding.abscissa)
    axes.set_ylabel(finding.curves[0].name if len(finding.curves) == 1 else finding.curve_ordinate)


def _draw_columns(finding: Finding, axes: Axes) -> None:
    variable = finding.variable or finding.columns[0]
    x = finding.column(variable)
    errors = {budget.quantity: budget.errors for budget in finding.budgets}
    fits = {fit.quantity: fit for fit in finding.fits if finding.scale == "log" and fit.variable == variable}
    ends = [0.0]
    for number, name in enumerate(finding.shown):
        # the later a column the smaller and more broken, so that equal columns are all seen
        size = max(8.0 - 2.0 * number, 3.0)
        y = np.asarray(finding.column(name), dtype=float)
        bars = np.asarray(errors.get(name, np.zeros(len(x))), dtype=float)
        bars = np.where(np.isfinite(bars), bars, 0.0)
        if finding.scale == "log":
            bars = np.minimum(bars, 0.999 * np.abs(y))  # a bar that reaches zero has no end on this axis
        label = name
        if name in fits:
            exponent = fits[name].exponent
            label = f"{name} ~ {variable}^({exponent:.3f})"
            line = np.exp(np.mean(np.log(y) - exponent * np.log(x))) * np.asarray(x) ** exponent
            axes.plot(x, line, color="0.5", linewidth=1.0)
        axes.errorbar(
            x,
            y,
            yerr=bars,
            color=_colour(number),
            label=label,
            capsize=2.0,
            marker=_MARKERS[number % len(_MARKERS)],
            markersize=size,
            linestyle=LINES[number % 3],
        )
        ends += [float(end) for end in (*(y - bars), *(y + bars)) if np.isfinite(end)]
    _draw_slopes(finding, axes, x)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(x, _tick_labels(x))
    axes.set_yscale(finding.scale)
    if finding.scale == "linear" and min(ends) == 0.0 < max(ends):
        low, high = FROM_ZERO
        axes.set_ylim(low * max(ends), high * max(ends))
    axes.set_xlabel(variable)
    axes.set_ylabel(finding.shown[0] if len(finding.shown) == 1 else finding.ordinate)


def _draw_slopes(finding: Finding, axes: Axes, x: Sequence[float]) -> None:
    """Lines of the exponents to compare with, from the largest first value on."""
    first = max((finding.column(name)[0] for name in finding.shown), default=1.0)
    places = np.asarray(x, dtype=float)
    for number, slope in enumerate(finding.slopes):
        label = f"{finding.variable or finding.columns[0]}^({slope:g})"
        line = 1.6 * first * (places / places[0]) ** slope
        axes.plot(places, line, LINES[1 + number % 2], color="0.6", linewidth=1.0, label=label)


def _tick_labels(values: Sequence[float]) -> list[str]:
    """The values in a few digits; none where it would run into the one before."""
    texts = [f"{value:g}" if value == round(value) else f"{value:.3g}" for value in values]
    inches = _AXIS / max(np.log(max(values) / min(values)), 1e-9) * np.log(values)
    shown, free_from = [""] * len(texts), -np.inf
    for place in np.argsort(values):
        half = 0.5 * _LETTER * (len(texts[place]) + 1)
        if inches[place] - half >= free_from:
            shown[place], free_from = texts[place], inches[place] + half
    return shown


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
