"""Figures of N bodies beside their mean field: how far they are from it, and how many modes they take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.io.figures.columns import Records, column, species_of, times_of
from hpcmix.io.figures.style import COLOURS, LINES, FigureUnits, headline, legends_below

_SMALLEST = 1e-16
"""Stands for no change at all on a logarithmic axis."""
_ROUNDING = 1e-13
"""Below it alpha, distances and occupations are rounding: nothing is drawn there."""
_MOST_OCCUPATIONS = 6
"""Of a species, the largest ones."""
_INDICATOR = re.compile(r"(alpha|R|Gamma|S)(\(.*\))?")


def distance_figure(records: Records, units: FigureUnits, title: str) -> Figure:
    """Left the part of the particles that has left the condensates, alpha of every order; right the distances of
    reduced density matrices from those of the mean field, R, and S with powers of the kinetic energy."""
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    headline(figure, title)
    left, right = figure.subplots(1, 2)
    time = times_of(records, units)
    names = indicators(records)
    colours = _colours(names)
    for name in names:
        axes = left if name.startswith("alpha") else right
        style = ":" if name.startswith("S") else "--" if name == "Gamma" else "-"
        values = column(records, name)
        shown = np.where(values > _ROUNDING, values, np.nan)
        _line(axes, time, shown, color=colours[name], linestyle=style, label=_label(name))
    left.set_title("outside the condensates")
    left.set_ylabel("$\\alpha$")
    right.set_title("distance in trace norm")
    right.set_ylabel("$\\mathrm{Tr}\\,|\\gamma - \\gamma_\\mathrm{mean\\ field}|$")
    for axes in (left, right):
        _logarithmic(axes)
        axes.set_xlabel(units.time.label("time $t$"))
    legends_below(figure, {"left": (left, 0.49), "right": (right, 0.49)})
    return figure


def occupation_figure(records: Records, units: FigureUnits, title: str) -> Figure:
    """Left the natural occupations of every species, eigenvalues of the density matrix of one particle; right how far
    norm and energy have moved from their first values."""
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    headline(figure, title)
    left, right = figure.subplots(1, 2)
    time = times_of(records, units)
    species = species_of(records)
    for colour, name in zip(COLOURS * 8, species, strict=False):
        values = _occupations(records, name)
        for number, line in enumerate(values.T[:_MOST_OCCUPATIONS]):
            label = name if number == 0 else None
            shown = np.where(line > _ROUNDING, line, np.nan)
            _line(left, time, shown, color=colour, label=label, linestyle=LINES[min(number, len(LINES) - 1)])
    left.set_title("natural occupations")
    left.set_ylabel("eigenvalues of $\\gamma^{(1)}$")
    for colour, name, values in (
        (COLOURS[0], "norm", np.abs(column(records, "norm") - 1.0)),
        (COLOURS[1], "energy", _change(column(records, "energy", "total"))),
        (COLOURS[2], "energy of the mean field", _change(column(records, "energy", "mean_field"))),
    ):
        if np.isfinite(values).any():
            _line(right, time, np.maximum(values, _SMALLEST), color=colour, label=name)
    right.set_title("relative change since the beginning")
    right.set_ylabel("$|q(t) - q(0)| \\, / \\, |q(0)|$")
    for axes in (left, right):
        _logarithmic(axes)
        axes.set_xlabel(units.time.label("time $t$"))
    legends_below(figure, {"left": (left, 0.49), "right": (right, 0.49)})
    return figure


def indicators(records: Records) -> list[str]:
    """The columns of records that say how far N bodies are from their mean field, in their order."""
    return list(dict.fromkeys(name for record in records for name in record if _INDICATOR.fullmatch(name)))


def _colours(names: Sequence[str]) -> dict[str, str]:
    """One for every order: alpha, R and S of it have the same."""
    orders = list(dict.fromkeys(_order(name) for name in names))
    chosen = dict(zip(orders, COLOURS * 8, strict=False))
    return {name: chosen[_order(name)] for name in names}


def _order(name: str) -> str:
    return name.partition("(")[2].partition(";")[0].rstrip(")")


def _label(name: str) -> str:
    kind, order = name.partition("(")[0], _order(name)
    symbol = {"alpha": "\\alpha", "R": "R", "S": "S", "Gamma": "\\Gamma"}[kind]
    power = name.partition(";")[2].rstrip(")")
    return f"${symbol}^{{({order})}}$" + (f", $\\theta = {power}$" if power else "") if order else f"${symbol}$"


def _occupations(records: Records, species: str) -> np.ndarray:
    """(records, modes), NaN where a record has none."""
    rows = [record.get("species", {}).get(species, {}).get("natural_occupations", []) for record in records]
    width = max((len(row) for row in rows), default=0)
    return np.array([[*row, *[np.nan] * (width - len(row))] for row in rows], dtype=float).reshape(len(rows), width)


def _change(values: np.ndarray) -> np.ndarray:
    if not values.size or not np.isfinite(values[0]) or values[0] == 0.0:
        return np.full(values.shape, np.nan)
    return np.abs(values / values[0] - 1.0)


def _line(axes: Axes, time: np.ndarray, values: np.ndarray, **style: Any) -> None:
    shown = np.where(values > 0.0, values, np.nan)
    axes.plot(time, shown, marker="o" if time.size <= 12 else None, markersize=3.0, **style)


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis that hides what is rounding."""
    axes.set_yscale("log")
    shown = [float(value) for line in axes.lines for value in np.ravel(line.get_ydata()) if value > 0.0]
    if shown:
        axes.set_ylim(max(_SMALLEST, min(shown)) / 2.0, 2.0 * max(shown))
