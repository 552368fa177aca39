"""Checks of ``[many_body]`` against the rest of the file: what N bodies in finitely many modes cannot be, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hpcmix.problem.checks.many_body.size import MOST_CONFIGURATIONS, configurations, largest_total
from hpcmix.problem.checks.parts import Parts, entries
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.reading.values import counted
from hpcmix.problem.sections.calculation.many_body import ManyBody
from hpcmix.problem.sections.calculation.modes import ModesEntry
from hpcmix.problem.sections.interactions.dipolar import DipolarInteraction
from hpcmix.problem.sections.interactions.inverse_distance import CoulombInteraction
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction
from hpcmix.problem.sections.species.species import Species


def check_many_body(parts: Parts) -> Iterator[Finding]:
    """What can be seen without the numbers that a scaling sets."""
    many_body = parts.many_body
    if many_body is None:
        return
    if "time" not in parts.tables:
        yield ("many_body",), "needs a [time] section: N bodies and their mean field are compared as they evolve", None
    yield from _check_refused(parts)
    yield from _check_interactions(parts)
    yield from _check_mode_names(parts, many_body)
    yield from _check_excitation_names(parts, many_body)
    if parts.complete:
        yield from _check_state(parts, many_body)
        yield from _check_modes(parts, many_body)


def check_bodies(parts: Parts) -> Iterator[Finding]:
    """What depends on particle numbers; those that a scaling sets are the species' own here."""
    many_body = parts.many_body
    if many_body is None or not parts.complete:
        return
    whole = True
    for index, species in parts.species.items():
        findings = list(_check_whole(parts, index, species))
        yield from findings
        whole = whole and not findings
    if whole:
        yield from _check_orders(parts, many_body)
        if parts.grid is not None:
            yield from _check_filling(parts, many_body, parts.grid.points)
            yield from _check_count(parts, many_body, parts.grid.points)


# ---------------------------------------------------------------- what does not go with N bodies


def _check_refused(parts: Parts) -> Iterator[Finding]:
    for index, species in parts.species.items():
        if not species.has_orbitals:
            message = (
                f'"{species.kind}" does not go with [many_body]: it is the limit of many particles already, and has no '
                "wave functions; leave [many_body] out, or make the species a condensate or fermions"
            )
            yield ("species", index, "kind"), message, None
    for index in parts.coupling:
        message = (
            "does not go with [many_body]: it turns particles of one species into those of another, whose modes are "
            "others; leave it or [many_body] out"
        )
        yield ("coupling", index), message, None
    for index in parts.functional:
        message = (
            "does not go with [many_body]: N bodies interact in pairs, and a functional of the density is no sum over "
            "pairs; leave it or [many_body] out"
        )
        yield ("functional", index), message, None
    if parts.time is not None and parts.time.adaptive is not None:
        message = (
            "must be a number with [many_body]: both sides are compared at the same times; their own error is set by "
            "many_body.tolerance"
        )
        yield ("time", "step"), message, None
    if parts.parallel is not None and parts.parallel.precision == "single":
        message = 'is too coarse for [many_body], whose differences are of the order 1/N; use "double"'
        yield ("parallel", "precision"), message, None
    if parts.parallel is not None and parts.parallel.orbital_groups not in ("auto", 1):
        message = "does not go with [many_body]: ranks share configurations, not orbitals; leave it out"
        yield ("parallel", "orbital_groups"), message, None


def _check_interactions(parts: Parts) -> Iterator[Finding]:
    expanding = parts.grid is not None and parts.grid.frame.map.expanding
    for index, entry in parts.interaction.items():
        if entry.switched:
            message = (
                "an interaction that changes in time does not go with [many_body] in this version, whose pairs' "
                'operators are made once; leave "from", "until" and "factor" out, or let a potential change'
            )
            yield ("interaction", index), message, None
        if isinstance(entry, ScatteringInteraction):
            message = (
                '"scattering" does not go with [many_body]: in finitely many modes N^3 V(N x) tends to a contact '
                "interaction of strength integral V, the Born approximation, and not to the scattering length; use "
                "contact, or a kernel whose range does not shrink"
            )
            yield ("interaction", index, "kind"), message, None
        elif expanding and isinstance(entry, CoulombInteraction):
            message = (
                '"coulomb" does not go with [many_body] in an expanding frame: it acts over all distances, and grows '
                'like the scale b there; use grid.frame = "fixed"'
            )
            yield ("interaction", index, "kind"), message, None
        elif expanding and entry.kernel_boundary is not None and not isinstance(entry, DipolarInteraction):
            message = (
                f'"{entry.kind}" does not go with [many_body] in an expanding frame: it has a length of its own, which '
                'shrinks there; contact and dipolar interactions go, or use grid.frame = "fixed"'
            )
            yield ("interaction", index, "kind"), message, None


