"""The vortices of condensates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hpcmix.model.mixture import Mixture
from hpcmix.observe.look import Look
from hpcmix.observe.measures.moments import per_particle
from hpcmix.observe.observable import Label, Observable
from hpcmix.observe.vortices.census import Found, find_vortices
from hpcmix.observe.vortices.lines import nearest, vortex_lines
from hpcmix.problem.sections.calculation.output import ObservablesOptions
from hpcmix.problem.units.dimensions import LENGTH

DENSITY_CUT = 0.05
"""Where the file says nothing."""
VORTEX, LINE, POINT = "vortex", "vortex_line", "vortex_point"
"""The dimensions of lists: vortices of a plane, lines, and points of all lines one after the other."""


class _Vortices(Observable):
    """Zeros of the wave function with a circulation, to rounding, where the density around them is at least
    `density_cut` of the largest. In two dimensions points with their charges, in three lines; where a line pierces the
    planes of the grid its points are, in the direction of the circulation."""

    labels = (
        Label("vortices_count", "number of vortices, in three dimensions of lines"),
        Label("vortices_total_charge", "sum of the charges"),
        Label("vortices_charge", "quanta of circulation of every vortex", list_of=VORTEX),
        *(Label(f"vortices_{axis}", f"{axis} of every vortex", LENGTH, list_of=VORTEX) for axis in "xy"),
        Label("vortices_filling", "density of all other species at every vortex", lambda axes: LENGTH * -axes, VORTEX),
        Label("vortices_number", "number that a vortex keeps in all records", list_of=VORTEX),
        Label("vortices_box", "length of the periodic box along each axis", LENGTH),
        Label("vortex_lines_box", "length of the periodic box along each axis", LENGTH),
        Label("vortex_lines_length", "length of every line", LENGTH, list_of=LINE),
        Label("vortex_lines_total_length", "length of all lines", LENGTH),
        Label("vortex_lines_closed", "whether a line comes back to its first point", list_of=LINE),
        *(
            Label(f"vortex_lines_span_{axis}", f"way along {axis} from one end of a line to the other", LENGTH, LINE)
            for axis in "xyz"
        ),
        Label("vortex_lines_filling", "mean density of all other species on a line", lambda axes: LENGTH * -axes, LINE),
        Label("vortex_lines_number", "number that a line keeps in all records", list_of=LINE),
        Label("vortex_lines_line", "which line a point belongs to", list_of=POINT),
        *(Label(f"vortex_lines_{axis}", f"{axis} of the points of lines", LENGTH, POINT) for axis in "xyz"),
    )

    def __init__(self, density_cut: float = DENSITY_CUT) -> None:
        self._density_cut = density_cut

    def with_options(self, options: ObservablesOptions) -> Observable:
        return self if options.vortex_density_cut is None else _Vortices(options.vortex_density_cut)

    def concerns(self, mixture: Mixture, species: int) -> bool:
        return mixture.species[species].orbitals == 1

    def of_species(self, look: Look, species: int) -> dict[str, Any]:
        empty = math.isnan(per_particle(look, species, 0.0))  # what a coupling has left is rounding, full of zeros
        found = _known_to_all(look, find_vortices(look, species, math.inf if empty else self._density_cut))
        return _points(look, found) if look.mixture.grid.dimensions == 2 else _lines(look, found)


def _known_to_all(look: Look, found: Found | None) -> Found:
    """What the group that holds the wave function has found. Collective over the groups."""
    if look.mixture.communicators.groups == 1 and found is not None:
        return found
    return next(entry for entry in look.mixture.communicators.across.allgather(found) if entry is not None)


def _in_laboratory(look: Look, places: np.ndarray) -> np.ndarray:
    """Places in units of the spacings as positions in the laboratory, -L/2 <= x < L/2; those of the frame where the
    grid has become infinitely large."""
    shown = look.mixture.grid.in_laboratory(look.clock)
    lengths = np.array(shown.lengths)
    return np.mod(places * np.array(shown.spacings), lengths) - 0.5 * lengths


def _box(look: Look) -> np.ndarray:
    """Lengths of the periodic box as positions have it."""
    return np.array(look.mixture.grid.in_laboratory(look.clock).lengths)


def _filling(look: Look, values: np.ndarray) -> list[float]:
    grid = look.mixture.grid
    return (values * (grid.cell_volume / grid.in_laboratory(look.clock).cell_volume)).tolist()


def _points(look: Look, found: Found) -> dict[str, Any]:
    """Vortices of a plane."""
    places = _in_laboratory(look, found.places)
    return {
        "vortices": {
            "count": len(found.charges),
            "total_charge": int(np.sum(found.charges)),
            "charge": found.charges.tolist(),
            "x": places[:, 0].tolist(),
            "y": places[:, 1].tolist(),
            "filling": _filling(look, found.filling),
            "box": _box(look).tolist(),
        }
    }


def _lines(look: Look, found: Found) -> dict[str, Any]:
    """Vortex lines."""
    grid = look.mixture.grid
    places = _in_laboratory(look, found.places)
    box = _box(look)
    linked = vortex_lines(grid.points, found.normals, found.corners, found.charges, found.places)
    lines = [line for line in linked if np.any(found.sure[list(line.points)])]  # others are rounding of phases
    spans, lengths, fillings = [], [], []
    for line in lines:
        order = list(line.points) + ([line.points[0]] if line.closed else [])
        steps = nearest(np.diff(places[order], axis=0), box)
        spans.append(np.sum(steps, axis=0))
        lengths.append(float(np.sum(np.sqrt(np.sum(steps**2, axis=1)))))
        fillings.append(float(np.mean(found.filling[list(line.points)])))
    order = [number for line in lines for number in line.points]
    along = places[order].reshape(-1, 3)
    return {
        "vortices": {"count": len(lines)},
        "vortex_lines": {
            "total_length": float(np.sum(lengths)),
            "length": lengths,
            "closed": [int(line.closed) for line in lines],
            **{f"span_{axis}": [float(span[number]) for span in spans] for number, axis in enumerate("xyz")},
            "filling": _filling(look, np.array(fillings)),
            "line": [number for number, line in enumerate(lines) for _ in line.points],
            **{axis: along[:, number].tolist() for number, axis in enumerate("xyz")},
            "box": box.tolist(),
        },
    }


OBSERVABLE = _Vortices()
