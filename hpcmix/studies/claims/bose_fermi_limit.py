"""How quickly do bosons and fermions that feel each other tend to their mean field? (Cardenas, Miller and Pavlovic.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hpcmix.observe.reduced.distances.comparison import words
from hpcmix.observe.reduced.measurement import Columns, single
from hpcmix.problem.checks.many_body.consistency import whole_macroscopic_numbers
from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.scaling import BoseFermiMacro, BoseFermiRule
from hpcmix.studies.claims.mean_field_limit import modes_in_words, notes_on_model
from hpcmix.studies.measuring.budget import AS_GIVEN
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.setting import Load, Setting, clock_label, evolved, first_loss, until
from hpcmix.studies.measuring.verdict import BOUNDED, unresolved
from hpcmix.studies.tracks.many_family import ManyFamily, beyond_the_edge, broken, checked_many_body
from hpcmix.studies.tracks.track import Record

CLAIM = Claim(
    "bose-fermi-limit",
    "(1/M) Tr|gamma_F - omega| <= C M^(-1/2) E and (1/N) Tr|gamma_B - N |phi><phi|| <= C N^(-1/2) E for M fermions in "
    "a determinant beside N bosons in a condensate, E = exp[C lambda sqrt(N M/hbar) (1 + sqrt(hbar M/N)) e^t]",
    "Cardenas, Miller and Pavlovic, Theorem 1, (2.16), (2.17)",
)
FERMIONS, BOSONS = "F", "B"
"""The columns: both trace norms, per particle."""
RATE = -0.5
"""The proven exponent: of F in M, of B in N."""
NUMBERS = (4, 8, 16, 32, 64)
"""Of bosons, where the command names none."""
FEWEST = 3


@dataclass(frozen=True)
class Plan:
    """The family, and which of the species are which.

    fixed     whether M is fixed and N varies.
    fermions, bosons  their indices.
    """

    family: ManyFamily
    fixed: bool
    fermions: int
    bosons: int

    def column(self, species: int) -> str:
        """That of a species' trace norm."""
        return f"R({words(single(species, 2))})"

    @property
    def quantities(self) -> dict[str, str]:
        """The columns by their names in the claim."""
        return {FERMIONS: self.column(self.fermions), BOSONS: self.column(self.bosons)}


def check(setting: Setting) -> tuple[Problem, Finding]:
    """The mixture at several M, or several N at one M, each beside its mean field, and everything again for every entry
    of the error budget. Collective."""
    plan = setting.on_root(partial(_plan, wanted=setting.numbers, bosons=setting.bosons))
    records = setting.work.follow_all(plan.family.tracks())
    return plan.family.first, conclude(plan, records)


def _plan(load: Load, wanted: Sequence[int], bosons: Sequence[int]) -> Plan:
    first = checked_many_body(evolved(load(())))
    fermion, boson = _pair_of(first)
    _require_numbers(first, wanted, bosons)
    name = first.species[fermion].name
    if len(wanted) > 1:
        numbers = sorted(wanted)
        entries = [[f"species.{name}.orbitals={number}"] for number in numbers]
        fixed = False
    else:
        numbers = sorted(bosons or NUMBERS)
        same = [f"species.{name}.orbitals={number}" for number in wanted]
        entries = [[*same, f"scaling.bosons={number}"] for number in numbers]
        fixed = True
    particles = []
    for entry in entries:
        problem = load(entry)
        particles.append(tuple(round(species.particles) for species in problem.species))
    family = ManyFamily.of(load, "N" if fixed else "M", numbers, particles, entries.__getitem__)
    return Plan(family, fixed, fermion, boson)


