"""The longest fixed step that the grid's fastest waves and the traps of markers allow."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.checks.magnitudes import largest_kinetic_energy
from hpcmix.problem.checks.markers.stability import largest_stable_step
from hpcmix.problem.checks.parts import Parts, entries
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.times.evolution import MOST_STEPS, TimeOptions
from hpcmix.problem.units.laboratory import SECONDS, suitable_unit


def check_step(parts: Parts, time: TimeOptions, grid: Grid, hbar: float) -> Iterator[Finding]:
    """Refuse a step at which the splitting resonates with the grid, or throws markers out of their trap."""
    yield from _check_resonances(parts, time, grid, hbar)
    yield from _check_oscillations(parts, time, grid)


def largest_fixed_step(parts: Parts, time: TimeOptions, grid: Grid, hbar: float) -> float | None:
    """The longest step that passes :func:`check_step`, or None where any does."""
    resonant = _resonant_step(parts, time, grid, hbar)
    stable = largest_stable_step(parts.species.values(), time, grid) if time.check_step else None
    limits = [limit for limit in (resonant, None if stable is None else stable[0]) if limit is not None]
    return min(limits, default=None)


def _resonant_step(parts: Parts, time: TimeOptions, grid: Grid, hbar: float) -> float | None:
    """The step beyond which the splitting resonates with the grid, or None where any step is right.

    In one drift of length tau the fastest mode of the grid turns by tau T_max/hbar, ``T_max = sum over axes of hbar^2
    (pi/h)^2 / (2m)``, or what sqrt(m^2 + p^2) - m is there. Beyond pi that mode is aliased in time: potentials and
    mean field, which act only between the drifts, can no longer tell it from a slow one, and couple the two resonantly,
    so that energy drifts away however smooth the state. With no potential and no interaction at all the drift is exact
    and any step is right; an expanding frame brings a potential of its own.
    """
    acted_on = any(entries(parts.tables, key) for key in ("interaction", "functional")) or grid.frame.map.expanding
    acted_on = acted_on or any(entry.get("potential") for entry in entries(parts.tables, "species"))
    waves = [species for species in parts.species.values() if species.has_orbitals]
    if not time.check_step or not acted_on or not waves:
        return None
    wave_number_squared = sum((math.pi / spacing) * (math.pi / spacing) for spacing in grid.spacings)
    fastest = max(largest_kinetic_energy(species, hbar**2 * wave_number_squared) for species in waves) / hbar
    return math.pi / (time.splitting.largest_drift * fastest)


def _check_oscillations(parts: Parts, time: TimeOptions, grid: Grid) -> Iterator[Finding]:
    """Refuse a step at which markers are thrown out of a trap. An adaptive step consists of two."""
    limit = largest_stable_step(parts.species.values(), time, grid) if time.check_step else None
    if limit is None:
        return
    largest, omega, species = limit
    given: float | None = time.step_size
    keys: KeyPath = ("time", "step")
    if time.adaptive is not None:
        given, keys, largest = time.adaptive.largest, (*keys, "largest"), 2.0 * largest
    if given is None or given <= largest:
        return
    message = (
        f'{_step(parts, given)} is too large for "{species.name}": where its potential is steepest its markers '
        f"oscillate with omega = {omega:.4g}, and {time.integrator} follows them up to omega step = "
        f"{_rounded_down(time.splitting.largest_oscillation)} only; the largest step is "
        f"{_largest(parts, largest)}; time.check_step = false switches this check off"
    )
    yield keys, message, None


def _step(parts: Parts, time: float) -> str:
    """A step as people write it."""
    second = None if parts.units is None else parts.units.time_si
    if second is None:
        return f"{time:.4g}"
    unit = suitable_unit(time * second)
    return f"{time * second / SECONDS[unit]:.4g} {unit}"


def _largest(parts: Parts, time: float) -> str:
    """The largest step, rounded down, so that it can be used as it is printed."""
    second = None if parts.units is None else parts.units.time_si
    if second is None:
        return f"{_rounded_down(time)} in code units"
    unit = suitable_unit(time * second)
    return f"{_rounded_down(time * second / SECONDS[unit])} {unit}"


def _check_resonances(parts: Parts, time: TimeOptions, grid: Grid, hbar: float) -> Iterator[Finding]:
    """Refuse a step at which the splitting resonates. An adaptive step consists of two."""
    largest = _resonant_step(parts, time, grid, hbar)
    if largest is None:
        return
    given: float | None = time.step_size
    keys: KeyPath = ("time", "step")
    if time.adaptive is not None:
        given, keys, largest = time.adaptive.largest, (*keys, "largest"), 2.0 * largest
        if time.end / largest > MOST_STEPS:
            yield ("time", "final"), f"takes more than {time.end / largest:.2g} steps, too many to count", None
    if given is not None and given > largest:
        message = (
            f"{_step(parts, given)} is too large for this grid: its fastest mode would turn by more than pi in one "
            f"drift and resonate; the largest step that {time.integrator} allows is "
            f"{_largest(parts, largest)}; time.check_step = false switches this check off"
        )
        yield keys, message, None


def _rounded_down(value: float) -> str:
    """Three digits of a positive number that do not exceed it, so that the number can be used as it is printed."""
    if value < 1e-300:
        return "0"
    digit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return f"{math.floor(value / digit) * digit:.3g}"
