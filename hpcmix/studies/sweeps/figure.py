"""The figure of a sweep: the main numbers of every point over the swept keys."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import xarray
from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import LineStyleType

from hpcmix.io.figures.style import COLOURS, STYLE, headline, require_span, save
from hpcmix.problem.mistakes.errors import ProblemError, closest
from hpcmix.problem.reading.values import counted
from hpcmix.problem.units.laboratory import Conversion, conversion
from hpcmix.studies.sweeps.axes import DIRECTION, Axes, SweptKey
from hpcmix.studies.sweeps.collecting import Collected

MAIN = ("energy_total", "chemical_potential", "maximum_density", "rms_width", "mode_frequency", "mode_growth_rate")
"""What is drawn unless names are given, beside what the file asked for by ``output.observables.also``."""

_ALWAYS_THERE = (
    "time", "step", "particles", "centre", "momentum", "face_density", "spectral_tail", "healing_length",
    "wall_seconds", "lost",
)  # fmt: skip
"""What every record holds that a scan is seldom about."""

MOST_LINES = 10
"""More of them in a panel are drawn as a map, where there is a second key."""

_MOST_PANELS = 9
_MOST_PARTS = 7
"""Of more, modes say, the legend does not speak."""
_TITLE_LETTERS = 38
_STYLES: tuple[LineStyleType, ...] = ("-", "--", ":", "-.")
_LOGARITHMIC = 1.02
"""Values are equal factors apart where their ratios differ by less than this factor, and span a decade."""


def draw_sweep(found: Collected, path: Path, what: Sequence[str] = (), dots: int | None = None) -> Path:
    """Draw it in the form that the path's ending names, with so many `dots` per inch: a panel for each of the variables
    `what`, lines over the last key, one for every value of the other keys; maps over the last two keys where lines
    would be too many. Of runs in time their last numbers. Raises :class:`ProblemError` for a name that there is not,
    :class:`~hpcmix.io.documents.atomic.OutputError`."""
    names = _chosen(found, what)
    with matplotlib.rc_context(STYLE):
        columns = min(3, max(1, len(names)))
        rows = max(1, math.ceil(len(names) / columns))
        figure = Figure(figsize=(3.6 * columns + 0.4, 2.9 * rows + 0.2), layout="constrained")
        panels = np.atleast_1d(figure.subplots(rows, columns)).ravel()
        looks, drawn = _Looks(found), [_Panel(found, name) for name in names]
        for axes, panel in zip(panels, drawn, strict=False):
            panel.draw(axes, looks)
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        headline(figure, _title(found))
        handles = looks.legend([curve for panel in drawn if not panel.is_map for curve in panel.curves])
        if len(handles) > 1:
            columns = min(len(handles), 2 * columns)
            figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize="small")
            figure.set_figheight(figure.get_figheight() + 0.2 * math.ceil(len(handles) / columns))
        return save(figure, path, dots)


def _title(found: Collected) -> str:
    """The problem's, and how many points failed or are missing."""
    status = found.data["status"].values
    counts = {word: int(np.sum(status == word)) for word in ("failed", "missing")}
    notes = [f"{count} {word}" for word, count in counts.items() if count]
    title = str(found.data.attrs["title"])
    return f"{title}\nof {counted(status.size, 'point')} {', '.join(notes)}" if notes else title


def _chosen(found: Collected, what: Sequence[str]) -> list[str]:
    """The variables to draw."""
    drawable = [str(name) for name, entry in found.data.data_vars.items() if _is_drawable(entry, found.axes)]
    for name in what:
        if name not in drawable:
            suggestion = closest(name, drawable)
            hint = f'; did you mean "{suggestion}"?' if suggestion else f" (there are {', '.join(drawable)})"
            raise ProblemError.of("--what", f'"{name}" is nothing that every point has a number of{hint}')
    if what:
        return list(dict.fromkeys(what))
    main = [name for name in MAIN if name in drawable]
    others = [name for name in drawable if not name.startswith((*_ALWAYS_THERE, "energy_", "ground_state_"))]
    also = [name for name in others if name not in main and not name.endswith("_energy")]
    told = [name for name in (*main, *also) if _tells_something(found.data[name])]
    return [name for place, name in enumerate(told) if not _says_the_same(found, name, told[:place])][:_MOST_PANELS]


def _is_drawable(entry: xarray.DataArray, axes: Axes) -> bool:
    """Whether a variable has a few numbers for every point."""
    rest = [size for name, size in entry.sizes.items() if name not in (*axes.names, "time")]
    return entry.dtype.kind == "f" and math.prod(rest) <= 200


