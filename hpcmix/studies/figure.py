"""The figure of a study: the measured columns over the variable with their numerical errors and fits, and curves."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.io.figure_style import COLOURS, LINES, STYLE, save
from hpcmix.studies.claim import Finding

_MARKERS = "osD^vP"


def draw_finding(finding: Finding, path: Path) -> Path:
    """Draw it as PNG: the curves, if there are any, on the left, the shown columns, if there are any, on the right.
    Raises :class:`~hpcmix.io.atomic.OutputError`."""
    with matplotlib.rc_context(STYLE):
        panels = 2 if finding.curves and finding.shown else 1
        figure = Figure(figsize=(6.4 if panels == 1 else 10.4, 4.0), layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        if finding.curves:
            _draw_curves(finding, axes[0])
        if finding.shown:
            _draw_columns(finding, axes[-1])
        figure.suptitle(f"{finding.claim.source}: {finding.verdict.partition(':')[0]}", parse_math=False)
        return save(figure, path)


def _draw_curves(finding: Finding, axes: Axes) -> None:
    for number, curve in enumerate(finding.curves):
        x, y = np.asarray(curve.x, dtype=float), np.asarray(curve.y, dtype=float)
        seen = np.isfinite(x) & np.isfinite(y) & ((y > 0.0) if finding.curve_scale == "log" else True)
        axes.plot(x[seen], y[seen], LINES[number // len(COLOURS) % 3], color=_colour(number), label=curve.name)
    axes.set_yscale(finding.curve_scale)
    axes.set_xlabel(finding.abscissa)
    axes.legend(loc="best", ncols=2 if len(finding.curves) > 6 else 1, fontsize="small")


def _draw_columns(finding: Finding, axes: Axes) -> None:
    variable = finding.columns[0]
    x = finding.column(variable)
    errors = {budget.quantity: budget.errors for budget in finding.budgets}
    for number, name in enumerate(finding.shown):
        # the later a column the smaller and more broken, so that equal columns are all seen
        size = max(8.0 - 2.0 * number, 3.0)
        style = {"marker": _MARKERS[number % len(_MARKERS)], "markersize": size, "linestyle": LINES[number % 3]}
        y = np.asarray(finding.column(name), dtype=float)
        bars = np.asarray(errors.get(name, np.zeros(len(x))), dtype=float)
        bars = np.where(np.isfinite(bars), bars, 0.0)
        if finding.scale == "log":
            bars = np.minimum(bars, 0.999 * np.abs(y))  # a bar that reaches zero has no end on this axis
        axes.errorbar(x, y, yerr=bars, color=_colour(number), label=name, capsize=2.0, **style)
    for fit in finding.fits if finding.scale == "log" else ():
        if fit.quantity in finding.shown:
            logarithms = np.log(finding.column(fit.quantity)) - fit.exponent * np.log(x)
            line = np.exp(np.mean(logarithms)) * np.asarray(x) ** fit.exponent
            axes.plot(x, line, color="0.5", linewidth=1.0, label=f"{variable}^({fit.exponent:.3f})")
    axes.set_xscale("log")
    axes.set_xticks(x, [f"{value:g}" for value in x])
    axes.minorticks_off()
    axes.set_yscale(finding.scale)
    if finding.scale == "linear":
        axes.set_ylim(bottom=0.0)
    axes.set_xlabel(variable)
    axes.legend(loc="best", fontsize="small")


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