def _pair_of(problem: Problem) -> tuple[int, int]:
    """The indices of the fermions and of the bosons. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    statistics = [species.statistics for species in problem.species]
    if sorted(statistics) != ["bosons", "fermions"]:
        raise problem.complain("species", "this claim is about one species of fermions and one of bosons")
    if problem.scaling is None or not isinstance(problem.scaling.rule, BoseFermiRule):
        raise problem.complain(
            "scaling", 'this claim is about [scaling] kind = "bose-fermi-micro" or "bose-fermi-macro"'
        )
    return statistics.index("fermions"), statistics.index("bosons")


def _require_numbers(problem: Problem, wanted: Sequence[int], bosons: Sequence[int]) -> None:
    """Raise :class:`~hpcmix.problem.mistakes.errors.ProblemError` with everything that is wrong with the numbers."""
    macro = problem.scaling is not None and isinstance(problem.scaling.rule, BoseFermiMacro)
    complaints = []
    for option, numbers in (("--numbers", wanted), ("--bosons", bosons)):
        for number in sorted({number for number in numbers if list(numbers).count(number) > 1}):
            complaints.append(Complaint(option, None, "", f"names {number} more than once"))
        for number in dict.fromkeys(numbers):
            if number < 1:
                complaints.append(Complaint(option, None, "", f"{number} is no number of particles"))
    if len(wanted) > 1 and bosons:
        message = "is for a fixed number of fermions: give one to --numbers, or none for the file's"
        complaints.append(Complaint("--bosons", None, "", message))
    varied = wanted if len(wanted) > 1 else bosons
    if (len(wanted) > 1 or bosons) and len(set(varied)) < FEWEST:
        option = "--numbers" if len(wanted) > 1 else "--bosons"
        complaints.append(Complaint(option, None, "", f"needs at least {FEWEST} different numbers to see a rate"))
    if macro and (bosons or len(wanted) < 2):
        message = '"bose-fermi-macro" sets the number of bosons itself; vary M with --numbers: '
        choices = whole_macroscopic_numbers(problem.grid.dimensions, 4)
        complaints.append(Complaint("--numbers", None, "", message + choices))
    if complaints:
        raise ProblemError(complaints)


def conclude(plan: Plan, records: Mapping[str, Record]) -> Finding:
    """The verdict: every exact inequality at every record, and the exponents of F and B at the last one."""
    family, problem = plan.family, plan.family.first
    columns = plan.quantities
    values = {name: family.last(records, column) for name, column in columns.items()}
    rows = tuple(
        (float(particles[plan.fermions]), float(particles[plan.bosons]), fermions, bosons)
        for particles, fermions, bosons in zip(family.particles, values[FERMIONS], values[BOSONS], strict=True)
    )
    names = ("M", "N", FERMIONS, BOSONS)
    budgets = {name: family.budget(records, column, name) for name, column in columns.items()}
    common: dict[str, Any] = {
        "variable": family.variable,
        "budgets": tuple(budgets.values()),
        "curves": _curves(plan, records),
        "further": family.curves(records, Columns.of(problem).names),
        "abscissa": clock_label(problem),
        "curve_ordinate": f"{family.variable} F",
        "ordinate": "distance from the mean field, per particle",
        "scale": "log",
        "slopes": (("proven", RATE), ("for comparison", -1.0)),
        "measured": (
            "at the last record: F = (1/M) Tr|gamma_F - omega|, B = (1/N) Tr|gamma_B - N |phi><phi|| of the bodies "
            f"against their mean field, both in {modes_in_words(problem)}"
        ),
    }
    shown, notes = (FERMIONS, BOSONS), [*_notes_on_fillings(plan), *notes_on_model(family, records, columns[FERMIONS])]
    if trouble := first_loss({label: record for label, record in records.items() if label.startswith(AS_GIVEN)}):
        return Finding(CLAIM, names, rows, (), (), None, trouble, notes=tuple(notes), **common)
    if sentence := broken(family, records):
        reason = f"an inequality that holds for every state does not: {sentence}"
        return Finding(CLAIM, names, rows, shown, (), False, reason, notes=tuple(notes), **common)
    if not all(np.all(np.asarray(budget.values) > 0.0) for budget in budgets.values()):
        reason = "there is no distance from the mean field: nothing interacts"
        return Finding(CLAIM, names, rows, (), (), None, reason, notes=tuple(notes), **common)
    trouble = beyond_the_edge(family, records) or unresolved(list(budgets.values()))
    fits = {
        name: Fit.of(name, family.variable, budget.places, budget.values, () if trouble else budget.errors)
        for name, budget in budgets.items()
    }
    holds, reason = _judged(plan, fits)
    if trouble:
        holds, reason = None, trouble
    return Finding(CLAIM, names, rows, shown, tuple(fits.values()), holds, reason, notes=tuple(notes), **common)


def _judged(plan: Plan, fits: Mapping[str, Fit]) -> tuple[bool | None, str]:
    """Both exponents against the proven ones, up to a quarter; of F at a fixed M whether it stays bounded."""
    family = plan.family
    limits = {FERMIONS: BOUNDED if plan.fixed else RATE + BOUNDED, BOSONS: RATE + BOUNDED}
    holds: bool | None = None
    if all(fits[name].interval[1] < limit for name, limit in limits.items()):
        holds = True
    elif any(fits[name].interval[0] > limit for name, limit in limits.items()):
        holds = False
    described = [
        f"{name} goes like {fit.variable}^{fit.exponent:.3f} ({fit.interval[0]:.3f} to {fit.interval[1]:.3f})"
        for name, fit in fits.items()
    ]
    claimed = (
        f"where N^-1/2 is claimed of B, and of F that it is bounded at this M (below N^{limits[BOSONS]:g} and "
        f"N^{limits[FERMIONS]:g} count as that)"
        if plan.fixed
        else f"where M^-1/2 is claimed of both and below M^{limits[FERMIONS]:g} counts as that"
    )
    return holds, (
        f"for {family.variable} = {family.numbers[0]} to {family.numbers[-1]} and {until(family.first)}, in "
        f"{modes_in_words(family.first)}, {' and '.join(described)}, {claimed}"
    )


def _notes_on_fillings(plan: Plan) -> list[str]:
    """What else changes with M."""
    notes = []
    problem = plan.family.first
    if problem.grid.dimensions == 1:
        notes.append("the theorem is about two dimensions and more; this file has one")
    if not plan.fixed:
        notes.append(
            "at a fixed number of modes M changes their filling and closes shells or not, besides being the number of "
            "particles: with --bosons one M is kept, and the exponents are clean"
        )
    return notes


def _curves(plan: Plan, records: Mapping[str, Record]) -> tuple[Curve, ...]:
    """F over time times what varies, for every number."""
    family, column = plan.family, plan.quantities[FERMIONS]
    curves = []
    for number in family.numbers:
        record = family.record(records, number)
        scaled = number * record.column(column)
        curves.append(Curve(f"{family.variable} = {number}", record.column("clock"), scaled))
    return tuple(curves)
