"""Checks that a species' potentials and initial state fit the grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import singledispatch

from hpcmix.problem.grid import Grid
from hpcmix.problem.initial import OscillatorInitial, PlaneWavesInitial
from hpcmix.problem.interactions import ScatteringInteraction, TableInteraction
from hpcmix.problem.potentials import BoxPotential, LatticePotential
from hpcmix.problem.species import Species
from hpcmix.problem.vector_potentials import RandomVectorPotential, SolenoidVectorPotential

Finding = tuple[tuple[str | int, ...], str]


def check_on_grid(species: Species, grid: Grid, hbar: float) -> Iterator[Finding]:
    """Yield path (within the species) and sentence for everything that does not fit the grid."""
    for index, potential in enumerate(species.potential):
        for path, message in (*_check_centre(potential, grid), *_check(potential, grid)):
            yield ("potential", index, *path), message
    if species.number_of_orbitals > math.prod(grid.points):
        points = math.prod(grid.points)
        yield ("orbitals",), f"{species.number_of_orbitals} are more than the grid's {points} points can hold"
    for path, message in _check(species.vector_potential, grid):
        yield ("vector_potential", *path), message
    initial = species.initial
    for path, message in (*_check_centre(initial, grid), *_check_momentum(initial, grid, hbar), *_check(initial, grid)):
        yield ("initial", *path), message


@singledispatch
def check_range(interaction: object, grid: Grid) -> Iterator[Finding]:
    """Yield key and sentence when the range of a kernel does not fit the box."""
    return iter(())


@check_range.register
def _(interaction: ScatteringInteraction, grid: Grid) -> Iterator[Finding]:
    if interaction.limit:
        return
    half = min(grid.lengths) / 2.0
    support, number = interaction.potential.radius, interaction.particles
    if support / number > half:
        message = (
            f"{number:.6g} is too small: the kernel then reaches to {support / number:.6g}, beyond half the box "
            f"({half:.6g}), and would act on its own images; at least {support / half:.6g} is needed"
        )
        yield ("particles",), message


@check_range.register
def _(interaction: TableInteraction, grid: Grid) -> Iterator[Finding]:
    half = min(grid.lengths) / 2.0
    if interaction.boundary == "periodic" and interaction.radius > half:
        message = (
            f"reach to {interaction.radius:.6g}, beyond half the box ({half:.6g}), and the kernel would act on its own "
            'images; cut the table, enlarge the box or set boundary = "free"'
        )
        yield ("radii",), message


@singledispatch
def _check(thing: object, grid: Grid) -> Iterator[Finding]:
    """What is particular to a kind of potential or initial state."""
    return iter(())


@_check.register
def _(potential: LatticePotential, grid: Grid) -> Iterator[Finding]:
    for axis, name in enumerate(grid.axes):
        period, length = potential.period[axis], grid.lengths[axis]
        if potential.depth[axis] == 0.0:
            continue
        if period < 2.0 * grid.spacings[axis]:
            message = f"{period:.6g} on axis {name} is less than two grid spacings ({grid.spacings[axis]:.6g} each)"
            yield ("period", axis), message
            continue
        periods = length / period
        # the spec of the file format: whole to 1e-9, so that a rounded decimal passes and a mistake does not
        if abs(periods - round(periods)) > 1e-9:
            nearest = length / max(1, round(periods))
            message = (
                f"{period:.6g} on axis {name} does not fit the periodic box: {length:.6g} holds {periods:.6g} periods, "
                f"which must be a whole number (nearest: {nearest:.12g} in code units)"
            )
            yield ("period", axis), message


@_check.register
def _(potential: BoxPotential, grid: Grid) -> Iterator[Finding]:
    for axis, name in enumerate(grid.axes):
        if potential.lengths[axis] > grid.lengths[axis]:
            message = f"{potential.lengths[axis]:.6g} on axis {name} is larger than the grid's {grid.lengths[axis]:.6g}"
            yield ("lengths", axis), message


@_check.register
def _(potential: SolenoidVectorPotential, grid: Grid) -> Iterator[Finding]:
    if grid.dimensions == 1:
        yield ("kind",), "a solenoid needs two or three dimensions, and the grid has one"
        return
    for axis, centre in enumerate(potential.centre):
        half = grid.lengths[axis] / 2.0
        if abs(centre) > half:
            name = grid.axes[axis]
            message = f"{centre:.6g} on axis {name} is outside the box, which reaches from {-half:.6g} to {half:.6g}"
            yield ("centre", axis), message


@_check.register
def _(potential: RandomVectorPotential, grid: Grid) -> Iterator[Finding]:
    length, largest = potential.correlation_length, potential.largest_wave_number
    if not any(potential.modes(grid.lengths)):
        longest = length * largest * max(grid.lengths) / (2.0 * math.pi)
        message = f"{length:.6g} is too long for the box, which has no wave of such a field; at most {longest:.4g}"
        yield ("correlation_length",), message
    coarsest = max(grid.spacings)
    if largest > math.pi / coarsest:
        message = (
            f"{length:.6g} is not resolved: the field has waves up to k = 6/{length:.6g} = {largest:.6g}, the grid "
            f"only up to {math.pi / coarsest:.6g}; at least {6.0 * coarsest / math.pi:.4g}, or a finer grid"
        )
        yield ("correlation_length",), message


@_check.register
def _(initial: OscillatorInitial, grid: Grid) -> Iterator[Finding]:
    for axis, number in enumerate(initial.numbers or ()):
        if number >= grid.points[axis]:
            name = grid.axes[axis]
            yield ("numbers", axis), f"{number} quanta on axis {name} are more than its {grid.points[axis]} points hold"


@_check.register
def _(initial: PlaneWavesInitial, grid: Grid) -> Iterator[Finding]:
    if initial.numbers is None:
        return  # a Fermi sphere; whether it fits is seen when it is made
    for axis, name in enumerate(grid.axes):
        points, number = grid.points[axis], initial.numbers[axis]
        lowest, highest = -(points // 2), (points - 1) // 2
        if not lowest <= number <= highest:
            message = f"{number} on axis {name} is beyond the grid's modes: {points} points carry {lowest} to {highest}"
            yield ("numbers", axis), message


def _check_centre(thing: object, grid: Grid) -> Iterator[Finding]:
    for axis, centre in enumerate(getattr(thing, "centre", ())):
        half = grid.lengths[axis] / 2.0
        if abs(centre) > half:
            name = grid.axes[axis]
            message = f"{centre:.6g} on axis {name} is outside the box, which reaches from {-half:.6g} to {half:.6g}"
            yield ("centre", axis), message


def _check_momentum(initial: object, grid: Grid, hbar: float) -> Iterator[Finding]:
    for axis, momentum in enumerate(initial.momentum):
        limit = hbar * math.pi / grid.spacings[axis]
        if abs(momentum) > limit:
            name = grid.axes[axis]
            message = f"{momentum:.6g} on axis {name} is beyond the grid's largest momentum pi hbar/h = {limit:.6g}"
            yield ("momentum", axis), message
