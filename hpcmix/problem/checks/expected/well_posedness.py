"""Condition (SR) of Anapolitanos, Hott and Hundertmark: when semi-relativistic species that attract each other have a
solution for all times.

    (lambda_12)^2 < (4/pi - lambda_11)(4/pi - lambda_22),    lambda_11, lambda_22 < 4/pi

lambda_ab is the attractive part of the coefficient of 1/r between a and b, for wave functions of norm one: of a kernel
G_ab = g exp(-mu r)/r, lambda_ab = max(0, -g) sqrt(N_a N_b) / (hbar c). By Kato's and Herbst's inequality
|p| >= (2/pi) hbar/r the kinetic energy then outweighs the attraction. For p species (their remark 4) the matrix
4/pi - lambda must be positive definite; for two that is (SR). Nonrelativistic species have more kinetic energy than
any attraction of this kind and do not enter.

The condition is sufficient: a single boson star collapses at about twice the coupling (Lieb and Yau, Commun. Math.
Phys. 112 (1987) 147: between 4/pi and 2.7), a Fermi gas at more still.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.problem.schema import Problem

LIMIT = 4.0 / math.pi


@dataclass(frozen=True)
class SemirelativisticCondition:
    """What (SR) says of a problem.

    names        the semi-relativistic species.
    couplings    lambda_ab among them.
    beyond       kinds of other attractions among them, which the condition does not speak of.
    """

    names: tuple[str, ...]
    couplings: np.ndarray
    beyond: tuple[str, ...]

    @property
    def margin(self) -> float:
        """Smallest eigenvalue of 4/pi - lambda: positive where the condition holds."""
        return LIMIT - float(np.linalg.eigvalsh(self.couplings)[-1])

    @property
    def holds(self) -> bool:
        """Whether the condition holds, for all attractions there are."""
        return self.margin > 0.0 and not self.beyond

    def sides(self) -> str:
        """The inequality with its numbers."""
        own = [float(value) for value in self.couplings.diagonal()]
        relation = "<" if self.margin > 0.0 else ">="
        if len(own) == 1:
            return f"lambda = {own[0]:.4g} {relation} 4/pi = {LIMIT:.4g}"
        if len(own) == 2 and max(own) < LIMIT:
            left, right = float(self.couplings[0, 1]) ** 2, (LIMIT - own[0]) * (LIMIT - own[1])
            return f"lambda_12^2 = {left:.4g} {relation} (4/pi - lambda_11)(4/pi - lambda_22) = {right:.4g}"
        worst = int(np.argmax(own))
        if own[worst] >= LIMIT:
            return f'lambda of "{self.names[worst]}" with itself = {own[worst]:.4g} >= 4/pi = {LIMIT:.4g}'
        return f"largest eigenvalue of lambda = {LIMIT - self.margin:.4g} {relation} 4/pi = {LIMIT:.4g}"

    def lines(self) -> list[str]:
        """What the log says at the start."""
        who = ", ".join(self.names)
        if self.beyond:
            return [
                f"warning: {who}: an attractive {' and '.join(self.beyond)} interaction between semi-relativistic "
                "species is beyond condition (SR) of Anapolitanos, Hott and Hundertmark, and may collapse"
            ]
        if self.margin > 0.0:
            return [f"condition (SR) holds for {who}: {self.sides()}; the solution exists for all times"]
        return [
            f"warning: condition (SR) of Anapolitanos, Hott and Hundertmark does not hold for {who}: {self.sides()}",
            "warning: the solution may collapse in a finite time; the run then stops and says when",
        ]

    def as_dict(self) -> dict[str, Any]:
        """What summary.json says."""
        return {
            "holds": self.holds,
            "species": list(self.names),
            "couplings": self.couplings.tolist(),
            "limit": LIMIT,
            "margin": self.margin,
            **({"beyond": list(self.beyond)} if self.beyond else {}),
        }


def semirelativistic_condition(problem: Problem) -> SemirelativisticCondition | None:
    """Condition (SR) for a problem in three dimensions; None where no semi-relativistic species attract each other."""
    members = [index for index, species in enumerate(problem.species) if species.kinetic == "semirelativistic"]
    if not members or problem.grid.dimensions != 3:
        return None
    names = [species.name for species in problem.species]
    factors = problem.prefactors
    particles = problem.integrals
    couplings = np.zeros((len(names), len(names)))
    beyond: list[str] = []
    for entry in problem.interaction:
        a, b = problem.pair(entry.between)
        if a not in members or b not in members:
            continue
        attraction = entry.attraction_at_all_times(problem)
        coefficient = attraction.inverse_distance * factors.kernel_factor(a, b)
        couplings[a, b] += coefficient * math.sqrt(particles[a] * particles[b]) / problem.hbar
        couplings[b, a] = couplings[a, b]
        if attraction.more_singular:
            beyond.append(entry.kind)
    for functional in problem.functional:
        if not functional.bounded_below(problem.grid.dimensions) and not set(members).isdisjoint(
            problem.indices(functional.species)
        ):
            beyond.append(functional.kind)
    if not couplings.any() and not beyond:
        return None
    chosen = np.ix_(members, members)
    return SemirelativisticCondition(
        tuple(names[index] for index in members), couplings[chosen], tuple(dict.fromkeys(beyond))
    )
