"""Figures of the densities at some times side by side: maps in two and three dimensions, lines in one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.snapshots.cropping import crop_of
from hpcmix.io.figures.snapshots.maps import axis_label, draw_maps, map_of
from hpcmix.io.figures.style import FROM_ZERO, FigureUnits, colours_of_times, headline


def density_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    """Every species at the given times, where the clouds are: density integrated along z in three dimensions, the
    density itself in two and one."""
    return _line_figure(shown, units, title) if len(shown[0].axes) == 1 else _map_figure(shown, units, title)


def _map_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    three, crop, density = len(shown[0].axes) == 3, crop_of(shown), units.density(2)
    rows = {
        name: [
            map_of(name, (s.columns if three else s.slices)[name]["xy"] * density.factor, "xy", s, crop, units)
            for s in shown
        ]
        for name in shown[0].slices
    }
    extents = [panel.extent for panel in next(iter(rows.values()))]
    left, right, bottom, top = extents[0]
    height = 2.6 * min(max((top - bottom) / (right - left), 0.25), 2.5)
    # panels of fixed shape, put close together: what room their labels need is found, not guessed
    figure = Figure(figsize=(1.2 + 3.1 * len(shown), 1.1 + (height + 0.45) * len(rows)), layout="compressed")
    headline(figure, title)
    share = all(extent == extents[0] for extent in extents)  # unless the grid expands
    panels = figure.subplots(len(rows), len(shown), sharex=share, sharey=share, squeeze=False)
    label = density.label("column density $\\int\\rho\\,dz$" if three else "density $\\rho$")
    for row, maps in zip(panels, rows.values(), strict=True):
        draw_maps(figure, row, maps, label)
        row[0].set_ylabel(axis_label("y", shown[0], units))
    for axes, stored in zip(panels[-1], shown, strict=True):
        axes.set_xlabel(axis_label("x", stored, units))
    return figure


def _line_figure(shown: Sequence[Slices], units: FigureUnits, title: str) -> Figure:
    species, crop = list(shown[0].slices), crop_of(shown)["x"]
    figure = Figure(figsize=(7.5, 0.8 + 2.4 * len(species)), layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(species), 1, sharex=True, squeeze=False)[:, 0]
    density = units.density(1)
    colours = colours_of_times(len(shown))
    for axes, name in zip(panels, species, strict=True):
        for stored, colour in zip(shown, colours, strict=False):
            x, values = stored.axes["x"][crop] * units.length.factor, stored.slices[name]["x"][crop]
            axes.plot(x, values * density.factor, color=colour, label=units.moment(stored.time))
        largest = max(float(np.nanmax(stored.slices[name]["x"])) for stored in shown) * density.factor
        axes.set_title(name if largest > 0.0 else f"{name} (empty)")
        axes.set_ylabel(density.label("density $\\rho$"))
        axes.set_ylim([end * (largest or 1.0) for end in FROM_ZERO])
        if not largest > 0.0:
            axes.set_yticks([0.0])
    panels[0].legend(loc="best")
    panels[-1].set_xlabel(axis_label("x", shown[-1], units))
    return figure
