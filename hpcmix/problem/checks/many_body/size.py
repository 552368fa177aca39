"""How many configurations N bodies have. Exact whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpcmix.problem.schema import Problem

MOST_CONFIGURATIONS = 2**63 - 1
"""That can be numbered."""

Size = tuple[bool, int, int, int | None]
"""Of a species: whether they are fermions, particles, modes, and the most particles outside (None: all
configurations)."""


def configurations(fermions: bool, particles: int, modes: int, outside: int | None, coherent: bool = False) -> int:
    """The number of configurations of one species: C(N + m - 1, m - 1), C(m, N) of fermions; with at most K outside
    C(K + m - 1, m - 1), above a coherent state C(K + m, m)."""
    if fermions:
        if outside is None:
            return math.comb(modes, particles)
        most, free = min(outside, particles), max(0, modes - particles)
        return sum(math.comb(particles, k) * math.comb(free, k) for k in range(most + 1))
    if coherent and outside is not None:
        return math.comb(outside + modes, modes)
    most = particles if outside is None else min(outside, particles)
    return math.comb(most + modes - 1, modes - 1)


def sizes_of(problem: Problem, particles: Sequence[int] | None = None) -> list[Size]:
    """Of every species of a checked problem with ``[many_body]``, with its particle numbers or others."""
    numbers = [round(species.particles) for species in problem.species] if particles is None else list(particles)
    sizes: list[Size] = []
    for species, number in zip(problem.species, numbers, strict=True):
        _, entry = problem.bodies.entry_of(species.name)
        outside = problem.bodies.outside(species.name, number)
        sizes.append((species.statistics == "fermions", number, entry.number(problem.grid.points), outside))
    return sizes


def total_configurations(problem: Problem, particles: Sequence[int] | None = None) -> int:
    """D of all species together."""
    coherent = problem.bodies.state == "coherent"
    return math.prod(configurations(*size, coherent=coherent) for size in sizes_of(problem, particles))


def largest_total(sizes: Sequence[Size], most: int) -> int:
    """The largest number of particles in all, in the ratio of the given ones, whose configurations are at most `most`;
    0 where there is none. Fermions keep their number."""
    bosons = [number for fermions, number, _, _ in sizes if not fermions]
    if not bosons:
        return 0
    unit = [number // math.gcd(*bosons) for number in bosons]

    def total(multiple: int) -> int:
        multiples = iter(multiple * part for part in unit)
        scaled = [(f, n if f else next(multiples), m, k) for f, n, m, k in sizes]
        return math.prod(configurations(*size) for size in scaled)

    low, high = 0, 1
    while total(high) <= most and high < 2**53:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if total(middle) <= most else (low, middle)
    return low * sum(unit)
