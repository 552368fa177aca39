"""Do fluctuations around the Hartree flow grow exponentially at most, whatever N is? (de Oliveira and Michelangeli.)"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.measures.pairing import PairingNorm
from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.claims.fluctuations.numbers import (
    EXCITATIONS,
    SAMPLING,
    FluctuationNumbers,
    column_of,
    error_of,
    followed,
    sampled_budget,
    tail_factor,
    total,
)
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding
from hpcmix.studies.measuring.setting import Load, Setting, clock_label, evolved, first_loss, until
from hpcmix.studies.measuring.verdict import unresolved
from hpcmix.studies.tracks.family import Family, family_tracks, label
from hpcmix.studies.tracks.track import Record

CLAIM = Claim(
    "fluctuation-growth",
    "<N_1>, <N_2> <= D e^(alpha t) along the quadratic fluctuation dynamics around the Hartree flow, with D and alpha "
    "independent of N",
    "de Oliveira and Michelangeli, (3.2)",
    around_flow=True,
)

STEPS = (1, 10, 100)
"""N unless it is given: so many times the file's."""

PAIRING = "|K2|_HS"

ROUNDING = 1e-9
"""Relative difference of two N that is none: the rounding of N_a/N, carried along some thousand steps."""

CERTAIN = 4.0
"""Standard errors by which a sampled number must exceed a bound to contradict it."""


