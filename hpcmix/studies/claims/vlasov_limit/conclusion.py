"""From measured distances to exponents and a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpcmix.initial.trial.shells import filling_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.initial import OscillatorInitial
from hpcmix.studies.claims.vlasov_limit import measuring
from hpcmix.studies.claims.vlasov_limit.family import FINER, Plan
from hpcmix.studies.claims.vlasov_limit.measuring import PHI, D, column, range_of
from hpcmix.studies.claims.vlasov_limit.shells import closed_shell_distance
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.setting import clock_label, first_loss, until
from hpcmix.studies.measuring.verdict import unresolved
from hpcmix.studies.tracks.track import Record

CLAIM = Claim(
    "vlasov-limit",
    "|f_t - f_t^hbar|_1 <= C2(t) (|f_0 - f_0^hbar|_1 + hbar) + C1(t) (||phi_0 - phi_0^hbar|| + hbar^(1/2)), and "
    "||phi_t - phi_t^hbar|| the same, for M fermions beside a condensate, hbar = M^(-1/d), and the Vlasov-Hartree "
    "system that they tend to; |g|_1 = sup |g^(zeta)|/(1 + |zeta|)",
    "Cardenas, Miller and Pavlovic, Theorem 2, (2.24), (2.29), (2.30), Remark 2.6",
)

START, PHI_START = "D(0)", "phi(0)"
Q, Q_PHI = "Q", "Q of phi"
"""D and phi over D(0) + phi(0) + hbar^(1/2), which the theorem bounds."""

PROVEN, EXPECTED = 0.5, 1.0
"""Exponents of hbar: of the theorem's slowest term, and what the paper expects (Remark 2.6)."""

LIMIT = -0.25
"""An exponent of Q above it counts as none: a wrong limit leaves D as it is, and Q grows like hbar^(-1/2)."""


def conclude(plan: Plan, records: Mapping[str, Record]) -> Finding:
    """The verdict on Q at the last record."""
    given, quantum = records[AS_GIVEN], plan.quantum
    hbars = [problem.hbar for problem in quantum]
    values = {quantity: _row(given, plan, quantity, -1) for quantity in measuring.QUANTITIES}
    starts = {quantity: _row(given, plan, quantity, 0) for quantity in (D, PHI)}
    allowed = [d + phi + math.sqrt(h) for d, phi, h in zip(starts[D], starts[PHI], hbars, strict=True)]
    quotients = {
        Q: [d / bound for d, bound in zip(values[D], allowed, strict=True)],
        Q_PHI: [phi / bound for phi, bound in zip(values[PHI], allowed, strict=True)],
    }
    limit_energy = float(given.column(measuring.LIMIT_ENERGY)[-1])
    table = {
        "M": [float(number) for number in plan.numbers],
        "hbar": hbars,
        START: starts[D],
        D: values[D],
        measuring.PLACE: values[measuring.PLACE],
        PHI_START: starts[PHI],
        **{name: values[name] for name in (PHI, measuring.H1, measuring.RHO, measuring.ENERGY)},
        measuring.LIMIT_ENERGY: [limit_energy] * len(hbars),
        **quotients,
    }
    rows = tuple(zip(*table.values(), strict=True))
    budgets = (
        _budget(plan, records, START, D, 0),
        _budget(plan, records, D, D, -1),
        _budget(plan, records, PHI, PHI, -1),
    )
    common: dict[str, Any] = {
        "variable": "hbar",
        "budgets": budgets,
        "curves": _curves(plan, given),
        "abscissa": clock_label(plan.twin),
        "curve_scale": "log",
        "curve_ordinate": "D",
        "ordinate": "distance from the limit",
        "scale": "log",
        "slopes": (("proven", PROVEN), ("expected", EXPECTED)),
        "measured": (
            "at the last record: D = |f - f^hbar|_1 and the |zeta| where its supremum lies; phi = ||phi - phi^hbar||; "
            "rho, the supremum over eta = 0; Q = D / (D(0) + phi(0) + hbar^(1/2)), which the theorem bounds"
        ),
    }
    names, shown = tuple(table), (D, PHI)
    notes = [*_notes_on_problem(plan, starts[D])]
    lost = first_loss({AS_GIVEN: given})
    if lost:
        return Finding(CLAIM, names, rows, (), (), None, lost, notes=tuple(notes), **common)
    if not all(value > 0.0 for name in shown for value in values[name]):
        reason = "there is no distance from the limit: nothing interacts"
        return Finding(CLAIM, names, rows, (), (), None, reason, notes=tuple(notes), **common)
    trouble = _beyond_the_range(plan, given) or unresolved(budgets[1:])  # that of D(0) is in the errors of Q
    errors = {budget.quantity: budget.errors for budget in budgets}
    fits = {name: Fit.of(name, "hbar", hbars, values[name], () if trouble else errors[name]) for name in shown}
    for name, quantity in ((Q, D), (Q_PHI, PHI)):
        moved = [
            (error + quotient * error_at_start) / bound
            for error, error_at_start, quotient, bound in zip(
                errors[quantity], errors[START], quotients[name], allowed, strict=True
            )
        ]
        fits[name] = Fit.of(name, "hbar", hbars, quotients[name], () if trouble else moved)
    notes += [_note_on_rates(fits), _note_on_range(given, plan)]
    holds, reason = judged(plan, fits[Q], fits[Q_PHI])
    if trouble:
        holds, reason = None, trouble
    return Finding(CLAIM, names, rows, shown, tuple(fits.values()), holds, reason, notes=tuple(notes), **common)


