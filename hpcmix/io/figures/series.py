"""Figures of the time series: energies and conservation; shape and place of the clouds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hpcmix.io.figures.columns import Records, column, species_of, times_of
from hpcmix.io.figures.style import COLOURS, LINES, FigureUnits, headline, legends_below, require_span

if TYPE_CHECKING:
    from matplotlib.typing import HashableList

_TERMS = {"total": "#000000", "kinetic": COLOURS[0], "potential": COLOURS[1], "interaction": COLOURS[2]}
_SMALLEST_CHANGE = 1.1e-16
"""Exactly unchanged has no place on a logarithmic axis; the rounding of double precision stands for it."""


def exchanges_particles(records: Records, limit: float) -> bool:
    """Whether a species' number of particles, and what it lost, changes by more than `limit` times that of all species
    together: where coherent coupling turns species into each other."""
    numbers = np.array([_with_lost(records, name) for name in species_of(records)])
    known = numbers[:, np.isfinite(numbers).all(axis=0)]
    if known.size == 0:
        return False
    return bool(np.any(np.ptp(known, axis=1) > limit * np.max(np.sum(known, axis=0))))


def loses_particles(records: Records) -> bool:
    """Whether particles leave by losses."""
    return any(any(record.get("lost", ())) for record in records)


def _with_lost(records: Records, name: str) -> np.ndarray:
    """The particles of a species, those that losses took included."""
    entries = [record.get("species", {}).get(name, {}) for record in records]
    return column(records, "species", name, "particles") + [sum(entry.get("lost", ())) for entry in entries]


def energy_figure(records: Records, units: FigureUnits, title: str, exchanging: bool = False) -> Figure:
    """Left the energy by term, right how far the total energy and the particle numbers have moved from their first
    values, particles that losses took included, and how far sets of orbitals are from orthonormal.

    exchanging  species exchange particles: only the number of all of them is kept.
    """
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    headline(figure, title)
    left, right = figure.subplots(1, 2)
    time = times_of(records, units)
    others = dict.fromkeys(name for record in records for name in record.get("energy", {}) if name not in _TERMS)
    colours = _TERMS | dict(zip(others, COLOURS[len(_TERMS) - 1 :], strict=False))
    terms = {name: column(records, "energy", name) for name in colours}
    scale = units.energy(np.concatenate(list(terms.values())))
    for name, colour in colours.items():
        _line(left, time, terms[name] * scale.factor, color=colour, label=name)
    left.set_title("energy by term")
    left.set_ylabel(scale.label("energy $E/h$" if scale.unit else "energy $E$"))
    _line(right, time, _relative_change(terms["total"]), color=_TERMS["total"], label="energy")
    numbers = {name: _with_lost(records, name) for name in species_of(records)}
    what = "particles and lost" if loses_particles(records) else "particles"
    if exchanging:
        all_of_them = _relative_change(np.sum(list(numbers.values()), axis=0))
        _line(right, time, all_of_them, color=COLOURS[0], label=f"{what} of all species")
    for colour, name in zip(_repeated(COLOURS), numbers, strict=False):
        if not exchanging:
            _line(right, time, _relative_change(numbers[name]), color=colour, label=f"{what}, {name}")
        defect = column(records, "species", name, "orthonormality_defect")
        if np.isfinite(defect).any():
            defect = np.maximum(defect, _SMALLEST_CHANGE)
            _line(right, time, defect, color=colour, linestyle=":", label=f"orthonormality, {name}")
    right.set_yscale("log")
    right.set_title("relative change since the beginning")
    right.set_ylabel("$|q(t) - q(0)| \\, / \\, |q(0)|$")
    require_span(left)
    for axes in (left, right):
        axes.set_xlabel(units.time.label("time $t$"))
    legends_below(figure, {"left": (left, 0.49), "right": (right, 0.49)})
    return figure


def series_figure(
    records: Records, units: FigureUnits, title: str, dimensions: int, exchanging: bool = False
) -> Figure:
    """Widths and centres per axis, chemical potentials and largest densities, of every species; above them, where
    species exchange or lose particles, the particles of each."""
    exchanging = exchanging or loses_particles(records)
    figure = Figure(figsize=(9.0, 8.6 if exchanging else 6.2), layout="constrained")
    headline(figure, title)
    rows: list[HashableList[str]] = [["width", "centre"], ["potential", "density"]]
    panels = figure.subplot_mosaic([["particles", "particles"], *rows] if exchanging else rows, sharex=True)
    time, species = times_of(records, units), species_of(records)
    colours = dict(zip(species, _repeated(COLOURS), strict=False))
    if exchanging:
        for name in species:
            _line(panels["particles"], time, column(records, "species", name, "particles"), color=colours[name])
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
                _line(axes, time, values, color=colours[name], linestyle=LINES[axis])
        axes.set_title(label)
        axes.set_ylabel(units.length.label(label))
    potentials = {name: column(records, "species", name, "chemical_potential") for name in species}
    scale = units.energy(np.concatenate([np.zeros(1), *potentials.values()]))
    density = units.density(dimensions)
    for name in species:
        largest = column(records, "species", name, "maximum_density") * density.factor
        _line(panels["potential"], time, potentials[name] * scale.factor, color=colours[name])
        _line(panels["density"], time, largest, color=colours[name])
    panels["potential"].set_title("chemical potential per particle")
    panels["potential"].set_ylabel(scale.label("$\\mu/h$" if scale.unit else "$\\mu$"))
    panels["density"].set_title("largest density")
    panels["density"].set_ylabel(density.label("density"))
    for axes in panels.values():
        require_span(axes)
    for name in ("potential", "density"):
        panels[name].set_xlabel(units.time.label("time $t$"))
    handles = [Line2D([], [], color=colours[name], label=name) for name in species]
    if dimensions > 1:
        handles += [
            Line2D([], [], color="0.3", linestyle=LINES[axis], label=f"along ${'xyz'[axis]}$")
            for axis in range(dimensions)
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 8))
    return figure


def _relative_change(values: np.ndarray) -> np.ndarray:
    """|q - q0| / |q0| with the first finite value q0; the first point itself is left out."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0 or values[known[0]] == 0.0:
        return np.full(values.shape, np.nan)
    change = np.maximum(np.abs(values / values[known[0]] - 1.0), _SMALLEST_CHANGE)
    change[: known[0] + 1] = np.nan
    return change


def _repeated(colours: Sequence[str]) -> list[str]:
    return list(colours) * 8


def _line(axes: Axes, time: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """A line; a short series also shows its points, and one of a single record nothing else."""
    axes.plot(time, values, marker="o" if time.size <= 12 else None, markersize=3.0, **style)
