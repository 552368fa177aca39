"""How quickly do N bosons tend to Bogoliubov's theory, in number and in norm? (Lewin, Nam and Schlein; the constant of
Michelangeli and Olgiati.)"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from hpcmix.observe.reduced.distances.comparison import words
from hpcmix.observe.reduced.measurement import NORM_DISTANCE, single
from hpcmix.problem.checks.many_body.numbers import divided_numbers, ratio_of
from hpcmix.problem.checks.quadratic.fluctuations import MOST_MODES
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.fluctuations import FluctuationsSection
from hpcmix.problem.sections.scaling import BoseFermiRule
from hpcmix.studies.claims.fluctuations.numbers import TRANSVERSE, FluctuationNumbers, column_of
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding, Fit
from hpcmix.studies.measuring.setting import Load, Setting, clock_label, evolved, first_loss, until
from hpcmix.studies.measuring.verdict import BOUNDED, unresolved
from hpcmix.studies.tracks.many_family import FEWER_MODES, ManyFamily, beyond_the_edge, broken, checked_many_body
from hpcmix.studies.tracks.many_track import ManyBodyTrack
from hpcmix.studies.tracks.track import Record, Track

CLAIM = Claim(
    "bogoliubov-limit",
    "N_a (1 - <phi_a|gamma_a|phi_a>) tends to the number of Bogoliubov's excitations like 1/N, and the state of the "
    "particles outside the condensates to that of the quadratic Hamiltonian, in norm, like N^(-1/2)",
    "Lewin, Nam and Schlein, Am. J. Math. 137 (2015) 1613; the constant of Michelangeli and Olgiati (2.21), by (3.3)",
)

STEPS = (4, 16, 64, 256, 1024)
"""N unless it is given: so many times the smallest whole numbers in the ratio of the file."""

NUMBER_RATE, NORM_RATE = -1.0, -0.5
DISTANCE = "|psi - Phi|"
ON_THE_GRID = "pairs on the grid"
"""Label of the track that follows them, and their entry in the error budget."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """N bodies at several N in the ratio of the file, each beside its mean field and Bogoliubov's equation, and
    everything again for every entry of the error budget. Collective."""
    family = setting.on_root(partial(_family, wanted=setting.numbers))
    tracks: list[ManyBodyTrack | Track] = [*family.body_tracks((NORM_DISTANCE,), limit_of_all=True)]
    tracks += pairs_on_the_grid(family.problems[AS_GIVEN][-1])
    return family.first, conclude(family, setting.work.follow_all(tracks))


def _family(load: Load, wanted: Sequence[int]) -> ManyFamily:
    first = checked_many_body(evolved(load(())))
    if first.scaling is not None and isinstance(first.scaling.rule, BoseFermiRule):
        raise first.complain("scaling", "this claim is about bosons, whose fluctuations are those of Bogoliubov")
    if first.bodies.picture != "excitations":
        raise first.complain(
            "many_body.picture",
            'must be "excitations", with many_body.excitations: this claim compares the state of those outside the '
            "condensates",
        )
    unit = sum(ratio_of(first))
    divided = divided_numbers(first, list(wanted) or [unit * step for step in STEPS])

    def at_number(place: int) -> list[str]:
        return [f"species.{index}.particles={number}" for index, number in enumerate(divided[place])]

    return ManyFamily.of(load, "N", [sum(parts) for parts in divided], divided, at_number)


def pairs_on_the_grid(problem: Problem) -> list[Track]:
    """The same excitations from the pairs that every mode of the file's grid begins, moved by the steps of the mean
    field; none for coherent states, whose numbers are others, and on grids that are too large for it."""
    if problem.bodies.state == "coherent" or math.prod(problem.grid.points) * len(problem.species) > MOST_MODES:
        return []
    section = FluctuationsSection(modes="all").on_grid(problem.grid.points)
    alone = problem.model_copy(update={"many_body": None, "fluctuations": section})
    measure = FluctuationNumbers(alone, (TRANSVERSE,))
    return [Track(ON_THE_GRID, (alone,), measure.names, measure, optional=True)]


def conclude(family: ManyFamily, records: Mapping[str, Record]) -> Finding:
    """The verdict: every exact inequality at every record, and the exponents of both distances at the last one."""
    problem = family.first
    outside = [f"N_{a + 1} alpha({_one(problem, a)})" for a in range(len(problem.species))]
    apart = [f"|{name} - N_perp,{a + 1}|" for a, name in enumerate(outside)]
    columns = ("N", *outside, *apart, DISTANCE)
    on_the_grid = _grid_distances(family, records)
    budgets = [
        _budget(family, records, name, partial(_apart, family, a), on_the_grid[a : a + 1] if whole(problem) else ())
        for a, name in enumerate(apart)
    ]
    budgets.append(_budget(family, records, DISTANCE, _distance))
    numbers = [_values(family, records, AS_GIVEN, partial(_outside, family, a)) for a in range(len(outside))]
    rows = tuple(zip(map(float, family.numbers), *numbers, *(budget.values for budget in budgets), strict=True))
    common: dict[str, Any] = {
        "budgets": tuple(budgets),
        "curves": _curves(family, records),
        "abscissa": clock_label(problem),
        "curve_ordinate": f"particles of {problem.species[0].name} outside",
        "ordinate": "distance from Bogoliubov's theory",
        "scale": "log",
        "slopes": (("claimed for numbers", NUMBER_RATE), ("claimed for states", NORM_RATE)),
        "measured": "at the last record: the number of particles outside the condensates, its distance from that of "
        "Bogoliubov's equation, and the least distance over all phases of the particles outside from the state of the "
        "quadratic Hamiltonian, all in the file's modes",
        "notes": (*_limits(family, records), *_note_on_grid(on_the_grid)),
    }
    shown = (*apart, DISTANCE)
    lost = first_loss({label: record for label, record in records.items() if label.startswith(AS_GIVEN)})
    if lost:
        return Finding(CLAIM, columns, rows, (), (), None, lost, **common)
    if violated := broken(family, records):
        reason = f"an inequality that holds for every state does not: {violated}"
        return Finding(CLAIM, columns, rows, shown, (), False, reason, **common)
    if not all(np.all(np.asarray(budget.values) > 0.0) for budget in budgets):
        reason = "there is no distance from Bogoliubov's theory: nothing interacts"
        return Finding(CLAIM, columns, rows, (), (), None, reason, **common)
    trouble = beyond_the_edge(family, records) or unresolved(budgets)
    fits = tuple(
        Fit.of(budget.quantity, "N", family.numbers, budget.values, () if trouble else budget.errors)
        for budget in budgets
    )
    holds, reason = judged(family, fits)
    return Finding(CLAIM, columns, rows, shown, fits, None if trouble else holds, trouble or reason, **common)


def judged(family: ManyFamily, fits: Sequence[Fit]) -> tuple[bool | None, str]:
    """Whether all exponents are the claimed ones or lower, up to a quarter; the last fit is that of the norm."""
    *numbers, norm = fits
    limits = [*(NUMBER_RATE + BOUNDED for _ in numbers), NORM_RATE + BOUNDED]
    holds: bool | None = None
    if all(fit.interval[1] < limit for fit, limit in zip(fits, limits, strict=True)):
        holds = True
    elif any(fit.interval[0] > limit for fit, limit in zip(fits, limits, strict=True)):
        holds = False
    slowest = max(numbers, key=lambda fit: fit.interval[1])
    ranges = [f"N^{fit.exponent:.3f} ({fit.interval[0]:.3f} to {fit.interval[1]:.3f})" for fit in (slowest, norm)]
    reason = (
        f"for N = {family.numbers[0]} to {family.numbers[-1]} and {until(family.first)} the number of particles "
        f"outside tends to Bogoliubov's like {ranges[0]} where N^-1 is claimed and below N^{limits[0]:g} counts as "
        f"that, and their state like {ranges[1]} where N^-1/2 is claimed and below N^{limits[-1]:g} counts as that"
    )
    return holds, reason


# ---------------------------------------------------------------- numbers of a record

NumberOf = Callable[[Record, int], float]
"""A number of a record; `place`: of its N among the family's numbers."""


