"""Figure of the first Fourier modes of densities over time: waves that oscillate, decay or grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.figures.columns import column, times_of
from hpcmix.io.figures.style import COLOURS, FigureUnits, headline, legends_below

KEY = "density_modes"

_SHOWN = 4
"""Modes along an axis; of more, lines lie over each other."""

_DECADES = 1e-6
"""Smallest size shown, by the largest: a mode that begins at rounding would press the others together."""


def with_modes(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that hold modes of a density."""
    return [record for record in records if any(KEY in entry for entry in record.get("species", {}).values())]


def modes_figure(records: Sequence[Mapping[str, Any]], units: FigureUnits, title: str) -> Figure:
    """|integral rho exp(-2 pi i m x / L) dx| / N over time, N the particles, for m = 1 .. 4: a row for every species
    that has modes, a panel for every axis."""
    entries = {name: entry for name, entry in records[0]["species"].items() if KEY in entry}
    along = list(next(iter(entries.values()))[KEY])
    figure = Figure(figsize=(1.2 + 3.1 * max(len(along), 2), 1.1 + 2.2 * len(entries)), layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(entries), len(along), squeeze=False, sharex=True)
    time = times_of(records, units)
    for row, name in zip(panels, entries, strict=True):
        particles = column(records, "species", name, "particles")
        for axes, axis in zip(row, along, strict=True):
            for mode, colour in zip(range(_SHOWN), COLOURS, strict=False):
                real, imaginary = (column(records, "species", name, KEY, axis, part, mode) for part in ("re", "im"))
                size = np.hypot(real, imaginary) / particles
                size[~(size > 0.0)] = np.nan  # nothing has no place on a logarithmic axis
                axes.plot(time, size, color=colour, label=f"$m$ = {mode + 1}")
            axes.set_yscale("log")
            low, high = axes.get_ylim()
            axes.set_ylim(max(low, _DECADES * high), high)
            axes.set_title(f"{name}, along ${axis}$")
        row[0].set_ylabel("modes of the density per particle")
    for axes in panels[-1]:
        axes.set_xlabel(units.time.label("time $t$"))
    legends_below(figure, {"center": (panels[0, 0], 0.98)})
    return figure
