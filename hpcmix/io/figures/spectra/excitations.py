"""The spectrum of small oscillations: levels, and how the densities move in the lowest of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hpcmix.initial.excitations.spectrum import PURELY_GROWING
from hpcmix.io.fields.mode_file import read_density_changes
from hpcmix.io.figures.style import COLOURS, LINES, FigureUnits, headline, legends_below

SHOWN = 6
"""Modes whose densities fit side by side into a figure."""
APART = 0.012
"""Height of the figure within which labels of two levels would lie on each other."""


def excitations_figure(found: dict[str, Any], modes: Path, units: FigureUnits, title: str) -> Figure:
    """Levels by multiplet, coloured by the species that has most of their weight; in one and two dimensions beside them
    the change of the densities in the lowest modes.

    found  the content of ``excitations.json``; modes: ``excitations.h5``.
    """
    names = list(found["chemical_potentials"])
    shown = min(SHOWN, len(found["modes"]))
    changes, axes = read_density_changes(modes, names, shown)
    if len(axes) == 3:
        figure = Figure(figsize=(4.6, 4.8), layout="constrained")
        headline(figure, title)
        levels = figure.subplots()
    else:
        columns = shown if len(axes) == 2 else 2
        rows = len(names) if len(axes) == 2 else math.ceil(shown / 2)
        width, height = (1.55, 1.75) if len(axes) == 2 else (2.6, 1.45)
        figure = Figure(figsize=(3.6 + width * columns, max(3.9, 0.7 + height * rows)), layout="constrained")
        headline(figure, title)
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(3.3, width * columns))[0]
        levels = left.subplots()
        panels = right.subplots(rows, columns, sharex=True, sharey=len(axes) == 2, squeeze=False)
        if len(axes) == 2:
            _draw_maps(panels, names, changes, axes, found, units)
        else:
            _draw_lines(panels.ravel(), names, changes, axes[0], found, units, shown)
    _draw_levels(levels, found, names, units)
    legends_below(figure, {"left": (levels, 1.0)})
    return figure


def _draw_levels(axes: Axes, found: dict[str, Any], names: Sequence[str], units: FigureUnits) -> None:
    """A line for every multiplet, with the number of its modes."""
    hertz = "frequency_hertz" in found["groups"][0]
    key = "frequency_hertz" if hertz else "frequency"
    groups = sorted(found["groups"], key=lambda group: float(group[key]))
    values = [group[key] for group in groups]
    # frequencies are negative where an excitation lowers the energy, and zero where a deviation only grows
    lowest, top = min(0.0, values[0]), max(0.0, values[-1])
    span = top - lowest or 1.0
    if len(names) > 1:
        for a, name in enumerate(names):
            axes.plot([], [], color=COLOURS[a % len(COLOURS)], label=f"mostly {name}")
    labelled: list[tuple[float, list[tuple[int, float]]]] = []
    for group, value in zip(groups, values, strict=True):
        members = [found["modes"][mode] for mode in group["modes"]]
        weights = [sum(member["species"][name]["weight"] for member in members) for name in names]
        most = int(np.argmax(weights))
        axes.plot([0.0, 1.0], [value, value], color=COLOURS[most % len(COLOURS)])
        growth = max(_growth(member, units) for member in members)
        if len(members) == 1 and not growth:
            continue
        if not labelled or value - labelled[-1][0] >= 2.0 * APART * span:
            labelled.append((value, []))
        labelled[-1][1].append((len(members), growth))
    for value, multiplets in labelled:
        axes.text(1.03, value, _label(multiplets, units), va="center", fontsize="small")
    axes.set(xlim=(0.0, 1.18), ylim=(lowest - (0.04 * span if lowest else 0.0), top + 0.04 * span), xticks=[])
    axes.set_ylabel("frequency $\\omega/2\\pi$ (Hz)" if hertz else "frequency $\\omega$")
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)


def _label(multiplets: Sequence[tuple[int, float]], units: FigureUnits) -> str:
    """Beside levels that lie on each other, numbers of modes and growth rates given: how many the lowest has, or how
    many grow and how fast, which those may do that stand at zero together."""
    growing = [(count, growth) for count, growth in multiplets if growth]
    if not growing:
        return f"{multiplets[0][0]}"
    rate = f"{max(growth for _, growth in growing):.3g}{_per_time(units)}"
    number = sum(count for count, _ in growing)
    if len(growing) > 1:
        return f"{number} grow, up to {rate}"
    return f"{number}  grows {rate}" if number > 1 else f"  grows {rate}"


def _growth(entry: dict[str, Any], units: FigureUnits) -> float:
    """The growth rate of a mode by the figure's time."""
    return abs(entry.get("growth_rate", 0.0)) / units.time.factor


def _per_time(units: FigureUnits) -> str:
    return f" / {units.time.unit}" if units.time.unit else ""


def _draw_maps(
    panels: np.ndarray,
    names: Sequence[str],
    changes: dict[str, np.ndarray],
    axes: Sequence[np.ndarray],
    found: dict[str, Any],
    units: FigureUnits,
) -> None:
    """A column for every mode, a row for every species; one scale for the species of a mode."""
    x, y = (units.length.factor * axis for axis in axes)
    extent = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
    for mode in range(panels.shape[1]):
        top = max(float(np.max(np.abs(changes[name][mode]))) for name in names) or 1.0
        for row, name in enumerate(names):
            panel = panels[row, mode]
            panel.imshow(changes[name][mode].T, origin="lower", extent=extent, cmap="RdBu_r", vmin=-top, vmax=top)
            panel.grid(False)
            if row == 0:
                panel.set_title(_frequency(found, mode, units))
            if mode == 0:
                panel.set_ylabel(f"{name}\n{units.length.label('y')}")
            if row == len(names) - 1:
                panel.set_xlabel(units.length.label("x"))


def _draw_lines(
    panels: Sequence[Axes],
    names: Sequence[str],
    changes: dict[str, np.ndarray],
    x: np.ndarray,
    found: dict[str, Any],
    units: FigureUnits,
    shown: int,
) -> None:
    """A panel for every mode; the sign that a search gives is of no meaning, and zero is in the middle."""
    for mode, panel in enumerate(panels):
        if mode >= shown:
            panel.set_visible(False)
            continue
        for a, name in enumerate(names):
            colour = COLOURS[a % len(COLOURS)]
            panel.plot(units.length.factor * x, changes[name][mode], color=colour, ls=LINES[a % len(LINES)])
        top = max(float(np.max(np.abs(changes[name][mode]))) for name in names) or 1.0
        panel.set(ylim=(-1.1 * top, 1.1 * top), yticks=[0.0])
        panel.set_title(_frequency(found, mode, units))
        if mode >= shown - 2:
            panel.set_xlabel(units.length.label("x"))


def _frequency(found: dict[str, Any], mode: int, units: FigureUnits) -> str:
    """What stands above a panel: the frequency, and the growth rate where there is one."""
    entry = found["modes"][mode]
    growth = _growth(entry, units)
    oscillates = abs(entry["frequency"]) > PURELY_GROWING * abs(entry.get("growth_rate", 0.0))
    if "frequency_hertz" in entry:
        frequency, rate = f"{entry['frequency_hertz']:.5g} Hz", f"grows {growth:.3g}{_per_time(units)}"
        return f"{frequency}, {rate}" if growth and oscillates else rate if growth else frequency
    if not growth:
        return f"$\\omega$ = {entry['frequency']:.5g}"
    return f"$\\omega$ = {entry['frequency']:.4g} + {growth:.3g}i" if oscillates else f"$\\omega$ = {growth:.5g}i"