def _one(problem: Problem, species: int) -> str:
    return words(single(species, len(problem.species)))


def _outside(family: ManyFamily, species: int, record: Record, place: int) -> float:
    """N_a alpha_a at the last record."""
    alpha = record.column(f"alpha({_one(family.first, species)})")[-1]
    return family.particles[place][species] * float(alpha)


def _apart(family: ManyFamily, species: int, record: Record, place: int) -> float:
    return abs(_outside(family, species, record, place) - float(record.column(f"limit_{species + 1}")[-1]))


def _distance(record: Record, place: int) -> float:
    return float(record.column(NORM_DISTANCE)[-1])


def _values(family: ManyFamily, records: Mapping[str, Record], variation: str, number_of: NumberOf) -> list[float]:
    """A number of the last record for every N; not finite where the solution was lost."""
    found = []
    for place, number in enumerate(family.numbers):
        record = family.record(records, number, variation)
        found.append(math.nan if record.lost or not record.rows else number_of(record, place))
    return found


def whole(problem: Problem) -> bool:
    """Whether the modes of all species are the points of the grid, so that its mean field is that of the modes."""
    return all(entry.every_point for entry in problem.bodies.modes)


def _grid_distances(family: ManyFamily, records: Mapping[str, Record]) -> list[float]:
    """Per species the distance of the excitations of the pairs on the grid from those of Bogoliubov's equation, at the
    last record; none where there are no pairs."""
    record = records.get(ON_THE_GRID)
    bodies = family.record(records, family.numbers[-1])
    if record is None or record.lost or bodies.lost or not bodies.rows:
        return []
    return [
        abs(float(record.column(column_of(TRANSVERSE, species.name))[-1] - bodies.column(f"limit_{a + 1}")[-1]))
        for a, species in enumerate(family.first.species)
    ]


