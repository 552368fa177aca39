"""Figure of the quadratic fluctuations around a flow: how many particles leave the condensates, with error bars."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from hpcmix.io.figures.columns import Records, column, times_of
from hpcmix.io.figures.style import COLOURS, FROM_ZERO, FigureUnits, Quantity, headline, legends_below

KEY = "fluctuations"

FEWEST_PARTICLES = 10.0
"""Fewer stand for a density of some normalisation: of them a number of excitations is no share."""

_DECADES = 100.0
"""Numbers whose largest is so many times their median have a logarithmic axis; one that grows like t^2 has 4 times."""

_VISIBLE = 1e-2
"""What the grid leaves out is drawn from such a part of the largest number on: of kernels it is next to nothing."""

_PANELS_IN_A_ROW = 2


@dataclass(frozen=True)
class _Number:
    """A number of excitations in records, and how it is drawn."""

    key: str
    label: str
    colour: str
    line: Literal["-", "--", "-.", ":"]
    has_error: bool = True


_NUMBERS = (
    _Number("excitations", "coherent states, $\\mathcal{N}$", COLOURS[0], "-"),
    _Number("transverse_excitations", "product states, $\\mathcal{N}_\\perp$", COLOURS[1], "--"),
    _Number("dressed_excitations", "pairs removed, $\\mathcal{N}_\\Xi$", COLOURS[2], "-."),
    _Number("beyond_grid", "beyond the grid (not added)", "0.45", ":", has_error=False),
)


def with_fluctuations(records: Records) -> list[Mapping[str, Any]]:
    """The records that hold fluctuations."""
    return [record for record in records if record.get(KEY)]


def fluctuation_figure(records: Records, particles: Mapping[str, float], units: FigureUnits, title: str) -> Figure:
    """A panel for every species: the numbers of excitations with bands of one standard error, and on the right what
    share of the particles they are. Over the time; in a frame that expands over its clock, which ends at t = infinity.

    records    those of :func:`with_fluctuations`.
    particles  of the species, as the problem file says; those of fewer than :data:`FEWEST_PARTICLES` have no share.
    """
    species = list(dict.fromkeys(name for record in records for name in record[KEY].get("species", {})))
    columns = min(_PANELS_IN_A_ROW, max(len(species), 1))
    rows = math.ceil(len(species) / columns)
    figure = Figure(figsize=(9.0 if columns > 1 else 5.6, 0.6 + 3.2 * rows), layout="constrained")
    headline(figure, title)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, name in zip(panels, species, strict=False):
        _draw_species(axes, records, name, units)
        _show_share(axes, particles.get(name, 0.0))
        axes.set_title(name)
        axes.set_xlabel(_time_axis(records, units)[1])
        axes.set_ylabel("excitations")
    for axes in panels[len(species) :]:
        axes.remove()
    legends_below(figure, {"center": (figure.axes[0], 0.98)})
    return figure


def _draw_species(axes: Axes, records: Records, name: str, units: FigureUnits) -> None:
    """Every number that the records have of a species and that is not zero throughout."""
    place, _ = _time_axis(records, units)
    marker = "o" if place.size <= 12 else None
    lines: list[np.ndarray] = []
    bands: list[np.ndarray] = []
    for number in _NUMBERS:
        values = column(records, KEY, "species", name, number.key)
        smallest = 0.0 if number.has_error else _VISIBLE * _largest(lines)
        if not _largest([values]) > smallest:
            continue
        axes.plot(
            place,
            values,
            marker=marker,
            markersize=3.0,
            color=number.colour,
            linestyle=number.line,
            label=number.label,
        )
        lines.append(values)
        if number.has_error:
            error = np.nan_to_num(column(records, KEY, "species", name, f"{number.key}_error"))
            axes.fill_between(place, values - error, values + error, color=number.colour, alpha=0.25, linewidth=0.0)
            bands.append(values + error)
    if lines:
        _choose_scale(axes, lines, bands)


def _largest(lines: Sequence[np.ndarray]) -> float:
    """The largest finite value, 0 where there is none."""
    return max((float(np.nanmax(values, initial=0.0)) for values in lines), default=0.0)


def _choose_scale(axes: Axes, lines: Sequence[np.ndarray], bands: Sequence[np.ndarray]) -> None:
    """From zero on, or logarithmic where the numbers span decades: one line in time, or the lines among each other."""
    positive = [values[values > 0.0] for values in lines if np.any(values > 0.0)]
    top = _largest([*lines, *bands])
    if not positive or not top > 0.0:
        return
    if top <= _DECADES * min(float(np.median(values)) for values in positive):
        axes.set_ylim(FROM_ZERO[0] * top, FROM_ZERO[1] * top)
        return
    for line in axes.get_lines():  # zero has no place on it
        values = np.asarray(line.get_ydata(), dtype=float)
        line.set_ydata(np.where(values > 0.0, values, np.nan))
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(min(float(np.min(values)) for values in positive) / 1.5, 1.5 * top)


def _show_share(axes: Axes, particles: float) -> None:
    """A second axis on the right: the numbers divided by the particles of the species."""

    def share_of(number: ArrayLike) -> ArrayLike:
        return np.asarray(number) / particles

    def number_of(share: ArrayLike) -> ArrayLike:
        return np.asarray(share) * particles

    if particles >= FEWEST_PARTICLES:
        right = axes.secondary_yaxis("right", functions=(share_of, number_of))
        right.set_ylabel(f"share of {particles:.6g} particles")


def _time_axis(records: Records, units: FigureUnits) -> tuple[np.ndarray, str]:
    """Where the records stand on the horizontal axis, and its label."""
    if any(record.get("frame") for record in records):
        clock: Quantity = units.time
        return column(records, "frame", "clock") * clock.factor, clock.label("clock of the frame $s$")
    return times_of(records, units), units.time.label("time $t$")
