"""Figures of the densities: maps of column densities in two and three dimensions, lines in one."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.figure_style import FigureUnits, headline
from hpcmix.io.slice_file import Slices

_MAP = "viridis"
_SHARED_UP_TO = 3.0
"""A species' panels share one colour scale while their maxima differ by less than this factor; beyond it the fainter
one would show nothing.
"""


def density_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    """Every species at the given times: density integrated along z in three dimensions, the density itself in two
    and one.
    """
    return _line_figure(shown, units, title) if len(shown[0].axes) == 1 else _map_figure(shown, units, title)


def _map_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    three = len(shown[0].axes) == 3
    species = list(shown[0].slices)
    density = units.density(2)
    images = {
        name: [(stored.columns if three else stored.slices)[name]["xy"].T * density.factor for stored in shown]
        for name in species
    }
    extents = [(*_edges(one.axes["x"]), *_edges(one.axes["y"])) for one in shown]
    extents = [tuple(edge * units.length.factor for edge in extent) for extent in extents]
    extent, moving = extents[0], any(one != extents[0] for one in extents)  # the grid expands
    height = 2.6 * min(max((extent[3] - extent[2]) / (extent[1] - extent[0]), 0.4), 2.5)
    figure = Figure(figsize=(1.2 + 3.1 * len(shown), 0.75 + (height + 0.35) * len(species)), layout="constrained")
    headline(figure, title)
    share = not moving
    panels = figure.subplots(len(species), len(shown), sharex=share, sharey=share, squeeze=False)
    label = density.label("column density $\\int\\rho\\,dz$" if three else "density $\\rho$")
    for row, name in zip(panels, species, strict=True):
        peaks = [max(float(np.nanmax(image)), np.finfo(float).tiny) for image in images[name]]
        shared = max(peaks) < _SHARED_UP_TO * min(peaks)
        for axes, stored, extent, image, peak in zip(row, shown, extents, images[name], peaks, strict=True):
            top = max(peaks) if shared else peak
            drawn = axes.imshow(image, origin="lower", extent=extent, cmap=_MAP, vmin=0.0, vmax=top)
            axes.grid(False)
            axes.spines[:].set_visible(False)
            axes.set_title(f"{name}, {_time(stored, units)}")
            if not shared:
                figure.colorbar(drawn, ax=axes, label=label if axes is row[-1] else None, shrink=0.9, pad=0.02)
        if shared:
            figure.colorbar(drawn, ax=list(row), label=label, shrink=0.9, pad=0.01)
        row[0].set_ylabel(_axis_label("y", shown[0], units))
    for axes, stored in zip(panels[-1], shown, strict=True):
        axes.set_xlabel(_axis_label("x", stored, units))
    return figure


def _line_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    species = list(shown[0].slices)
    figure = Figure(figsize=(7.5, 0.8 + 2.4 * len(species)), layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(species), 1, sharex=True, squeeze=False)[:, 0]
    density = units.density(1)
    # from dark to light, leaving out the lightest third that vanishes on white
    colours = matplotlib.colormaps[_MAP](np.linspace(0.0, 0.75, max(len(shown), 2)))
    for axes, name in zip(panels, species, strict=True):
        for stored, colour in zip(shown, colours, strict=False):
            x = stored.axes["x"] * units.length.factor
            axes.plot(x, stored.slices[name]["x"] * density.factor, color=colour, label=_time(stored, units))
        axes.set_title(name)
        axes.set_ylabel(density.label("density $\\rho$"))
        axes.set_ylim(bottom=0.0)
    panels[0].legend(loc="best")
    panels[-1].set_xlabel(_axis_label("x", shown[-1], units))
    return figure


def _axis_label(name: str, stored: Slices, units: FigureUnits) -> str:
    """Positions in the laboratory; at the time infinity those on the grid of the frame."""
    return units.length.label(f"${name}$" if np.isfinite(stored.time) else f"${name} / b$")


def _edges(positions: np.ndarray) -> tuple[float, float]:
    """First and last edge of cells around the points."""
    half = 0.5 * (positions[1] - positions[0])
    return float(positions[0] - half), float(positions[-1] + half)


def _time(stored: Slices, units: FigureUnits) -> str:
    unit = f" {units.time.unit}" if units.time.unit else ""
    return f"$t$ = {stored.time * units.time.factor:.4g}{unit}"