def judged(plan: Plan, *fits: Fit) -> tuple[bool | None, str]:
    """Whether both quotients stay bounded as hbar tends to zero."""
    holds: bool | None = None
    if all(fit.interval[0] > LIMIT for fit in fits):
        holds = True
    elif any(fit.interval[1] < LIMIT for fit in fits):
        holds = False
    described = " and ".join(
        f"{fit.quantity} goes like hbar^({fit.exponent:+.3f}) ({fit.interval[0]:+.3f} to {fit.interval[1]:+.3f})"
        for fit in fits
    )
    return holds, (
        f"for M = {plan.numbers[0]} to {plan.numbers[-1]} and {until(plan.twin)}, {described}; both are bounded if the "
        f"theorem holds, above hbar^({LIMIT:g}) counts as that, and a wrong limit has hbar^(-0.5)"
    )


def _row(record: Record, plan: Plan, quantity: str, place: int, sample: str = AS_GIVEN) -> list[float]:
    """A quantity at a record, for every M."""
    return [float(record.column(column(quantity, number, sample))[place]) for number in plan.numbers]


def _budget(plan: Plan, records: Mapping[str, Record], name: str, quantity: str, place: int) -> Budget:
    """The error budget of a quantity at the first record or the last."""
    given = records[AS_GIVEN]
    numbers: dict[str, Sequence[float]] = {}
    for variation in plan.problems:
        record = records[variation]
        lost = [math.nan] * len(plan.numbers)
        numbers[variation] = lost if record.lost else _row(record, plan, quantity, place)
    numbers |= {sample: _row(given, plan, quantity, place, sample) for sample in plan.samples}
    if quantity == D:
        numbers[FINER] = _row(given, plan, D, place, FINER)
    places = [float(number) for number in plan.numbers]
    return Budget.of(name, "M", places, numbers, plan.described, plan.impossible)


def _curves(plan: Plan, record: Record) -> tuple[Curve, ...]:
    """D over time, for every M."""
    if len(record.rows) < 3:
        return ()
    clock = record.column("clock")
    return tuple(Curve(f"M = {number}", clock, record.column(column(D, number))) for number in plan.numbers)


def _beyond_the_range(plan: Plan, record: Record) -> str:
    """A sentence where a supremum lies in the outermost tenth of what is searched, or beyond."""
    for place, when in ((0, "at t = 0"), (-1, "at the last record")):
        for number, inside in zip(plan.numbers, _row(record, plan, measuring.INSIDE, place), strict=True):
            if not inside:
                far = _row(record, plan, measuring.PLACE, place)[plan.numbers.index(number)]
                return (
                    f"for M = {number} the supremum {when} lies at |zeta| = {far:.4g}, in the outermost tenth of the "
                    "range that is searched: it may be larger beyond"
                )
    return ""


# ---------------------------------------------------------------- notes


def _note_on_rates(fits: Mapping[str, Fit]) -> str:
    exponents = " and ".join(
        f"{name} ~ hbar^{fits[name].exponent:.3f} ({fits[name].interval[0]:.3f} to {fits[name].interval[1]:.3f})"
        for name in (D, PHI)
    )
    return (
        f"Theorem 2 proves hbar^(1/2) for what does not come from the initial data, and hbar^1 is expected (Remark "
        f"2.6); measured are {exponents}"
    )


def _note_on_range(record: Record, plan: Plan) -> str:
    pairs = zip(_row(record, plan, measuring.OUTERMOST, -1), _row(record, plan, D, -1), strict=True)
    share = max(outermost / value for outermost, value in pairs)
    words = "8 hbar^(-2/3)" if plan.twin.grid.dimensions == 1 else f"{measuring.RANGE:g}"
    return (
        f"searched is |zeta| <= {words}; in the outermost tenth of that |f^ - f^_hbar|/(1 + |zeta|) is at most "
        f"{share:.2g} of D"
    )


def _notes_on_problem(plan: Plan, starts: Sequence[float]) -> list[str]:
    """What else to know of the file."""
    notes = []
    dimensions = plan.twin.grid.dimensions
    if dimensions == 1:
        notes.append(
            "the theorem is about two dimensions and more; in one the supremum of closed shells moves out like "
            "hbar^(-2/3), and their initial distance goes like hbar^(5/3)"
        )
    open_shells = [
        number for number, problem in zip(plan.numbers, plan.quantum, strict=True) if _is_open(problem, plan)
    ]
    if open_shells:
        notes.append(
            f"no shell is closed by M = {', '.join(map(str, open_shells))}: there the initial distance is of the order "
            "hbar, and exponents scatter"
        )
    exact = [_exact_start(problem, plan) for problem in plan.quantum]
    known = [(value, start) for value, start in zip(exact, starts, strict=True) if value is not None]
    if known:
        worst = max(abs(start / value - 1.0) for value, start in known)
        notes.append(f"D(0) of closed shells is known exactly; measured it is that to {worst:.1g} of itself")
    return notes


def _is_open(problem: Problem, plan: Plan) -> bool:
    filling = filling_of(problem.species[plan.fermions].initial, problem.grid, problem.orbitals[plan.fermions])
    return filling is not None and not filling.closes_a_shell


def _exact_start(problem: Problem, plan: Plan) -> float | None:
    """D(0) where it has a closed form."""
    initial = problem.species[plan.fermions].initial
    dimensions, number = problem.grid.dimensions, problem.orbitals[plan.fermions]
    if not isinstance(initial, OscillatorInitial) or np.ptp(initial.frequency) > 0.0 or _is_open(problem, plan):
        return None
    return closed_shell_distance(dimensions, number, initial.frequency[0], range_of(dimensions, problem.hbar))
