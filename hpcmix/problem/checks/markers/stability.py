"""The step up to which a splitting follows markers in a trap: they have no fastest mode, but a fastest oscillation.

Near a place where m^-1 d^2U/dx^2 = omega^2 a step of length tau is a linear map of (x, p) with determinant one. Its
powers stay bounded as long as its trace is within [-2, 2], which a polynomial in (omega tau)^2 is up to
:attr:`hpcmix.splittings.Splitting.largest_oscillation`. Curvatures of mean fields are not known before there are
markers; they add to these.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.potentials import Potential
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.times.evolution import TimeOptions

SAMPLES = 257
"""Times at which a factor is looked at."""


def fastest_oscillation(species: Species, time: TimeOptions, grid: Grid) -> float:
    """The largest omega on the clock, ``omega^2 = rate^2 + sum of b^4 max d^2U/dx_i^2 / m`` over the potentials that
    act at one time after zero, the largest over times and axes. What only values tell counts as zero."""
    acting = [entry for entry in species.potential if entry.until + entry.ramp > 0.0 and entry.from_time < time.final]
    times = {0.0} | {max(0.0, entry.from_time + entry.ramp) for entry in acting}
    largest = 0.0
    for axis in range(grid.dimensions):
        for moment in times:
            largest = max(largest, _curvature(acting, moment, species.mass, axis, time))
    return math.sqrt(grid.frame.map.rate**2 + largest / species.mass)


def _curvature(entries: Iterable[Potential], moment: float, mass: float, axis: int, time: TimeOptions) -> float:
    """Of the potentials that act at a moment of the laboratory, in the frame."""
    total = 0.0
    for entry in entries:
        if entry.from_time <= moment < entry.until + entry.ramp or moment == entry.from_time:
            last = min(entry.until + entry.ramp, time.final)
            scale = time.frame.scale(time.frame.clock(last)) if time.frame.expanding else 1.0
            total += _strength(entry, moment, last) * entry.curvature(mass, axis) * scale**4
    return total


def _strength(entry: Potential, first: float, last: float) -> float:
    """The largest size of the factor between two times."""
    if entry.course is None:
        return 1.0
    times = np.linspace(first, last, SAMPLES) if math.isfinite(last) else np.array([first])
    values = np.abs(np.broadcast_to(entry.course.evaluate(t=times), times.shape))
    return float(np.max(values, where=np.isfinite(values), initial=0.0))


def largest_stable_step(
    species: Iterable[Species], time: TimeOptions, grid: Grid
) -> tuple[float, float, Species] | None:
    """The longest step at which every classical species is followed stably, the omega that sets it, and the species
    that has it; None where nothing is known to hold them."""
    fastest = [(fastest_oscillation(each, time, grid), each) for each in species if not each.has_orbitals]
    omega, member = max(fastest, key=lambda entry: entry[0], default=(0.0, None))
    if member is None or omega == 0.0:
        return None
    return time.splitting.largest_oscillation / omega, omega, member