def _tells_something(entry: xarray.DataArray) -> bool:
    """Whether there are numbers that are not all zero."""
    values = entry.values[np.isfinite(entry.values)]
    return values.size > 0 and bool(np.any(values != 0.0))


def _says_the_same(found: Collected, name: str, others: Sequence[str]) -> bool:
    """Whether the values of a variable are those of another one: the overlap of a with b is that of b with a."""
    values = np.sort(found.data[name].values, axis=None)
    return any(np.array_equal(values, np.sort(found.data[other].values, axis=None), equal_nan=True) for other in others)


@dataclass(frozen=True)
class _Curve:
    """Numbers along the last key, one for each of its values.

    row        the place of the other keys' values, whose colour it has, and those values in words.
    part       the place of the species, axis or mode among the variable's own dimensions, whose line it has, and its
               name.
    direction  the way along which states were continued; empty where they were not.
    """

    values: np.ndarray
    row: tuple[int, str]
    part: tuple[int, str]
    direction: str


class _Looks:
    """How curves look: a colour for each value of the other keys, a line for each species, axis or mode, marks for the
    directions; of a sweep of one key alone colours are those of species."""

    def __init__(self, found: Collected) -> None:
        rest = [name for name in found.axes.names if name not in (_along(found.axes), DIRECTION)]
        self._has_rows = math.prod(found.axes.lengths[name] for name in rest) > 1

    def of(self, curve: _Curve) -> dict[str, Any]:
        """Colour, line and mark."""
        back = curve.direction == "backward"
        number = curve.row[0] if self._has_rows else curve.part[0]
        single = not self._has_rows and not curve.part[1]
        return {
            "color": "0.2" if single else COLOURS[number % len(COLOURS)],
            "linestyle": _STYLES[curve.part[0] % len(_STYLES)] if self._has_rows else "-",
            "marker": "s" if back else "o",
            "markersize": 5.5 if back else 2.8,
            "markerfacecolor": "none" if back else None,
            "linewidth": 1.0,
        }

    def legend(self, curves: Sequence[_Curve]) -> list[Line2D]:
        """What colours, lines and marks of the curves mean."""
        handles = []
        rows, parts = (dict.fromkeys(getattr(curve, name) for curve in curves) for name in ("row", "part"))
        for number, words in rows if self._has_rows else ():
            handles.append(Line2D([], [], color=COLOURS[number % len(COLOURS)], label=words))
        for number, words in sorted(parts):
            if words and len(parts) <= _MOST_PARTS:
                colour = "0.4" if self._has_rows else COLOURS[number % len(COLOURS)]
                line = _STYLES[number % len(_STYLES) if self._has_rows else 0]
                handles.append(Line2D([], [], color=colour, linestyle=line, label=words))
        for direction in dict.fromkeys(curve.direction for curve in curves if curve.direction):
            looks = self.of(_Curve(np.empty(0), (0, ""), (0, ""), direction))
            handles.append(Line2D([], [], label=direction, **(looks | {"linestyle": "none", "color": "0.4"})))
        return handles


def _unit_of(attributes: Mapping[Any, Any], by: Conversion | None) -> str:
    """The unit that numbers of a variable are drawn in: the laboratory's, or else the code's."""
    if by is None:
        unit = str(attributes.get("units", "")).replace("code unit of ", "code units of ")
        return "" if unit == "1" else unit
    if by.unit == "Hz":
        return "E/h (Hz)"
    return re.sub(r"(?<=[a-z])\^?\(?(-?\d+(?:/\d+)?)\)?", r"$^{\1}$", by.unit.replace("um", "µm", 1))


def _along(axes: Axes) -> str:
    """The dimension of the last key."""
    return axes.dimension_of(axes.keys[-1])


