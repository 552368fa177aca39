"""Maps of densities in several panels, whose colours stand for the same values where that shows something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.snapshots.cropping import Crop, cropped
from hpcmix.io.figures.style import FigureUnits

MAP = "viridis"

SHARED_UP_TO = 3.0
"""Panels share one colour scale while their maxima differ by less than this factor; beyond it the fainter one would
show nothing."""

Extent = tuple[float, float, float, float]
"""Left, right, bottom and top."""

Bar = Callable[[Sequence[Axes]], Axes]


@dataclass(frozen=True)
class Map:
    """A panel: values over two axes, in the unit of the scale, with the edges of what they cover."""

    title: str
    values: np.ndarray
    extent: Extent
    labels: tuple[str, str]

    @property
    def largest(self) -> float:
        """Of all values."""
        return float(np.nanmax(self.values, initial=0.0))


def map_of(name: str, values: np.ndarray, axes: str, stored: Slices, crop: Crop, units: FigureUnits) -> Map:
    """Of a species at a stored time; `values` over the axes, in the unit of the scale."""
    part = cropped(values, axes, crop)
    ends = [edge for axis in axes for edge in edges(stored.axes[axis][crop[axis]])]
    left, right, bottom, top = (end * units.length.factor for end in ends)
    empty = "" if np.nanmax(values, initial=0.0) > 0.0 else " (empty)"
    labels = axis_label(axes[0], stored, units), axis_label(axes[1], stored, units)
    return Map(f"{name}, {units.moment(stored.time)}{empty}", part, (left, right, bottom, top), labels)


def draw_maps(
    figure: Figure, panels: Sequence[Axes], maps: Sequence[Map], label: str, bar_of: Bar | None = None
) -> None:
    """Draw maps into panels that stand in a row or a column, with one scale beside all of them or, where their maxima
    differ by much, one beside each.

    label   of the scales: of one beside all, or of the last.
    bar_of  makes the axes of a scale beside panels; None: the figure's layout finds a place.
    """
    peaks = [shown.largest for shown in maps]
    shared = max(peaks) <= SHARED_UP_TO * min(peaks)
    for axes, shown, peak in zip(panels, maps, peaks, strict=True):
        top = max(peaks) if shared else peak
        drawn = axes.imshow(
            shown.values.T, origin="lower", extent=shown.extent, cmap=MAP, vmin=0.0, vmax=top or 1.0, aspect="equal"
        )
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_title(shown.title)
        if not shared:
            _scale(figure, drawn, [axes], top, label if axes is panels[-1] else None, bar_of)
    if shared:
        _scale(figure, drawn, list(panels), max(peaks), label, bar_of)


def _scale(
    figure: Figure, drawn: AxesImage, beside: list[Axes], top: float, label: str | None, bar_of: Bar | None
) -> None:
    """The colours of a map and their values; of an empty one zero alone."""
    ticks = None if top > 0.0 else [0.0]
    if bar_of is not None:
        figure.colorbar(drawn, cax=bar_of(beside), label=label, ticks=ticks)
        return
    pad = 0.02 if len(beside) == 1 else 0.01
    figure.colorbar(drawn, ax=beside, label=label, shrink=0.9, pad=pad, ticks=ticks)


def axis_label(name: str, stored: Slices, units: FigureUnits) -> str:
    """Positions in the laboratory; at the time infinity those on the grid of the frame."""
    return units.length.label(f"${name}$" if np.isfinite(stored.time) else f"${name} / b$")


def edges(positions: np.ndarray) -> tuple[float, float]:
    """First and last edge of cells around the points."""
    half = 0.5 * (positions[1] - positions[0])
    return float(positions[0] - half), float(positions[-1] + half)
