"""Figures of classical species in phase space: maps of f over two axes at several times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.style import FigureUnits, headline
from hpcmix.observe.markers.phase_space_density import PhaseSpaceDensity

_MAP = "viridis"
_ROOM = 0.04
"""Of the part of an axis that is seen, left at either end."""


def with_phase_space(stored: Sequence[Slices]) -> list[Slices]:
    """Those that hold densities over phase space."""
    return [slices for slices in stored if slices.phase_space]


def phase_space_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    """A row for every species and pair of axes, a column for every time. A row shows the smallest part of phase space
    with all markers of all its times in it; its colours end at the largest density of the row."""
    rows = [
        (name, [slices.phase_space[name][number] for slices in shown])
        for name, densities in shown[0].phase_space.items()
        for number in range(len(densities))
    ]
    figure = Figure(figsize=(1.2 + 3.1 * len(shown), 1.1 + 2.7 * len(rows)), layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(rows), len(shown), sharex="row", sharey="row", squeeze=False)
    for row, (name, densities) in zip(panels, rows, strict=True):
        first, second = densities[0].axes
        factors = _factor(first, units), _factor(second, units)
        area = factors[0] * factors[1]
        largest = max(float(np.max(density.density)) for density in densities) / area
        for axes, slices, density in zip(row, shown, densities, strict=True):
            edges = [edge * factor for edge, factor in zip(density.edges, factors, strict=True)]
            drawn = axes.pcolormesh(*edges, density.density.T / area, cmap=_MAP, vmin=0.0, vmax=largest or 1.0)
            drawn.set_rasterized(True)
            axes.grid(False)
            axes.set_facecolor(drawn.get_cmap()(0.0))  # beyond the bins there is nothing
            axes.set_title(f"{name}, {units.moment(slices.time)}")
            axes.set_xlabel(_label(first, units))
        ends = np.array([_seen(density) for density in densities])  # (times, axes, ends)
        spans = [(ends[:, a, 0].min() * factors[a], ends[:, a, 1].max() * factors[a]) for a in (0, 1)]
        row[0].set_xlim(*_with_room(spans[0]))
        row[0].set_ylim(*_with_room(spans[1]))
        row[0].set_ylabel(_label(second, units))
        unit = _area_unit(first, second, units)
        figure.colorbar(drawn, ax=list(row), label=f"density in phase space{unit}", shrink=0.9, pad=0.01)
    return figure


def _seen(density: PhaseSpaceDensity) -> list[tuple[float, float]]:
    """Per axis the ends of the bins that are not empty."""
    ends = []
    for number, edges in enumerate(density.edges):
        filled = np.flatnonzero(np.any(density.density > 0.0, axis=1 - number))
        places = (filled[0], filled[-1] + 1) if filled.size else (0, len(edges) - 1)
        ends.append((float(edges[places[0]]), float(edges[places[1]])))
    return ends


def _with_room(span: tuple[float, float]) -> tuple[float, float]:
    room = _ROOM * (span[1] - span[0])
    return span[0] - room, span[1] + room


def _factor(axis: str, units: FigureUnits) -> float:
    """From code units: micrometres, and momenta over the code unit of length as wave numbers of the code unit hbar."""
    return 1.0 / units.length.factor if axis.startswith("p") else units.length.factor


def _label(axis: str, units: FigureUnits) -> str:
    if axis.startswith("p"):
        unit = f" (1/{units.length.unit})" if units.length.unit else ""
        name = f"$p_{axis[-1]}/\\hbar$" if units.length.unit else f"$p_{axis[-1]}$"
        return name + unit
    return units.length.label(f"${axis}$")


def _area_unit(first: str, second: str, units: FigureUnits) -> str:
    power = sum(-1 if axis.startswith("p") else 1 for axis in (first, second))
    if not units.length.unit or power == 0:
        return ""
    return f" ({units.length.unit}$^{{{-power}}}$)"
