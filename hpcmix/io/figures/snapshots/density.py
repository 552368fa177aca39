"""Figures of the densities: maps of column densities in two and three dimensions, lines in one."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.style import FROM_ZERO, FigureUnits, headline

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
    extents = [_extent(stored, units.length.factor) for stored in shown]
    extent, moving = extents[0], any(other != extents[0] for other in extents)  # the grid expands
    height = 2.6 * min(max((extent[3] - extent[2]) / (extent[1] - extent[0]), 0.25), 2.5)
    # panels of fixed shape, put close together: what room their labels need is found, not guessed
    figure = Figure(figsize=(1.2 + 3.1 * len(shown), 1.1 + (height + 0.45) * len(species)), layout="compressed")
    headline(figure, title)
    share = not moving
    panels = figure.subplots(len(species), len(shown), sharex=share, sharey=share, squeeze=False)
    label = density.label("column density $\\int\\rho\\,dz$" if three else "density $\\rho$")
    for row, name in zip(panels, species, strict=True):
        peaks = [float(np.nanmax(image)) for image in images[name]]
        shared = max(peaks) <= _SHARED_UP_TO * min(peaks)
        for axes, stored, extent, image, peak in zip(row, shown, extents, images[name], peaks, strict=True):
            top = max(peaks) if shared else peak
            drawn = axes.imshow(image, origin="lower", extent=extent, cmap=_MAP, vmin=0.0, vmax=top or 1.0)
            axes.grid(False)
            axes.spines[:].set_visible(False)
            axes.set_title(f"{name}, {units.moment(stored.time)}{'' if peak > 0.0 else ' (empty)'}")
            if not shared:
                _scale(figure, drawn, axes, top, label if axes is row[-1] else None)
        if shared:
            _scale(figure, drawn, list(row), max(peaks), label)
        row[0].set_ylabel(_axis_label("y", shown[0], units))
    for axes, stored in zip(panels[-1], shown, strict=True):
        axes.set_xlabel(_axis_label("x", stored, units))
    return figure


def _scale(figure: Figure, drawn: AxesImage, beside: Axes | list[Axes], top: float, label: str | None) -> None:
    """The colours of a map and their values; of an empty one zero alone."""
    pad = 0.02 if isinstance(beside, Axes) else 0.01
    figure.colorbar(drawn, ax=beside, label=label, shrink=0.9, pad=pad, ticks=None if top > 0.0 else [0.0])


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
            axes.plot(x, stored.slices[name]["x"] * density.factor, color=colour, label=units.moment(stored.time))
        largest = max(float(np.nanmax(stored.slices[name]["x"])) for stored in shown) * density.factor
        axes.set_title(name if largest > 0.0 else f"{name} (empty)")
        axes.set_ylabel(density.label("density $\\rho$"))
        axes.set_ylim([end * (largest or 1.0) for end in FROM_ZERO])
        if not largest > 0.0:
            axes.set_yticks([0.0])
    panels[0].legend(loc="best")
    panels[-1].set_xlabel(_axis_label("x", shown[-1], units))
    return figure


def _axis_label(name: str, stored: Slices, units: FigureUnits) -> str:
    """Positions in the laboratory; at the time infinity those on the grid of the frame."""
    return units.length.label(f"${name}$" if np.isfinite(stored.time) else f"${name} / b$")


def _extent(stored: Slices, factor: float) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a map."""
    (left, right), (bottom, top) = _edges(stored.axes["x"]), _edges(stored.axes["y"])
    return left * factor, right * factor, bottom * factor, top * factor


def _edges(positions: np.ndarray) -> tuple[float, float]:
    """First and last edge of cells around the points."""
    half = 0.5 * (positions[1] - positions[0])
    return float(positions[0] - half), float(positions[-1] + half)
