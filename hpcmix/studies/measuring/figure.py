"""The figure of a study: the measured columns over the variable with their numerical errors and fits, and curves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from hpcmix.io.figures.request import spread
from hpcmix.io.figures.style import (
    COLOURS,
    FROM_ZERO,
    LINES,
    STYLE,
    Side,
    colours_of_times,
    headline,
    legends_below,
    save,
)
from hpcmix.studies.measuring.claim import Curve, Finding
from hpcmix.studies.measuring.typesetting import typeset, variable

_MARKERS = "osD^vP"

_CURVES, _FEWEST = 5, 2
"""About as many curves as a panel shows, and of every family at least."""

_FAMILIES = ("-", "-.", ":")
"""Lines of families: what they are compared with is dashed."""

_WIDTHS = (3.0, 1.4)
"""Of the first and the last of a family: equal ones are all seen."""

_NUMBER = re.compile(r"=\s*[-+.\deE]+$")

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
    """Curves of a family from dark to light, families by the style of their lines, what they are compared with dashed
    and black."""
    families = families_of(finding.curves)
    for number, family in enumerate(families):
        colours = colours_of_times(len(family)) if len(family) > 1 else [_colour(number)]
        widths = np.linspace(_WIDTHS[0], _WIDTHS[1], len(family)) if len(family) > 1 else _WIDTHS[1:]
        for curve, colour, width in zip(family, colours, widths, strict=False):
            _draw_curve(finding, axes, curve, _FAMILIES[number % len(_FAMILIES)], colour, width)
    for curve in finding.curves:
        if curve.reference:
            _draw_curve(finding, axes, curve, "--", "black", _WIDTHS[1])
    axes.set_yscale(finding.curve_scale)
    axes.set_xlabel(variable(finding.abscissa))
    alone = finding.curves[0].name if len(finding.curves) == 1 else finding.curve_ordinate
    axes.set_ylabel(typeset(alone))


def families_of(curves: Sequence[Curve]) -> list[list[Curve]]:
    """The curves that are drawn, without references: those that differ in the number behind the last "=" belong
    together, and of many of them the first, the last and some between are enough to see where they go."""
    families: dict[str, list[Curve]] = {}
    for curve in curves:
        if not curve.reference:
            families.setdefault(_NUMBER.sub("", curve.name), []).append(curve)
    most = max(_FEWEST, _CURVES // max(len(families), 1))
    return [[family[place] for place in spread(len(family), most)] for family in families.values()]


def _draw_curve(finding: Finding, axes: Axes, curve: Curve, line: str, colour: object, width: float) -> None:
    x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
    seen = np.isfinite(x) & np.isfinite(y) & ((y > 0.0) if finding.curve_scale == "log" else True)
    axes.plot(x[seen], y[seen], line, color=colour, linewidth=width, label=typeset(curve.name))


def _draw_columns(finding: Finding, axes: Axes) -> None:
    over = finding.variable or finding.columns[0]
    x = finding.column(over)
    errors = {budget.quantity: budget.errors for budget in finding.budgets}
    fits = {fit.quantity: fit for fit in finding.fits if fit.variable == over}
    ends = [0.0]
    for number, name in enumerate(finding.shown):
        # the later a column the smaller and more broken, so that equal columns are all seen
        size = max(8.0 - 2.0 * number, 3.0)
        y = np.asarray(finding.column(name), dtype=float)
        bars = np.asarray(errors.get(name, np.zeros(len(x))), dtype=float)
        bars = np.where(np.isfinite(bars), bars, 0.0)
        if finding.scale == "log":
            bars = np.minimum(bars, 0.999 * np.abs(y))  # a bar that reaches zero has no end on this axis
        label = typeset(name)
        if name in fits:
            exponent = fits[name].exponent
            label = typeset(f"{name} ~ {over}^({exponent:.3f})")
        if name in fits and finding.scale == "log":
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
    axes.set_xlabel(variable(over))
    axes.set_ylabel(typeset(finding.shown[0] if len(finding.shown) == 1 else finding.ordinate))


def _draw_slopes(finding: Finding, axes: Axes, x: Sequence[float]) -> None:
    """Lines of the exponents to compare with, from the largest first value on, grey."""
    first = max((finding.column(name)[0] for name in finding.shown), default=1.0)
    places = np.asarray(x, dtype=float)
    for number, (words, slope) in enumerate(finding.slopes):
        label = typeset(f"{words}: {finding.variable or finding.columns[0]}^({slope:g})")
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
