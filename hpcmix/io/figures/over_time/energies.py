"""Figure of the energies of a run: by term, and how well what is conserved is."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from hpcmix.io.figures.columns import Records, column, species_of, times_of
from hpcmix.io.figures.over_time.lines import draw_line, repeated
from hpcmix.io.figures.style import COLOURS, FigureUnits, headline, legends_below, require_span
from hpcmix.observe.measures.conservation import conserved_energy, energy_drift

_TERMS = {"total": "#000000", "kinetic": COLOURS[0], "potential": COLOURS[1], "interaction": COLOURS[2]}
_SMALLEST_CHANGE = 1.1e-16
"""Exactly unchanged has no place on a logarithmic axis; the rounding of double precision stands for it."""

_ROUNDING = (0.7 * _SMALLEST_CHANGE, 1e-12)
"""The ends at least of an axis of relative changes: sums of many numbers are exact to about a thousand times the
rounding, and what lies within is none."""


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


def energy_figure(
    records: Records, units: FigureUnits, title: str, exchanging: bool = False, kept_since: float | None = None
) -> Figure:
    """Left the energy by term. Right how far the total energy has moved, relative to the sum of its terms' magnitudes
    (:func:`~hpcmix.observe.measures.conservation.energy_drift`, as the log tells it), and the particle numbers, those
    that losses took included, from their first values; and how far sets of orbitals are from orthonormal.

    exchanging  species exchange particles: only the number of all of them is kept.
    kept_since  the time from which on nothing acts on the system from outside, where the drift begins; None: the first
                record.
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
        draw_line(left, time, terms[name] * scale.factor, color=colour, label=name)
    left.set_title("energy by term")
    left.set_ylabel(scale.label("energy $E/h$" if scale.unit else "energy $E$"))
    drift = _drift(records, -np.inf if kept_since is None else kept_since)
    draw_line(right, time, drift, color=_TERMS["total"], label="energy, of its terms")
    numbers = {name: _with_lost(records, name) for name in species_of(records)}
    what = "particles and lost" if loses_particles(records) else "particles"
    if exchanging:
        all_of_them = _relative_change(np.sum(list(numbers.values()), axis=0))
        draw_line(right, time, all_of_them, color=COLOURS[0], label=f"{what} of all species")
    for colour, name in zip(repeated(COLOURS), numbers, strict=False):
        if not exchanging:
            draw_line(right, time, _relative_change(numbers[name]), color=colour, label=f"{what}, {name}")
        defect = column(records, "species", name, "orthonormality_defect")
        if np.isfinite(defect).any():
            defect = np.maximum(defect, _SMALLEST_CHANGE)
            draw_line(right, time, defect, color=colour, linestyle=":", label=f"orthonormality, {name}")
    right.set_yscale("log")
    low, high = right.get_ylim()
    right.set_ylim(min(low, _ROUNDING[0]), max(high, _ROUNDING[1]))
    right.set_title("change since the beginning")
    right.set_ylabel("relative change")
    require_span(left)
    for axes in (left, right):
        axes.set_xlabel(units.time.label("time $t$"))
    legends_below(figure, {"left": (left, 0.49), "right": (right, 0.49)})
    return figure


def _relative_change(values: np.ndarray) -> np.ndarray:
    """|q - q0| / |q0| with the first finite value q0; the first point itself is left out."""
    known = np.flatnonzero(np.isfinite(values))
    if known.size == 0 or values[known[0]] == 0.0:
        return np.full(values.shape, np.nan)
    change = np.maximum(np.abs(values / values[known[0]] - 1.0), _SMALLEST_CHANGE)
    change[: known[0] + 1] = np.nan
    return change


def _drift(records: Records, since: float) -> np.ndarray:
    """The size of the drift of the energy in every record behind the first one from `since` on that has an energy; NaN
    in the others."""
    drift = np.full(len(records), np.nan)
    first: tuple[float, float] | None = None
    for number, record in enumerate(records):
        energy, time = record.get("energy") or {}, record.get("time")
        if None in (energy.get("total"), *energy.values()) or (time is not None and time < since):
            continue
        here = conserved_energy(record)
        if first is None:
            first = here
        else:
            drift[number] = max(abs(energy_drift(*here, *first)), _SMALLEST_CHANGE)
    return drift
