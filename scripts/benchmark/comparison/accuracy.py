"""The time to an error: every scheme of hpcmix and of XMDS2 with the largest step that reaches it.

The quench of comparison/problem.py, two components, to the time 0.5. The error is the relative difference of the final
state from a reference that hpcmix's scheme of order 6 computes and that half as many steps reproduce.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from comparison import candidates as c
from comparison import xmds
from comparison.entries import Entry
from comparison.problem import Case, problem_file
from comparison.rounds import Contest, Say, ratio, relative_difference
from comparison.search import Found, least_steps
from comparison.turns import Failed, FreshStart
from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.running.bench.spread import Spread
from hpcmix.splittings import INTEGRATORS

FINAL = 0.5
REFERENCE_SCHEME = "blanes-moan-rkn-6"
XMDS_ORDERS = {"SI": 2, "RK4": 4, "RK9": 8}
"""XMDS2's fixed-step algorithms and the orders of their errors."""

TOLERANCES = [10.0 ** (-0.5 * exponent) for exponent in range(2, 27)]
"""What XMDS2's adaptive algorithms are tried with, from 1e-1 to 1e-13."""


@dataclass(frozen=True)
class Reached:
    """A scheme that reaches an error.

    entry     what was timed: a step, or a whole evolution of an adaptive algorithm.
    units     how many of them the evolution takes.
    """

    scheme: str
    target: float
    entry: Entry
    units: int
    error: float
    measured: bool

    @property
    def how(self) -> str:
        """The step or the tolerance."""
        if self.entry.candidate.unit == "evolution":
            return f"tolerance {self.entry.case.tolerance:.1e}"
        return f"{self.units} steps" if self.measured else f"{self.units} steps, by its order"


@dataclass
class Accuracy:
    """All schemes that reach the targets, and why others do not."""

    points: int
    reached: list[Reached]
    notes: dict[str, str]

    def times(self, contest: Contest) -> list[tuple[Reached, Spread]]:
        """The seconds of every evolution, by target and then by time."""
        timed = []
        for one in self.reached:
            spread = contest.measurements[one.entry.key].spread
            if spread is not None:
                timed.append((one, spread.scaled(one.units)))
        return sorted(timed, key=lambda pair: (-pair[0].target, pair[1].median))

    def against_xmds(self, contest: Contest, target: float) -> tuple[Spread, Reached, Reached] | None:
        """Time of hpcmix's quickest scheme over that of XMDS2's, and which they are; None if one is missing."""
        best: dict[str, Reached] = {}
        for one, _ in self.times(contest):
            if one.target == target:
                best.setdefault(one.entry.candidate.name, one)
        if len(best) < 2:
            return None
        ours, theirs = best["hpcmix"], best["XMDS2"]
        spread = ratio(contest.measurements[ours.entry.key], contest.measurements[theirs.entry.key])
        return None if spread is None else (spread.scaled(ours.units / theirs.units), ours, theirs)


def measure(
    points: int, targets: Sequence[float], contest: Contest, longest: float, budget: float, say: Say
) -> Accuracy:
    """Find the steps, then time all schemes in one interleaved contest.

    longest  seconds that one evolution may take while searching; beyond, the order of the scheme is relied on.
    """
    accuracy = Accuracy(points, [], {})
    base = Case(points, integrator=REFERENCE_SCHEME, final=FINAL)
    reference = _reference(base, say)
    for scheme, table in INTEGRATORS.items():
        _search(accuracy, c.HPCMIX, replace(base, integrator=scheme), table.order, targets, reference, longest, say)
    if missing := c.XMDS.missing():
        accuracy.notes["XMDS2"] = missing
    else:
        for scheme, order in XMDS_ORDERS.items():
            _search(accuracy, c.XMDS, replace(base, integrator=scheme), order, targets, reference, longest, say)
        for scheme in xmds.ADAPTIVE:
            _search_tolerance(accuracy, replace(base, integrator=scheme), targets, reference, longest, say)
    contest.measure(list({one.entry.key: one.entry for one in accuracy.reached}.values()), budget)
    return accuracy


