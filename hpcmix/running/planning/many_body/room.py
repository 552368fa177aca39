"""Whether N bodies have the memory that they need, known before anything is allocated. Imports no MPI."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.many_body.plan import BodiesPlan, needed_bytes, plan_bodies
from hpcmix.running.planning.plan_table import readable
from hpcmix.running.planning.room import memory_of_node

MOST_RANKS = 2**20
"""Beyond which nobody looks for a number that would do."""


def share_of_this_machine(ranks: int) -> float:
    """Bytes that each of so many ranks would have on machines like this one, a rank on every core."""
    return memory_of_node() / min(ranks, os.cpu_count() or 1)


def require_room_for_bodies(problem: Problem, ranks: int, bytes_per_rank: float) -> BodiesPlan:
    """The plan for a number of ranks with so much memory each. Raises :class:`ProblemError` where they are too few:
    with what is needed, how many ranks like these would do, and the largest N that fits."""
    plan = plan_bodies(problem, ranks)
    if plan.memory_bytes <= bytes_per_rank:
        return plan
    message = (
        f"{plan.total:.4g} configurations take {readable(plan.memory_bytes)} for {_ranks(ranks)}, "
        f"{readable(plan.vector_bytes)} a vector and up to {readable(plan.table_bytes + plan.setup_bytes)} of tables "
        f"on every rank, and a rank has {readable(bytes_per_rank)}: "
        + "; ".join(_advice(problem, ranks, bytes_per_rank))
    )
    raise ProblemError.of("many_body", message)


def _ranks(ranks: int) -> str:
    return "one rank" if ranks == 1 else f"each of {ranks} ranks"


def _advice(problem: Problem, ranks: int, bytes_per_rank: float) -> list[str]:
    advice = []
    enough = enough_ranks(problem, ranks, bytes_per_rank)
    if enough is not None:
        advice.append(f"{counted(enough, 'rank')} like these would do")
    if problem.bodies.picture == "excitations":
        return [*advice, "fewer excitations or modes take less"]
    fitting = largest_numbers(problem, ranks, bytes_per_rank)
    if fitting:
        numbers = " + ".join(map(str, fitting))
        advice.append(f"{numbers} particles would fit here")
    return [*advice, 'picture = "excitations" does not grow with N']


def enough_ranks(problem: Problem, ranks: int, bytes_per_rank: float) -> int | None:
    """The smallest number of ranks with so much memory each that do; None where none does: tables are whole on each."""
    low, high = ranks, 2 * ranks
    while needed_bytes(problem, high) > bytes_per_rank:
        low, high = high, 2 * high
        if high > MOST_RANKS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if needed_bytes(problem, middle) <= bytes_per_rank else (middle, high)
    return high


def largest_numbers(problem: Problem, ranks: int, bytes_per_rank: float) -> Sequence[int]:
    """The most particles of every species, bosons in the ratio of the file's, that fit; empty where none do."""
    numbers = [round(species.particles) for species in problem.species]
    bosons = [number for number, species in zip(numbers, problem.species, strict=True) if species.kind != "fermions"]
    if not bosons:
        return ()
    divisor = math.gcd(*bosons)

    def scaled(multiple: int) -> list[int]:
        return [
            number if species.kind == "fermions" else multiple * (number // divisor)
            for number, species in zip(numbers, problem.species, strict=True)
        ]

    low, high = 0, divisor  # the file's own numbers do not fit
    while high - low > 1:
        middle = (low + high) // 2
        fits = needed_bytes(problem, ranks, scaled(middle)) <= bytes_per_rank
        low, high = (middle, high) if fits else (low, middle)
    return scaled(low) if low else ()
