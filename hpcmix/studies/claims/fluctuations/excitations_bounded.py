"""Does the number of excitations of correlated bosons stay bounded as N grows? (Chong, Lee and Sun, Prop. 3.5.)"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.claims.fluctuations.numbers import (
    DRESSED,
    EXCITATIONS,
    FluctuationNumbers,
    error_of,
    followed,
    sampled_budget,
    tail_factor,
    total,
)
from hpcmix.studies.claims.pair_excitation import NORM, PairKernel, within_the_box
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Display, Finding, Fit
from hpcmix.studies.measuring.setting import Load, Setting, clock_label, evolved, first_loss, three_dimensional, until
from hpcmix.studies.measuring.verdict import bounded, quickest, unresolved
from hpcmix.studies.tracks.family import Family, at_number, family_tracks, label, only_scattering
from hpcmix.studies.tracks.track import Record, Track

CLAIM = Claim(
    "excitations-bounded",
    "<N> after the Bogoliubov transformation T_t of the pair kernel is at most C for all t, with C independent of N, "
    "along the quadratic fluctuation dynamics of T_0 applied to the vacuum",
    "Chong, Lee and Sun, Proposition 3.5; T_t by (1.36)",
    around_flow=True,
)

NUMBERS = (16, 64, 256, 1024)

SUPREMUM, BARE = "sup_t N_Xi", "sup_t N"
KERNEL = f"sup_t {NORM}"
PAIRING = "|K2~|_HS"
"""Of what creates pairs after T_t at t = 0: N_Xi = |K2~|^2 t^2/hbar^2 + .., finite on ever finer grids only where T_0
belongs to the interaction."""

SHORT = 0.1
"""Phase of the grid's fastest mode in the short time in which that is seen: N_Xi t^-2 is then constant to a part in a
hundred."""


@dataclass(frozen=True)
class _Plan:
    """The family along the flow, and its beginning over a short time."""

    family: Family
    beginning: Family
    clock: float
    """The end of the short time on the frame's clock."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Follow the correlated fluctuations of all N, and their beginning by itself. Collective."""
    numbers = sorted(set(setting.numbers or NUMBERS))
    plan = setting.on_root(partial(_plan, numbers=numbers))
    within_the_box(plan.family)
    names = FluctuationNumbers(plan.family.first, (DRESSED, EXCITATIONS)).names
    tracks = [
        *family_tracks(plan.family, (*names, NORM), _Measure),
        *(_renamed(track) for track in family_tracks(plan.beginning, (*names, NORM), _Measure)),
    ]
    return plan.family.first, conclude(plan, numbers, setting.work.follow_all(tracks))


def _plan(load: Load, numbers: Sequence[int]) -> _Plan:
    first = three_dimensional(evolved(load(())))
    only_scattering(first)
    if followed(first).initial != "correlated":
        raise first.complain(
            "fluctuations.initial", 'must be "correlated": this claim is about the vacuum after T_0, for every N'
        )
    if len(numbers) < 3:
        raise first.complain("", "a fit needs at least three different particle numbers")
    at = partial(at_number, first)
    short = short_time(first)
    clock = first.grid.frame.map.clock(short)
    overrides = [f"time.final={short!r}", f"time.step={clock!r}", "output.observables={every=1}"]
    shortened = load(overrides)
    return _Plan(
        Family.of(first, load, numbers, at),
        Family.of(shortened, lambda extra: load([*overrides, *extra]), numbers, at),
        clock,
    )


def short_time(problem: Problem) -> float:
    """A time in which the fastest mode of the grid turns by :data:`SHORT`."""
    squares = sum((math.pi / spacing) ** 2 for spacing in problem.grid.spacings)
    lightest = min(species.mass for species in problem.species)
    return SHORT * 2.0 * lightest / (problem.hbar * squares)


class _Measure:
    """The numbers of excitations, dressed and bare, and ||k||_HS."""

    def __init__(self, problem: Problem) -> None:
        self._numbers = FluctuationNumbers(problem, (DRESSED, EXCITATIONS))
        self._kernel = PairKernel(problem)

    def __call__(self, simulations: Sequence[Simulation]) -> list[float]:
        """The numbers of a record. Collective."""
        norm, *_ = self._kernel(simulations)
        return [*self._numbers(simulations), norm]


def _renamed(track: Track) -> Track:
    return Track(
        _beginning(track.label), track.problems, track.names, track.measure, track.prepare, track.optional, track.end
    )


def _beginning(name: str) -> str:
    return f"beginning, {name}"


# ---------------------------------------------------------------- verdict


