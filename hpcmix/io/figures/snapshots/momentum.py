"""Figure of the momentum distributions: particles per mode of the box along each axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.figures.style import FROM_ZERO, FigureUnits, colours_of_times, headline, legends_below

_SEEN = 1e-3
"""Share of the largest number up to which modes are left out at the ends of an axis."""

KEY = "momentum_distribution"


def with_momenta(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The records that hold a momentum distribution."""
    return [record for record in records if any(KEY in entry for entry in record.get("species", {}).values())]


def momentum_figure(
    shown: Sequence[Mapping[str, Any]], lengths: Sequence[float], units: FigureUnits, title: str
) -> Figure:
    """Of every species that has one, the distribution along each axis at the times of the given records, over the wave
    number p / hbar.

    lengths  of the box, code units: mode m has the wave number 2 pi m / L.
    """
    species = list(dict.fromkeys(name for record in shown for name, entry in record["species"].items() if KEY in entry))
    axes_of_grid = "xyz"[: len(lengths)]
    size = (1.2 + 3.1 * max(len(lengths), 2), 0.9 + 2.3 * len(species))
    figure = Figure(figsize=size, layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(species), len(lengths), squeeze=False)
    colours = colours_of_times(len(shown))
    for row, name in zip(panels, species, strict=True):
        for axes, along, length in zip(row, axes_of_grid, lengths, strict=True):
            ends, top = [], 0.0
            for record, colour in zip(shown, colours, strict=False):
                numbers = np.array(record["species"][name][KEY][along], dtype=float)
                modes = np.arange(len(numbers)) - len(numbers) // 2
                wave_numbers = 2.0 * np.pi * modes / (length * units.length.factor)
                axes.plot(wave_numbers, numbers, color=colour, label=units.moment(record["time"]))
                seen = wave_numbers[numbers > _SEEN * np.max(numbers)]
                ends += [*seen[[0, -1]]] if seen.size else []
                top = max(top, float(np.max(numbers)))
            room = 2.0 * np.pi / (length * units.length.factor)
            if ends:
                axes.set_xlim(min(ends) - room, max(ends) + room)
            axes.set_ylim([end * (top or 1.0) for end in FROM_ZERO])
            if not top > 0.0:
                axes.set_yticks([0.0])
            unit = f" (1/{units.length.unit})" if units.length.unit else ""
            axes.set_title(f"{name}, along ${along}$")
            axes.set_xlabel(f"wave number $p_{along}/\\hbar${unit}")
        row[0].set_ylabel("particles in a mode")
    legends_below(figure, {"center": (panels[0, 0], 0.98)})
    return figure
