"""Lengths of a cloud, estimated from the problem file alone: what box and spacing must hold.

A species' condensate in a harmonic trap, omega_i along c of the axes and none along the others, has the oscillator
lengths a_i = sqrt(hbar / (m omega_i)). With the kinetic energy left out (Thomas-Fermi) its density is (mu - U) / g, and

    N = (mu / g) A V_c prod R_i  2 / (c + 2),    R_i = sqrt(2 mu / m) / omega_i,    V_c the volume of the unit ball,

A the extent of the axes without a trap, gives mu. Repulsion by other species is counted as its own: as if all clouds
lay on top of each other. M fermions alone have N = E_F^d / (d! hbar^d prod omega_i), R_i = sqrt(2 E_F / m) / omega_i.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.contact import ContactInteraction
from hpcmix.problem.sections.species.classical import Classical
from hpcmix.problem.sections.species.initial import GaussianInitial, PlaneWavesInitial
from hpcmix.problem.sections.species.species import Condensate, Fermions, Species


@dataclass(frozen=True)
class Lengths:
    """Of one species, code units; None for what the file alone does not tell.

    oscillator    per axis, of the harmonic traps of time zero.
    radii         per axis, where there is a trap: of a Thomas-Fermi cloud, and None where repulsion makes none; of
                  fermions, what `radius_name` says too.
    healing       the length hbar / sqrt(2 m |g| n) of a condensate at the peak density.
    fermi         1 / k_F of fermions in the trap's centre.
    peak_density  n, the smaller one of the Thomas-Fermi cloud's and of a Gaussian's.
    """

    oscillator: tuple[float | None, ...]
    radii: tuple[float | None, ...] | None = None
    healing: float | None = None
    fermi: float | None = None
    peak_density: float | None = None
    radius_name: str = "Thomas-Fermi radius"


def expected_lengths(problem: Problem, index: int) -> Lengths:
    """Of the species with this index at time zero."""
    species = problem.species[index]
    if species.kinetic != "nonrelativistic" or problem.prefactors.weights[index] == 0.0:
        return Lengths((None,) * problem.grid.dimensions)
    frequencies = [_frequency(species, axis) for axis in range(problem.grid.dimensions)]
    oscillator = tuple(math.sqrt(problem.hbar / (species.mass * rate)) if rate else None for rate in frequencies)
    return _lengths(species, problem, index, frequencies, oscillator)


@singledispatch
def _lengths(
    species: Any, problem: Problem, index: int, frequencies: list[float], oscillator: tuple[float | None, ...]
) -> Lengths:
    """Of a species of a kind, from the frequencies and the oscillator lengths of its traps."""
    raise TypeError(f"nothing is known of the lengths of {type(species).__name__}")


@_lengths.register
def _(
    species: Condensate,
    problem: Problem,
    index: int,
    frequencies: list[float],
    oscillator: tuple[float | None, ...],
) -> Lengths:
    gaussian = _gaussian_peak(problem, index, oscillator)
    own, felt = _couplings(problem, index)
    radii = level = None
    if felt > 0.0 and species.initial.fills_the_trap and _shape_is_known(problem, index):
        level = _chemical_potential(problem, index, frequencies, felt)
        radii = tuple(math.sqrt(2.0 * level / species.mass) / rate if rate else None for rate in frequencies)
    peak = min((n for n in (gaussian, None if level is None else level / felt) if n is not None), default=None)
    energy = 2.0 * species.mass * abs(own) * peak if peak is not None else 0.0
    healing = problem.hbar / math.sqrt(energy) if energy > 0.0 else None
    return Lengths(oscillator, radii, healing, peak_density=peak)


@_lengths.register
def _(
    species: Fermions,
    problem: Problem,
    index: int,
    frequencies: list[float],
    oscillator: tuple[float | None, ...],
) -> Lengths:
    dimensions = problem.grid.dimensions
    if not all(frequencies):
        return Lengths(oscillator)
    states = math.factorial(dimensions) * species.number_of_orbitals * math.prod(frequencies)
    energy = max(problem.hbar * states ** (1.0 / dimensions), 0.5 * problem.hbar * sum(frequencies))
    radii = tuple(math.sqrt(2.0 * energy / species.mass) / rate for rate in frequencies)
    shortest = problem.hbar / math.sqrt(2.0 * species.mass * energy)
    return Lengths(oscillator, radii, fermi=shortest, radius_name="Fermi radius")


@_lengths.register
def _(
    species: Classical,
    problem: Problem,
    index: int,
    frequencies: list[float],
    oscillator: tuple[float | None, ...],
) -> Lengths:
    """The limit of fermions: no oscillator length, and a radius where the cloud fills its trap at zero temperature."""
    dimensions = problem.grid.dimensions
    unknown = Lengths((None,) * dimensions)
    if not (species.initial.is_ground_state and all(frequencies)):
        return unknown
    states = math.factorial(dimensions) * species.particles * math.prod(frequencies)
    energy = problem.hbar * states ** (1.0 / dimensions)
    radii = tuple(math.sqrt(2.0 * energy / species.mass) / rate for rate in frequencies)
    return Lengths(unknown.oscillator, radii, radius_name="Fermi radius")


def _frequency(species: Species, axis: int) -> float:
    """Of all harmonic traps along an axis that act at time 0-, or else at time zero."""
    traps = species.harmonic_traps
    for before_start in (True, False):
        if rate := math.hypot(*(entry.frequency[axis] for entry in traps if entry.holds(0.0, before_start))):
            return rate
    return 0.0


def _shape_is_known(problem: Problem, index: int) -> bool:
    """Whether nothing but harmonic traps shapes the cloud along some axis: elsewhere another potential may, and bumps
    and lattices on top of a trap do not change its size."""
    species = problem.species[index]
    others = any(entry.shapes_clouds for entry in species.potential)
    return not others or all(_frequency(species, axis) for axis in range(problem.grid.dimensions))


def _couplings(problem: Problem, index: int) -> tuple[float, float]:
    """g of a species with itself, and what repels it: its own and, per particle of its own, the others'."""
    factors, names = problem.prefactors, [species.name for species in problem.species]
    own = felt = 0.0
    for entry in problem.interaction:
        if not isinstance(entry, ContactInteraction) or names[index] not in entry.between:
            continue
        first, second = problem.pair(entry.between)
        coupling = entry.coupling(problem) * factors.kernel_factor(first, second)
        if first == second:
            own += coupling
            felt += coupling
        else:
            other = second if first == index else first
            felt += max(coupling, 0.0) * factors.weights[other] / factors.weights[index]
    return own, felt


