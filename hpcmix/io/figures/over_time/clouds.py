"""Figure of the clouds over time: how wide they are, where, how dense, how they turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpcmix.io.figures.columns import Records, column, species_of, times_of
from hpcmix.io.figures.over_time.energies import loses_particles
from hpcmix.io.figures.over_time.lines import draw_line, repeated
from hpcmix.io.figures.style import COLOURS, LINES, FigureUnits, headline, require_span

if TYPE_CHECKING:
    from matplotlib.typing import HashableList

CENTRE_FLOOR = 1e-4
"""Of the widest cloud: centres of mass that move by less lie at rest. A search for a ground state leaves a tenth of
it."""

DENSITY_FLOOR = 1e-3
"""Change of the largest density, by its size, that shows nothing: a cloud that moves between the points of the grid has
its peak now on one of them, now beside it."""

SAMPLING = 3.0
"""Of the difference of the two halves of a classical gas, whose markers are a sample: nor do these move."""

TURNING_FLOOR = 1e-5
"""Change of the angular momentum per particle, by its size or by hbar, that shows nothing."""


def series_figure(
    records: Records, units: FigureUnits, title: str, dimensions: int, exchanging: bool = False
) -> Figure:
    """Widths and centres per axis, chemical potentials and largest densities, of every species; above them, where
    species exchange or lose particles, the particles of each; below, where records hold it, the angular momentum per
    particle.

    exchanging  species exchange particles: only the number of all of them is kept.
    """
    exchanging, turning = exchanging or loses_particles(records), turns(records)
    rows: list[HashableList[str]] = [["particles", "particles"]] if exchanging else []
    rows += [["width", "centre"], ["potential", "density"]]
    rows += [["turning", "turning"]] if turning else []
    figure = Figure(figsize=(9.0, 1.4 + 2.4 * len(rows)), layout="constrained")
    headline(figure, title)
    panels = figure.subplot_mosaic(rows, sharex=True)
    time, species = times_of(records, units), species_of(records)
    colours = dict(zip(species, repeated(COLOURS), strict=False))
    if exchanging:
        for name in species:
            draw_line(panels["particles"], time, column(records, "species", name, "particles"), color=colours[name])
        panels["particles"].set_title("particles")
        panels["particles"].set_ylabel("particles $N$")
        panels["particles"].tick_params(labelbottom=True)  # wider than those below: their labels are not its
    for axes, key, label in (
        (panels["width"], "rms_width", "rms width"),
        (panels["centre"], "centre", "centre of mass"),
    ):
        for name in species:
            for axis in range(dimensions):
                values = column(records, "species", name, key, axis) * units.length.factor
                draw_line(axes, time, values, color=colours[name], linestyle=LINES[axis])
        axes.set_title(label)
        axes.set_ylabel(units.length.label(label))
    potentials = {name: column(records, "species", name, "chemical_potential") for name in species}
    scale = units.energy(np.concatenate([np.zeros(1), *potentials.values()]))
    density = units.density(dimensions)
    for name in species:
        largest = column(records, "species", name, "maximum_density") * density.factor
        draw_line(panels["potential"], time, potentials[name] * scale.factor, color=colours[name])
        draw_line(panels["density"], time, largest, color=colours[name])
    panels["potential"].set_title("chemical potential per particle")
    panels["potential"].set_ylabel(scale.label("$\\mu/h$" if scale.unit else "$\\mu$"))
    panels["density"].set_title("largest density")
    panels["density"].set_ylabel(density.label("density"))
    for name, axes in panels.items():
        if name == "centre":
            width = _largest_width(panels["width"])
            sampled = SAMPLING * _sampling_error(records) * units.length.factor / width if width > 0.0 else 0.0
            require_span(axes, width, max(CENTRE_FLOOR, min(sampled, 0.1)))
        elif name == "potential":
            require_span(axes, _energy_of_a_particle(records) * scale.factor)
        elif name == "density":
            require_span(axes, floor=DENSITY_FLOOR)
        elif name != "turning":
            require_span(axes)
    if turning:
        _draw_turning(panels["turning"], records, time, units, dimensions, colours)
    for axes in (panels["turning"],) if turning else (panels["potential"], panels["density"]):
        axes.set_xlabel(units.time.label("time $t$"))
    handles = [Line2D([], [], color=colours[name], label=name) for name in species]
    if dimensions > 1:
        handles += [
            Line2D([], [], color="0.3", linestyle=LINES[axis], label=f"along ${'xyz'[axis]}$")
            for axis in range(dimensions)
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 8))
    return figure


def turns(records: Records) -> bool:
    """Whether records hold an angular momentum."""
    return any("angular_momentum" in entry for record in records for entry in record.get("species", {}).values())


def _draw_turning(
    axes: Axes, records: Records, time: np.ndarray, units: FigureUnits, dimensions: int, colours: dict[str, str]
) -> None:
    """L / N of every species: in two dimensions the component along z, in three all, whose lines are those of axes."""
    components = (2,) if dimensions == 2 else (0, 1, 2)
    for name, colour in colours.items():
        particles = column(records, "species", name, "particles")
        particles = np.where(particles > 0.0, particles, np.nan)
        for place, axis in enumerate(components):
            values = column(records, "species", name, "angular_momentum", place) / particles
            draw_line(axes, time, values, color=colour, linestyle=LINES[0 if dimensions == 2 else axis])
    require_span(axes, 1.0, TURNING_FLOOR)
    axes.set_title("angular momentum per particle")
    label = "$L_z / N$" if dimensions == 2 else "$L / N$"
    axes.set_ylabel(f"{label} ($\\hbar$)" if units.scales.given else label)


def _largest_width(panel: Axes) -> float:
    """Of all clouds at all times, in the unit of the axis."""
    widths = [np.asarray(line.get_ydata(), dtype=float) for line in panel.get_lines()]
    return max((float(np.nanmax(values, initial=0.0)) for values in widths), default=0.0)


def _sampling_error(records: Records) -> float:
    """By how much the centres of the two halves of the markers of a classical gas differ, code units; 0 without."""
    entries = (entry.get("half_difference", {}) for record in records for entry in record.get("species", {}).values())
    return max((abs(value) for entry in entries for value in entry.get("centre", ())), default=0.0)


def _energy_of_a_particle(records: Records) -> float:
    """The largest energy of any term by the number of all particles, code units."""
    particles = sum(column(records, "species", name, "particles") for name in species_of(records))
    names = dict.fromkeys(name for record in records for name in record.get("energy", {}))
    sizes = [np.abs(column(records, "energy", name) / np.where(particles > 0.0, particles, np.nan)) for name in names]
    return max((float(np.nanmax(size, initial=0.0)) for size in sizes), default=0.0)
