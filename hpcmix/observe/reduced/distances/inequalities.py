"""Inequalities that hold for every state at every time: where one fails there is a defect, not physics.

    alpha^(1,0), alpha^(0,1) <= alpha^(1,1) <= alpha^(1,0) + alpha^(0,1)             MO (3.5), (3.6)
    2 alpha <= R <= 2 sqrt(alpha)                                                    MO (3.7), its left side sharper
    alpha^(k1,k2) <= max(k1, k2) alpha^(1,1),   k1, k2 >= 1                          MO (3.8)
    R^(k,l) <= sqrt(8 (k alpha^(1,0) + l alpha^(0,1)))                               AHH (20)
    0 <= gamma_F <= 1,  eigenvalues of M gamma^(1)                                   fermions

2 alpha <= R because the difference has trace zero and one negative eigenvalue: it holds for condensates alone, as all
but the last do. (MO: Michelangeli and Olgiati; AHH: Anapolitanos, Hott and Hundertmark.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcmix.observe.reduced.density_matrices import Order

ROUNDING = 1e-11
"""What rounding and the evolution's tolerance may add to a number between 0 and 2."""


@dataclass(frozen=True)
class Violation:
    """An inequality that does not hold: smaller <= larger + rounding."""

    name: str
    smaller: float
    larger: float

    def __str__(self) -> str:
        return f"{self.name}: {self.smaller:.15g} exceeds {self.larger:.15g}"


def violations(
    alphas: Mapping[Order, float], distances: Mapping[Order, float], rounding: float = ROUNDING
) -> list[Violation]:
    """Those that do not hold among the orders that are known.

    alphas, distances  alpha and R by their orders; of condensates.
    """
    return [
        Violation(name, smaller, larger)
        for name, smaller, larger in _inequalities(alphas, distances)
        if not smaller <= larger + rounding
    ]


def _inequalities(
    alphas: Mapping[Order, float], distances: Mapping[Order, float]
) -> Iterator[tuple[str, float, float]]:
    for order, value in alphas.items():
        present = [a for a, count in enumerate(order) if count]
        name = f"alpha({_words(order)})"
        yield f"0 <= {name}", 0.0, value
        yield f"{name} <= 1", value, 1.0
        singles = [_unit(a, len(order)) for a in present]
        if all(single in alphas for single in singles):
            if all(order[a] == 1 for a in present) and len(present) > 1:
                for single in singles:
                    yield f"MO (3.5): alpha({_words(single)}) <= {name}", alphas[single], value
            bound = sum(order[a] * alphas[single] for a, single in zip(present, singles, strict=True))
            yield f"MO (3.6): {name} <= sum of k alpha of one particle", value, bound
            if order in distances:
                yield f"AHH (20): R({_words(order)})", distances[order], math.sqrt(8.0 * max(0.0, bound))
        pair = tuple(min(1, count) for count in order)
        if len(present) == 2 and pair in alphas and pair != order:
            yield f"MO (3.8): {name} <= max(k) alpha({_words(pair)})", value, max(order) * alphas[pair]
        if order in distances:
            distance = distances[order]
            yield f"2 {name} <= R({_words(order)})", 2.0 * value, distance
            # squared: where alpha is rounding its root is not
            yield f"MO (3.7): R({_words(order)})^2 <= 4 {name}", distance**2, 4.0 * value


def fermion_violations(
    eigenvalues: NDArray[np.floating], particles: int, rounding: float = ROUNDING
) -> list[Violation]:
    """0 <= gamma_F <= 1 for the natural occupations of fermions.

    eigenvalues  of gamma^(1) with trace one.
    """
    occupations = particles * np.asarray(eigenvalues)
    pairs = [
        ("0 <= gamma_F", 0.0, float(np.min(occupations))),
        ("gamma_F <= 1", float(np.max(occupations)), 1.0),
    ]
    return [Violation(name, a, b) for name, a, b in pairs if not a <= b + rounding * particles]


def _unit(species: int, number: int) -> Order:
    return tuple(int(a == species) for a in range(number))


def _words(order: Sequence[int]) -> str:
    return ",".join(map(str, order))