def _chemical_potential(problem: Problem, index: int, frequencies: list[float], coupling: float) -> float:
    """mu of a Thomas-Fermi cloud."""
    mass, number = problem.species[index].mass, problem.prefactors.weights[index]
    trapped = [rate for rate in frequencies if rate]
    extent = math.prod(length for length, rate in zip(problem.grid.lengths, frequencies, strict=True) if not rate)
    c = len(trapped)
    ball = math.pi ** (0.5 * c) / math.gamma(0.5 * c + 1.0)
    volume = extent * ball * 2.0 / (c + 2.0) * math.prod(math.sqrt(2.0 / mass) / rate for rate in trapped)
    return (coupling * number / volume) ** (1.0 / (1.0 + 0.5 * c))


def _gaussian_peak(problem: Problem, index: int, oscillator: tuple[float | None, ...]) -> float | None:
    """The peak of a Gaussian cloud of the initial state's width, or the trap's; uniform along axes without."""
    species = problem.species[index]
    widths = oscillator
    if isinstance(species.initial, GaussianInitial):
        widths = species.initial.width
    elif not _shape_is_known(problem, index):
        return None
    elif isinstance(species.initial, PlaneWavesInitial):
        widths = (None,) * problem.grid.dimensions
    elif not species.initial.fills_the_trap:
        return None
    extents = (
        length if width is None else math.sqrt(math.pi) * width
        for length, width in zip(problem.grid.lengths, widths, strict=True)
    )
    return problem.prefactors.weights[index] / math.prod(extents)
