"""Checks of classical species against the rest of the file: what has no force on markers, or no meaning for them."""

from __future__ import annotations

from collections.abc import Iterator

from hpcmix.problem.checks.parts import Parts, entries
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Finding, findings
from hpcmix.problem.sections.species.species import Species

NO_FORCE = (
    'has no force that markers could follow: integral k^2 |V^(k)| dk is infinite, and "{name}" is classical; use '
    'kind = "gaussian" of a width that the grid resolves'
)


def check_classical(parts: Parts) -> Iterator[Finding]:
    """Everything about classical species that takes more than their own section to see."""
    classical = {index: species for index, species in parts.species.items() if not species.has_orbitals}
    yield from _check_output(parts, classical)
    if not classical:
        return
    names = {species.name for species in classical.values()}
    yield from _check_forces(parts, names)
    for index, species in classical.items():
        for number, potential in enumerate(species.potential):
            if parts.grid is not None:
                yield from findings(potential.without_gradient(parts.grid), "species", index, "potential", number)
        yield from _check_held(parts, index, species)
    first = next(iter(classical.values())).name
    if parts.rotation is not None:
        message = (
            f'is of wave functions in this version, and "{first}" is classical; leave [rotation] out, or make the '
            "species fermions"
        )
        yield ("rotation",), message, None


def _check_forces(parts: Parts, names: set[str]) -> Iterator[Finding]:
    """Interactions and functionals that act at points."""
    for index, entry in parts.interaction.items():
        touched = [name for name in entry.between if name in names]
        if touched and not entry.moves_markers:
            yield ("interaction", index, "kind"), f'"{entry.kind}" {NO_FORCE.format(name=touched[0])}', None
    for index, functional in parts.functional.items():
        touched = [name for name in functional.species if name in names]
        if touched:
            message = (
                f'acts at points, where markers have no density, and "{touched[0]}" is classical; leave it out of the '
                "list, or use an [[interaction]] with a range"
            )
            yield ("functional", index, "species"), message, None


def _check_held(parts: Parts, index: int, species: Species) -> Iterator[Finding]:
    """A ground state that nothing holds: without potential and neighbours it is the uniform gas, which has a word of
    its own."""
    pairs = entries(parts.tables, "interaction")
    neighbours = any(species.name in entry.get("between", ()) for entry in pairs)
    if species.initial.is_ground_state and not species.potential and not neighbours:
        message = (
            f'of "{species.name}" needs a potential that holds it at time 0-: there is none; add one, or use kind = '
            '"plane-waves", the uniform gas'
        )
        yield ("species", index, "initial"), message, None


# ---------------------------------------------------------------- what is written of them


def _check_output(parts: Parts, classical: dict[int, Species]) -> Iterator[Finding]:
    """Requests for what no species has."""
    if parts.output is None or not parts.complete:
        return
    names = [species.name for species in classical.values()]
    if parts.output.markers is not None and not names:
        yield ("output", "markers"), _ONLY_CLASSICAL, None
    dimensions = None if parts.grid is None else parts.grid.dimensions
    for number, histogram in enumerate(parts.output.phase_space):
        place = ("output", "phase_space", number)
        if not names:
            yield place, _ONLY_CLASSICAL, None
            return
        if histogram.species not in names:
            known = [species.name for species in parts.species.values()]
            why = "is no classical species" if histogram.species in known else "is no species"
            suggestion = closest(histogram.species, names)
            listing = "" if suggestion else f" (classical: {', '.join(names)})"
            yield (*place, "species"), f'"{histogram.species}" {why}{listing}', suggestion
        for position, axis in enumerate(histogram.axes):
            if dimensions is not None and "xyz".index(axis[-1]) >= dimensions:
                axes = ", ".join((*"xyz"[:dimensions], *(f"p{name}" for name in "xyz"[:dimensions])))
                message = f'"{axis}" does not exist in {dimensions} dimension{"s" * (dimensions > 1)} (axes: {axes})'
                yield (*place, "axes", position), message, None
    if any(species.has_orbitals for species in parts.species.values()):
        return
    for position, field in enumerate(parts.output.snapshots.fields):
        if field in ("phase", "wave_function"):
            message = "is of wave functions, and all species are classical; leave it out"
            yield ("output", "snapshots", "fields", position), message, None
    for position, request in enumerate(parts.output.observables.requests):
        if request.of_orbitals and not request.of_sets:
            message = "is measured of wave functions, and all species are classical; leave it out"
            yield ("output", "observables", "also", position), message, None


_ONLY_CLASSICAL = (
    'is of classical species, and there is none: all have wave functions; leave it out, or use kind = "classical"'
)