def conclude(plan: _Plan, numbers: Sequence[int], records: Mapping[str, Record]) -> Finding:
    """The verdict: neither the largest number of excitations nor what creates them at first grows with N."""
    family, names = plan.family, [species.name for species in plan.family.first.species]
    dressed, bare = (_budget(plan, numbers, records, key, names) for key in (DRESSED, EXCITATIONS))
    kernel = family.budget(KERNEL, numbers, _value(records, lambda record: float(np.max(record.column(NORM)))))
    pairing = _pairing(plan, numbers, records, names)
    budgets = (dressed, bare, kernel, pairing)
    columns = ("N", *(budget.quantity for budget in budgets))
    rows = tuple(zip(map(float, numbers), *(budget.values for budget in budgets), strict=True))
    shown = Display(
        budgets=budgets,
        curves=tuple(_curves(numbers, records, names)),
        abscissa=clock_label(family.first),
        curve_ordinate="excitations, dressed and bare",
        ordinate="largest over time",
        measured="particles outside the condensates of all species along the quadratic dynamics that begins with T_0: "
        "counted after T_t (N_Xi) and as they are (N); the Hilbert-Schmidt norms of the pair kernel k, and of what "
        "creates pairs after T_t at t = 0",
    )
    if trouble := first_loss(records):
        return Finding(CLAIM, columns, rows, (SUPREMUM, BARE), (), None, trouble, **shown)
    # the bare number is shown beside, and decides nothing
    trouble = unresolved((dressed, kernel, pairing))
    decisive = (dressed, pairing, kernel)
    if not all(value > 0.0 for budget in budgets for value in budget.values):
        reason = "there are no excitations: nothing interacts"
        return Finding(CLAIM, columns, rows, (SUPREMUM, BARE), (), None, reason, **shown)
    fits = tuple(
        Fit.of(budget.quantity, "N", numbers, budget.values, budget.errors if not trouble else ())
        for budget in (*decisive, bare)
    )
    worst, holds = quickest(fits[: len(decisive)]), None if trouble else bounded(fits[: len(decisive)])
    reason = (
        f"for N = {numbers[0]} to {numbers[-1]} and {until(family.first)} there are at most {max(dressed.values):.4g} "
        f"excitations, {max(bare.values):.4g} before T_t is taken off; the quickest, {worst.quantity}, goes like "
        f"N^{worst.exponent:+.3f} (at most {worst.interval[1]:+.3f})"
    )
    return Finding(CLAIM, columns, rows, (SUPREMUM, BARE), fits, holds, trouble or reason, **shown)


def _budget(
    plan: _Plan, numbers: Sequence[int], records: Mapping[str, Record], key: str, names: Sequence[str]
) -> Budget:
    """Of the largest number along the flow. The tail of the bare one ends where the grid does, like 1/k; that of the
    dressed one cancels."""
    family = plan.family
    largest = _value(records, lambda record: float(np.max(total(record, key, names))))

    def error(record: Record) -> float:
        return float(total(record, error_of(key), names)[int(np.argmax(total(record, key, names)))])

    sampling = [_value(records, error)(AS_GIVEN, number) for number in numbers]
    of_all = {name: [largest(name, number) for number in numbers] for name in family.problems}
    bare = key == EXCITATIONS
    return sampled_budget(
        BARE if bare else SUPREMUM,
        family.variable,
        numbers,
        of_all,
        sampling,
        family.described,
        family.impossible,
        tail_factor(family.first) if bare else 1.0,
    )


def _pairing(plan: _Plan, numbers: Sequence[int], records: Mapping[str, Record], names: Sequence[str]) -> Budget:
    """Of hbar N_Xi^(1/2) / t at the end of the short time."""
    family, scale = plan.beginning, plan.family.first.hbar / plan.clock
    root = _value(records, lambda record: scale * math.sqrt(total(record, DRESSED, names)[-1]), _beginning)

    def error(record: Record) -> float:
        number, uncertain = (float(total(record, key, names)[-1]) for key in (DRESSED, error_of(DRESSED)))
        return 0.5 * scale * uncertain / math.sqrt(number) if number else 0.0

    sampling = [_value(records, error, _beginning)(AS_GIVEN, number) for number in numbers]
    of_all = {name: [root(name, number) for number in numbers] for name in family.problems}
    return sampled_budget(PAIRING, family.variable, numbers, of_all, sampling, family.described, family.impossible)


def _value(
    records: Mapping[str, Record], number_of: Callable[[Record], float], name_of: Callable[[str], str] = str
) -> Callable[[str, int], float]:
    """A number of the record of a variation and an N; not finite where the solution was lost."""

    def value(variation: str, number: int) -> float:
        record = records[name_of(label(variation, number))]
        return math.nan if record.lost else number_of(record)

    return value


def _curves(numbers: Sequence[int], records: Mapping[str, Record], names: Sequence[str]) -> list[Curve]:
    found = []
    for key, words in ((DRESSED, "N_Xi"), (EXCITATIONS, "N")):
        for number in numbers:
            record = records[label(AS_GIVEN, number)]
            found.append(Curve(f"{words}, N = {number}", record.column("clock"), total(record, key, names)))
    return found
