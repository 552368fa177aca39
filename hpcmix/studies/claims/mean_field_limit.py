"""How quickly do N bosons tend to their mean field? (Michelangeli and Olgiati; de Oliveira and Michelangeli;
Anapolitanos, Hott and Hundertmark; in the expanding frame what Chong, Lee and Sun ask for.)"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from hpcmix.observe.reduced.distances.comparison import words
from hpcmix.observe.reduced.measurement import BOUND, Columns, orders_of
from hpcmix.problem.checks.many_body.numbers import divided_numbers, ratio_of
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.scaling import BoseFermiRule
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.setting import Load, Setting, clock_label, evolved, first_loss, until
from hpcmix.studies.measuring.verdict import BOUNDED, unresolved
from hpcmix.studies.tracks.many_family import (
    FEWER_MODES,
    ON_THE_GRID,
    ManyFamily,
    beyond_the_edge,
    broken,
    checked_many_body,
    extrapolated,
)
from hpcmix.studies.tracks.track import Record

NAME = "mean-field-limit"

FRACTIONS = Claim(
    NAME,
    "alpha^(k1,k2) <= (alpha(0) + 1/N) e^(kappa f(t)) and Tr|gamma^(k1,k2) - P| <= C N^(-1/2) for N = N_1 + N_2 bosons "
    "with the prefactors 1/N_a and 1/N against the Hartree system of the fractions N_a/N",
    "Michelangeli and Olgiati, Theorem 2.1 and Corollary 2.1, (2.19)-(2.25)",
)
COHERENT = Claim(
    NAME,
    "Tr|gamma^(1,1) - P| <= C e^(gamma t) (N_1^(-1/2) + N_2^(-1/2)) for coherent states of N_a particles in the mean, "
    "prefactors 1/N_a and 1/(N_1 + N_2), against the Hartree system",
    "de Oliveira and Michelangeli, Theorem 2.3, (2.4)",
)
GEOMETRIC = Claim(
    NAME,
    "Tr|gamma^(k,l) - P| <= sqrt8 (k + l)^(1/2) e^(D t/2) N_1^(-1/2), and with S = sum (1 + T)^theta on both sides "
    "C N_1^(-(1 - theta)/2), for bosons with the prefactors 1/(N_a - 1) and 1/sqrt(N_1 N_2)",
    "Anapolitanos, Hott and Hundertmark, Theorems 1.2 and 1.3, (12), (26), (27)",
)
ALL_TIMES = Claim(
    NAME,
    "the distance of N bosons that are released from a trap from their mean field is bounded by C N^(-1/2) for all "
    "t >= 0: the mean-field analogue of the claim in the Gross-Pitaevskii scaling",
    "Chong, Lee and Sun, Theorem 1.2, (1.44); prefactors of Michelangeli and Olgiati",
)
CLAIM = FRACTIONS
"""Its name is what the command line knows; which theorem is measured the file says."""

NUMBERS: Mapping[str, tuple[int, ...]] = {"excitations": (4, 16, 64, 256, 1024, 4096), "occupations": (1, 2, 3, 4, 6)}
"""By the picture: so many times the smallest whole numbers in the ratio of the file."""

ALPHA_RATE, TRACE_RATE = -1.0, -0.5
"""The proven exponents of N, of alpha and of trace norms."""
BEST = -1.0
"""What is known to be best possible for product data in finitely many modes, of both."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """N bodies at several N in the ratio of the file, each beside its mean field, and everything again for every entry
    of the error budget. Collective."""
    family = setting.on_root(partial(_family, wanted=setting.numbers))
    records = setting.work.follow_all(family.tracks())
    return family.first, conclude(family, records)


def _family(load: Load, wanted: Sequence[int]) -> ManyFamily:
    first = checked_many_body(evolved(load(())))
    if first.scaling is not None and isinstance(first.scaling.rule, BoseFermiRule):
        raise first.complain("scaling", "this claim is about bosons; bose-fermi-limit is the one about fermions beside")
    if first.timing.frame.expanding and first.scaling is not None and first.scaling.kind != "fractions":
        raise first.complain("scaling", 'in an expanding frame this claim is about kind = "fractions"')
    unit = sum(ratio_of(first))
    numbers = list(wanted) or [unit * factor for factor in NUMBERS[first.bodies.picture]]
    divided = divided_numbers(first, numbers)

    def at_number(place: int) -> list[str]:
        return [f"species.{index}.particles={number}" for index, number in enumerate(divided[place])]

    return ManyFamily.of(load, "N", [sum(parts) for parts in divided], divided, at_number)


def theorem(problem: Problem) -> Claim:
    """The statement that a file's scaling, state and frame belong to."""
    if problem.timing.frame.expanding:
        return ALL_TIMES
    if problem.bodies.state == "coherent":
        return COHERENT
    return GEOMETRIC if problem.scaling is not None and problem.scaling.kind == "geometric-mean" else FRACTIONS


