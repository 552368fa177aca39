"""Checks of ``[fluctuations]`` against the rest of the file."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.reading.values import counted
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction
from hpcmix.problem.sections.species.species import Condensate

MOST_MODES = 4096
"""Of all species with modes = "all": every mode is a pair of fields of as many points."""

_COMPLEX_BYTES = 16


def check_fluctuations(parts: Parts) -> Iterator[Finding]:
    """Everything about fluctuations that takes more than their own section to see."""
    section = parts.fluctuations
    if section is None:
        return
    yield from _check_course(parts)
    for index, species in parts.species.items():
        if not isinstance(species, Condensate):
            message = (
                f'"{species.name}" is of kind "{species.kind}"; [fluctuations] are those around condensates; leave '
                "the section out, or make it a condensate"
            )
            yield ("species", index, "kind"), message, None
    if section.initial == "correlated":
        yield from _check_correlated(parts)
    if section.matrices and parts.tables.get("functional"):
        message = (
            "does not go with a [[functional]], whose third derivative the corrections to the condensates would take; "
            "leave it out"
        )
        yield ("fluctuations", "matrices"), message, None
    if parts.grid is not None and parts.complete:
        yield from _check_size(section, len(parts.species), parts.grid.points)
        yield from _check_groups(parts, section.pairs(len(parts.species), parts.grid.points))


def _check_course(parts: Parts) -> Iterator[Finding]:
    """What the flow must be for pairs to follow it."""
    if "time" not in parts.tables:
        message = "needs a [time] section: fluctuations are followed along the flow; add final and step"
        yield ("fluctuations",), message, None
    if parts.time is not None and parts.time.adaptive is not None:
        message = (
            "must be a number with [fluctuations]: an adaptive step that is rejected would have moved the pairs; "
            "give a fixed step"
        )
        yield ("time", "step"), message, None
    if parts.parallel is not None and parts.parallel.precision == "single":
        message = (
            "is too coarse for [fluctuations], whose commutation relations are differences of large numbers; use "
            '"double"'
        )
        yield ("parallel", "precision"), message, None
    if parts.many_body is not None:
        message = (
            "does not go with [many_body]: N bodies are another course of a run; give each a file of its own, on the "
            "same grid"
        )
        yield ("fluctuations",), message, None


def _check_correlated(parts: Parts) -> Iterator[Finding]:
    """Correlations of pairs that scatter, all of them at finite N."""
    place = ("fluctuations", "initial")
    beginning = '"correlated" takes its pairs from the scattering problem at finite N'
    if not parts.tables.get("interaction"):
        yield place, f'{beginning}, and there is no [[interaction]]; use "vacuum"', None
    for index, entry in parts.interaction.items():
        names = " and ".join(entry.between)
        where = f"interaction {index} (counted from 0) of {names}"
        if not isinstance(entry, ScatteringInteraction):
            yield place, f'{beginning}, and {where} is of kind "{entry.kind}"; use "vacuum"', None
        elif entry.limit:
            yield place, f'{beginning}, and {where} has limit = true; give it particles, or use "vacuum"', None
    yield from _check_correlations(parts, place, beginning)
    if parts.coupling:
        message = f'{beginning} of species that keep their particles, and here is a [[coupling]]; use "vacuum"'
        yield place, message, None


def _check_correlations(parts: Parts, place: KeyPath, beginning: str) -> Iterator[Finding]:
    """One correlation w for every pair, which reaches to neumann_radius and must not meet its own images."""
    scattering = {i: entry for i, entry in parts.interaction.items() if isinstance(entry, ScatteringInteraction)}
    seen: dict[frozenset[str], int] = {}
    for index, entry in scattering.items():
        first = seen.setdefault(frozenset(entry.between), index)
        if first != index:
            names = " and ".join(entry.between)
            message = (
                f"{beginning}, one for {names}, and interactions {first} and {index} (counted from 0) are both theirs; "
                'make one potential of them, or use "vacuum"'
            )
            yield place, message, None
        half = 0.5 * min(parts.grid.lengths) if parts.grid is not None else math.inf
        if entry.neumann_radius is not None and entry.neumann_radius > half:
            message = (
                f"is {entry.neumann_radius:.6g}, beyond half the box ({half:.6g}): the correlations of "
                '[fluctuations] initial = "correlated" reach as far, and would act on their own images'
            )
            yield ("interaction", index, "neumann_radius"), message, None
    if "scaling" in parts.tables:
        message = f"{beginning} as the file has it, and [scaling] multiplies the interactions; leave one of them out"
        yield place, message, None


def _check_size(section: FluctuationsSection, species: int, points: tuple[int, ...]) -> Iterator[Finding]:
    every = math.prod(points)
    place = ("fluctuations", "modes")
    if section.whole_on(points) and species * every > MOST_MODES:
        gigabytes = 2.0 * _COMPLEX_BYTES * (species * every) ** 2 / 1e9
        message = (
            f'"all" are {species * every} modes here, whose pairs take {gigabytes:.3g} GB; it is for at most '
            f"{MOST_MODES}; give a number of modes per species, and probes for the rest"
        )
        yield place, message, None
    if not section.whole and section.modes_on(points) > every:
        message = f"{section.modes_on(points)} are more than the grid's {every} points can hold; use at most {every}"
        yield place, message, None


def _check_groups(parts: Parts, pairs: int) -> Iterator[Finding]:
    groups = parts.parallel.orbital_groups if parts.parallel is not None else "auto"
    if groups != "auto" and groups > pairs:
        message = (
            f"{groups} groups cannot share {counted(pairs, 'pair')} of [fluctuations]: every group needs at least one; "
            f'use at most {pairs}, or "auto"'
        )
        yield ("parallel", "orbital_groups"), message, None