def _final_state(candidate: c.Candidate, case: Case, steps: int) -> tuple[np.ndarray, float]:
    """The state at the end and the seconds it took (for XMDS2 with the writing of the state)."""
    contestant = (candidate.check or candidate.start)(case, 1)
    try:
        contestant.wait_until_ready()
        seconds = contestant.run(steps)
        state = contestant.written_state(case) if candidate.check else contestant.state(case)
        return np.array(state), seconds
    finally:
        contestant.close()


def _reference(base: Case, say: Say) -> np.ndarray:
    """A state that twice as many steps do not change by more than rounding."""
    steps, before = 100, None
    while steps <= 1600:
        state, _ = _final_state(c.HPCMIX, replace(base, step=FINAL / steps), steps)
        if before is not None and (difference := relative_difference(before, state)) < 1e-11:
            say(f"  reference: {REFERENCE_SCHEME} with {steps} steps; half as many differ by {difference:.1e}")
            return state
        steps, before = 2 * steps, state
    raise Failed("the reference does not converge")


def _search(
    accuracy: Accuracy,
    candidate: c.Candidate,
    case: Case,
    order: int,
    targets: Sequence[float],
    reference: np.ndarray,
    longest: float,
    say: Say,
) -> None:
    """The least numbers of steps of a scheme, entered into `accuracy`."""
    errors: dict[int, float] = {}
    pace = math.inf  # seconds per step, the quickest seen

    def error_of(steps: int) -> float:
        nonlocal pace
        if steps not in errors:
            state, seconds = _final_state(candidate, replace(case, step=FINAL / steps), steps)
            pace = min(pace, seconds / steps)
            error = relative_difference(state, reference)
            errors[steps] = error if math.isfinite(error) else math.inf
        return errors[steps]

    fewest = _fewest_steps(case) if candidate is c.HPCMIX else 1
    start = max(40, fewest)
    for target in sorted(targets, reverse=True):
        try:
            error_of(start)
            largest = max(start, int(longest / pace))
            found: Found = least_steps(error_of, order, target, start, largest, fewest)
        except (Failed, ArithmeticError) as failure:
            accuracy.notes[f"{candidate.name}, {case.integrator}"] = str(failure)
            return
        how = f"error {found.error:.1e}" if found.measured else "by its order"
        say(f"  {candidate.name}, {case.integrator}: {found.steps} steps for {target:.0e} ({how})")
        # one entry for both targets: a step takes as long whatever its length
        entry = Entry(candidate, case, 1, anchor=candidate is c.HPCMIX, checked=False)
        accuracy.reached.append(Reached(case.integrator, target, entry, found.steps, found.error, found.measured))
        start = min(found.steps, largest)


def _fewest_steps(case: Case) -> int:
    """The least number of steps that hpcmix accepts on this grid: it refuses those in which a mode resonates."""
    failed, accepted = 0, 0
    while not accepted or accepted - failed > 1:
        steps = (failed + accepted) // 2 if accepted else max(1, 2 * failed)
        try:
            parse_problem(problem_file(replace(case, step=FINAL / steps), check_step=True))
            accepted = steps
        except ProblemError:
            failed = steps
    return accepted


def _search_tolerance(
    accuracy: Accuracy, case: Case, targets: Sequence[float], reference: np.ndarray, longest: float, say: Say
) -> None:
    """The largest tolerances of an adaptive algorithm of XMDS2."""
    left = sorted(targets, reverse=True)
    for tolerance in TOLERANCES:
        tried = replace(case, tolerance=tolerance)
        try:
            state, seconds = _final_state(c.XMDS, tried, 1)
        except Failed as failure:
            accuracy.notes[f"XMDS2, {case.integrator}"] = str(failure)
            return
        error = relative_difference(state, reference)
        while left and error <= left[0]:
            say(f"  XMDS2, {case.integrator}: tolerance {tolerance:.1e} for {left[0]:.0e} (error {error:.1e})")
            entry = Entry(_FRESH_XMDS, tried, 1, checked=False)
            accuracy.reached.append(Reached(case.integrator, left.pop(0), entry, 1, error, True))
        if not left:
            return
        if seconds > longest:
            break
    accuracy.notes[f"XMDS2, {case.integrator}"] = f"does not reach {left[0]:.0e} in {longest:g} s"


_FRESH_XMDS = replace(
    c.XMDS, unit="evolution", start=lambda case, ranks: FreshStart(lambda: c.XMDS.start(case, ranks)), check=None
)