def main_order(problem: Problem) -> str:
    """The order that is fitted, in words: one particle of each species where that is measured."""
    orders = orders_of(problem)
    ones = tuple(1 for _ in problem.species)
    return words(ones if ones in orders or len(ones) == 1 else max(orders, key=sum))


def conclude(family: ManyFamily, records: Mapping[str, Record]) -> Finding:
    """The verdict: every exact inequality at every record, and the exponents of alpha and R at the last one."""
    problem = family.first
    claim, order, columns = theorem(problem), main_order(problem), Columns.of(problem).names
    first = words(tuple(int(a == 0) for a in range(len(problem.species))))
    alpha, trace, single = f"alpha({order})", f"R({order})", f"alpha({first})"
    names = ("N", *(f"N_{a + 1}" for a in range(len(problem.species))), *columns)
    values = [family.last(records, column) for column in columns]
    rows = tuple(
        (float(number), *map(float, particles), *measured)
        for number, particles, *measured in zip(family.numbers, family.particles, *values, strict=True)
    )
    budgets = {column: family.budget(records, column) for column in dict.fromkeys((alpha, trace, single))}
    common: dict[str, Any] = {
        "budgets": tuple(budgets.values()),
        "curves": _curves(family, records, single),
        "further": family.curves(records, columns),
        "abscissa": clock_label(problem),
        "curve_ordinate": f"N_1 {single}",
        "ordinate": "distance from the mean field",
        "scale": "log",
        "slopes": (("proven for R", TRACE_RATE), ("proven for alpha, best for both", BEST)),
        "measured": measured_in_words(problem),
    }
    shown = (alpha, trace)
    notes = [*notes_on_model(family, records, alpha)]
    if trouble := first_loss({label: record for label, record in records.items() if label.startswith(AS_GIVEN)}):
        return Finding(claim, names, rows, (), (), None, trouble, notes=tuple(notes), **common)
    if sentence := broken(family, records):
        reason = f"an inequality that holds for every state does not: {sentence}"
        return Finding(claim, names, rows, shown, (), False, reason, notes=tuple(notes), **common)
    if not all(np.all(np.asarray(budgets[column].values) > 0.0) for column in shown):
        reason = "there is no distance from the mean field: nothing interacts"
        return Finding(claim, names, rows, (), (), None, reason, notes=tuple(notes), **common)
    trouble = beyond_the_edge(family, records) or unresolved([budgets[alpha], budgets[trace]])
    fits = {column: _fit(budgets[column], not trouble) for column in shown}
    further = [name for name in columns if name[0] in "SG"]
    fits |= {name: Fit.of(name, "N", family.numbers, family.last(records, name)) for name in further}
    notes += [*_notes_on_rates(fits, alpha, trace), *_note_on_limit(family, records, single, budgets[single])]
    notes += [*_notes_on_sobolev(fits, problem), *_note_on_bound(family, records)]
    holds, reason = judged(family, fits[alpha], fits[trace])
    if trouble:
        holds, reason = None, trouble
    return Finding(claim, names, rows, shown, tuple(fits.values()), holds, reason, notes=tuple(notes), **common)


def judged(family: ManyFamily, alpha: Fit, trace: Fit) -> tuple[bool | None, str]:
    """Whether both exponents are the proven ones or lower, up to a quarter."""
    limits = (ALPHA_RATE + BOUNDED, TRACE_RATE + BOUNDED)
    fits = (alpha, trace)
    holds: bool | None = None
    if all(fit.interval[1] < limit for fit, limit in zip(fits, limits, strict=True)):
        holds = True
    elif any(fit.interval[0] > limit for fit, limit in zip(fits, limits, strict=True)):
        holds = False
    ranges = [f"N^{fit.exponent:.3f} ({fit.interval[0]:.3f} to {fit.interval[1]:.3f})" for fit in fits]
    reason = (
        f"for {family.variable} = {family.numbers[0]} to {family.numbers[-1]} and {until(family.first)}, in "
        f"{modes_in_words(family.first)}, {alpha.quantity} goes like {ranges[0]} where N^-1 is claimed and below "
        f"N^{limits[0]:g} counts as that, and {trace.quantity} like {ranges[1]} where N^-1/2 is claimed and below "
        f"N^{limits[1]:g} counts as that"
    )
    return holds, reason


def measured_in_words(problem: Problem) -> str:
    """What the columns are."""
    text = (
        "at the last record: alpha = 1 - <falling factorials of the numbers in the condensates> and R = Tr|gamma - P| "
        f"of the N bodies against their mean field, both in {modes_in_words(problem)}"
    )
    if problem.bodies.measure.sobolev:
        text += "; S = Tr|S^1/2 (gamma - P) S^1/2|, S = sum (1 + T)^theta"
    if problem.bodies.state == "coherent":
        text += "; Gamma = Tr|Gamma^(1) - |phi><phi|| of one particle of either species"
    return text


