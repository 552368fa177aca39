"""Checks between the parts of a problem. Each part is valid by itself when it comes here; a part that is not valid is
absent.

Every check yields the path of the entry to blame and a sentence, and where it can a suggestion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from hpcmix.problem.checks.components.coupling import check_couplings
from hpcmix.problem.checks.components.losses import check_losses
from hpcmix.problem.checks.components.spinor import check_spinors
from hpcmix.problem.checks.components.vacuum import check_vacuum
from hpcmix.problem.checks.discretisation.grid import check_on_grid
from hpcmix.problem.checks.discretisation.kernel_costs import check_cost
from hpcmix.problem.checks.discretisation.step_limits import check_step
from hpcmix.problem.checks.frames.expanding import check_frame
from hpcmix.problem.checks.frames.rotating import check_turning
from hpcmix.problem.checks.functionals import check_doubles, check_gas, check_names
from hpcmix.problem.checks.magnitudes import check_magnitudes
from hpcmix.problem.checks.many_body.consistency import check_bodies, check_many_body
from hpcmix.problem.checks.markers.consistency import check_classical
from hpcmix.problem.checks.markers.speeds import check_speeds
from hpcmix.problem.checks.parts import Parts, entries
from hpcmix.problem.checks.quadratic.fluctuations import check_fluctuations
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Finding, findings
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import counted, described
from hpcmix.problem.sections.calculation.output import OutputOptions
from hpcmix.problem.sections.components.coupling import coupled_groups
from hpcmix.problem.sections.excitations import check_excitations
from hpcmix.problem.sections.functionals.section import check_in_frame
from hpcmix.problem.sections.scaling import scaling_checks
from hpcmix.problem.times.adaptive import smallest_tolerance
from hpcmix.problem.times.evolution import TimeOptions
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.units import Units
from hpcmix.splittings import INTEGRATORS


def cross_checks(parts: Parts) -> Iterator[Finding]:
    """Everything that takes more than one part to see."""
    yield from _check_names(parts)
    yield from _check_pairs(parts)
    yield from check_names(parts.functional, _names(parts))
    yield from check_doubles(parts.functional)
    yield from check_losses(parts)
    yield from check_many_body(parts)
    yield from check_fluctuations(parts)
    yield from check_classical(parts)
    if parts.units is None:
        return  # quantities with a unit have no value then
    if parts.units.given:
        yield from _check_masses(parts)
    yield from _check_semirelativistic(parts, parts.units)
    yield from check_couplings(parts)
    yield from check_spinors(parts)
    yield from _check_groups(parts)
    yield from _check_ground_state(parts)
    yield from _check_observables(parts)
    yield from _check_images(parts)
    yield from check_vacuum(parts)
    yield from _check_excitations(parts)
    hbar = 1.0
    grid, time = parts.grid, parts.time
    if grid is not None and parts.scaling is not None and not parts.complete:
        return
    if grid is not None and parts.complete:
        if parts.scaling is not None:
            tables, given = entries(parts.tables, "species"), parts.units.given
            wrong = list(scaling_checks(parts.scaling, parts.species, tables, grid.dimensions, given))
            yield from findings(wrong)
            if wrong:
                return  # hbar and the masses are not known then
        parts, hbar = parts.as_scaled(grid)
        yield from findings(check_gas(parts, grid, hbar))
        yield from findings(check_magnitudes(parts, grid, hbar))
        yield from check_bodies(parts)
        yield from check_speeds(parts, grid, hbar)
    if grid is not None:
        for index, species in parts.species.items():
            yield from findings(check_on_grid(species, grid, hbar), "species", index)
        for index, interaction in parts.interaction.items():
            yield from findings((*interaction.misfits(grid), *check_cost(interaction, grid)), "interaction", index)
        for index, coupling in parts.coupling.items():
            yield from findings(coupling.misfits(grid, hbar), "coupling", index)
        yield from findings(check_turning(parts.rotation, parts.species, parts.coupling, grid))
    if grid is not None and grid.frame.map.expanding:
        apart = parts.interaction, parts.coupling, parts.rotation, time, parts.output
        yield from findings(check_frame(grid, parts.species, *apart))
        if time is not None and math.isinf(time.final):
            yield from findings(check_in_frame(parts.functional, grid))
    if time is not None:
        yield from _check_schedules(time, parts.output)
        yield from _check_tolerance(parts, time)
        if grid is not None:
            yield from _check_factors(parts, time)
            yield from check_step(parts, time, grid, hbar)


def _names(parts: Parts) -> list[str]:
    """The names of all species, of those too that are not valid."""
    names = [entry.get("name") for entry in entries(parts.tables, "species")]
    return [name for name in names if isinstance(name, str)]


def _check_names(parts: Parts) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries(parts.tables, "species")):
        name = entry.get("name")
        if not isinstance(name, str):
            continue
        if name in seen:
            message = f'"{name}" is already the name of species {seen[name]} (counted from 0)'
            yield ("species", index, "name"), message, None
        seen.setdefault(name, index)
    for section in ("interaction", "coupling"):
        for index, entry in enumerate(entries(parts.tables, section)):
            between = entry.get("between")
            if not isinstance(between, list) or len(between) != 2 or not seen:
                continue
            for position, name in enumerate(between):
                if isinstance(name, str) and name not in seen:
                    suggestion = closest(name, seen)
                    known = "" if suggestion else f" (species: {', '.join(seen)})"
                    message = f"there is no species {described(name)}{known}"
                    yield (section, index, "between", position), message, suggestion


def _check_pairs(parts: Parts) -> Iterator[Finding]:
    """One contact interaction to a pair; of the other kinds several, as long as they differ."""
    seen: dict[tuple[frozenset[str], Any], int] = {}
    for index, interaction in parts.interaction.items():
        several = interaction.several_of_a_pair
        rest = interaction.model_copy(update={"between": ()}) if several else interaction.kind
        pair = (frozenset(interaction.between), rest)
        if pair in seen:
            names = " and ".join(interaction.between)
            message = (
                f"a {interaction.kind} interaction of {names} is already interaction {seen[pair]} (counted from 0)"
            )
            yield ("interaction", index, "between"), message, None
        seen.setdefault(pair, index)


def _check_masses(parts: Parts) -> Iterator[Finding]:
    for index, entry in enumerate(entries(parts.tables, "species")):
        if entry and "mass" not in entry:
            yield ("species", index, "mass"), "is required, because the file has [units]", None


def _check_semirelativistic(parts: Parts, units: Units) -> Iterator[Finding]:
    """With [units] c is not one; and schemes that rest on a kinetic energy quadratic in the momentum lose their
    order."""
    semirelativistic = [
        (index, species) for index, species in parts.species.items() if species.kinetic == "semirelativistic"
    ]
    for index, _ in semirelativistic if units.given else ():
        message = (
            '"semirelativistic" takes c = 1, and code units made of a length, a mass and hbar have another c; leave '
            "[units] out and give all numbers in units with hbar = c = 1"
        )
        yield ("species", index, "kinetic"), message, None
    if semirelativistic and parts.time is not None and parts.time.splitting.quadratic_kinetic_energy:
        valid = [name for name, splitting in INTEGRATORS.items() if not splitting.quadratic_kinetic_energy]
        message = (
            f'"{parts.time.integrator}" has its order only for kinetic energies quadratic in the momentum, and that of '
            f'"{semirelativistic[0][1].name}" is semi-relativistic; use one of {", ".join(valid)}'
        )
        yield ("time", "integrator"), message, None


def _check_groups(parts: Parts) -> Iterator[Finding]:
    groups = parts.parallel.orbital_groups if parts.parallel is not None else "auto"
    if groups == "auto" or not parts.complete or parts.fluctuations is not None:
        return  # of fluctuations it is the pairs that are dealt
    if not all(species.has_orbitals for species in parts.species.values()):
        return  # any number of groups can share markers
    orbitals = sum(species.number_of_orbitals for species in parts.species.values())
    if groups > orbitals:
        message = (
            f"{groups} groups cannot share {counted(orbitals, 'orbital')}, a condensate counting as one: "
            f'every group needs at least one; use at most {orbitals}, or "auto"'
        )
        yield ("parallel", "orbital_groups"), message, None


def _check_ground_state(parts: Parts) -> Iterator[Finding]:
    if parts.ground_state is None or not parts.complete:
        return
    names = [species.name for species in parts.species.values()]
    seen: set[frozenset[str]] = set()
    for index, entry in enumerate(parts.ground_state.kernel_factors):
        place = ("ground_state", "kernel_factors", index, "between")
        for position, name in enumerate(entry.between):
            if name not in names:
                yield (*place, position), f'there is no species "{name}"', closest(name, names)
        pair = frozenset(entry.between)
        if pair in seen:
            yield place, f"names {' and '.join(entry.between)} a second time", None
        seen.add(pair)
    sought = [species for species in parts.species.values() if species.initial.is_ground_state]
    sets = [species.name for species in sought if species.statistics == "fermions"]
    if sets and parts.ground_state.method == "imaginary-time":
        message = f'"imaginary-time" is for condensates; the orbitals of "{sets[0]}" need "conjugate-gradients"'
        yield ("ground_state", "method"), message, None
    turned = parts.rotation is not None
    keeping = [
        species.name
        for species in sought
        if species.initial.finds_cores and not turned and species.vector_potential is None
    ]
    if keeping and parts.ground_state.method == "imaginary-time":
        message = (
            f'"imaginary-time" does not keep the phase of vortices, and "{keeping[0]}" has some; use '
            '"conjugate-gradients", or give the vortices a core'
        )
        yield ("ground_state", "method"), message, None


def _check_excitations(parts: Parts) -> Iterator[Finding]:
    if parts.excitations is None or not parts.complete:
        return
    names = _names(parts)
    known = [entry for entry in parts.exchanges if set(entry.turned) <= set(names)]
    groups = coupled_groups(names, known)
    yield from check_excitations(
        parts.excitations,
        parts.species,
        parts.grid,
        len(parts.species) - sum(len(group) - 1 for group in groups),
        None if parts.parallel is None else parts.parallel.precision,
        None if parts.ground_state is None else parts.ground_state.tolerance,
        parts.time,
    )


_NUMBERS = {1: "one", 2: "two"}
_AT_LEAST = {2: "two or three", 3: "three"}


def _check_observables(parts: Parts) -> Iterator[Finding]:
    if parts.output is None or not parts.complete:
        return
    requests = parts.output.observables.requests
    for position, request in enumerate(requests):
        if parts.grid is not None and parts.grid.dimensions < request.dimensions:
            message = (
                f"needs {_AT_LEAST[request.dimensions]} dimensions, and the grid has "
                f"{_NUMBERS[parts.grid.dimensions]}; leave it out"
            )
            yield ("output", "observables", "also", position), message, None
    if any(species.is_set for species in parts.species.values()):
        return
    message = "is measured of sets of orbitals, and no species has more than one; leave it out"
    for position, request in enumerate(requests):
        if request.of_sets:
            yield ("output", "observables", "also", position), message, None
    if "thomas_fermi" in parts.output.snapshots.fields:
        position = parts.output.snapshots.fields.index("thomas_fermi")
        yield ("output", "snapshots", "fields", position), message, None


def _check_images(parts: Parts) -> Iterator[Finding]:
    images = None if parts.output is None else parts.output.images
    if images is None or not parts.complete:
        return
    dimensions = None if parts.grid is None else parts.grid.dimensions
    for path, message, suggestion in images.misfits(dimensions, _names(parts)):
        yield ("output", "images", *path), message, suggestion
    if images.time_of_flight == 0.0:
        return
    if images.expansion == "frame" and any(entry.switched for entry in parts.interaction.values()):
        message = (
            '"frame" begins a run of its own, at whose time zero interactions that change in time would begin anew; '
            'take "fresnel", or let the run itself end in an expanding frame'
        )
        yield ("output", "images", "expansion"), message, None
    if images.expansion == "frame" and any(zeeman.energy for entry in parts.spinor.values() for zeeman in entry.zeeman):
        message = (
            '"frame" takes no Zeeman energies, and those of [[spinor]] go on during the flight; take "fresnel" or '
            '"far-field", whose pictures do not depend on them'
        )
        yield ("output", "images", "expansion"), message, None
    for species in parts.species.values():
        if species.kinetic != "nonrelativistic":
            message = f'is that of p^2/2m, and "{species.name}" is {species.kinetic}; leave it out'
            yield ("output", "images", "time_of_flight"), message, None
        if not species.has_orbitals:
            message = f'is that of wave functions, and "{species.name}" is classical; leave it out'
            yield ("output", "images", "time_of_flight"), message, None


def _check_schedules(time: TimeOptions, output: OutputOptions | None) -> Iterator[Finding]:
    if output is None or time.adaptive is not None:
        return
    for name in ("observables", "snapshots", "checkpoints", "markers"):
        section = getattr(output, name)
        interval = None if section is None else section.interval
        # an interval of exactly one step may come out a rounding below it
        if interval is not None and interval < time.step_size * (1 - 1e-12):
            message = f"is smaller than the step: {interval:.6g} < {time.step_size:.6g} in code units"
            yield ("output", name, "interval"), message, None


MOST_TIMES = 2**20
"""At so many times a factor is evaluated in advance."""


def _check_factors(parts: Parts, time: TimeOptions) -> Iterator[Finding]:
    """Refuse factors that are not finite, or below what they may be, at the ends of the steps; of adaptive steps, at
    the beginning."""
    if time.frame.expanding or time.adaptive is not None:
        times = np.zeros(1)
    else:
        times = time.step_size * np.arange(min(time.steps, MOST_TIMES) + 1.0)
    potentials = [
        (("species", index, "potential", number), entry)
        for index, species in parts.species.items()
        for number, entry in enumerate(species.potential)
    ]
    for place, potential in potentials:
        for axis, time_of_failure in potential.lost_centres(times):
            yield (*place, "centre", axis), f"is not finite at t = {time_of_failure:g}", None
    switched: list[tuple[KeyPath, Switching]] = [*potentials]
    switched += [(("coupling", index), entry) for index, entry in parts.coupling.items()]
    switched += [(("interaction", index), entry) for index, entry in parts.interaction.items()]
    switched += [(("loss", index), entry) for index, entry in parts.loss.items()]
    switched += [
        (("spinor", index, key, number), entry)
        for index, spinor in parts.spinor.items()
        for key in ("linear_zeeman", "quadratic_zeeman")
        for number, entry in enumerate(getattr(spinor, key))
    ]
    for path, entry in switched:
        if entry.course is None:
            continue
        on = (times >= entry.from_time) & (times <= entry.until + entry.ramp)
        values = np.broadcast_to(entry.course.evaluate(t=times), times.shape)
        wrong, low = on & ~np.isfinite(values), on & (values < entry.lowest_factor)
        if wrong.any():
            yield (*path, "factor"), f"is not finite at t = {times[np.argmax(wrong)]:g}", None
        elif low.any():
            value, time_of_failure = values[np.argmax(low)], times[np.argmax(low)]
            yield (*path, "factor"), entry.too_low(float(value), float(time_of_failure)), None


def _check_tolerance(parts: Parts, time: TimeOptions) -> Iterator[Finding]:
    """Refuse a tolerance that rounding alone would exceed."""
    if time.adaptive is None or parts.parallel is None:
        return
    least = smallest_tolerance(parts.parallel.precision, time.splitting.order)
    if time.adaptive.tolerance < least:
        message = (
            f"{time.adaptive.tolerance:g} cannot be reached: rounding in {parts.parallel.precision} precision makes "
            f"errors of this size; {time.integrator} needs at least {_rounded_up(least)}"
        )
        yield ("time", "step", "tolerance"), message, None


def _rounded_up(value: float) -> str:
    """Two digits of a positive number that are not below it."""
    digit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.ceil(value / digit) * digit:.2g}"
