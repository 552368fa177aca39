"""Figure of the spectra of quadratic fluctuations: which wave numbers the particles outside have, and the structure
factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.io.figures.columns import Records
from hpcmix.io.figures.fluctuations.growth import KEY
from hpcmix.io.figures.spectra.wave_numbers import logarithmic, moment, over_wave_numbers
from hpcmix.io.figures.style import FigureUnits, colours_of_times, headline, legends_below


def with_spectra(records: Records) -> list[Mapping[str, Any]]:
    """The records whose fluctuations hold spectra."""
    return [record for record in records if (record.get(KEY) or {}).get("wave_numbers")]


def spectra_figure(shown: Records, units: FigureUnits, title: str) -> Figure:
    """A column for every species, at the times of the given records: above, on logarithmic axes, the particles outside
    in every shell of |k|; below, where it is stored, the structure factor of the species' own density.

    shown  of those of :func:`with_spectra`, at most as many as colours can be told apart.
    """
    species = list(dict.fromkeys(name for record in shown for name in record[KEY]["species"]))
    rows = [row for row in _ROWS if any(row.values(record, name).size for record in shown for name in species)]
    size = (1.2 + 3.6 * max(len(species), 2), 0.8 + 2.8 * len(rows))
    figure = Figure(figsize=size, layout="constrained")
    headline(figure, title)
    panels = figure.subplots(len(rows), len(species), squeeze=False)
    colours = colours_of_times(len(shown))
    for row, line in zip(rows, panels, strict=True):
        for axes, name in zip(line, species, strict=True):
            for record, colour in zip(shown, colours, strict=False):
                values = row.values(record, name)
                if values.size:
                    wave_numbers = np.array(record[KEY]["wave_numbers"]) / units.length.factor
                    axes.plot(wave_numbers[1:], values[1:], color=colour, label=moment(record, units))
            row.finish(axes)
            over_wave_numbers(axes, units)
            axes.set_title(name)
            axes.set_ylabel(row.label)
    legends_below(figure, {"center": (panels[0, 0], 0.98)})
    return figure


class _Row:
    """A kind of spectrum: where records hold it, and how its axis looks. k = 0 is left out: it has no place on a
    logarithmic axis."""

    def __init__(self, key: str, label: str, finish: Callable[[Axes], None], own: bool) -> None:
        self.key, self.label, self.finish, self._own = key, label, finish, own

    def values(self, record: Mapping[str, Any], species: str) -> np.ndarray:
        """Of a species, empty where the record has none."""
        entry = record[KEY]["species"].get(species, {}).get(self.key)
        if self._own and entry is not None:
            entry = entry.get(species)
        return np.array([] if entry is None else entry, dtype=float)


def _from_zero(axes: Axes) -> None:
    axes.set_ylim(bottom=0.0)


_ROWS = (
    _Row("momentum_distribution", "particles outside, in a shell", logarithmic, own=False),
    _Row("structure_factor", "structure factor $S(k)$", _from_zero, own=True),
)
