"""What a scaling multiplies the pair sums of N bodies with, and what the mean field of the same modes feels.

f_ab stands before sum over pairs of V_ab in the Hamiltonian; g_ab is what a particle of species a feels of the density
of b, whose orbitals have norm one (of fermions the orbitals' densities are added up).

    scaling         f_aa         f_ab               g_aa         g_ab
    fractions       1/N_a        1/(N_1 + ...)      1            N_b/(N_1 + ...)
    geometric-mean  1/(N_a - 1)  1/sqrt(N_a N_b)    1            sqrt(N_b/N_a)
    bose-fermi      lambda       lambda             lambda N_a   lambda N_b
    none            1            1                  N_a          N_b

with N_b = 1 in g of fermions, whose orbitals hold one particle each. A single particle has no pair: f_aa = 0 at N_a = 1
in the second row. (Michelangeli and Olgiati (2.8), (2.10); Anapolitanos, Hott, Hundertmark (1), (7); Cardenas, Miller
and Pavlovic (1.2), (2.5).)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hpcmix.model.many_body.hamiltonian import Statistics


@dataclass(frozen=True)
class Populations:
    """What prefactors depend on: the number of particles of every species, and their statistics."""

    particles: tuple[int, ...]
    statistics: tuple[Statistics, ...]

    def weight(self, species: int) -> float:
        """The particles that an orbital of the mean field holds."""
        return 1.0 if self.statistics[species] is Statistics.FERMIONS else float(self.particles[species])


@dataclass(frozen=True)
class PairFactors:
    """f_ab, g_ab and g_ba of one pair."""

    factor: float
    first_feels: float
    second_feels: float


def pair_factors(
    scaling: str | None, populations: Populations, first: int, second: int, coupling: float = 1.0
) -> PairFactors:
    """The prefactors of a pair of species, given by index, in a scaling by its word in the problem file.

    coupling  lambda of the bose-fermi scalings.
    Raises KeyError for a scaling that is not known here.
    """
    rule = {"fractions": _fractions, "geometric-mean": _geometric_mean}.get(scaling or "")
    if rule is not None:
        return rule(populations.particles, first, second)
    if scaling not in (None, "bose-fermi-micro", "bose-fermi-macro"):
        raise KeyError(scaling)
    strength = 1.0 if scaling is None else coupling
    return PairFactors(strength, strength * populations.weight(second), strength * populations.weight(first))


def _fractions(particles: Sequence[int], first: int, second: int) -> PairFactors:
    if first == second:
        return PairFactors(1.0 / particles[first], 1.0, 1.0)
    total = sum(particles)
    return PairFactors(1.0 / total, particles[second] / total, particles[first] / total)


def _geometric_mean(particles: Sequence[int], first: int, second: int) -> PairFactors:
    own, other = particles[first], particles[second]
    if first == second:
        return PairFactors(1.0 / (own - 1) if own > 1 else 0.0, 1.0, 1.0)
    return PairFactors(1.0 / math.sqrt(own * other), math.sqrt(other / own), math.sqrt(own / other))
