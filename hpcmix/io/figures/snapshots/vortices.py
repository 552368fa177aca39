"""Figure of vortices: where they went, or where lines are, and how many there were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hpcmix.io.figures.columns import column, times_of
from hpcmix.io.figures.style import COLOURS, FROM_ZERO, FigureUnits, headline, legends_below
from hpcmix.observe.vortices.tracks import numbered

KEY, LINES = "vortices", "vortex_lines"
SIGNS = ((1, "counter-clockwise", COLOURS[1], "-"), (-1, "clockwise", COLOURS[0], "--"))
"""Charges with their names, colours and, where both may lie over each other, lines."""


def with_vortices(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that hold vortices."""
    return [record for record in records if any(KEY in entry for entry in record.get("species", {}).values())]


def vortex_figure(records: Sequence[Mapping[str, Any]], units: FigureUnits, title: str) -> Figure:
    """A row for every species that has been looked at. In two dimensions the tracks of its vortices, a line for each
    number with a dot where it was last seen, and their number over time by the sign of the charge; in three the lines
    of the last record, seen along z and along y, and their length over time."""
    known = numbered(records)
    names = [name for name, entry in known[0]["species"].items() if KEY in entry]
    spatial = LINES in known[0]["species"][names[0]]
    columns = 3 if spatial else 2
    figure = Figure(figsize=(1.2 + 3.3 * columns, 1.1 + 3.0 * len(names)), layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(names), columns, squeeze=False)
    for row, name in zip(panels, names, strict=True):
        if spatial:
            _line_row(row, known, name, units)
        else:
            _track_row(row, known, name, units)
        row[-1].set_xlabel(units.time.label("time $t$"))
    legends_below(figure, {"center": (panels[0, 0], 0.98)})
    return figure


def _track_row(row: Sequence[Axes], records: Sequence[Mapping[str, Any]], name: str, units: FigureUnits) -> None:
    plane, over_time = row
    tracks: dict[int, list[tuple[float, float, int]]] = {}
    for record in records:
        seen = record["species"][name][KEY]
        for number, x, y, charge in zip(seen["number"], seen["x"], seen["y"], seen["charge"], strict=True):
            tracks.setdefault(number, []).append((x, y, charge))
    box = np.array(records[-1]["species"][name][KEY]["box"])
    for track in tracks.values():
        points = np.array([place[:2] for place in track])
        colour = next(colour for sign, _, colour, _ in SIGNS if sign * track[0][2] > 0)
        for part in _unbroken(points, box):
            plane.plot(*(part.T * units.length.factor), color=colour, linewidth=0.9)
        plane.plot(*(points[-1] * units.length.factor), "o", color=colour, markersize=3.0)
    _frame(plane, box, ("x", "y"), (0, 1), units)
    plane.set_title(f"{name}: tracks")
    time = times_of(records, units)
    charges = [np.array(record["species"][name][KEY]["charge"]) for record in records]
    for sign, words, colour, style in SIGNS:
        count = [int(np.sum(np.abs(charge[charge * sign > 0]))) for charge in charges]
        over_time.plot(time, count, color=colour, linestyle=style)
        plane.plot([], [], color=colour, linestyle=style, label=words)
    _from_zero(over_time, at_least=1.0)
    over_time.yaxis.set_major_locator(MaxNLocator(integer=True))
    over_time.set_ylabel("quanta of circulation")


def _line_row(row: Sequence[Axes], records: Sequence[Mapping[str, Any]], name: str, units: FigureUnits) -> None:
    above, aside, over_time = row
    last = records[-1]["species"][name][LINES]
    points = np.stack([last[axis] for axis in "xyz"], axis=-1).reshape(-1, 3)
    owner, box = np.array(last["line"], int), np.array(last["box"])
    for line, closed in enumerate(last["closed"]):
        own = points[owner == line]
        own = np.concatenate([own, own[:1]]) if closed else own
        for panel, seen in ((above, [0, 1]), (aside, [0, 2])):
            for part in _unbroken(own[:, seen], box[seen]):
                panel.plot(*(part.T * units.length.factor), color=COLOURS[line % len(COLOURS)], linewidth=0.9)
    for panel, axes, names in ((above, (0, 1), ("x", "y")), (aside, (0, 2), ("x", "z"))):
        _frame(panel, box, names, axes, units)
        panel.set_title(f"{name}: lines at the end")
    length = column(records, "species", name, LINES, "total_length") * units.length.factor
    over_time.plot(times_of(records, units), length, color=COLOURS[0])
    if np.nanmax(length, initial=0.0) > 0.0:
        _from_zero(over_time)
    else:
        _from_zero(over_time, at_least=float(np.max(last["box"])) * units.length.factor)
    over_time.set_ylabel(units.length.label("length of all lines"))


def _unbroken(points: np.ndarray, box: np.ndarray) -> list[np.ndarray]:
    """The pieces of a line between passages through the faces of the periodic box."""
    jumps = np.flatnonzero(np.any(np.abs(np.diff(points, axis=0)) > 0.5 * box, axis=1)) + 1
    return np.split(points, jumps)


def _frame(panel: Axes, box: np.ndarray, names: tuple[str, str], axes: tuple[int, int], units: FigureUnits) -> None:
    half = 0.5 * box[list(axes)] * units.length.factor
    panel.set_xlim(-half[0], half[0])
    panel.set_ylim(-half[1], half[1])
    panel.set_aspect("equal")
    panel.set_xlabel(units.length.label(f"${names[0]}$"))
    panel.set_ylabel(units.length.label(f"${names[1]}$"))


def _from_zero(panel: Axes, at_least: float = 1e-12) -> None:
    """An axis from zero to the largest value, or to one that says how small it is."""
    top = max(panel.get_ylim()[1], at_least)
    panel.set_ylim(FROM_ZERO[0] * top, FROM_ZERO[1] * top)