@dataclass(frozen=True)
class Envelope:
    """The smallest D e^(alpha t) above given values: that with the least mean of its logarithm over the time, alpha >=
    0."""

    factor: float
    rate: float

    @classmethod
    def above(cls, times: np.ndarray, values: np.ndarray) -> Envelope:
        """Of values at times from 0 on; those that are zero count nothing. Raises ValueError where all are."""
        positive = values > 0.0
        t, logarithms = times[positive], np.log(values[positive])
        if not len(t):
            raise ValueError("there is nothing to be above")
        # an optimal line touches two of the points, or is level
        first, second = np.triu_indices(len(t), 1)
        slopes = (logarithms[second] - logarithms[first]) / (t[second] - t[first])
        rates = np.append(slopes[slopes > 0.0], 0.0)
        heights = np.max(logarithms[np.newaxis] - rates[:, np.newaxis] * t, axis=1)
        best = int(np.argmin(heights + rates * 0.5 * times[-1]))
        return cls(math.exp(heights[best]), float(rates[best]))

    def at(self, times: np.ndarray) -> np.ndarray:
        """D e^(alpha t)."""
        return self.factor * np.exp(self.rate * times)


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Follow the fluctuations at several N in the ratio of the file; and at the first of them again for every entry of
    the error budget. Collective."""
    family, numbers = setting.on_root(partial(_family, wanted=setting.numbers))
    measured = FluctuationNumbers(family.first, (EXCITATIONS,)).names
    bounded = has_bound(family.first)
    names = (*measured, PAIRING) if bounded else measured
    tracks = [
        track
        for track in family_tracks(family, names, partial(_Measure, with_bound=bounded))
        if track.label in {label(AS_GIVEN, number) for number in numbers}
        or track.label in {label(name, numbers[0]) for name in family.problems}
    ]
    return family.first, conclude(family, numbers, setting.work.follow_all(tracks))


def _family(load: Load, wanted: Sequence[int]) -> tuple[Family, list[int]]:
    first = evolved(load(()))
    followed(first)
    whole = math.fsum(species.particles for species in first.species)
    numbers = sorted(set(wanted)) or [round(step * whole) for step in STEPS]
    if len(set(numbers)) < 2 or numbers[0] < 1:
        raise first.complain("", "needs at least two different particle numbers to see that none of them counts")

    def at_number(number: int) -> list[str]:
        parts = [species.particles * (number / whole) for species in first.species]
        return [f"species.{index}.particles={part!r}" for index, part in enumerate(parts)]

    return Family.of(first, load, numbers, at_number), numbers


def has_bound(problem: Problem) -> bool:
    """Whether |K2| is known in closed form: of points and periodic kernels."""
    return not problem.functional and all(entry.kernel_boundary in (None, "periodic") for entry in problem.interaction)


class _Measure:
    """The numbers of excitations, and |K2|_HS / hbar where that is known."""

    def __init__(self, problem: Problem, with_bound: bool) -> None:
        self._numbers = FluctuationNumbers(problem, (EXCITATIONS,))
        self._with_bound = with_bound
        self._norm: PairingNorm | None = None

    def __call__(self, simulations: Sequence[Simulation]) -> list[float]:
        """The numbers of a record. Collective."""
        numbers, mixture = self._numbers(simulations), simulations[0].mixture
        if not self._with_bound:
            return numbers
        if self._norm is None:
            self._norm = PairingNorm(mixture)
        return [*numbers, self._norm(Look(mixture, simulations[0].state)) / mixture.hbar]


# ---------------------------------------------------------------- verdict


def conclude(family: Family, numbers: Sequence[int], records: Mapping[str, Record]) -> Finding:
    """The verdict: the numbers are the same for every N, and stay below the bound that their equation implies."""
    problem, names = family.first, [species.name for species in family.first.species]
    given = [records[label(AS_GIVEN, number)] for number in numbers]
    budgets = tuple(_budget(family, numbers[0], records, name) for name in names)
    columns = ("N", *(budget.quantity for budget in budgets), "D", "alpha")
    common: dict[str, Any] = {
        "budgets": budgets,
        "abscissa": clock_label(problem),
        "curve_scale": "log",
        "curve_ordinate": "particles outside",
        "measured": "particles outside the condensates by the quadratic dynamics that begins with coherent states, "
        "their largest numbers over time, and the smallest D e^(alpha t) above all of them",
    }
    if lost := first_loss(records):
        return Finding(CLAIM, columns, (), (), (), None, lost, **common)
    if not np.any(_each(given[0], names) > 0.0):
        return Finding(CLAIM, columns, (), (), (), None, "nobody is outside: nothing interacts", **common)
    envelopes = [_envelope(record, names) for record in given]
    rows = tuple(
        (float(number), *(float(np.max(own)) for own in _each(record, names)), envelope.factor, envelope.rate)
        for number, record, envelope in zip(numbers, given, envelopes, strict=True)
    )
    common |= {"curves": _curves(given, numbers, names, envelopes[0]), "notes": tuple(_notes(given[0], names))}
    if found := beyond_the_bound(given[0], names):
        return Finding(CLAIM, columns, rows, (), (), False, found, **common)
    if found := _different(numbers, given, names, budgets):
        return Finding(CLAIM, columns, rows, (), (), False, found, **common)
    envelope = envelopes[0]
    reason = (
        f"for N = {numbers[0]} to {numbers[-1]} and {until(problem)} the numbers are the same for every N, and "
        f"{envelope.factor:.4g} e^({envelope.rate:.4g} t) is above them"
    )
    trouble = unresolved(budgets)
    return Finding(CLAIM, columns, rows, (), (), None if trouble else True, trouble or reason, **common)


def beyond_the_bound(record: Record, names: Sequence[str]) -> str:
    """A sentence where more are outside than the equation allows; empty where not, or no bound is known.

    From i hbar V' = (h + K1) V + K2 conj(U) follows d|V|_HS/dt <= |K2|_HS |U| / hbar with |U|^2 = 1 + |V|^2 at most, so

        <N_1> + <N_2> <= sinh^2( integral |K2|_HS dt / hbar )
    """
    if PAIRING not in record.names:
        return ""
    outside = total(record, EXCITATIONS, names) - CERTAIN * total(record, error_of(EXCITATIONS), names)
    for time, number, bound in zip(record.column("clock"), outside, _bound(record), strict=True):
        if number > bound * (1.0 + ROUNDING) + ROUNDING:
            return (
                f"at t = {time:.4g} there are {number:.4g} outside, more than the {bound:.4g} that the norm of K2 "
                "allows: they do not obey the equation"
            )
    return ""


def _bound(record: Record) -> np.ndarray:
    """sinh^2 of the integral, which is taken from above between two records."""
    norms, times = record.column(PAIRING), record.column("clock")
    pieces = np.maximum(norms[1:], norms[:-1]) * np.diff(times)
    with np.errstate(over="ignore"):
        return np.sinh(np.concatenate([[0.0], np.cumsum(pieces)])) ** 2


def _different(
    numbers: Sequence[int], records: Sequence[Record], names: Sequence[str], budgets: Sequence[Budget]
) -> str:
    """A sentence where the numbers depend on N by more than their numerical error, sampling apart: the same functions
    are sampled at every N."""
    for name, budget in zip(names, budgets, strict=True):
        (value,) = budget.values
        errors = sum(change[0] for cause, change in budget.changes.items() if cause != SAMPLING.name)
        for number, record in zip(numbers, records, strict=True):
            other = float(np.max(record.column(column_of(EXCITATIONS, name))))
            if abs(other - value) > max(ROUNDING * value, errors):
                return (
                    f"{budget.quantity} is {value:.6g} at N = {numbers[0]} and {other:.6g} at N = {number}: it depends "
                    "on N"
                )
    return ""


# ---------------------------------------------------------------- numbers


def _each(record: Record, names: Sequence[str]) -> np.ndarray:
    return np.array([record.column(column_of(EXCITATIONS, name)) for name in names])


def _envelope(record: Record, names: Sequence[str]) -> Envelope:
    return Envelope.above(record.column("clock"), np.max(_each(record, names), axis=0))


def _budget(family: Family, number: int, records: Mapping[str, Record], name: str) -> Budget:
    """Of the largest number of a species, at the first N."""
    column = column_of(EXCITATIONS, name)

    def largest(variation: str) -> float:
        record = records[label(variation, number)]
        return math.nan if record.lost else float(np.max(record.column(column)))

    given = records[label(AS_GIVEN, number)]
    place = int(np.argmax(given.column(column)))
    sampling = [float(given.column(column_of(error_of(EXCITATIONS), name))[place])]
    of_all = {variation: [largest(variation)] for variation in family.problems}
    # kernels that the grid resolves leave no tail
    tail = tail_factor(family.first) if any(e.kernel_boundary is None for e in family.first.interaction) else 1.0
    return sampled_budget(
        f"sup_t N of {name}", family.variable, [number], of_all, sampling, family.described, family.impossible, tail
    )


def _curves(
    records: Sequence[Record], numbers: Sequence[int], names: Sequence[str], envelope: Envelope
) -> tuple[Curve, ...]:
    found = []
    for number, record in zip(numbers, records, strict=True):
        later = record.column("clock") > 0.0
        for name, own in zip(names, _each(record, names), strict=True):
            found.append(Curve(f"{name}, N = {number}", record.column("clock")[later], own[later]))
    times = records[0].column("clock")
    found.append(Curve("D exp(alpha t)", times, envelope.at(times), reference=True))
    return tuple(found)


def _notes(record: Record, names: Sequence[str]) -> list[str]:
    if PAIRING not in record.names:
        return ["the norm of K2 is known of points and periodic kernels only: no bound beside the numbers"]
    norms = record.column(PAIRING)
    outside, bound = total(record, EXCITATIONS, names)[-1], _bound(record)[-1]
    return [
        f"their equation implies <N_1> + <N_2> <= sinh^2(integral |K2|_HS dt/hbar) <= e^(alpha t)/4 with alpha = "
        f"{2.0 * np.max(norms):.4g}, for every N: {bound:.4g} at the last record, where {outside:.4g} are measured"
    ]
