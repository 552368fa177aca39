"""Films of densities and phases: mp4 where ffmpeg is, GIF otherwise."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import animation
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.io.documents.atomic import OutputError, explained, publish, sync
from hpcmix.io.figures.films.frames import Frame, Frames
from hpcmix.io.figures.films.gif import write_gif
from hpcmix.io.figures.style import COLOURS, FROM_ZERO, STYLE, FigureUnits, headline
from hpcmix.io.reader import RunReader

SECONDS, SLOWEST, FASTEST = 10.0, 4, 25
"""How long a film lasts, about, and frames per second."""

DOTS = 110
"""Pixels per inch."""

SHOWN = 0.01
"""Of the largest density: where there is less, phases fade into white."""

Redraw = Callable[[Frame], None]


def make_film(run: RunReader) -> Path | None:
    """``film.mp4`` or ``film.gif`` in the directory of a run, of all stored times; None where there are fewer than two.

    A row for every species, with the density and, where snapshots hold it, the phase. Colours of a density stand for
    the same values in all frames. Raises :class:`~hpcmix.io.documents.atomic.OutputError`.
    """
    frames = Frames(run)
    if len(frames) < 2 or not frames.first.densities:
        return None
    path = run.directory.path / ("film.mp4" if animation.writers.is_available("ffmpeg") else "film.gif")
    temporary = path.with_stem("film.partial")  # writers go by the ending
    rate = int(np.clip(len(frames) / SECONDS, SLOWEST, FASTEST))
    try:
        with matplotlib.rc_context(STYLE):
            figure, redraw = film_figure(frames, FigureUnits(run.scales), run.title)
            figure.set_dpi(DOTS)
            drawn = (redraw(frames[number]) for number in range(len(frames)))
            if path.suffix == ".gif":
                write_gif(temporary, figure, drawn, rate, COLOURS)
            else:
                writer = animation.FFMpegWriter(fps=rate)
                with writer.saving(figure, str(temporary), dpi=DOTS):
                    for _ in drawn:
                        writer.grab_frame()
        sync(temporary)
        publish(temporary, path)
    except OutputError:
        raise
    except OSError as error:
        raise explained(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def film_figure(frames: Frames, units: FigureUnits, title: str) -> tuple[Figure, Redraw]:
    """The figure of the first frame, and what makes that of another one of it."""
    first = frames.first
    tops = largest_densities(frames)
    with_phases = len(first.axes) > 1 and bool(first.phases)
    columns = 2 if with_phases else 1
    wide = len(first.axes) == 1
    size = (7.0, 0.9 + 2.2 * len(tops)) if wide else (1.4 + 3.6 * columns, 1.1 + 3.1 * len(tops))
    figure = Figure(figsize=size, layout="constrained")
    headline(figure, title or " ")
    panels = figure.subplots(len(tops), columns, squeeze=False)
    parts: list[Redraw] = []
    for row, (name, top) in zip(panels, tops.items(), strict=True):
        draw = _line if wide else _density_map
        parts.append(draw(figure, row[0], name, top, first, units))
        if with_phases:
            parts.append(_phase_map(figure, row[1], name, first, units))
    clock = panels[0, 0].set_title("")

    def redraw(frame: Frame) -> None:
        for part in parts:
            part(frame)
        clock.set_text(f"{next(iter(tops))}, {units.moment(frame.time)}")

    redraw(first)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # panels stay where they are: to place them takes longer than to draw them
    return figure, redraw


def largest_densities(frames: Frames) -> dict[str, float]:
    """Of every species over all frames."""
    tops = dict.fromkeys(frames.first.densities, 0.0)
    for number in range(len(frames)):
        for name, density in frames[number].densities.items():
            tops[name] = max(tops[name], float(np.nanmax(density)))
    return tops


def _line(figure: Figure, axes: Axes, name: str, top: float, first: Frame, units: FigureUnits) -> Redraw:
    density = units.density(1)
    (drawn,) = axes.plot([], [], color=COLOURS[0])
    axes.set_ylim(FROM_ZERO[0] * (top or 1.0) * density.factor, FROM_ZERO[1] * (top or 1.0) * density.factor)
    axes.set_title(name)
    axes.set_xlabel(units.length.label("$x$"))
    axes.set_ylabel(density.label("density $\\rho$"))

    def redraw(frame: Frame) -> None:
        x = frame.axes["x"] * units.length.factor
        drawn.set_data(x, frame.densities[name] * density.factor)
        axes.set_xlim(x[0], x[-1])

    return redraw


def _density_map(figure: Figure, axes: Axes, name: str, top: float, first: Frame, units: FigureUnits) -> Redraw:
    density = units.density(2)
    drawn = axes.imshow(
        first.densities[name].T * density.factor,
        origin="lower",
        extent=_extent(first, units),
        cmap="viridis",
        vmin=0.0,
        vmax=(top or 1.0) * density.factor,
    )
    _dress(axes, name, units)
    figure.colorbar(drawn, ax=axes, label=density.label("density"), shrink=0.9)

    def redraw(frame: Frame) -> None:
        drawn.set_data(frame.densities[name].T * density.factor)
        drawn.set_extent(_extent(frame, units))

    return redraw


def _phase_map(figure: Figure, axes: Axes, name: str, first: Frame, units: FigureUnits) -> Redraw:
    """Of a species without a phase an empty panel."""
    if name not in first.phases:
        axes.set_axis_off()
        return lambda frame: None
    drawn = axes.imshow(
        first.phases[name].T,
        origin="lower",
        extent=_extent(first, units),
        cmap="twilight",
        vmin=-np.pi,
        vmax=np.pi,
        interpolation="nearest",
    )
    _dress(axes, f"phase of {name}", units)
    bar = figure.colorbar(drawn, ax=axes, label="phase", shrink=0.9, ticks=[-np.pi, 0.0, np.pi])
    bar.ax.set_yticklabels(["$-\\pi$", "0", "$\\pi$"])

    def redraw(frame: Frame) -> None:
        if name in frame.phases:
            drawn.set_data(frame.phases[name].T)
            drawn.set_extent(_extent(frame, units))
            density = frame.densities[name].T
            drawn.set_alpha(np.clip(density / (SHOWN * (float(np.nanmax(density)) or 1.0)), 0.0, 1.0))

    return redraw


def _dress(axes: Axes, title: str, units: FigureUnits) -> None:
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    axes.set_xlabel(units.length.label("$x$"))
    axes.set_ylabel(units.length.label("$y$"))


def _extent(frame: Frame, units: FigureUnits) -> tuple[float, float, float, float]:
    ends = []
    for positions in (frame.axes["x"], frame.axes["y"]):
        half = 0.5 * (positions[1] - positions[0])
        ends += [float(positions[0] - half) * units.length.factor, float(positions[-1] + half) * units.length.factor]
    return ends[0], ends[1], ends[2], ends[3]
