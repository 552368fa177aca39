"""Figure of densities in three dimensions from three sides: integrated along z, y and x, or in the planes through the
origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.snapshots.cropping import crop_of
from hpcmix.io.figures.snapshots.maps import draw_maps, map_of
from hpcmix.io.figures.style import FigureUnits, headline

SIDES = {"xy": "z", "xz": "y", "yz": "x"}
"""The axes that are seen, and the one that is looked along."""

_WIDTH, _FLATTEST, _TALLEST = 2.9, 0.3, 2.0
"""Inches of the widest panel, and the heights of a row by its width."""


def views_figure(shown: Sequence[Slices], units: FigureUnits, title: str, integrated: bool) -> Figure:
    """A row for every species and time, a column for every side. All panels have one scale of length, as wide as the
    clouds are; the colours of a column stand for the same densities at all times of a species.

    integrated  the density integrated along the line of sight; otherwise that of the plane through the origin.
    """
    crop, species = crop_of(shown), list(shown[0].slices)
    density = units.density(2 if integrated else 3)
    label = density.label("column density" if integrated else "density $\\rho$")
    spans = {name: positions[crop[name]].size * _spacing(positions) for name, positions in shown[0].axes.items()}
    widths = [spans[axes[0]] for axes in SIDES]
    height = max(spans[axes[1]] for axes in SIDES) / max(widths)
    row_height = _WIDTH * min(max(height, _FLATTEST), _TALLEST)
    rows = len(species) * len(shown)
    size = (1.3 * len(SIDES) + _WIDTH * sum(widths) / max(widths), 0.6 + (row_height + 0.75) * rows)
    figure = Figure(figsize=size, layout="compressed")
    headline(figure, title)
    panels = figure.subplots(rows, len(SIDES), squeeze=False, width_ratios=widths)
    for number, name in enumerate(species):
        block = panels[number * len(shown) : (number + 1) * len(shown)]
        for column, (axes, sight) in enumerate(SIDES.items()):
            maps = []
            for stored in shown:
                values = (stored.columns if integrated else stored.slices)[name][axes] * density.factor
                panel = map_of(name, values, axes, stored, crop, units)
                words = f"along ${sight}$" if integrated else f"{sight} = 0"
                maps.append(replace(panel, title=panel.title if column == 0 else words))
            last = column == len(SIDES) - 1
            draw_maps(figure, list(block[:, column]), maps, label if last else "", named="each")
            for panel_axes, shown_map in zip(block[:, column], maps, strict=True):
                panel_axes.set_xlabel(shown_map.labels[0])
                panel_axes.set_ylabel(shown_map.labels[1])
    return figure


def _spacing(positions: np.ndarray) -> float:
    return float(positions[1] - positions[0])
