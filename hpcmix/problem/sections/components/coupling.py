"""``[[coupling]]``: coherent (Rabi) coupling, which turns particles of one species into those of another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Protocol, Self

from pydantic import Field, StrictBool, model_validator

from hpcmix.problem.reading.misfits import Misfit
from hpcmix.problem.reading.section import wrong
from hpcmix.problem.reading.values import PairOfNames, angle, expression, quantity
from hpcmix.problem.reading.vectors import Momentum
from hpcmix.problem.sections.grid import Grid
from hpcmix.problem.sections.species.species import Species
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.units.dimensions import DIMENSIONLESS, FREQUENCY
from hpcmix.problem.units.expressions import Expression


class RabiCoupling(Switching):
    """``(hbar Omega(t) / 2) (exp(i phase) |a><b| + h.c.) + (hbar detuning / 2) (|a><a| - |b><b|)`` of species a and b.

    Omega(t) is ``rabi_frequency`` times the envelope of time that potentials have too; the detuning acts always.
    """

    between: PairOfNames
    """The two species, a and b.
    Example: ``["up", "down"]``."""
    rabi_frequency: Annotated[float, quantity(FREQUENCY, at_least=0)]
    """Angular frequency Omega: all particles of a turn into b and back in 2 pi / Omega.
    Example: ``"1 kHz"``."""
    detuning: Annotated[float, quantity(FREQUENCY)] = 0.0
    """Angular frequency by which a lies above b.
    Example: ``"200 Hz"``."""
    phase: Annotated[float, angle()] = 0.0
    """Of the coupling.
    Example: ``"90 deg"``."""
    profile: Annotated[Expression, expression(dimension=DIMENSIONLESS)] | None = None
    """p(x), which Omega is multiplied by: a coupling that depends on place. Left out: one everywhere.
    Example: ``"exp(-x**2/8)"``."""
    momentum: Momentum = Field(0.0, validate_default=True)
    """hbar k of ``exp(i k.x)`` beside exp(i phase): what a particle gains that turns from b into a."""
    dressed: StrictBool | None = None
    """Whether the ground state of its species is sought with it, so that they share their particles. Left out: where it
    is wholly on at time 0-, and by no factor of time."""

    @model_validator(mode="after")
    def _two_species(self) -> Self:
        if self.between[0] == self.between[1]:
            raise wrong("must name two different species: a coupling turns one into the other", key="between")
        return self

    @property
    def turned(self) -> tuple[str, ...]:
        """The species that turn into each other."""
        return self.between

    @property
    def depends_on_place(self) -> bool:
        """Whether it is not the same at every point."""
        return self.profile is not None or any(self.momentum)

    @property
    def frequency_everywhere(self) -> float:
        """Omega of what acts alike at every point, in wave-number space; of what does not it is zero."""
        return 0.0 if self.depends_on_place else self.rabi_frequency

    def misfits(self, grid: Grid, hbar: float) -> Iterator[Misfit]:
        """Momenta that do not fit the periodic box."""
        for axis, name in enumerate(grid.axes):
            waves = self.momentum[axis] / hbar * grid.lengths[axis] / (2.0 * math.pi)
            if abs(waves - round(waves)) > 1e-9:
                unit = 2.0 * math.pi * hbar / grid.lengths[axis]
                message = (
                    f"{self.momentum[axis]:.6g} along {name} does not fit the periodic box, which holds {waves:.6g} "
                    f"waves of it: that must be a whole number (nearest: {round(waves) * unit:.12g} in code units)"
                )
                yield ("momentum", axis), message
            if abs(waves) > grid.points[axis] / 2:
                yield (
                    ("momentum", axis),
                    (
                        f"{self.momentum[axis]:.6g} along {name} is beyond the grid's largest, "
                        f"{0.5 * grid.points[axis] * 2.0 * math.pi * hbar / grid.lengths[axis]:.6g}; use more points"
                    ),
                )

    @property
    def on_before_start(self) -> bool:
        """Whether it turns one species into the other at time 0-, however little."""
        return self.rabi_frequency > 0.0 and self.before_start != 0.0

    @property
    def dresses(self) -> bool:
        """Whether the ground state is sought with it."""
        wholly = self.course is None and self.before_start == 1.0
        return self.on_before_start and (wholly if self.dressed is None else self.dressed)

    def share_before_start(self, final: float) -> float:
        """Its strength at time 0- in units of the largest that it has until `final`, as far as looking at some times
        finds that."""
        largest = self.largest_until(final)
        return abs(self.before_start) / largest if largest > 0.0 else 0.0


class Exchange(Protocol):
    """What turns particles of some species into those of others: a coherent coupling, or a spin."""

    @property
    def turned(self) -> tuple[str, ...]:
        """The species that turn into each other."""

    @property
    def dresses(self) -> bool:
        """Whether the ground state is sought with it."""


def coupled_groups(names: Sequence[str], exchanges: Iterable[Exchange]) -> list[tuple[int, ...]]:
    """The species, by index, that exchanges connect: groups of two and more, whose particles add up to a constant."""
    return connected(names, [entry.turned for entry in exchanges])


def connected(names: Sequence[str], links: Iterable[Sequence[str]]) -> list[tuple[int, ...]]:
    """The species, by index, that links of two or more names connect, in groups of two and more."""
    group = list(range(len(names)))
    for link in links:
        joined = {group[names.index(name)] for name in link}
        group = [min(joined) if number in joined else number for number in group]
    groups = [tuple(index for index, mine in enumerate(group) if mine == number) for number in sorted(set(group))]
    return [members for members in groups if len(members) > 1]


def shared_particles(particles: Mapping[str, float], links: Iterable[Sequence[str]]) -> dict[str, float]:
    """By species the particles that it has, where `links` of names are coupled those of its group, which alone are
    conserved."""
    names, shared = list(particles), dict(particles)
    for group in connected(names, links):
        members = [names[index] for index in group]
        shared |= dict.fromkeys(members, math.fsum(particles[name] for name in members))
    return shared


def dressed_groups(species: Sequence[Species], exchanges: Iterable[Exchange]) -> list[tuple[int, ...]]:
    """The species, by index, that share their particles in the ground state: connected at time 0-, and asked for."""
    groups = coupled_groups([each.name for each in species], [entry for entry in exchanges if entry.dresses])
    return [group for group in groups if any(asks_for_ground_state(species[index]) for index in group)]


def asks_for_ground_state(species: Species) -> bool:
    """Whether its ground state is wanted; without particles it says nothing."""
    return species.initial.is_ground_state and species.particles > 0.0


def group_weights(
    weights: Sequence[float], particles: Sequence[float], groups: Sequence[tuple[int, ...]]
) -> tuple[float, ...]:
    """nu of every species: those of a group share the number of all their particles, of which each orbital's norm is
    its part (CONVENTIONS.md, Wave functions and densities)."""
    shared = list(weights)
    for members in groups:
        total = math.fsum(particles[index] for index in members)
        for index in members:
            shared[index] = total
    return tuple(shared)
