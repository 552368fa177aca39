"""Checks that numbers, each of them in range, stay in range where they meet: densities, and energies beside the kinetic
energy of the grid.

Bounds of energies are those of all particles of a species at one grid point, or at the corner of the box.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpcmix.problem.scaling import Prefactors, prefactors
from hpcmix.problem.species import Species

if TYPE_CHECKING:
    from hpcmix.problem.checks import Parts

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

STRONGEST_BARRIER = 1e8
"""kappa V R^2 of a scattering potential: a hard sphere to a part in 1e4, resolved by as many panels."""

LARGEST_BALL = 1e12
"""Radius of the Neumann problem over the potential's: beyond, its solution is that of the scattering problem to all
digits."""

Finding = tuple[tuple[str | int, ...], str]


@dataclass(frozen=True)
class Meeting:
    """An energy beside the largest kinetic energy that the grid carries for a species.

    path, what       the entry of the file that makes it, and what it is.
    species          the index of the species.
    energy, kinetic  the two, in code units.
    """

    path: tuple[str | int, ...]
    what: str
    species: int
    energy: float
    kinetic: float


def largest_kinetic_energy(species: Species, square: float) -> float:
    """Kinetic energy above that of rest at this square of the momentum."""
    if species.kinetic == "semirelativistic":
        return square / (math.sqrt(species.mass**2 + square) + species.mass)
    return square / (2.0 * species.mass)


def check_magnitudes(parts: Parts, hbar: float) -> Iterator[Finding]:
    """Path and sentence for the first number that leaves the range where it meets others: what comes after it would
    only say the same again. `parts` has a valid grid and all its species."""
    found = next(_out_of_range(parts, hbar), None)
    if found is not None:
        yield found


def _out_of_range(parts: Parts, hbar: float) -> Iterator[Finding]:
    yield from _check_cells(parts)
    factors = prefactors(parts.scaling, list(parts.species.values()), parts.grid.dimensions)
    precision = "double" if parts.parallel is None else parts.parallel.precision
    largest = LARGEST_VALUES[precision]
    cell, box = math.prod(parts.grid.spacings), math.prod(parts.grid.lengths)
    square = hbar**2 * sum((math.pi / spacing) * (math.pi / spacing) for spacing in parts.grid.spacings)
    kinetic = {index: largest_kinetic_energy(one, square) for index, one in parts.species.items()}
    for (index, one), weight in zip(parts.species.items(), factors.weights, strict=True):
        for name, value in (("density", weight / cell), ("mean density", weight / box)):
            if weight > 0.0 and not 1.0 / largest <= value <= largest:
                message = f'the {name} of "{one.name}" would be {value:.3g} in this box, beyond what {precision} '
                yield ("species", index, "particles"), f"{message}precision computes with; check particles and lengths"
        if not 1.0 / largest <= kinetic[index] <= largest:
            message = f"with this grid the largest kinetic energy is {kinetic[index]:.3g}, beyond what {precision} "
            yield ("species", index, "mass"), f"{message}precision computes with; check mass and lengths"
    step = 0.0 if parts.time is None else hbar / parts.time.step_size
    for one in _meetings(parts, hbar, factors, kinetic, cell):
        other, what = one.kinetic, "the largest kinetic energy"
        if step > other and parts.species[one.species].initial.kind != "ground-state":
            other, what = step, "hbar over the step"
        if one.energy > min(largest, LARGEST_QUOTIENT * other):
            yield (
                one.path,
                f"{one.what} reaches {one.energy:.3g} on this grid, and {what} is {other:.3g} (code units): rounding "
                "leaves nothing of the smaller; check this number, masses, particles and lengths (at most "
                f"{LARGEST_QUOTIENT:.0e} times the other, and {largest:.0e})",
            )
    yield from _check_scattering(parts, hbar)


def _check_cells(parts: Parts) -> Iterator[Finding]:
    spacings = parts.grid.spacings
    if max(spacings) > LONGEST_CELL * min(spacings):
        yield (
            ("grid", "lengths"),
            f"make grid spacings from {min(spacings):.3g} to {max(spacings):.3g}; the largest may be "
            f"{LONGEST_CELL:.0e} times the smallest",
        )


def _meetings(
    parts: Parts, hbar: float, factors: Prefactors, kinetic: dict[int, float], cell: float
) -> Iterator[Meeting]:
    """All energies of the problem whose size is known without its fields."""
    grid, names = parts.grid, {one.name: index for index, one in parts.species.items()}
    corner = [length / 2.0 for length in grid.lengths]
    places = list(parts.species)
    for index, one in parts.species.items():
        for number, potential in enumerate(one.potential):
            height = _height(potential, one.mass, corner)
            yield Meeting(("species", index, "potential", number), "this potential", index, height, kinetic[index])
        momentum = _momentum(one.vector_potential, corner)
        if momentum > 0.0:
            energy = momentum * momentum / (2.0 * one.mass)
            resting = hbar**2 * sum((math.pi / spacing) ** 2 for spacing in grid.spacings) / (2.0 * one.mass)
            yield Meeting(("species", index, "vector_potential"), "A^2/2m of this potential", index, energy, resting)
        turning = {("rotation", "rate"): parts.rotation.rate if parts.rotation is not None else 0.0}
        turning[("grid", "frame", "rate")] = grid.frame.map.rate
        for path, rate in turning.items():
            energy = 0.5 * one.mass * sum((rate * side) ** 2 for side in corner)
            yield Meeting(path, "m (rate r)^2/2", index, energy, kinetic[index])
    for index, entry in parts.coupling.items():
        for key in ("rabi_frequency", "detuning"):
            for name in entry.between:
                if name in names:
                    mine, energy = names[name], hbar * abs(getattr(entry, key))
                    yield Meeting(("coupling", index, key), "its energy", mine, energy, kinetic[mine])
    for index, entry in parts.interaction.items():
        if any(name not in names for name in entry.between):
            continue
        first, second = (names[name] for name in entry.between)
        key, strength = _strength(entry, parts.species[first].mass, parts.species[second].mass, hbar, grid, cell)
        factor = factors.kernel_factor(places.index(first), places.index(second))
        for here, there in ((first, second), (second, first)):
            energy = abs(strength * factor) * factors.weights[places.index(there)]
            what = f'the mean field of "{parts.species[there].name}" at one point'
            yield Meeting(("interaction", index, *key), what, here, energy, kinetic[here])
    for index, entry in parts.functional.items():
        members = [names[name] for name in entry.species if name in names]
        energy = entry.largest_mean_field(sum(factors.weights[places.index(one)] for one in members) / cell)
        for one in members:
            yield Meeting(("functional", index, "strength"), "its mean field at one point", one, energy, kinetic[one])


def _height(potential: Any, mass: float, corner: list[float]) -> float:
    """The largest |U| in the box, as far as the file tells."""
    match potential.kind:
        case "harmonic":
            sides = zip(potential.frequency, potential.centre, corner, strict=True)
            return 0.5 * mass * sum((rate * (abs(centre) + side)) ** 2 for rate, centre, side in sides)
        case "lattice":
            return sum(map(abs, potential.depth))
        case "box" | "gaussian":
            return abs(potential.height)
    return 0.0  # an expression or a file: its values are looked at when they are made (model/potentials.py)


def _momentum(potential: Any, corner: list[float]) -> float:
    """The largest |A| in the box, about, as far as the file tells."""
    if potential is None:
        return 0.0
    match potential.kind:
        case "uniform":
            return math.hypot(*potential.field) * math.hypot(*corner)
        case "solenoid":  # at most about 0.1 flux / radius
            return abs(potential.flux) / potential.radius
        case "random":
            return 5.0 * potential.amplitude
    return 0.0


def _strength(
    entry: Any, mass: float, other: float, hbar: float, grid: Any, cell: float
) -> tuple[tuple[str, ...], float]:
    """The key to blame, and what one particle at a grid point makes others at that point feel, about."""
    nearest = min(grid.spacings)
    reduced = mass * other / (mass + other)
    match entry.kind:
        case "contact" if entry.strength is not None:
            return ("strength",), entry.strength / cell
        case "contact":
            return ("scattering_length",), 2.0 * math.pi * hbar**2 * entry.scattering_length / reduced / cell
        case "gaussian":
            return ("strength",), entry.strength
        case "yukawa" | "coulomb":
            return ("strength",), entry.strength / nearest
        case "dipolar" if entry.strength is not None:
            return ("strength",), entry.strength / cell
        case "dipolar":
            return ("dipolar_length",), 1.5 * hbar**2 * entry.dipolar_length / reduced / cell
        case "table":
            return ("values",), max(map(abs, entry.values))
        case "scattering":  # a scattering length is at most about the radius, unless it is resonant
            return ("potential",), 2.0 * math.pi * hbar**2 * entry.potential.radius / reduced / cell
    raise ValueError(f"{entry.kind} is no kind of interaction")


def _check_scattering(parts: Parts, hbar: float) -> Iterator[Finding]:
    """Potentials whose scattering solution takes more panels than there is memory, or none that rounding can tell."""
    masses = {one.name: one.mass for one in parts.species.values()}
    for index, entry in parts.interaction.items():
        if entry.kind != "scattering" or any(name not in masses for name in entry.between):
            continue
        potential = entry.potential
        first, second = (masses[name] for name in entry.between)
        height = max(map(abs, potential.values)) if potential.kind == "table" else abs(potential.height)
        kappa = 2.0 * first * second / (first + second) / hbar**2
        barrier = kappa * height * potential.radius * potential.radius
        if not 1e-60 <= barrier <= STRONGEST_BARRIER:
            message = f"2 m V R^2/hbar^2 is {barrier:.3g}, which must be between 1e-60 and {STRONGEST_BARRIER:.0e}"
            yield ("interaction", index, "potential"), f"{message}; check height and radius"
        if entry.limit or entry.particles is None or entry.neumann_radius is None:
            continue
        ball = entry.particles * entry.neumann_radius / potential.radius
        if ball > LARGEST_BALL:
            message = f"particles times neumann_radius is {ball:.3g} times the potential's radius, beyond what rounding"
            yield (
                ("interaction", index, "particles"),
                f"{message} tells from infinity ({LARGEST_BALL:.0e}); use limit = true",
            )