# ---------------------------------------------------------------- names


def _species_names(parts: Parts) -> list[str]:
    names = [entry.get("name") for entry in entries(parts.tables, "species")]
    return [name for name in names if isinstance(name, str)]


def _unknown(name: str, names: list[str]) -> tuple[str, str | None]:
    suggestion = closest(name, names)
    known = "" if suggestion else f" (species: {', '.join(names)})"
    return f'there is no species "{name}"{known}', suggestion


def _check_mode_names(parts: Parts, many_body: ManyBody) -> Iterator[Finding]:
    names = _species_names(parts)
    for index, entry in enumerate(many_body.modes):
        for position, name in enumerate(entry.species or ()):
            if name not in names:
                yield ("many_body", "modes", index, "species", position), *_unknown(name, names)
    for name in names:
        numbers = list(many_body.entries_of(name))
        if not numbers:
            message = (
                f'the species "{name}" has no modes; add [[many_body.modes]] with kind = "eigenstates" and a count, '
                '"plane-waves", "oscillator" or "grid"'
            )
            yield ("many_body",), message, None
        for second in numbers[1:]:
            message = f'the modes of "{name}" are already made by entry {numbers[0]} (counted from 0)'
            yield ("many_body", "modes", second), message, None


def _check_excitation_names(parts: Parts, many_body: ManyBody) -> Iterator[Finding]:
    if not isinstance(many_body.excitations, dict):
        return
    names = _species_names(parts)
    for name in many_body.excitations:
        if name not in names:
            yield ("many_body", "excitations", name), *_unknown(name, names)
    missing = [name for name in names if name not in many_body.excitations]
    if missing:
        message = f'says nothing of "{missing[0]}"; give a number for every species, or a single one for all'
        yield ("many_body", "excitations"), message, None


# ---------------------------------------------------------------- states and modes


def _check_state(parts: Parts, many_body: ManyBody) -> Iterator[Finding]:
    fermions = [species.name for species in parts.species.values() if species.statistics == "fermions"]
    if many_body.state == "coherent" and fermions:
        message = f'"coherent" is a state of bosons, and "{fermions[0]}" are fermions; use "factorised"'
        yield ("many_body", "state"), message, None
    if many_body.state == "coherent" and many_body.picture == "occupations":
        message = (
            '"coherent" has no fixed number of particles, and so needs picture = "excitations" with the most '
            "fluctuations above it"
        )
        yield ("many_body", "state"), message, None


def _entry_of(many_body: ManyBody, species: Species) -> tuple[int, ModesEntry] | None:
    """The entry that makes the modes of a species, if exactly one does."""
    numbers = list(many_body.entries_of(species.name))
    return (numbers[0], many_body.modes[numbers[0]]) if len(numbers) == 1 else None


def _check_modes(parts: Parts, many_body: ManyBody) -> Iterator[Finding]:
    if parts.grid is None:
        return
    for index, entry in enumerate(many_body.modes):
        for message in entry.misfits(parts.grid):
            yield ("many_body", "modes", index, entry.number_key), message, None
    if parts.grid.frame.map.expanding:
        return
    for species in parts.species.values():
        numbered = _entry_of(many_body, species)
        if numbered is None or not numbered[1].needs_oscillator:
            continue
        if species.oscillator is None:
            message = (
                f'"oscillator" takes the frequency of an expanding frame or of a harmonic trap, and "{species.name}" '
                'has neither; use "eigenstates" or "plane-waves"'
            )
            yield ("many_body", "modes", numbered[0], "kind"), message, None


# ---------------------------------------------------------------- numbers


