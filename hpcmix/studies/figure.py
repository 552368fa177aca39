"""The figure of a study: the measured columns over the variable, logarithmic."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from hpcmix.io.figure_style import COLOURS, LINES, STYLE, save
from hpcmix.studies.claim import Finding

_MARKERS = "osD^vP"


def draw_finding(finding: Finding, path: Path) -> Path:
    """Draw it as PNG. Raises :class:`~hpcmix.io.atomic.OutputError`."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = figure.subplots()
        variable = finding.columns[0]
        x = finding.column(variable)
        for number, name in enumerate(finding.shown):
            colour, marker = COLOURS[number % len(COLOURS)], _MARKERS[number % len(_MARKERS)]
            # the later a column the smaller and more broken, so that equal columns are all seen
            style = {"marker": marker, "markersize": max(8.0 - 2.0 * number, 3.0), "linestyle": LINES[number % 3]}
            axes.plot(x, finding.column(name), color=colour, label=name, **style)
        axes.set_xscale("log")
        axes.set_xticks(x, [f"{value:g}" for value in x])
        axes.minorticks_off()
        axes.set_ylim(bottom=0.0)
        axes.set_xlabel(variable)
        axes.set_title(finding.claim.source, parse_math=False)
        axes.legend(loc="best")
        return save(figure, path)
