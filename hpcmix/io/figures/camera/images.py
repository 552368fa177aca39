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
    if all(len(picture.axes) == 1 for picture in images.pictures):
        return _lines(images, units, words)
    rows = [list(_views(picture)) for picture in images.pictures]
    figure = Figure(figsize=(1.2 + 3.4 * len(rows), 1.1 + 2.9 * len(rows[0])), layout="compressed")
    headline(figure, words)
    panels = figure.subplots(len(rows[0]), len(rows), squeeze=False)
    for column, (picture, views) in enumerate(zip(images.pictures, rows, strict=True)):
        for row, (name, values) in enumerate(views):
            axes, quantity, label = panels[row, column], _quantity(picture, units), _label(picture)
            if len(picture.axes) == 1:
                _line(axes, picture, values * quantity.factor, units, COLOURS[row])
                axes.set_ylabel(quantity.label(label))
            else:
                _map(figure, axes, picture, values * quantity.factor, units, quantity.label(label))
            axes.set_title(f"{name}, along ${picture.sight}$")
    return figure


def _lines(images: Images, units: FigureUnits, words: str) -> Figure:
    figure = Figure(figsize=(6.5, 0.8 + 2.6 * len(images.pictures)), layout="constrained")
    headline(figure, words)
    panels = figure.subplots(len(images.pictures), 1, squeeze=False)[:, 0]
    for axes, picture in zip(panels, images.pictures, strict=True):
        quantity = _quantity(picture, units)
        for (name, values), colour in zip(_views(picture), COLOURS * 8, strict=False):
            _line(axes, picture, values * quantity.factor, units, colour, name)
        axes.set_ylabel(quantity.label(_label(picture)))
        axes.set_title(f"along ${picture.sight}$")
        axes.legend(loc="best")
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
    unit = f" {units.time.unit}" if units.time.unit else ""
    moment = f"t = {images.time * units.time.factor:.4g}{unit}"
    if images.time_of_flight == 0.0:
        return moment
    return f"{moment}, and {images.time_of_flight * units.time.factor:.4g}{unit} of flight"


def _line(
    axes: Axes, picture: Picture, values: np.ndarray, units: FigureUnits, colour: str, name: str | None = None
) -> None:
    ((axis, pixels),) = picture.axes.items()
    axes.plot(pixels * units.length.factor, values, color=colour, label=name)
    top = max(float(np.max(values)), axes.get_ylim()[1] / FROM_ZERO[1] if name and len(axes.lines) > 1 else 0.0)
    axes.set_ylim(FROM_ZERO[0] * (top or 1.0), FROM_ZERO[1] * (top or 1.0))
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
