"""Checks of ``[[spinor]]`` against the rest of the file: its components differ in nothing but their spin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from hpcmix.problem.checks.parts import Parts
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Finding
from hpcmix.problem.sections.components.coupling import asks_for_ground_state
from hpcmix.problem.sections.components.spinor import Spinor
from hpcmix.problem.sections.species.species import Condensate, Species

SAME = {
    "mass": "mass",
    "kinetic": "kinetic energy",
    "rest_mass": "rest mass",
    "potential": "potential",
}
"""What the components have in common, by the key of a species: the flow of the spins is exact beside it."""


def check_spinors(parts: Parts) -> Iterator[Finding]:
    """Everything about spinor gases that takes more than their own section to see."""
    if not parts.complete:
        return
    species = {each.name: each for each in parts.species.values()}
    places = {each.name: place for place, each in parts.species.items()}
    taken: dict[str, int] = {}
    for index, entry in parts.spinor.items():
        unknown = [name for name in entry.species if name not in species]
        for position, name in enumerate(entry.species):
            if name in unknown:
                suggestion = closest(name, species)
                known = "" if suggestion else f" (species: {', '.join(species)})"
                yield ("spinor", index, "species", position), f'there is no species "{name}"{known}', suggestion
            elif name in taken:
                message = f'"{name}" is already a component of spinor {taken[name]} (counted from 0)'
                yield ("spinor", index, "species", position), message, None
            taken.setdefault(name, index)
        if unknown:
            continue
        members = [species[name] for name in entry.species]
        yield from _check_members(index, members, places)
        yield from _check_neighbours(parts, index, entry)
        yield from _check_company(parts, index, entry, members)


def _check_members(index: int, members: list[Species], places: dict[str, int]) -> Iterator[Finding]:
    """Condensates of one mass in one potential."""
    first = members[0]
    for position, each in enumerate(members):
        if not isinstance(each, Condensate):
            message = f'"{each.name}" is of kind "{each.kind}"; the components of a spinor gas are condensates'
            yield ("spinor", index, "species", position), message, None
            continue
        for key, word in SAME.items():
            if getattr(each, key) != getattr(first, key):
                message = (
                    f'the {word} of "{each.name}" must be that of "{first.name}": components of [[spinor]] differ in '
                    "their spin alone; what a magnetic field does to them are linear_zeeman and quadratic_zeeman"
                )
                yield ("species", places[each.name], key), message, None


def _check_neighbours(parts: Parts, index: int, entry: Spinor) -> Iterator[Finding]:
    """Every interaction, functional and factor of a kernel sees the components alike."""
    members = set(entry.species)
    found: defaultdict[frozenset[str], list[Any]] = defaultdict(list)
    for interaction in parts.interaction.values():
        found[frozenset(interaction.between)].append(interaction.model_copy(update={"between": ()}))
    others = [None, *(each.name for each in parts.species.values() if each.name not in members)]
    for other in others:
        pairs = (
            [frozenset((a, b)) for a in entry.species for b in entry.species]
            if other is None
            else [frozenset((a, other)) for a in entry.species]
        )
        for pair in pairs[1:]:
            if not _same(found[pair], found[pairs[0]]):
                names, first = (" and ".join(sorted(one) * (3 - len(one))) for one in (pair, pairs[0]))
                message = (
                    f"the interactions of {names} must be those of {first}: but for their spins the components of "
                    "a gas interact alike; give density_interaction for all pairs of them"
                )
                yield ("spinor", index, "species"), message, None
                break
    for number, functional in parts.functional.items():
        seen = members.intersection(functional.species)
        if seen and seen != members:
            message = (
                f"names {' and '.join(sorted(seen))} alone of the components of [[spinor]] {index}; name all three"
            )
            yield ("functional", number, "species"), message, None
        elif seen and not functional.of_the_sum:
            message = (
                f"sees the components of spinor {index} apart, and their spins turn into each other; use "
                '"power", which depends on the sum of the densities'
            )
            yield ("functional", number, "kind"), message, None
    factors = () if parts.ground_state is None else parts.ground_state.kernel_factors
    for number, factor in enumerate(factors):
        if members.intersection(factor.between):
            message = "does not go with the components of [[spinor]], whose interactions belong together"
            yield ("ground_state", "kernel_factors", number, "between"), message, None


def _same(first: list[Any], second: list[Any]) -> bool:
    """Whether two lists hold the same entries, in any order."""
    rest = list(second)
    for each in first:
        if each not in rest:
            return False
        rest.remove(each)
    return not rest


def _check_company(parts: Parts, index: int, entry: Spinor, members: list[Species]) -> Iterator[Finding]:
    """What the flow of spins, or the search for their ground state, is not made for."""
    place = ("spinor", index)
    names = ", ".join(f'"{name}"' for name in entry.species)
    if parts.rotation is not None or any(each.vector_potential is not None for each in members):
        what = "[rotation]" if parts.rotation is not None else "a vector potential"
        yield place, f"does not go with {what}: Zeeman energies act where T is diagonal in k", None
    expanding = parts.grid is not None and parts.grid.frame.map.expanding
    if expanding and any(zeeman.energy != 0.0 for zeeman in entry.zeeman):
        key = "linear_zeeman" if entry.linear_zeeman else "quadratic_zeeman"
        message = "does not go with the expanding frame, whose clock slows down as it grows; switch it off, or use "
        yield (*place, key), f'{message}frame = "fixed"', None
    if parts.fluctuations is not None:
        yield place, "does not go with [fluctuations] in this version: pairs do not follow spins; leave one out", None
    if parts.many_body is not None:
        message = (
            "does not go with [many_body]: spins turn particles of one species into those of another, whose modes are "
            "others; leave it or [many_body] out"
        )
        yield place, message, None
    if parts.excitations is not None and parts.excitations.method == "tangent-map":
        message = f'"tangent-map" does not follow the spins of {names}; use "minimum" or "dense"'
        yield ("excitations", "method"), message, None
    sought = any(asks_for_ground_state(each) for each in members)
    if sought and parts.ground_state is not None and parts.ground_state.method == "imaginary-time":
        message = f'"imaginary-time" does not know the spins of {names}, which need "conjugate-gradients"'
        yield ("ground_state", "method"), message, None
    if entry.magnetisation is not None and not sought and parts.excitations is None:
        message = f"is that of a ground state, and {names} begin with states that have their own; leave it out"
        yield (*place, "magnetisation"), message, None
    turned = [coupling for coupling in parts.coupling.values() if set(coupling.between) & set(entry.species)]
    if entry.magnetisation is not None and any(coupling.dresses for coupling in turned):
        message = (
            "cannot be given where a [[coupling]] turns the components into each other at time 0-: it is the lowest "
            "that there is then; leave it out, or say dressed = false in the coupling"
        )
        yield (*place, "magnetisation"), message, None
