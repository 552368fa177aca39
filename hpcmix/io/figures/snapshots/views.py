"""Figure of densities in three dimensions from three sides: integrated along z, y and x, or in the planes through the
origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.snapshots.cropping import crop_of
from hpcmix.io.figures.snapshots.maps import draw_maps, map_of
from hpcmix.io.figures.style import FigureUnits, headline

SIDES = {"xy": "z", "xz": "y", "yz": "x"}
"""The axes that are seen, and the one that is looked along."""

_WIDEST, _TALLEST = 2.9, 4.5
"""Inches of a panel at most."""

_LEFT, _RIGHT, _BELOW, _ABOVE, _LINE = 0.62, 0.95, 0.5, 0.28, 0.18
"""Inches around a panel, for its labels and scale, and of a line of the headline."""


def views_figure(shown: Sequence[Slices], units: FigureUnits, title: str, integrated: bool) -> Figure:
    """A row for every species and time, a column for every side. All panels have one scale of length, as wide as the
    clouds are; the colours of a column stand for the same densities at all times of a species.

    integrated  the density integrated along the line of sight; otherwise that of the plane through the origin.
    """
    crop, species = crop_of(shown), list(shown[0].slices)
    density = units.density(2 if integrated else 3)
    label = density.label("column density" if integrated else "density $\\rho$")
    spans = {name: positions[crop[name]].size * _spacing(positions) for name, positions in shown[0].axes.items()}
    figure, panels = _panels(spans, len(species) * len(shown), title)
    for number, name in enumerate(species):
        block = panels[number * len(shown) : (number + 1) * len(shown)]
        for column, (axes, sight) in enumerate(SIDES.items()):
            maps = []
            for stored in shown:
                values = (stored.columns if integrated else stored.slices)[name][axes] * density.factor
                panel = map_of(name, values, axes, stored, crop, units)
                words = f"along ${sight}$" if integrated else f"${sight}$ = 0"
                maps.append(replace(panel, title=f"{panel.title}, {words}" if column == 0 else words))
            axes_of_side = [row[column] for row in block]
            draw_maps(
                figure, axes_of_side, maps, label if column == len(SIDES) - 1 else "", partial(_bar_beside, figure)
            )
            for panel_axes, shown_map in zip(axes_of_side, maps, strict=True):
                panel_axes.set_xlabel(shown_map.labels[0])
                panel_axes.set_ylabel(shown_map.labels[1])
    return figure


def _panels(spans: dict[str, float], rows: int, title: str) -> tuple[Figure, list[list[Axes]]]:
    """Rows of panels in a new figure, all of one scale of length: their places are counted, not left to a layout."""
    scale = min(_WIDEST / max(spans[axes[0]] for axes in SIDES), _TALLEST / max(spans[axes[1]] for axes in SIDES))
    widths, heights = ([scale * spans[axes[place]] for axes in SIDES] for place in (0, 1))
    width = sum(widths) + (_LEFT + _RIGHT) * len(SIDES)
    row_height = max(heights) + _BELOW + _ABOVE
    figure = Figure(figsize=(width, 0.1 + _LINE + rows * row_height))
    headline(figure, title)
    height = figure.get_figheight()  # it has grown by the lines of the title
    figure._suptitle.set_y(1.0 - 0.05 / height)  # type: ignore[attr-defined]
    panels = []
    for row in range(rows):
        left, bottom, placed = 0.0, (rows - 1 - row) * row_height + _BELOW, []
        for wide, high in zip(widths, heights, strict=True):
            place = ((left + _LEFT) / width, bottom / height, wide / width, high / height)
            placed.append(figure.add_axes(place))
            left += _LEFT + wide + _RIGHT
        panels.append(placed)
    return figure, panels


def _bar_beside(figure: Figure, panels: Sequence[Axes]) -> Axes:
    """The axes of a scale on the right of panels in a column."""
    boxes = [axes.get_position() for axes in panels]
    inch = 1.0 / figure.get_figwidth()
    low, high = min(box.y0 for box in boxes), max(box.y1 for box in boxes)
    return figure.add_axes((boxes[0].x1 + 0.08 * inch, low, 0.1 * inch, high - low))


def _spacing(positions: np.ndarray) -> float:
    return float(positions[1] - positions[0])
