"""Figure of the spectra of condensates: which wave numbers their particles and kinetic energies have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.figures.columns import Records
from hpcmix.io.figures.spectra.wave_numbers import logarithmic, moment, over_wave_numbers
from hpcmix.io.figures.style import COLOURS, FigureUnits, colours_of_times, headline, legends_below

KEY = "spectra"
_PARTS = ("incompressible", "compressible", "quantum_pressure")


def with_flow_spectra(records: Records) -> list[Mapping[str, Any]]:
    """The records that hold spectra of a species."""
    return [record for record in records if any(KEY in entry for entry in record.get("species", {}).values())]


def flow_spectra_figure(shown: Records, units: FigureUnits, title: str) -> Figure:
    """A column for every species: above the particles in every shell of |k| at the times of the given records, below
    the parts of the kinetic energy at the last of them, where it has them; all on logarithmic axes, without k = 0.

    shown  of those of :func:`with_flow_spectra`, at most as many as colours can be told apart.
    """
    species = list(dict.fromkeys(name for record in shown for name, entry in record["species"].items() if KEY in entry))
    figure = Figure(figsize=(1.2 + 3.6 * max(len(species), 2), 6.4), layout="constrained")
    headline(figure, title)
    panels = figure.subplots(2, len(species), squeeze=False)
    colours = colours_of_times(len(shown))
    for (above, below), name in zip(panels.T, species, strict=True):
        for record, colour in zip(shown, colours, strict=False):
            k, values = _line(record, name, "particles", units)
            above.plot(k, values, color=colour, label=moment(record, units))
        for part, colour in zip(_PARTS, COLOURS, strict=False):
            k, values = _line(shown[-1], name, part, units)
            below.plot(k, values, color=colour, label=part.replace("_", " "))
        for axes, label in ((above, "particles in a shell"), (below, f"kinetic energy, {moment(shown[-1], units)}")):
            logarithmic(axes)
            over_wave_numbers(axes, units)
            axes.set_title(name)
            axes.set_ylabel(label)
    legends_below(figure, {"left": (panels[0, 0], 0.5), "right": (panels[1, 0], 0.48)})
    return figure


def _line(record: Mapping[str, Any], species: str, name: str, units: FigureUnits) -> tuple[np.ndarray, np.ndarray]:
    """Wave numbers and values of a spectrum; without values where the record has none."""
    values = np.array(record["species"].get(species, {}).get(KEY, {}).get(name, []), dtype=float)
    return np.array(record["wave_numbers"])[1 : len(values)] / units.length.factor, values[1:]
