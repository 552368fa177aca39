"""Figure of a state at a single time, such as a ground state: its densities along every axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.io.fields.slice_file import Slices
from hpcmix.io.figures.snapshots.cropping import crop_of
from hpcmix.io.figures.snapshots.maps import axis_label
from hpcmix.io.figures.style import COLOURS, FROM_ZERO, FigureUnits, Quantity, headline

ROUNDING = 1e-9
"""Of the energies of a particle: smaller sums of them are zero."""

Profiles = dict[str, dict[str, np.ndarray]]
"""Axis -> species -> values along it."""


def profiles_figure(stored: Slices, record: Mapping[str, Any], units: FigureUnits, title: str) -> Figure:
    """A column for every axis, a line for every species: above the density on the axis itself, below, on a grid of
    several dimensions, the density integrated over all other axes, whose area is the number of particles. The legend
    has particles, chemical potential and largest density of every species as the record has them.
    """
    names, crop, species = list(stored.axes), crop_of([stored]), list(stored.slices)
    several = len(names) > 1
    rows = [("density on the axis" if several else "density", units.density(len(names)), on_axes(stored))]
    if several:
        rows.append(("density integrated across the axis", units.density(1), across(stored)))
    size = (6.0 if not several else 1.0 + 3.1 * len(names), 0.9 + 2.5 * len(rows) + 0.2 * len(species))
    figure = Figure(figsize=size, layout="constrained")
    headline(figure, f"{title}\n{units.plain_moment(stored.time)}".strip())
    panels = figure.subplots(len(rows), len(names), squeeze=False, sharex="col", sharey="row")
    for row, (label, quantity, profiles) in zip(panels, rows, strict=True):
        for axes, name in zip(row, names, strict=True):
            places = stored.axes[name][crop[name]] * units.length.factor
            for colour, each in zip(COLOURS * 8, species, strict=False):
                axes.plot(places, profiles[name][each][crop[name]] * quantity.factor, color=colour)
        _from_zero(row[0], profiles, quantity)
        row[0].set_ylabel(quantity.label(label))
    for axes, name in zip(panels[-1], names, strict=True):
        axes.set_xlabel(axis_label(name, stored, units))
    words = [_words(each, record.get("species", {}).get(each, {}), units, len(names)) for each in species]
    for line, text in zip(panels[0, 0].get_lines(), words, strict=True):
        line.set_label(text)
    figure.legend(handles=panels[0, 0].get_lines(), loc="outside lower left", fontsize="small")
    return figure


def on_axes(stored: Slices) -> Profiles:
    """The density on the axis itself, which is the line of the grid nearest to it."""
    names = "".join(stored.axes)
    profiles: Profiles = {}
    for axis in names:
        profiles[axis] = {}
        for species, views in stored.slices.items():
            view = next(view for view in views if axis in view)
            values = np.moveaxis(views[view], view.index(axis), 0)
            for other in (other for other in view if other != axis):
                values = values[..., stored.axes[other].size // 2]
            profiles[axis][species] = values
    return profiles


def across(stored: Slices) -> Profiles:
    """The density integrated over all axes but one."""
    profiles: Profiles = {}
    for axis, positions in stored.axes.items():
        profiles[axis] = {}
        for species, views in stored.columns.items():
            view = next(view for view in views if axis in view)
            values = np.moveaxis(views[view], view.index(axis), 0)
            for other in (other for other in view if other != axis):
                places = stored.axes[other]
                values = values.sum(axis=-1) * float(places[1] - places[0])
            profiles[axis][species] = values.reshape(positions.shape)
    return profiles


def _from_zero(axes: Axes, profiles: Profiles, quantity: Quantity) -> None:
    """Let the vertical axis, which a row shares, begin at zero."""
    largest = max(float(np.nanmax(values, initial=0.0)) for each in profiles.values() for values in each.values())
    top = largest * quantity.factor or 1.0
    axes.set_ylim(FROM_ZERO[0] * top, FROM_ZERO[1] * top)


def _words(name: str, entry: Mapping[str, Any], units: FigureUnits, dimensions: int) -> str:
    """Of a species: its name, and what the record has of it."""
    words = []
    particles, potential, peak = (entry.get(key) for key in ("particles", "chemical_potential", "maximum_density"))
    if particles is not None:
        words.append(f"$N$ = {particles:.6g}" if particles > 0.0 else "empty")
    if potential is not None:
        if abs(potential) < ROUNDING * _energy_of_a_particle(entry):
            potential = 0.0
        scale = units.energy([potential])
        words.append(f"$\\mu{'/h' if scale.unit else ''}$ = {potential * scale.factor:.5g} {scale.unit}".rstrip())
    if peak is not None:
        density = units.density(dimensions)
        words.append(f"largest density {peak * density.factor:.4g} {density.unit}".rstrip())
    return f"{name}: {', '.join(words)}" if words else name


def _energy_of_a_particle(entry: Mapping[str, Any]) -> float:
    """Sum of the sizes of kinetic, potential and interaction energy, which may cancel each other."""
    energies = (abs(value) for key, value in entry.items() if key.endswith("_energy") and isinstance(value, float))
    return sum(energies) / (entry.get("particles") or 1.0)
