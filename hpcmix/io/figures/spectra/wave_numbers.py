"""Axes of what is drawn over wave numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, StrMethodFormatter

from hpcmix.io.figures.columns import column
from hpcmix.io.figures.style import FigureUnits

_DECADES = 8.0
"""As many below the largest number are shown."""


def over_wave_numbers(axes: Axes, units: FigureUnits) -> None:
    """Make |k| the horizontal axis, logarithmic."""
    unit = f" (1/{units.length.unit})" if units.length.unit else ""
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
    for formatted in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        formatted(StrMethodFormatter("{x:g}"))
    axes.set_xlabel(f"wave number $|k|${unit}")


def logarithmic(axes: Axes) -> None:
    """Make the vertical axis logarithmic, where there is anything, and cut off what is rounding."""
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in axes.get_lines()]
    largest = max((float(np.nanmax(values, initial=0.0)) for values in lines), default=0.0)
    if largest > 0.0:
        axes.set_yscale("log", nonpositive="mask")
        smallest = min(float(np.min(values[values > 0.0], initial=largest)) for values in lines)
        axes.set_ylim(max(smallest / 2.0, largest * 10.0**-_DECADES), 2.0 * largest)


def moment(record: Mapping[str, Any], units: FigureUnits) -> str:
    """When a record was made; t = infinity is written as null."""
    return units.moment(float(column([record], "time")[0]))
