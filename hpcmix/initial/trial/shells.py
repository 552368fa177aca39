"""Which single-particle states M fermions fill: levels in the order of their energy, and whether M closes a shell."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from functools import singledispatch
from typing import Protocol

from hpcmix.problem.sections.species.initial import (
    FileInitial,
    GroundStateInitial,
    OscillatorInitial,
    PlaneWavesInitial,
)

SAME_LEVEL = 1e-9
"""Relative difference of energies below which levels count as one: frequencies are typed, not computed."""


@dataclass(frozen=True)
class Filling:
    """The levels of lowest energy, as quantum numbers per axis, and how the last one is filled.

    energies  of the levels, in the order of `numbers`, ascending.
    closed    the nearest numbers of orbitals that close a shell: the largest up to the number asked for (0: none), and
              the next one. Equal where the shell is closed.
    """

    numbers: list[tuple[int, ...]]
    energies: list[float]
    closed: tuple[int, int]

    @property
    def closes_a_shell(self) -> bool:
        """Whether every level of the highest energy is filled."""
        return self.closed[0] == self.closed[1]

    def sentence(self, name: str) -> str:
        """What to tell about a shell that is not closed."""
        count = len(self.numbers)
        fewer = f"{self.closed[0]} or " if self.closed[0] else ""
        return (
            f'species "{name}": {count} orbitals do not close a shell (there {fewer}{self.closed[1]} would); of the '
            f"{self.closed[1] - self.closed[0]} states of the highest energy {count - self.closed[0]} are filled, "
            "so the density has less symmetry than the potential"
        )


class Box(Protocol):
    """A periodic box of points: the problem's grid, or the one that is computed on."""

    @property
    def points(self) -> tuple[int, ...]: ...
    @property
    def lengths(self) -> tuple[float, ...]: ...


@singledispatch
def filling_of(initial: object, grid: Box, count: int) -> Filling | None:
    """What an ``initial`` of `count` orbitals fills; None where it does not say which levels those are."""
    raise TypeError(f"{type(initial).__name__} fills no set of orbitals")


@filling_of.register
def _(initial: OscillatorInitial, grid: Box, count: int) -> Filling | None:
    return oscillator_filling(initial.frequency, count)


@filling_of.register
def _(initial: PlaneWavesInitial, grid: Box, count: int) -> Filling | None:
    return plane_wave_filling(grid.points, grid.lengths, count)


@filling_of.register(GroundStateInitial)
@filling_of.register(FileInitial)
def _(initial: object, grid: Box, count: int) -> Filling | None:
    return None


def oscillator_filling(frequency: tuple[float, ...], count: int) -> Filling:
    """The `count` lowest states of an oscillator with angular frequencies `frequency`: energies sum of omega (n + 1/2)
    (times hbar)."""
    zero_point = 0.5 * math.fsum(frequency)
    start = (0,) * len(frequency)
    heap, known, states = [(zero_point, start)], {start}, []
    highest = math.inf
    while heap and heap[0][0] <= highest:
        energy, numbers = heapq.heappop(heap)
        states.append((energy, numbers))
        if len(states) == count:
            highest = energy * (1.0 + SAME_LEVEL)  # the rest of the shell, to know how large it is
        for axis in range(len(frequency)):
            following = tuple(n + (a == axis) for a, n in enumerate(numbers))
            if following not in known:
                known.add(following)
                total = math.fsum((n + 0.5) * omega for n, omega in zip(following, frequency, strict=True))
                heapq.heappush(heap, (total, following))
    return _filling(states, count)


def plane_wave_filling(points: tuple[int, ...], lengths: tuple[float, ...], count: int) -> Filling:
    """The `count` waves of a periodic box with the smallest |k|^2: numbers of periods per axis; energies |k|^2.

    Only waves that the grid carries are counted.
    """
    axes = len(points)
    # the sphere whose volume in k space holds `count` waves, somewhat larger for its rough surface
    radius = 2.0 * math.sqrt(math.pi) * (count * math.gamma(axes / 2 + 1) / math.prod(lengths)) ** (1 / axes)
    radius = 1.2 * radius + 2.0 * math.pi / min(lengths)
    waves: list[tuple[float, tuple[int, ...]]] = []
    while True:
        waves = _waves_within(points, lengths, radius)
        kinetic = sorted(energy for energy, _ in waves)
        inside = len(waves) == math.prod(points) or (
            len(waves) >= count and kinetic[count - 1] * (1.0 + SAME_LEVEL) < radius**2
        )
        if inside:
            break
        radius *= 1.5
    return _filling(waves, count)


def _waves_within(
    points: tuple[int, ...], lengths: tuple[float, ...], radius: float
) -> list[tuple[float, tuple[int, ...]]]:
    """|k|^2 and numbers of all waves of the grid with |k| <= radius."""
    waves: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for n, length in zip(points, lengths, strict=True):
        unit = 2.0 * math.pi / length
        reach = math.floor(radius / unit)
        allowed = range(max(-(n // 2), -reach), min((n - 1) // 2, reach) + 1)
        waves = [
            (total, (*numbers, m))
            for energy, numbers in waves
            for m in allowed
            if (total := energy + (unit * m) ** 2) <= radius**2 * (1.0 + SAME_LEVEL)
        ]
    return waves


def _filling(levels: list[tuple[float, tuple[int, ...]]], count: int) -> Filling:
    """Sort levels, group equal energies into shells, take the first `count`."""
    levels = sorted(levels)
    shells: list[list[tuple[float, tuple[int, ...]]]] = []
    for energy, numbers in levels:
        if shells and energy - shells[-1][0][0] <= SAME_LEVEL * max(abs(energy), 1e-300):
            shells[-1].append((energy, numbers))
        else:
            shells.append([(energy, numbers)])
    # within a shell by quantum numbers, not by the rounding of energies
    ordered = [entry for shell in shells for entry in sorted(shell, key=lambda entry: entry[1])]
    before = after = 0
    for shell in shells:
        before, after = after, after + len(shell)
        if after >= count:
            break
    if after == count:
        before = after
    chosen = ordered[:count]
    return Filling([numbers for _, numbers in chosen], [energy for energy, _ in chosen], (before, after))
