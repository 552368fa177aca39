"""Do wave functions spread like t^(-3/2), for every N alike? (Chong, Lee and Sun, Corollary 2.6.)"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.measures.derivatives import Place, hamiltonian_times, largest_modulus
from hpcmix.observe.measures.motion import momentum_fields
from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN
from hpcmix.studies.measuring.claim import Claim, Curve, Display, Finding, Fit
from hpcmix.studies.measuring.setting import Setting, clock_label, first_loss, until
from hpcmix.studies.measuring.verdict import bounded, unresolved
from hpcmix.studies.tracks.family import Family, chosen_numbers, family_tracks, label, largest, load_family
from hpcmix.studies.tracks.track import Record

CLAIM = Claim(
    "dispersion",
    "||phi~_t||_W1inf + ||d/dt phi~_t||_inf <= C / (1 + t^(3/2)) for all t, with C independent of N",
    "Chong, Lee and Sun, Corollary 2.6, (2.31)",
)

WEIGHTED, POWER = "(1 + t^3/2) norms", 1.5
CONSTANT = "C = sup_t (1 + t^3/2) norms"

LATE = 4
"""The last part of the evolution at finite times, from T/LATE on, tells whether the weighted norms still grow."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Evolve the modified systems of all N and weigh their norms. Collective."""
    numbers = chosen_numbers(setting)
    family = load_family(setting, numbers)
    records = setting.work.follow_all(family_tracks(family, ("t", WEIGHTED), lambda problem: measure))
    return family.first, conclude(family, numbers, records)


def measure(simulations: Sequence[Simulation]) -> list[float]:
    """The time, and (1 + t^(3/2)) times the norms, which stays finite at t = infinity in the expanding frame."""
    simulation = simulations[0]
    look = Look(simulation.mixture, simulation.state)
    place = Place.of(look)
    # b^(-3/2) of the wave function times 1 + t^(3/2)
    weight = place.contraction**POWER + place.ratio**POWER
    return [place.time, weight * norms(look, place)]


def norms(look: Look, place: Place) -> float:
    """||phi||_W1inf + ||d/dt phi||_inf times b^(3/2), each the root of the sum of the components' squares; W1inf of one
    component is the largest |phi| plus the largest |grad phi|. Collective."""
    mixture = look.mixture
    spatial, temporal = 0.0, 0.0
    for a, species in enumerate(mixture.species):
        for orbital in look.orbitals(a):
            momenta = momentum_fields(mixture, orbital, species.mass, place.clock)
            slope = largest_modulus(mixture, *momenta) / mixture.hbar
            spatial += species.weight * (largest_modulus(mixture, orbital) + slope) ** 2
            rate = hamiltonian_times(mixture, orbital, momenta, a, place, look.potential(a))
            temporal += species.weight * (largest_modulus(mixture, rate) / mixture.hbar) ** 2
    return float(np.sqrt(spatial) + np.sqrt(temporal))


def conclude(family: Family, numbers: Sequence[int], records: Mapping[str, Record]) -> Finding:
    """The verdict: the constants do not grow with N, and at finite times the weighted norms no longer grow with t."""
    budget = family.budget(CONSTANT, numbers, largest(records, WEIGHTED))
    of_all = [records[label(AS_GIVEN, number)] for number in numbers]
    growth = [_late_growth(record) for record in of_all]
    columns = ("N", CONSTANT, "late exponent of t", "numerical error")
    rows = tuple(
        (float(number), value, fit.exponent if fit else math.nan, error)
        for number, value, fit, error in zip(numbers, budget.values, growth, budget.errors, strict=True)
    )
    curves = tuple(
        Curve(f"N = {number}", record.column("clock"), record.column(WEIGHTED))
        for number, record in zip(numbers, of_all, strict=True)
    )
    shown = Display(
        budgets=(budget,),
        curves=curves,
        abscissa=clock_label(family.first),
        curve_ordinate=WEIGHTED,
        measured="the largest |phi|, |grad phi| and |d/dt phi| (from H phi) over the grid, in the laboratory, weighted "
        "with 1 + t^(3/2)",
    )
    trouble = first_loss(records) or unresolved([budget])
    if first_loss(records):
        return Finding(CLAIM, columns, rows, (CONSTANT,), (), None, trouble, **shown)
    in_number = Fit.of(CONSTANT, "N", numbers, budget.values, budget.errors if not trouble else ())
    fits = (in_number, *(fit for fit in growth if fit is not None))
    holds = None if trouble else bounded(fits)
    reason = (
        f"for N = {numbers[0]} to {numbers[-1]} and {until(family.first)} C is at most {max(budget.values):.4g} and "
        f"goes like N^{in_number.exponent:+.3f} (at most {in_number.interval[1]:+.3f})"
    )
    if any(growth):
        worst = max(fit.interval[1] for fit in growth if fit)
        reason += f"; at late times the weighted norms grow no quicker than t^{worst:+.3f}"
    return Finding(CLAIM, columns, rows, (CONSTANT,), fits, holds, trouble or reason, **shown)


def _late_growth(record: Record) -> Fit | None:
    """The power of t that the weighted norms grow with at late times; None where the evolution reaches infinity, so
    that the largest of them is that of all times."""
    times = record.column("t")
    if not np.isfinite(times[-1]):
        return None
    late = times >= times[-1] / LATE
    if np.sum(late) < 3:
        return None
    return Fit.of(WEIGHTED, "t", times[late], record.column(WEIGHTED)[late])
