"""Does the interaction Morawetz inequality hold along the flow? (Chong, Lee and Sun, Appendix B.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.interpolate import CubicSpline

from hpcmix.observe.look import Look
from hpcmix.observe.morawetz import Distance, morawetz
from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding
from hpcmix.studies.measuring.setting import (
    Load,
    Setting,
    Variants,
    clock_label,
    evolved,
    first_loss,
    plain_motion,
    three_dimensional,
    until,
)
from hpcmix.studies.measuring.verdict import unresolved
from hpcmix.studies.tracks.track import Record, Track

CLAIM = Claim(
    "morawetz",
    "M_a(t) does not decrease, and 4 pi (double integral of rho^2 over x and t) <= M_a(T) - M_a(0), so that the L4 "
    "norm in space and time is bounded",
    "Chong, Lee and Sun, Appendix B, Proposition B.1, (B.3)-(B.7), for times of -Laplacian/2",
)

ACTION, DENSITY = "M_a", "b^2 int rho^2"
LEFT, RIGHT, FOURTH = "4 pi int rho^2", "M_a(t) - M_a(0)", "L4 norm"
ROWS = 8
"""Times of the table, the first left out, where both sides vanish."""

QUADRATURE = "records"
"""What the integral over time changes by when every second record is left out."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Evolve and compare both sides; again for every entry of the error budget. Collective."""

    def plan(load: Load) -> Variants:
        first = plain_motion(three_dimensional(evolved(load(()))))
        for index in first.classical:
            raise first.complain(f"species.{index}.kind", "the inequality is about wave functions, and this has none")
        if len({species.mass for species in first.species}) > 1:
            raise first.complain("species", "the inequality is about components of one mass")
        if any(
            species.potential and any(p.until + p.ramp > 0.0 for p in species.potential) for species in first.species
        ):
            raise first.complain("species", "the inequality is about free space: no potential may act after t = 0")
        return Variants.of(load)

    variants = setting.on_root(plan)
    names = ("t", ACTION, DENSITY)
    tracks = []
    for name, problem in variants.problems.items():
        measure = _Measure()
        tracks.append(Track(name, (problem,), names, measure, optional=name != AS_GIVEN, end=measure.end))
    records = setting.work.follow_all(tracks)
    return variants.problems[AS_GIVEN], conclude(variants, records)


class _Measure:
    """Keeps the convolution with |x| from record to record."""

    def __init__(self) -> None:
        self._distance: Distance | None = None

    def __call__(self, simulations: Sequence[Simulation]) -> list[float]:
        """Time, M_a and the integral of rho^2, in the paper's unit of time: hbar t / m in place of t. Collective."""
        simulation = simulations[0]
        mixture = simulation.mixture
        if self._distance is None:
            self._distance = Distance(mixture)
        sums = morawetz(Look(mixture, simulation.state), self._distance)
        unit = mixture.hbar / mixture.species[0].mass
        return [simulation.time, sums.action / unit, sums.density * unit]

    def end(self) -> None:
        """Forget the convolution: the simulations that it works in end here."""
        self._distance = None


def conclude(variants: Variants, records: Mapping[str, Record]) -> Finding:
    """The verdict: at every record the left side is at most the right one, and M_a has not fallen since the one before,
    but for numerical errors."""
    problem, given = variants.problems[AS_GIVEN], records[AS_GIVEN]
    if lost := first_loss(records):
        return Finding(CLAIM, ("t", ACTION, DENSITY), tuple(row[1:4] for row in given.rows), (), (), None, lost)
    clock = given.column("clock")
    chosen = np.unique(np.linspace(0, len(clock) - 1, ROWS + 1).round().astype(int))[1:]
    left = {name: np.interp(clock, record.column("clock"), _left(record)) for name, record in records.items()}
    right = {name: np.interp(clock, record.column("clock"), _right(record)) for name, record in records.items()}
    left[QUADRATURE] = _left(given, every=2)
    right[QUADRATURE] = right[AS_GIVEN]
    gaps = {name: right[name] - left[name] for name in left}
    places = clock[chosen]
    budgets = tuple(
        Budget.of(
            quantity,
            "clock",
            list(places),
            {name: list(values[chosen]) for name, values in of_all.items()},
            variants.described,
            variants.impossible,
        )
        for quantity, of_all in ((LEFT, left), ("right side - left side", gaps))
    )
    steps = np.diff(given.column(ACTION))
    errors = np.interp(clock[1:], places, budgets[1].errors)
    falls = float(np.min(steps + errors))
    worst = float(np.min(gaps[AS_GIVEN][chosen] + np.array(budgets[1].errors)))
    fourth = left[AS_GIVEN][-1] / (4.0 * np.pi)
    quotient = float(np.max(left[AS_GIVEN][chosen] / right[AS_GIVEN][chosen]))
    # an inequality that fails by more than the errors fails, however large its own terms' errors are
    holds: bool | None = worst >= 0.0 and falls >= 0.0
    trouble = unresolved(budgets)
    if trouble:
        holds = None
    reason = (
        f"for {until(problem)} the left side is at most {quotient:.3g} of the right one, M_a "
        + ("never falls" if falls >= 0.0 else f"falls by {-float(np.min(steps)):.2g} from one record to the next")
        + f", and the L4 norm over space and time is {fourth**0.25:.4g}"
    )
    rows = tuple(
        (float(given.column("t")[n]), float(left[AS_GIVEN][n]), float(right[AS_GIVEN][n]), float(gaps[AS_GIVEN][n]))
        for n in chosen
    )
    columns = ("t", LEFT, RIGHT, "right - left")
    curves = (Curve(LEFT, clock, left[AS_GIVEN]), Curve(RIGHT, clock, right[AS_GIVEN], reference=True))
    return Finding(
        CLAIM,
        columns,
        rows,
        (),
        (),
        holds,
        trouble or reason,
        budgets,
        curves,
        clock_label(problem),
        curve_ordinate="both sides up to t",
        measured="both sides up to t, with times hbar t/m, as in the paper; rho is the density of all components",
    )


def _left(record: Record, every: int = 1) -> np.ndarray:
    """4 pi integral of rho^2 over space and time up to every record, by a cubic spline through all records, or some."""
    clock, density = record.column("clock"), record.column(DENSITY)
    if clock.size < 2:
        return np.zeros(clock.size)
    taken = np.unique([*range(0, clock.size, every), clock.size - 1])
    return 4.0 * np.pi * CubicSpline(clock[taken], density[taken]).antiderivative()(clock)


def _right(record: Record) -> np.ndarray:
    return record.column(ACTION) - record.column(ACTION)[0]
