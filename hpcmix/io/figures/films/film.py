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
from hpcmix.io.figures.request import DOTS_OF_FILMS, EVERYTHING, FigureRequest, Suffix
from hpcmix.io.figures.scene import Scene
from hpcmix.io.figures.snapshots.cropping import Crop, cropped, slice_of
from hpcmix.io.figures.snapshots.maps import MAP, Extent, edges
from hpcmix.io.figures.snapshots.phase import FADES_BELOW
from hpcmix.io.figures.style import COLOURS, FROM_ZERO, STYLE, FigureUnits, headline
from hpcmix.io.reader import RunReader

SECONDS, SLOWEST, FASTEST = 10.0, 4, 25
"""How long a film lasts, about, and frames per second."""

Redraw = Callable[[Frame], None]


def make_film(run: RunReader, request: FigureRequest = EVERYTHING, suffix: Suffix = "auto") -> Path | None:
    """``film.mp4`` or ``film.gif`` in the directory of a run, of all stored times or those that are asked for; None
    where there are fewer than two.

    A row for every species, with the density and, where snapshots hold it, the phase, where the clouds are at any of
    the times. Colours of a density stand for the same values in all frames.
    suffix  of the file, "auto": mp4 where ffmpeg is, gif elsewhere.
    Raises :class:`~hpcmix.io.documents.atomic.OutputError`, also for an mp4 without ffmpeg.
    """
    frames = Frames(run, Scene(run, request))
    if len(frames) < 2 or not frames.first.densities:
        return None
    has_ffmpeg = animation.writers.is_available("ffmpeg")
    if suffix == "mp4" and not has_ffmpeg:
        raise OutputError(
            "an mp4 is made by ffmpeg, which is not here: install it, or make a gif with --film-format gif"
        )
    path = run.directory.path / f"film.{('mp4' if has_ffmpeg else 'gif') if suffix == 'auto' else suffix}"
    temporary = path.with_stem("film.partial")  # writers go by the ending
    rate = int(np.clip(len(frames) / SECONDS, SLOWEST, FASTEST))
    try:
        with matplotlib.rc_context(STYLE):
            figure, redraw = film_figure(frames, FigureUnits(run.scales), run.title)
            dots = request.dots or DOTS_OF_FILMS
            figure.set_dpi(dots)
            drawn = (redraw(frames[number]) for number in range(len(frames)))
            if path.suffix == ".gif":
                write_gif(temporary, figure, drawn, rate, COLOURS)
            else:
                writer = animation.FFMpegWriter(fps=rate)
                with writer.saving(figure, str(temporary), dpi=dots):
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
    tops, crop = survey(frames)
    with_phases = len(first.axes) > 1 and bool(first.phases)
    columns = 2 if with_phases else 1
    wide = len(first.axes) == 1
    size = (7.0, 0.9 + 2.2 * len(tops))
    if not wide:
        extent = _extent(first, crop, units)
        height = 3.1 * min(max((extent[3] - extent[2]) / (extent[1] - extent[0]), 0.35), 2.0)
        size = (1.4 + 3.6 * columns, 1.1 + height * len(tops))
    figure = Figure(figsize=size, layout="constrained")
    headline(figure, title or " ")
    panels = figure.subplots(len(tops), columns, squeeze=False)
    parts: list[Redraw] = []
    for row, (name, top) in zip(panels, tops.items(), strict=True):
        draw = _line if wide else _density_map
        parts.append(draw(figure, row[0], name, top, first, crop, units))
        if with_phases:
            parts.append(_phase_map(figure, row[1], name, first, crop, units))
    clock = panels[0, 0].set_title("")

    def redraw(frame: Frame) -> None:
        for part in parts:
            part(frame)
        clock.set_text(f"{next(iter(tops))}, {units.moment(frame.time)}")

    redraw(first)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # panels stay where they are: to place them takes longer than to draw them
    return figure, redraw


def survey(frames: Frames) -> tuple[dict[str, float], dict[str, slice]]:
    """The largest density of every species over all frames, and the points along every axis where clouds are in any."""
    tops = dict.fromkeys(frames.first.densities, 0.0)
    seen: dict[str, list[slice]] = {name: [] for name in frames.first.axes}
    for number in range(len(frames)):
        frame = frames[number]
        for name, density in frame.densities.items():
            tops[name] = max(tops[name], float(np.nanmax(density)))
        for place, (name, points) in enumerate(frame.axes.items()):
            others = tuple(other for other in range(len(frame.axes)) if other != place)
            profiles = [density.max(axis=others) for density in frame.densities.values()]
            seen[name].append(slice_of(profiles, points.size))
    crop = {name: slice(min(p.start for p in parts), max(p.stop for p in parts)) for name, parts in seen.items()}
    return tops, crop


def _line(figure: Figure, axes: Axes, name: str, top: float, first: Frame, crop: Crop, units: FigureUnits) -> Redraw:
    density = units.density(1)
    (drawn,) = axes.plot([], [], color=COLOURS[0])
    axes.set_ylim(FROM_ZERO[0] * (top or 1.0) * density.factor, FROM_ZERO[1] * (top or 1.0) * density.factor)
    axes.set_title(name)
    axes.set_xlabel(units.length.label("$x$"))
    axes.set_ylabel(density.label("density $\\rho$"))

    def redraw(frame: Frame) -> None:
        x = frame.axes["x"][crop["x"]] * units.length.factor
        drawn.set_data(x, frame.densities[name][crop["x"]] * density.factor)
        axes.set_xlim(x[0], x[-1])

    return redraw


def _density_map(
    figure: Figure, axes: Axes, name: str, top: float, first: Frame, crop: Crop, units: FigureUnits
) -> Redraw:
    density = units.density(2)
    drawn = axes.imshow(
        cropped(first.densities[name], "xy", crop).T * density.factor,
        origin="lower",
        extent=_extent(first, crop, units),
        cmap=MAP,
        vmin=0.0,
        vmax=(top or 1.0) * density.factor,
    )
    _dress(axes, name, units)
    figure.colorbar(drawn, ax=axes, label=density.label("density"), shrink=0.9)

    def redraw(frame: Frame) -> None:
        drawn.set_data(cropped(frame.densities[name], "xy", crop).T * density.factor)
        drawn.set_extent(_extent(frame, crop, units))

    return redraw


def _phase_map(figure: Figure, axes: Axes, name: str, first: Frame, crop: Crop, units: FigureUnits) -> Redraw:
    """Of a species without a phase an empty panel."""
    if name not in first.phases:
        axes.set_axis_off()
        return lambda frame: None
    drawn = axes.imshow(
        cropped(first.phases[name], "xy", crop).T,
        origin="lower",
        extent=_extent(first, crop, units),
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
            drawn.set_data(cropped(frame.phases[name], "xy", crop).T)
            drawn.set_extent(_extent(frame, crop, units))
            density = cropped(frame.densities[name], "xy", crop).T
            drawn.set_alpha(np.clip(density / (FADES_BELOW * (float(np.nanmax(density)) or 1.0)), 0.0, 1.0))

    return redraw


def _dress(axes: Axes, title: str, units: FigureUnits) -> None:
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.set_title(title)
    axes.set_xlabel(units.length.label("$x$"))
    axes.set_ylabel(units.length.label("$y$"))


def _extent(frame: Frame, crop: Crop, units: FigureUnits) -> Extent:
    (left, right), (bottom, top) = (edges(frame.axes[name][crop[name]]) for name in ("x", "y"))
    factor = units.length.factor
    return left * factor, right * factor, bottom * factor, top * factor
