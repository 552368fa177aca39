"""Figures of what a camera sees: a row for every species, a column for every line of sight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.camera.picture import Picture
from hpcmix.io.figures.style import COLOURS, FROM_ZERO, FigureUnits, Quantity, headline
from hpcmix.io.images.image_file import Images


def image_figure(images: Images, units: FigureUnits, title: str) -> Figure:
    """Optical densities where a cross-section is known, and then that of all species if there are several; column
    densities otherwise. Pictures with one axis are lines."""
    words = f"{title}\n{_moment(images, units)}" if title else _moment(images, units)
    rows = [list(_views(picture)) for picture in images.pictures]
    lines = all(len(picture.axes) == 1 for picture in images.pictures)
    wide, high = (4.2, 2.2) if lines else (3.4, 2.9)
    size = (1.2 + wide * len(rows), 1.1 + high * len(rows[0]))
    figure = Figure(figsize=size, layout="constrained" if lines else "compressed")
    headline(figure, words)
    panels = figure.subplots(len(rows[0]), len(rows), squeeze=False)
    for column, (picture, views) in enumerate(zip(images.pictures, rows, strict=True)):
        for row, (name, values) in enumerate(views):
            axes, quantity, label = panels[row, column], _quantity(picture, units), _label(picture)
            if len(picture.axes) == 1:
                _line(axes, picture, values * quantity.factor, units, COLOURS[row % len(COLOURS)])
                axes.set_ylabel(quantity.label(label))
            else:
                _map(figure, axes, picture, values * quantity.factor, units, quantity.label(label))
            axes.set_title(f"{name}, along ${picture.sight}$")
    return figure


def _views(picture: Picture) -> Iterator[tuple[str, np.ndarray]]:
    """Names and values of the panels of a picture."""
    seen = picture.optical or picture.columns
    yield from seen.items()
    if picture.whole is not None and len(seen) > 1:
        yield "all together", picture.whole


def _quantity(picture: Picture, units: FigureUnits) -> Quantity:
    return Quantity() if picture.optical else units.density(len(picture.axes))


def _label(picture: Picture) -> str:
    return "optical density" if picture.optical else "column density" if len(picture.axes) == 2 else "density"


def _moment(images: Images, units: FigureUnits) -> str:
    moment = units.plain_moment(images.time)
    if images.time_of_flight == 0.0:
        return moment
    return f"{moment}, and {units.duration(images.time_of_flight)} of flight"


def _line(axes: Axes, picture: Picture, values: np.ndarray, units: FigureUnits, colour: str) -> None:
    ((axis, pixels),) = picture.axes.items()
    axes.plot(pixels * units.length.factor, values, color=colour)
    top = float(np.max(values)) or 1.0
    axes.set_ylim(FROM_ZERO[0] * top, FROM_ZERO[1] * top)
    axes.set_xlabel(units.length.label(f"${axis}$"))


def _map(figure: Figure, axes: Axes, picture: Picture, values: np.ndarray, units: FigureUnits, label: str) -> None:
    (first, across), (second, up) = picture.axes.items()
    factor = units.length.factor
    ends = [place * factor for pixels in (across, up) for place in _edges(pixels)]
    top = float(np.max(values)) or 1.0
    drawn = axes.imshow(
        values.T, origin="lower", extent=(ends[0], ends[1], ends[2], ends[3]), cmap="viridis", vmin=0.0, vmax=top
    )
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(units.length.label(f"${first}$"))
    axes.set_ylabel(units.length.label(f"${second}$"))
    figure.colorbar(drawn, ax=axes, label=label, shrink=0.9, pad=0.02)


def _edges(pixels: np.ndarray) -> tuple[float, float]:
    half = 0.5 * (pixels[1] - pixels[0])
    return float(pixels[0] - half), float(pixels[-1] + half)
