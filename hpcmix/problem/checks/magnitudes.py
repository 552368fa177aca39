"""Checks that numbers, each of them in range, stay in range where they meet: densities, and energies beside the kinetic
energy of the grid.

Bounds of energies are those of all particles of a species at one grid point, or at the corner of the box.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hpcmix.problem.checks.functionals import gas_of
from hpcmix.problem.checks.parts import Parts, PartsConstants
from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.interactions.section import Constants
from hpcmix.problem.sections.scaling import Prefactors, prefactors
from hpcmix.problem.sections.species.species import Species

LARGEST_QUOTIENT = 1e12
"""Of an energy and the kinetic energy of the grid's fastest mode: in double precision a sum of the two has four digits
of the smaller one then. Hard walls and strong repulsion stay below 1e6. Where no ground state is sought, kinetic
energies may be as small as they like, and it is the phase of a step that must keep four digits: energies are compared
with hbar over the step if that is more."""

LARGEST_VALUES = {"double": 1e150, "single": 1e18}
"""Of densities and energies, and their inverses: squares are summed, and are then still numbers of the precision."""

LONGEST_CELL = 1e6
"""Largest spacing of the grid over its smallest: kinetic energies along the axes differ by the square then, and radial
tables have as many entries for a point of an axis."""


@dataclass(frozen=True)
class Meeting:
    """An energy beside the largest kinetic energy that the grid carries for a species.

    path, what       the entry of the file that makes it, and what it is.
    species          the index of the species.
    energy, kinetic  the two, in code units; markers, whose momenta are no modes of the grid, have no largest kinetic
                     energy: infinite.
    """

    path: KeyPath
    what: str
    species: int
    energy: float
    kinetic: float


def largest_kinetic_energy(species: Species, square: float) -> float:
    """Kinetic energy above that of rest at this square of the momentum."""
    if species.kinetic == "semirelativistic":
        return square / (math.sqrt(species.mass**2 + square) + species.mass)
    return square / (2.0 * species.mass)


def check_magnitudes(parts: Parts, grid: Grid, hbar: float) -> Iterator[Misfit]:
    """Path and sentence for the first number that leaves the range where it meets others: what comes after it would
    only say the same again. `parts` has all its species."""
    finding = next(_out_of_range(parts, grid, hbar), None)
    if finding is not None:
        yield finding


def _out_of_range(parts: Parts, grid: Grid, hbar: float) -> Iterator[Misfit]:
    yield from _check_cells(grid)
    factors = prefactors(parts.scaling, list(parts.species.values()), grid.dimensions)
    precision = "double" if parts.parallel is None else parts.parallel.precision
    largest = LARGEST_VALUES[precision]
    cell, box = math.prod(grid.spacings), math.prod(grid.lengths)
    square = hbar**2 * sum((math.pi / spacing) * (math.pi / spacing) for spacing in grid.spacings)
    kinetic = {
        index: largest_kinetic_energy(species, square) if species.has_orbitals else math.inf
        for index, species in parts.species.items()
    }
    for (index, entry), weight in zip(parts.species.items(), factors.weights, strict=True):
        number = entry.at_a_point(weight)
        for name, value in (("density", number / cell), ("mean density", number / box)):
            if number > 0.0 and not 1.0 / largest <= value <= largest:
                message = f'the {name} of "{entry.name}" would be {value:.3g} in this box, beyond what {precision} '
                yield ("species", index, "particles"), f"{message}precision computes with; check particles and lengths"
        if entry.has_orbitals and not 1.0 / largest <= kinetic[index] <= largest:
            message = f"with this grid the largest kinetic energy is {kinetic[index]:.3g}, beyond what {precision} "
            yield ("species", index, "mass"), f"{message}precision computes with; check mass and lengths"
    step = 0.0 if parts.time is None else hbar / parts.time.step_size
    constants = parts.constants(grid, hbar)
    for meeting in _meetings(parts, grid, constants, factors, kinetic):
        other, what = meeting.kinetic, "the largest kinetic energy"
        if step > other and not parts.species[meeting.species].initial.is_ground_state:
            other, what = step, "hbar over the step"
        if math.isinf(other) and meeting.energy > largest:
            message = f"{meeting.what} reaches {meeting.energy:.3g} in this box, beyond what {precision} precision "
            yield meeting.path, f"{message}computes with; check this number, masses, particles and lengths"
        elif meeting.energy > min(largest, LARGEST_QUOTIENT * other):
            yield (
                meeting.path,
                f"{meeting.what} reaches {meeting.energy:.3g} on this grid, and {what} is {other:.3g} (code units): "
                "rounding leaves nothing of the smaller; check this number, masses, particles and lengths (at most "
                f"{LARGEST_QUOTIENT:.0e} times the other, and {largest:.0e})",
            )
    yield from _check_ranges(parts, constants)


def _check_cells(grid: Grid) -> Iterator[Misfit]:
    spacings = grid.spacings
    if max(spacings) > LONGEST_CELL * min(spacings):
        yield (
            ("grid", "lengths"),
            f"make grid spacings from {min(spacings):.3g} to {max(spacings):.3g}; the largest may be "
            f"{LONGEST_CELL:.0e} times the smallest",
        )


def _meetings(
    parts: Parts, grid: Grid, constants: PartsConstants, factors: Prefactors, kinetic: dict[int, float]
) -> Iterator[Meeting]:
    """All energies of the problem whose size is known without its fields."""
    hbar = constants.hbar
    cell, names = math.prod(grid.spacings), {species.name: index for index, species in parts.species.items()}
    corner = [length / 2.0 for length in grid.lengths]
    places = list(parts.species)
    kernel_factors = () if parts.ground_state is None else parts.ground_state.kernel_factors
    for index, each in parts.species.items():
        for number, potential in enumerate(each.potential):
            height = potential.largest(each.mass, corner)
            yield Meeting(("species", index, "potential", number), "this potential", index, height, kinetic[index])
        momentum = 0.0 if each.vector_potential is None else each.vector_potential.largest(corner)
        if momentum > 0.0:
            energy = momentum * momentum / (2.0 * each.mass)
            resting = hbar**2 * sum((math.pi / spacing) ** 2 for spacing in grid.spacings) / (2.0 * each.mass)
            yield Meeting(("species", index, "vector_potential"), "A^2/2m of this potential", index, energy, resting)
        turning: dict[KeyPath, float] = {
            ("rotation", "rate"): parts.rotation.rate if parts.rotation is not None else 0.0,
            ("grid", "frame", "rate"): grid.frame.map.rate,
        }
        for path, rate in turning.items():
            energy = 0.5 * each.mass * sum((rate * side) ** 2 for side in corner)
            yield Meeting(path, "m (rate r)^2/2", index, energy, kinetic[index])
    for index, coupling in parts.coupling.items():
        for part in ("rabi_frequency", "detuning"):
            for name in coupling.between:
                if name in names:
                    member, energy = names[name], hbar * abs(getattr(coupling, part))
                    yield Meeting(("coupling", index, part), "its energy", member, energy, kinetic[member])
    yield from _spinor_meetings(parts, constants, cell, kinetic)
    for index, entry in parts.interaction.items():
        if any(name not in names for name in entry.between):
            continue
        first, second = (names[name] for name in entry.between)
        key, strength = entry.strength_at_a_point(constants, grid)
        factor = factors.kernel_factor(places.index(first), places.index(second))
        for here, there in ((first, second), (second, first)):
            energy = abs(strength * factor) * parts.species[there].at_a_point(factors.weights[places.index(there)])
            what = f'the mean field of "{parts.species[there].name}" at one point'
            yield Meeting(("interaction", index, *key), what, here, energy, kinetic[here])
            for number, changed in enumerate(kernel_factors):
                if set(changed.between) == set(entry.between):
                    place, sought = ("ground_state", "kernel_factors", number, "factor"), energy * abs(changed.factor)
                    yield Meeting(place, f"{what} of the ground state", here, sought, kinetic[here])
    for index, functional in parts.functional.items():
        if any(name not in names for name in functional.species):
            continue
        members = [names[name] for name in functional.species]
        densities = [factors.weights[places.index(member)] / cell for member in members]
        energy = functional.largest_mean_field(densities, gas_of(parts, functional, constants, grid))
        path, what = ("functional", index, "strength"), "its mean field at one point"
        for member in members:
            yield Meeting(path, what, member, energy, kinetic[member])


def _spinor_meetings(parts: Parts, constants: Constants, cell: float, kinetic: dict[int, float]) -> Iterator[Meeting]:
    """Zeeman energies, and what a component feels of all particles of its gas at one point."""
    names = {species.name: index for index, species in parts.species.items()}
    for index, entry in parts.spinor.items():
        members = [names[name] for name in entry.species if name in names]
        particles = sum(parts.species[member].particles for member in members)
        for member in members if len(members) == len(entry.species) else ():
            for key, zeemans in (("linear_zeeman", entry.linear_zeeman), ("quadratic_zeeman", entry.quadratic_zeeman)):
                for zeeman in zeemans:
                    yield Meeting(("spinor", index, key), "its energy", member, abs(zeeman.energy), kinetic[member])
            for strength, key in zip(entry.couplings(constants), entry.strength_keys, strict=True):
                energy = abs(strength) * particles / cell
                yield Meeting(("spinor", index, key), "its mean field at one point", member, energy, kinetic[member])


def _check_ranges(parts: Parts, constants: Constants) -> Iterator[Misfit]:
    """What the interactions find of their own numbers."""
    names = {species.name for species in parts.species.values()}
    for index, entry in parts.interaction.items():
        if names.issuperset(entry.between):
            for key, message in entry.out_of_range(constants):
                yield ("interaction", index, *key), message
