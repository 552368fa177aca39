"""How quickly does the modified Gross-Pitaevskii system tend to its limit, at all times? (Chong, Lee and Sun, 2.4.)"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.measures.derivatives import sobolev_square
from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget, varied_problems
from hpcmix.studies.measuring.claim import Claim, Curve, Display, Finding, Fit
from hpcmix.studies.measuring.setting import (
    DIVISION,
    Load,
    Setting,
    clock_label,
    evolved,
    first_loss,
    three_dimensional,
    until,
)
from hpcmix.studies.measuring.verdict import BOUNDED, unresolved
from hpcmix.studies.tracks.family import at_number, only_scattering
from hpcmix.studies.tracks.track import Record, Track

CLAIM = Claim(
    "gross-pitaevskii-limit",
    "sup over all t of ||phi~^(N)_t - phi_t||_H1 <= C/N, the modified system with N^3 (V f_l)(N x) against the "
    "limiting one with 8 pi a, for initial data that differ by at most 1/N",
    "Chong, Lee and Sun, Proposition 2.4, (2.27)",
)
NUMBERS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

RATE = -1.0
"""The claimed exponent of N."""

TOGETHER = 2
"""Modified systems that are evolved beside one limiting system: more would save time, and cost memory and ranks that
can work at once. Not a matter of the ranks: what is stored is good for any number of them."""

DISTANCE = "sup_t |phi~ - phi|_H1"


@dataclass(frozen=True)
class Family:
    """The limiting problem and the modified ones, for every variation by its name."""

    limits: Mapping[str, Problem]
    modified: Mapping[str, Mapping[int, Problem]]
    impossible: Mapping[str, str]
    described: tuple


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Evolve the modified systems of all N beside the limiting one, from the limiting one's initial data; everything
    again for every entry of the error budget. Collective."""
    numbers = sorted(set(setting.numbers or NUMBERS))
    family = setting.on_root(partial(_family, numbers=numbers))
    batches = [numbers[first : first + TOGETHER] for first in range(0, len(numbers), TOGETHER)]
    tracks = [
        _track(name, family.limits[name], {n: family.modified[name][n] for n in batch})
        for name in family.limits
        for batch in batches
    ]
    records = setting.work.follow_all(tracks)
    return family.limits[AS_GIVEN], conclude(family, numbers, records)


def _family(load: Load, numbers: Sequence[int]) -> Family:
    first = three_dimensional(evolved(load(())))
    only_scattering(first)
    if len(numbers) < 3:
        raise first.complain("", "a fit needs at least three different particle numbers")
    limit = [f"interaction.{index}.limit=true" for index in range(len(first.interaction))]
    limits, impossible, described = varied_problems(first, lambda extra: load([*DIVISION, *limit, *extra]))
    modified = {
        variation.name: {
            number: load(
                [*DIVISION, *at_number(first, number), *variation.overrides, *_overwritten(limits[variation.name])]
            )
            for number in numbers
        }
        for variation in described
        if variation.name in limits
    }
    return Family(limits, modified, impossible, described)


def _overwritten(limit: Problem) -> list[str]:
    """``--set`` entries for quick initial states: they are overwritten by those of the limiting system."""
    return [
        f"species.{species.name}.initial={species.quickest_initial(limit.grid.lengths)}" for species in limit.species
    ]


def _track(name: str, limit: Problem, modified: Mapping[int, Problem]) -> Track:
    return Track(
        f"{name}, N = {' '.join(map(str, modified))}",
        (limit, *modified.values()),
        tuple(f"N = {number}" for number in modified),
        distances,
        start_alike,
        optional=name != AS_GIVEN,
    )


def start_alike(simulations: Sequence[Simulation]) -> None:
    """All begin with the clouds of the first."""
    first, *others = simulations
    for other in others:
        for cloud, source in zip(other.state.clouds, first.state.clouds, strict=True):
            cloud.assign(source)


def distances(simulations: Sequence[Simulation]) -> list[float]:
    """|| phi~ - phi ||_H1 of every simulation from the first one, in the laboratory; phi with the norm of nu particles.
    Collective."""
    first, *others = simulations
    mixture, look = first.mixture, Look(first.mixture, first.state)
    looks = [Look(other.mixture, other.state) for other in others]
    squares = np.zeros(len(others))
    for a, species in enumerate(mixture.species):
        reference = look.orbital_set(a)
        for number, other in enumerate(looks):
            for orbital, wanted in zip(other.orbital_set(a), reference, strict=True):
                squares[number] += species.weight * sobolev_square(mixture, orbital - wanted, a, first.state.time)
    return list(np.sqrt(squares))


def conclude(family: Family, numbers: Sequence[int], records: Mapping[str, Record]) -> Finding:
    """The verdict on the largest distances: their exponent of N must be the claimed one, or lower."""
    largest = {name: [_largest(records, name, number) for number in numbers] for name in family.limits}
    places = list(map(float, numbers))
    budget = Budget.of(DISTANCE, "N", places, largest, family.described, family.impossible)
    values, times = np.array(budget.values), [_when(records, AS_GIVEN, number) for number in numbers]
    columns = ("N", DISTANCE, "N times it", "numerical error", "clock of the sup")
    rows = tuple(zip(places, values, values * places, budget.errors, times, strict=True))
    lost = first_loss(records)
    curves = tuple(
        Curve(f"N = {number}", record.column("clock"), record.column(f"N = {number}"))
        for number in numbers
        for record in [_record(records, AS_GIVEN, number)]
    )
    common = Display(
        budgets=(budget,),
        curves=curves,
        curve_scale="log",
        scale="log",
        slopes=(("claimed", RATE),),
        curve_ordinate="|phi~ - phi|_H1",
        abscissa=clock_label(family.limits[AS_GIVEN]),
        measured="the largest H1 distance of the two solutions (all components; gradients in the laboratory) from "
        "equal initial data, over the records of the evolution",
    )
    trouble = lost or unresolved([budget])
    if lost or not np.all(values > 0.0) or not np.all(np.isfinite(values)):
        return Finding(CLAIM, columns, rows, (DISTANCE,), (), None, trouble or "no distance was found", **common)
    fit = Fit.of(DISTANCE, "N", places, values, budget.errors if not trouble else ())
    limit = RATE + BOUNDED
    holds = True if fit.interval[1] < limit else False if fit.interval[0] > limit else None
    reason = (
        f"for N = {numbers[0]} to {numbers[-1]} and {until(family.limits[AS_GIVEN])} the distance goes like "
        f"N^{fit.exponent:.3f} ({fit.interval[0]:.3f} to {fit.interval[1]:.3f}), where N^-1 is claimed and anything "
        f"below N^{limit:g} counts as that; C = {np.max(values * places):.3g}"
    )
    if trouble:
        holds, reason = None, trouble
    return Finding(CLAIM, columns, rows, (DISTANCE,), (fit,), holds, reason, **common)


def _record(records: Mapping[str, Record], name: str, number: int) -> Record:
    return next(
        record
        for label, record in records.items()
        if label.startswith(f"{name}, N = ") and f"N = {number}" in record.names
    )


def _largest(records: Mapping[str, Record], name: str, number: int) -> float:
    record = _record(records, name, number)
    return math.nan if record.lost else float(np.max(record.column(f"N = {number}")))


def _when(records: Mapping[str, Record], name: str, number: int) -> float:
    record = _record(records, name, number)
    return float(record.column("clock")[np.argmax(record.column(f"N = {number}"))])
