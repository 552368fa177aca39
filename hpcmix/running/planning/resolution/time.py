"""Whether the steps resolve what expressions in t do: pulses that are shorter than a step, jumps and bends that no step
ends at. Of ``from``, ``until`` and ``ramp`` the steps know (problem/times/fixed_steps.py)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from hpcmix.problem.schema import Problem
from hpcmix.problem.times.fixed_steps import FixedSteps
from hpcmix.problem.times.switching import Switching
from hpcmix.problem.words.times import TimeWords
from hpcmix.splittings import Splitting

WRONG_AREA = 0.01
"""Part of the area under a factor by which what the steps see of it may be off."""

QUIET = 1e-3
"""Part of a factor's largest value below which it is off."""

FINE = 40
"""Points at which a factor is looked at within a step."""

MOST_LOOKS = 4_000_000
"""Runs of more points are not looked at: their steps are short beside them, and the look would take seconds."""

CHUNK = 2000
"""Steps that are looked at together."""

Nodes = tuple[np.ndarray, np.ndarray]
"""Parts of a step at which a factor is looked at, and their weights, which add up to one."""

Places = Callable[[Splitting], Nodes]
"""Those of what acts somewhere in the steps of a scheme."""


def time_warnings(problem: Problem) -> list[str]:
    """A sentence for everything in the evolution that its steps may miss."""
    if problem.time is None:
        return []
    sentences = []
    for what, entry, places in _entries(problem):
        if entry.until + entry.ramp <= 0.0:
            continue
        if any(course.jumps_or_bends("t") for course in entry.in_time):
            sentences.append(
                f"warning: {what}: its expression may jump or bend in time, and no step ends there, which costs the "
                'integrator its order; at "from", "until" and the ends of a "ramp" steps do end'
            )
        elif entry.course is not None and not problem.time.frame.expanding:
            sentences += _of_factor(problem, what, entry, places)
    return sentences


def at_kicks(splitting: Splitting) -> Nodes:
    """Every kick."""
    return np.array(splitting.drift_ends), np.array(splitting.kicks)


def at_drifts(splitting: Splitting) -> Nodes:
    """Three Gaussian nodes of every drift."""
    nodes, weights = np.polynomial.legendre.leggauss(3)
    begins, drifts = np.array(splitting.drift_ends)[:-1, np.newaxis], np.array(splitting.drifts)[:, np.newaxis]
    return (begins + 0.5 * (1.0 + nodes) * drifts).ravel(), (0.5 * weights * drifts).ravel()


def at_ends(splitting: Splitting) -> Nodes:
    """Both ends of the step, whatever the scheme."""
    return np.array([0.0, 1.0]), np.array([0.5, 0.5])


def _entries(problem: Problem) -> Iterator[tuple[str, Switching, Places]]:
    """What may change in time, in words; and at which parts of a step it acts."""
    for species in problem.species:
        for number, entry in enumerate(species.potential):
            yield f'potential {number} of species "{species.name}"', entry, at_kicks
    for number, interaction in enumerate(problem.interaction):
        yield (
            f'interaction {number} of "{interaction.between[0]}" and "{interaction.between[1]}"',
            interaction,
            at_kicks,
        )
    for coupling in problem.coupling:
        yield 'the coupling of "{}" and "{}"'.format(*coupling.between), coupling, at_drifts
    for number, loss in enumerate(problem.loss):
        yield f"loss {number} (counted from 0)", loss, at_ends
    for number, spinor in enumerate(problem.spinor):
        for energy in spinor.zeeman:
            yield f"a Zeeman energy of spinor {number}", energy, at_drifts


def _of_factor(problem: Problem, what: str, entry: Switching, places: Places) -> list[str]:
    time = problem.timing
    if time.adaptive is not None:
        longest = time.adaptive.within(time.end)[2]
        duration = _passed_over(time.end, longest, entry)
        if duration is None:
            return []
        words = TimeWords.of_problem(problem)
        pulse, step = words.of_step(duration, 2), words.of_step(longest, 3)
        return [
            f"warning: {what}: its factor has a pulse of about {pulse}, which an adaptive step of {step} can pass "
            "over; set time.step.largest to its length"
        ]
    wrong = wrong_area(time.fixed_steps, entry, places(time.splitting))
    if wrong <= WRONG_AREA:
        return []
    return [
        f"warning: {what}: its factor changes so much within a step that the area which the steps see under it is off "
        f"by {100 * wrong:.2g} %; use a smaller time.step"
    ]


def wrong_area(table: FixedSteps, entry: Switching, nodes: Nodes) -> float:
    """Sum over steps of what the integrator's nodes miss of the area under a factor, relative to the whole area."""
    if table.steps * FINE > MOST_LOOKS:
        return 0.0
    places, weights = nodes
    fine = (np.arange(FINE) + 0.5) / FINE
    missed = area = 0.0
    for stretch in table.stretches:
        middle = stretch.mark.time + 0.5 * stretch.count * stretch.size
        if not entry.from_time <= middle <= entry.until + entry.ramp:
            continue
        for first in range(0, stretch.count, CHUNK):
            numbers = np.arange(first, min(stretch.count, first + CHUNK))
            begins = stretch.mark.time + numbers[:, np.newaxis] * stretch.size
            seen = _values(entry, begins + places * stretch.size) @ weights
            within = _values(entry, begins + fine * stretch.size)
            missed += stretch.size * float(np.sum(np.abs(seen - np.mean(within, axis=1))))
            area += stretch.size * float(np.sum(np.mean(np.abs(within), axis=1)))
    return missed / area if 0.0 < area < math.inf and math.isfinite(missed) else 0.0


def _passed_over(end: float, largest: float, entry: Switching) -> float | None:
    """How long a pulse lasts that is shorter than the largest adaptive step of an evolution to `end`, after a rest that
    is longer; None where there is none."""
    last = min(end, entry.until + entry.ramp)
    times = np.linspace(max(0.0, entry.from_time), last, 100_001)
    values = np.abs(_values(entry, times))
    top = float(np.max(values, where=np.isfinite(values), initial=0.0))
    on = values > QUIET * top
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False]))))  # where pulses begin and end, in turn
    before = 0
    for rise, fall in zip(edges[::2], edges[1::2], strict=True):
        duration = (fall - rise) * (times[1] - times[0])
        rest = (rise - before) * (times[1] - times[0])
        if duration < largest < rest + duration:
            return duration
        before = fall
    return None


def _values(entry: Switching, times: np.ndarray) -> np.ndarray:
    """The factor at some times."""
    if entry.course is None:
        return np.ones(times.shape)
    return np.broadcast_to(entry.course.evaluate(t=times), times.shape)