def _check_whole(parts: Parts, index: int, species: Species) -> Iterator[Finding]:
    number = species.particles
    place = ("species", index, "particles")
    if abs(number - round(number)) > 1e-9 * max(1.0, number):
        if parts.scaling is not None and parts.scaling.kind == "bose-fermi-macro":
            dimensions = parts.grid.dimensions if parts.grid is not None else 1
            fermions = sum(
                species.number_of_orbitals for species in parts.species.values() if species.statistics == "fermions"
            )
            power = f"{dimensions + 1}/{dimensions}"
            message = (
                f'"bose-fermi-macro" asks for M^({power}) = {number:.6g} bosons, which is not whole at M = {fermions}; '
                f"M may be {whole_macroscopic_numbers(dimensions, fermions)}"
            )
            fermion = next(place for place, species in parts.species.items() if species.statistics == "fermions")
            yield ("species", fermion, "orbitals"), message, None
            return
        below = math.floor(number)
        choices = f"{below} or {below + 1}" if below else "1"
        message = f"must be a whole number of bodies with [many_body], but is {number:g}; use {choices}"
        yield place, message, None
    elif number < 1.0:
        yield place, "must be at least 1 with [many_body]: there are no bodies", None
    elif number > 2.0**53:
        yield place, f"is too large to count with [many_body]: {number:g}", None


def whole_macroscopic_numbers(dimensions: int, near: int) -> str:
    """The M with M^(1 + 1/d) whole about a number, in words: all in one dimension, squares in two, cubes in three."""
    if dimensions == 1:
        return "any number"
    root = max(1, round(near ** (1.0 / dimensions)) - 1)
    numbers = ", ".join(str(k**dimensions) for k in range(root, root + 4))
    return f"{'a square' if dimensions == 2 else 'a cube'}: {numbers}, ..."


def _check_orders(parts: Parts, many_body: ManyBody) -> Iterator[Finding]:
    species = list(parts.species.values())
    for position, order in enumerate(many_body.measure.orders or ()):
        place = ("many_body", "measure", "orders", position)
        if len(order) != len(species):
            message = f"has {counted(len(order), 'number')}, one per species, but there are {len(species)} species"
            yield place, message, None
            continue
        for count, name in zip(order, species, strict=True):
            if count > name.particles:
                message = f'asks for {counted(count, "particle")} of "{name.name}", which has {name.particles:.0f}'
                yield place, message, None


def _check_filling(parts: Parts, many_body: ManyBody, points: Sequence[int]) -> Iterator[Finding]:
    for species in parts.species.values():
        numbered = _entry_of(many_body, species)
        if numbered is None or species.statistics != "fermions":
            continue
        index, entry = numbered
        modes, orbitals = entry.number(points), species.number_of_orbitals
        place = ("many_body", "modes", index, entry.number_key)
        if orbitals > modes:
            message = f'{counted(orbitals, "fermion")} of "{species.name}" do not fit into {counted(modes, "mode")}'
            yield place, message, None
        elif orbitals == modes:
            message = (
                f'every mode is filled by the {counted(orbitals, "fermion")} of "{species.name}": nothing can move; '
                "use more modes"
            )
            yield place, message, None


def _check_count(parts: Parts, many_body: ManyBody, points: Sequence[int]) -> Iterator[Finding]:
    sizes = []
    for species in parts.species.values():
        numbered = _entry_of(many_body, species)
        if numbered is None:
            return
        modes, number = numbered[1].number(points), round(species.particles)
        if species.statistics == "fermions" and number > modes:
            return
        if isinstance(many_body.excitations, dict) and species.name not in many_body.excitations:
            return
        sizes.append((species.statistics == "fermions", number, modes, many_body.outside(species.name, number)))
    coherent = many_body.state == "coherent"
    total = math.prod(configurations(*size, coherent=coherent) for size in sizes)
    if total <= MOST_CONFIGURATIONS:
        return
    if many_body.picture == "excitations":
        advice = "use fewer excitations or fewer modes"
    else:
        scale = largest_total(sizes, MOST_CONFIGURATIONS)
        fitting = f"at most {scale} particles in all would do; " if scale else ""
        advice = f'{fitting}use fewer modes or particles, or picture = "excitations"'
    yield ("many_body",), f"has {total:.3g} configurations, more than can be numbered: {advice}", None