class _Panel:
    """One variable."""

    def __init__(self, found: Collected, name: str) -> None:
        entry = found.data[name]
        entry = entry.isel(time=-1) if "time" in entry.dims else entry
        by = conversion(entry.attrs)
        self._entry = entry if by is None else entry.copy(data=entry.values * by.factor)
        self._unit = _unit_of(entry.attrs, by)
        self._axes, self._name, self._status = found.axes, name, found.data["status"]
        self._last: SweptKey = found.axes.keys[0] if found.axes.together else found.axes.keys[-1]
        self.curves = list(self._curves())
        others = [name for name in found.axes.names if name not in (_along(found.axes), DIRECTION)]
        self.is_map = len({curve.row for curve in self.curves}) > MOST_LINES and bool(others)

    def draw(self, panel: Panel, looks: _Looks) -> None:
        """Lines, or a map."""
        if self.is_map:
            self._map(panel)
        else:
            for curve in self.curves:
                panel.plot(self._last.numbers, curve.values, **looks.of(curve))
            require_span(panel)
            self._mark_failures(panel)
            panel.set_ylabel(self._unit)
        title = str(self._entry.attrs.get("long_name", self._name.replace("_", " ")))
        panel.set_title("\n".join(textwrap.wrap(title, _TITLE_LETTERS)), fontsize="medium")
        self._label(panel.xaxis, self._last)
        if _is_logarithmic(self._last):
            panel.set_xscale("log")

    def _mark_failures(self, panel: Panel) -> None:
        """A cross on the lower edge where a point failed, whatever the other keys are there."""
        others = [name for name in self._axes.names if name != _along(self._axes)]
        failed = (self._status == "failed").any(others).values
        if not failed.any():
            return
        heights = np.zeros(int(failed.sum()))
        crosses: dict[str, Any] = {"linestyle": "none", "marker": "x", "color": "0.4", "clip_on": False}
        panel.plot(self._last.numbers[failed], heights, transform=panel.get_xaxis_transform(), **crosses)

    def _curves(self) -> Iterator[_Curve]:
        names = [str(name) for name in self._entry.dims if name not in (_along(self._axes), DIRECTION)]
        swept = [name for name in names if name in self._axes.names]
        ways = list(self._entry[DIRECTION].values) if DIRECTION in self._entry.dims else [""]
        for place in np.ndindex(*(self._entry.sizes[name] for name in names)):
            chosen = dict(zip(names, place, strict=True))
            row, part = self._words(chosen, swept), self._words(chosen, [name for name in names if name not in swept])
            of_place = self._entry.isel(chosen)
            for way in ways:
                values = of_place.sel({DIRECTION: way}) if way else of_place
                if np.isfinite(values.values).any():
                    yield _Curve(values.values, row, part, str(way))

    def _words(self, chosen: Mapping[str, int], names: Sequence[str]) -> tuple[int, str]:
        """The number of a place along some dimensions among all places there, and the place in words."""
        shape = [self._entry.sizes[name] for name in names]
        number = int(np.ravel_multi_index([chosen[name] for name in names], shape)) if names else 0
        shown = [name for name in names if self._entry.sizes[name] > 1 or name == "species"]
        return number, ", ".join(self._word(name, chosen[name]) for name in shown)

    def _word(self, dimension: str, number: int) -> str:
        """The value at a place of a dimension, in words."""
        for key in self._axes.keys:
            if dimension == key.key:
                return f"{key.key.rpartition('.')[2]} = {key.words[number]}"
        if dimension in self._entry.coords:
            return str(self._entry[dimension].values[number])
        return f"{dimension} {number}"

    def _map(self, panel: Panel) -> None:
        """Over the last two keys, of whatever else the first entries."""
        second = self._axes.keys[-2]
        rest = {name: 0 for name in self._entry.dims if name not in (self._last.key, second.key)}
        values = self._entry.isel(rest).transpose(second.key, self._last.key).values
        image = panel.pcolormesh(self._last.numbers, second.numbers, values, shading="nearest")
        panel.figure.colorbar(image, ax=panel, label=self._unit)
        panel.grid(False)
        self._label(panel.yaxis, second)
        if _is_logarithmic(second):
            panel.set_yscale("log")
        if rest:
            words = ", ".join(self._word(str(name), 0) for name in rest)
            panel.text(0.02, 1.0, words, transform=panel.transAxes, va="bottom", fontsize="x-small")

    @staticmethod
    def _label(axis: matplotlib.axis.Axis, key: SweptKey) -> None:
        axis.set_label_text(key.label)
        if not key.numeric:
            axis.set_ticks(key.numbers, labels=list(key.words))


def _is_logarithmic(key: SweptKey) -> bool:
    """Whether the values of a key are equal factors apart, over a decade at least."""
    if not key.numeric or len(key.numbers) < 3 or np.any(key.numbers <= 0.0):
        return False
    ratios = key.numbers[1:] / key.numbers[:-1]
    return bool(np.max(ratios) < _LOGARITHMIC * np.min(ratios) and key.numbers[-1] >= 10.0 * key.numbers[0])
