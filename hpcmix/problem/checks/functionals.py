"""Checks of ``[[functional]]`` against species and interactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hpcmix.problem.checks.parts import Parts, PartsConstants
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.misfits import Finding, Misfit
from hpcmix.problem.sections.functionals.gas import PointGas, gas_of_species
from hpcmix.problem.sections.functionals.section import FunctionalSection
from hpcmix.problem.sections.grid import Grid


def check_names(functionals: Mapping[int, FunctionalSection], names: list[str]) -> Iterator[Finding]:
    """Yield path, sentence and suggestion for names that no species has."""
    for index, entry in functionals.items():
        for position, name in enumerate(entry.species):
            if name not in names:
                suggestion = closest(name, names)
                known = "" if suggestion else f" (species: {', '.join(names)})"
                yield ("functional", index, "species", position), f'there is no species "{name}"{known}', suggestion


def check_doubles(functionals: Mapping[int, FunctionalSection]) -> Iterator[Finding]:
    """Yield path and sentence for energies that an earlier functional of the same kind holds already."""
    holders: dict[tuple[type[FunctionalSection], tuple[str, ...]], int] = {}
    for index, entry in functionals.items():
        for species in entry.energies:
            holder = holders.setdefault((type(entry), species), index)
            if holder != index:
                names = " and ".join(f'"{name}"' for name in species)
                message = (
                    f"would count the energy of {names} twice: functional {holder} (counted from 0) of this kind holds "
                    "it already; name each species once"
                )
                yield ("functional", index, "species"), message, None


def check_gas(parts: Parts, grid: Grid, hbar: float) -> Iterator[Misfit]:
    """Yield path and sentence for functionals whose species or interactions do not fit them. Of complete, scaled
    parts."""
    by_name = {species.name: species for species in parts.species.values()}
    constants = parts.constants(grid, hbar)
    for index, entry in parts.functional.items():
        if any(name not in by_name for name in entry.species):
            continue
        sets = [name for name in entry.species if by_name[name].statistics == "fermions"]
        if sets and entry.of_condensates:
            message = f'is an energy of condensates, and "{sets[0]}" are fermions; leave it out'
            yield ("functional", index, "species", entry.species.index(sets[0])), message
            continue
        for key, message in entry.misfits(gas_of(parts, entry, constants, grid)):
            yield ("functional", index, *key), message


def gas_of(parts: Parts, entry: FunctionalSection, constants: PartsConstants, grid: Grid) -> PointGas:
    """The species of a functional, all of which exist, as a uniform gas."""
    by_name = {species.name: species for species in parts.species.values()}
    masses = [constants.masses[name] for name in entry.species]
    statistics = [by_name[name].statistics for name in entry.species]
    interactions = list(parts.interaction.values())
    return gas_of_species(entry.species, masses, interactions, constants, grid, parts.scaling is not None, statistics)