def _note_on_grid(distances: Sequence[float]) -> list[str]:
    if not distances:
        return []
    numbers = ", ".join(f"{distance:.2g}" for distance in distances)
    return [f"pairs that are followed through the steps of the grid have as many excitations, up to {numbers}"]


def _budget(
    family: ManyFamily,
    records: Mapping[str, Record],
    quantity: str,
    number_of: NumberOf,
    elsewhere: Sequence[float] = (),
) -> Budget:
    """`elsewhere`: by how much another program's number differs, where it is one of the same system."""
    of_all = {name: _values(family, records, name, number_of) for name in family.problems}
    for distance in elsewhere:
        of_all[ON_THE_GRID] = [value + distance for value in of_all[AS_GIVEN]]
    impossible = {name: why for name, why in family.impossible.items() if name != FEWER_MODES}
    places = list(map(float, family.numbers))
    return Budget.of(quantity, "N", places, of_all, family.described, impossible, aside=(FEWER_MODES,))


def _curves(family: ManyFamily, records: Mapping[str, Record]) -> tuple[Curve, ...]:
    """N_1 alpha over time for every N, and the number that they tend to."""
    found = []
    for number, particles in zip(family.numbers, family.particles, strict=True):
        record = family.record(records, number)
        alpha = record.column(f"alpha({_one(family.first, 0)})")
        found.append(Curve(f"N = {number}", record.column("clock"), particles[0] * alpha))
    record = family.record(records, family.numbers[-1])
    found.append(Curve("Bogoliubov", record.column("clock"), record.column("limit_1"), reference=True))
    return tuple(found)


def _limits(family: ManyFamily, records: Mapping[str, Record]) -> list[str]:
    record = family.record(records, family.numbers[-1])
    if record.lost or not record.rows:
        return []
    names = [species.name for species in family.first.species]
    numbers = [f"{record.column(f'limit_{a + 1}')[-1]:.10g} of {name}" for a, name in enumerate(names)]
    return [f"Bogoliubov's excitations at the last record: {', '.join(numbers)}"]