def modes_in_words(problem: Problem) -> str:
    """ "5 + 5 modes"."""
    entries = [problem.bodies.entry_of(species.name)[1] for species in problem.species]
    return " + ".join(str(entry.number(problem.grid.points)) for entry in entries) + " modes"


def notes_on_model(family: ManyFamily, records: Mapping[str, Record], column: str) -> list[str]:
    """What finitely many modes do to the numbers."""
    notes = []
    if FEWER_MODES in family.problems:
        fewer, given = family.last(records, column, FEWER_MODES)[-1], family.last(records, column)[-1]
        which = next(variation.words for variation in family.described if variation.name == FEWER_MODES)
        if math.isfinite(fewer) and given:
            notes.append(
                f"in fewer modes ({which}) {column} at {family.variable} = {family.numbers[-1]} changes by "
                f"{abs(fewer - given) / abs(given):.2g} of itself: that belongs to the model, not to the claim"
            )
    record = records.get(ON_THE_GRID)
    if record is not None and record.rows and not record.lost:
        distance = float(np.max(record.column(ON_THE_GRID)))
        if math.isfinite(distance):
            notes.append(
                f"the mean fields of the modes and of the grid differ by 1 - |<phi|phi'>|^2 = {distance:.2g} at most"
            )
    return notes


def _fit(budget: Budget, resolved: bool) -> Fit:
    return Fit.of(budget.quantity, "N", budget.places, budget.values, budget.errors if resolved else ())


def _curves(family: ManyFamily, records: Mapping[str, Record], single: str) -> tuple[Curve, ...]:
    """N_1 alpha over time for every N, and the number that they tend to."""
    curves = []
    for number, particles in zip(family.numbers, family.particles, strict=True):
        record = family.record(records, number)
        curves.append(Curve(f"N = {number}", record.column("clock"), particles[0] * record.column(single)))
    if family.has_limit:
        record = family.record(records, family.numbers[-1])
        curves.append(Curve("Bogoliubov", record.column("clock"), record.column("limit_1"), reference=True))
    return tuple(curves)


def _notes_on_rates(fits: Mapping[str, Fit], alpha: str, trace: str) -> list[str]:
    notes = []
    for name in (alpha, trace):
        low, high = fits[name].interval
        inside = "lies within" if low <= BEST <= high else "does not lie within"
        notes.append(
            f"{name} ~ N^{fits[name].exponent:.3f}; -1, the best possible for such data, {inside} its interval"
        )
    return notes


def _note_on_limit(family: ManyFamily, records: Mapping[str, Record], single: str, budget: Budget) -> list[str]:
    """N_1 alpha^(1,0), extrapolated, beside Bogoliubov's number."""
    if not family.has_limit:
        return []
    scaled = [n[0] * value for n, value in zip(family.particles, family.last(records, single), strict=True)]
    value, uncertain = extrapolated(family.numbers, scaled)
    limit = family.last(records, "limit_1")[-1]
    apart = abs(value - limit) / limit if limit else math.inf
    return [
        f"N_1 {single} extrapolates to {value:.8g} at N = infinity (+- {uncertain:.1g}, and a numerical error of "
        f"{family.particles[-1][0] * budget.errors[-1]:.1g}); the number of excitations by Bogoliubov's equation is "
        f"{limit:.8g}, apart by {apart:.1g} of it"
    ]


def _notes_on_sobolev(fits: Mapping[str, Fit], problem: Problem) -> list[str]:
    chosen = [fit for name, fit in fits.items() if name.startswith("S(")]
    if not chosen:
        return []
    thetas = ", ".join(f"{theta:g}" for theta in problem.bodies.measure.sobolev)
    return [
        f"with theta = {thetas} the exponents are {', '.join(f'{fit.exponent:.3f}' for fit in chosen)}: the loss of "
        "theta/2 in the theorem is one of infinitely many modes, in finitely many every theta shows the same"
    ]


def _note_on_bound(family: ManyFamily, records: Mapping[str, Record]) -> list[str]:
    """How loose the theorem with its constant is."""
    if BOUND not in Columns.of(family.first).beside:
        return []
    record = family.record(records, family.numbers[-1])
    bound = record.column(BOUND)
    distance = record.column("alpha(1,0)") + record.column("alpha(0,1)")
    below = float(np.max(record.column("clock")[bound <= 1.0]))
    return [
        f"the theorem with its constant, in finitely many modes, allows alpha(1,0) + alpha(0,1) <= {bound[-1]:.3g} at "
        f"N = {family.numbers[-1]} and the last record, where {distance[-1]:.3g} is measured; it says something up to "
        f"t = {below:.3g}, where it exceeds one"
    ]
