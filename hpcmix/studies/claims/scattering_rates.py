"""How quickly does the Neumann problem of two particles tend to their scattering? (Chong, Lee and Sun, Lemma 1.1.)"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpcmix.model.pair_kernels import neumann as scattering
from hpcmix.model.pair_kernels.correlation import Correlation
from hpcmix.model.pair_kernels.neumann import NoScatteringSolution
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget, Variation
from hpcmix.studies.measuring.claim import Claim, Finding, Fit
from hpcmix.studies.measuring.scattering_pairs import Pair, pairs_of
from hpcmix.studies.measuring.setting import Load, Setting
from hpcmix.studies.measuring.verdict import bounded, quickest, unresolved

CLAIM = Claim(
    "scattering-rates",
    "lambda_l = 3a/(lN)^3 (1 + O(a/lN)); |integral V f_l - 8 pi a| <= C a^2/(lN); 0 <= f_l, w <= 1; w <= C/(|x|+1) and "
    "|grad w| <= C/(x^2+1) with C independent of N",
    "Chong, Lee and Sun, Lemma 1.1, (1.14), (1.15), (1.16)",
)
NUMBERS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

PARTS = ("C (1.14)", "C (1.15)", "C w (1.16)", "C grad w (1.16)")
"""The constants: |lambda_l (lN)^3/(3a) - 1| lN/a; |integral V f_l - 8 pi a| lN/a^2; sup w (|x|+1); sup |grad w|
(x^2+1)."""

OUTSIDE = 1e-10
"""How far f_l may seem to leave [0, 1]: the accuracy of the solver that is promised."""

FINER = Variation("panels", "panels of a third of the length", ())
SAMPLES = 4000
"""Radii at which w is looked at, half of them evenly within V, half evenly in the logarithm of the distance."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Solve both problems for every potential and every N; there is no dynamics, and the root does it. Collective."""
    numbers = sorted(set(setting.numbers or NUMBERS))

    def plan(load: Load) -> tuple[Problem, Finding]:
        problem = load(())
        pairs = pairs_of(problem)
        if len(numbers) < 3:
            raise problem.complain("", "a fit needs at least three different particle numbers")
        try:
            return problem, conclude(numbers, [(pair.name, measure(pair, numbers)) for pair in pairs])
        except NoScatteringSolution as error:
            raise ProblemError.of("interaction", str(error)) from error

    return setting.on_root(plan)


def measure(pair: Pair, numbers: Sequence[int]) -> dict[str, list[tuple[float, ...]]]:
    """The constants for every N, and by how much f_l leaves [0, 1]: as given, and with shorter panels."""
    fastest = math.sqrt(pair.kappa * np.max(np.abs(pair.function.evaluate(np.linspace(0, pair.function.radius, 99)))))
    fine = 9.0 * max(fastest, 1.0 / pair.function.radius)  # a wave that asks for panels of a third of the length
    return {
        name: [constants(pair, number, largest) for number in numbers]
        for name, largest in ((AS_GIVEN, 0.0), (FINER.name, fine))
    }


def constants(pair: Pair, number: int, largest: float = 0.0) -> tuple[float, ...]:
    """The four constants of :data:`PARTS` for one N, and by how much f_l leaves [0, 1].

    The paper's 8 pi a is 4 pi a / kappa for kappa = 1/2, two particles of mass 1/2. Raises
    :class:`~hpcmix.model.pair_kernels.neumann.NoScatteringSolution`.
    """
    ball = number * pair.neumann_radius
    length = scattering.scattering_length(pair.function, pair.kappa).value
    solution = scattering.neumann_problem(pair.function, pair.kappa, ball, largest)
    correlation = Correlation(solution)
    r = np.concatenate(
        [
            np.linspace(0.0, pair.function.radius, SAMPLES // 2 + 1)[1:],
            np.geomspace(pair.function.radius, ball, SAMPLES // 2),
        ]
    )
    w, slope = correlation(r)
    return (
        abs(solution.eigenvalue * ball**3 / (3.0 * length) - 1.0) * ball / length,
        abs(solution.strength - 4.0 * math.pi * length / pair.kappa) * ball / length**2,
        float(np.max(w * (r + 1.0))),
        float(np.max(np.abs(slope) * (r**2 + 1.0))),
        float(max(np.max(w - 1.0), np.max(-w))),
    )


def _largest_of_parts(columns: Sequence[str], table: Sequence[Sequence[float]]) -> list[str]:
    """Of every part the column, of all pairs, whose constant is the largest in the end."""
    of_parts = [
        [(values[-1], column) for column, values in zip(columns, table, strict=True) if column.startswith(f"{part} ")]
        for part in PARTS
    ]
    return [max(entries)[1] for entries in of_parts if entries]


def conclude(numbers: Sequence[int], measured: Sequence[tuple[str, dict[str, list[tuple[float, ...]]]]]) -> Finding:
    """The verdict on the constants of all pairs: each must stay below a bound as N grows."""
    columns, table, budgets, fits, outside = ["N"], [list(map(float, numbers))], [], [], 0.0
    for name, variants in measured:
        for place, part in enumerate(PARTS):
            numbers_of = {label: [row[place] for row in rows] for label, rows in variants.items()}
            budget = Budget.of(f"{part} {name}", "N", table[0], numbers_of, (FINER,))
            budgets.append(budget)
            columns.append(budget.quantity)
            table.append(list(budget.values))
            fits.append(Fit.of(budget.quantity, "N", numbers, budget.values, budget.errors))
        outside = max(outside, *(row[-1] for row in variants[AS_GIVEN]))
    worst, trouble = quickest(fits), unresolved(budgets)
    holds = bounded(fits) if outside <= OUTSIDE else False
    if trouble:
        holds = None
    reason = (
        f"for N = {numbers[0]} to {numbers[-1]} no constant exceeds {max(map(max, table[1:])):.3g}; "
        f"the quickest, {worst.quantity}, goes like N^{worst.exponent:+.3f} (at most {worst.interval[1]:+.3f}); "
        + (f"f_l leaves [0, 1] by {outside:.1e}" if outside > OUTSIDE else "0 <= f_l <= 1")
    )
    return Finding(
        CLAIM,
        tuple(columns),
        tuple(zip(*table, strict=True)),
        tuple(_largest_of_parts(columns[1:], table[1:])),
        tuple(fits),
        holds,
        trouble or reason,
        tuple(budgets),
        ordinate="constants C, of each part the largest",
        scale="log",
        measured="the constants C of the three parts for the file's potentials: deviations divided by the claimed size",
    )
