"""The particle numbers that a claim about N bodies is measured at (``--numbers``), divided among the species."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem

FEWEST = 3
"""Numbers that a rate is fitted to."""
OPTION = "--numbers"


def ratio_of(problem: Problem) -> tuple[int, ...]:
    """The smallest whole numbers in the ratio of the file's particles."""
    particles = [round(species.particles) for species in problem.species]
    divisor = math.gcd(*particles)
    return tuple(number // divisor for number in particles)


def divided(total: int, ratio: Sequence[int]) -> tuple[int, ...] | None:
    """N particles in all in a ratio of whole numbers; None where that leaves a rest."""
    parts, rest = divmod(total, sum(ratio))
    return None if rest or parts < 1 else tuple(parts * number for number in ratio)


def divided_numbers(problem: Problem, numbers: Sequence[int]) -> list[tuple[int, ...]]:
    """The particles of every species at each total number N, ascending.

    Raises :class:`ProblemError` with everything that is wrong with the numbers: fewer than three, repeated, zero or
    negative, not divisible in the file's ratio, or too few for the orders that are measured.
    """
    ratio, complaints, groups = ratio_of(problem), [], []
    if problem.scaling is None:
        message = (
            "is required: without it the interaction of a particle with all others grows with N, and nothing tends to "
            'a limit; use kind = "fractions" or "geometric-mean"'
        )
        complaints.append(Complaint(problem.file, None, "scaling", message))
    if len(set(numbers)) < FEWEST:
        complaints.append(_complaint(f"needs at least {FEWEST} different numbers of particles to see a rate"))
    for number in sorted({number for number in numbers if list(numbers).count(number) > 1}):
        complaints.append(_complaint(f"names {number} more than once"))
    for number in dict.fromkeys(numbers):
        if number < 1:
            complaints.append(_complaint(f"{number} is no number of particles; it must be positive"))
            continue
        parts = divided(number, ratio)
        if parts is None:
            following = -(-number // sum(ratio)) * sum(ratio)
            shares = ":".join(map(str, ratio))
            complaints.append(
                _complaint(f"{number} particles cannot be divided in the ratio {shares} of the file; {following} can")
            )
            continue
        groups.append(parts)
        complaints += _beyond_orders(problem, number, parts)
    if complaints:
        raise ProblemError(complaints)
    return sorted(groups)


def _beyond_orders(problem: Problem, number: int, parts: Sequence[int]) -> list[Complaint]:
    for order in problem.bodies.measure.orders or ():
        for count, own, species in zip(order, parts, problem.species, strict=True):
            if count > own:
                message = f'{number} leaves {own} of "{species.name}", fewer than measure.orders asks for: {count}'
                return [_complaint(message)]
    return []


def _complaint(message: str) -> Complaint:
    return Complaint(OPTION, None, "", message)
