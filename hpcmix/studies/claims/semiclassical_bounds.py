"""Are the commutators of a trapped Fermi gas of the size M hbar? (Cardenas, Miller and Pavlovic (2.9), (2.11).)"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from hpcmix.initial.trial.shells import filling_of, oscillator_filling
from hpcmix.observe.look import Look
from hpcmix.observe.observables.semiclassical_norms import momentum_norms, plane_wave_norm, position_norms
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.scaling import BoseFermiMacro
from hpcmix.problem.sections.species.species import Fermions
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Finding, Fit
from hpcmix.studies.measuring.setting import Load, Setting, first_loss, with_fixed_step
from hpcmix.studies.measuring.verdict import bounded, quickest, unresolved
from hpcmix.studies.tracks.family import Family, family_tracks, label
from hpcmix.studies.tracks.track import Record

CLAIM = Claim(
    "semiclassical-bounds",
    "||[x, omega]||_Tr, ||[i hbar grad, omega]||_Tr <= C M hbar and ||[exp(i xi.x), omega]||_Tr <= C M hbar <xi> "
    "with C independent of M, for hbar = M^(-1/d)",
    "Cardenas, Miller and Pavlovic (2.9), (2.11), in the scaling (2.20)",
)
NUMBERS = (4, 10, 20, 56, 120)
"""Closed shells of the isotropic oscillator in three dimensions."""
WAVES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Lengths of xi at which (2.9) is measured: from below the inverse size of the cloud to its Fermi wave number."""
X, P, E = "[x,w]/(M hbar)", "[ih grad,w]/(M hbar)", "sup_xi [e^(i xi x),w]/(M hbar <xi>)"
OPEN = "open shell"


def check(setting: Setting) -> tuple[Problem, Finding]:
    """The family of a file over numbers of fermions, in the macroscopic scaling, at time zero and, where the file has a
    [time] and nobody asked for the beginning only, after the evolution. Collective."""
    wanted = sorted(set(setting.numbers or NUMBERS))

    def plan(load: Load) -> Family:
        name = _only_set(load(()), wanted)
        load_ends = _loading_ends(load, setting.evolving)
        return Family.of(load_ends(()), load_ends, wanted, lambda number: [f"species.{name}.orbitals={number}"], "M")

    family = setting.on_root(plan)
    records = setting.work.follow_all(family_tracks(family, (X, P, E, OPEN), lambda problem: measure))
    return family.first, conclude(family, wanted, records)


def _only_set(problem: Problem, numbers: Sequence[int]) -> str:
    """The name of the species of fermions that the claim varies. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError` for a file or numbers that the claim is not about."""
    sets = [species.name for species in problem.species if isinstance(species, Fermions)]
    if problem.scaling is None or not isinstance(problem.scaling.rule, BoseFermiMacro):
        raise problem.complain(
            "scaling", 'this claim is about [scaling] kind = "bose-fermi-macro", where hbar = M^(-1/d)'
        )
    if len(sets) != 1:
        raise problem.complain("species", f"this claim varies one species of fermions; here are {len(sets)}")
    if len(numbers) < 3 or min(numbers) < 2:
        raise problem.complain("", "a fit needs at least three different numbers of fermions, each 2 or more")
    return sets[0]


def _loading_ends(load: Load, evolving: bool) -> Load:
    """What loads the problems to be measured: with records at both ends of the evolution only, for they cost more than
    steps do; without an evolution where there is none, or none is wanted."""
    first = load(())
    if not evolving or first.time is None:
        return lambda extra: load(extra).model_copy(update={"time": None})
    with_fixed_step(first)
    if first.time.frame.expanding:
        raise first.complain(
            "grid.frame",
            "the commutators compare wave functions of the laboratory, whose phase no grid resolves when the frame has "
            'expanded; use frame = "fixed", or measure the beginning only (--at-start)',
        )
    ends = f"output.observables={{every={first.time.steps}}}"
    return lambda extra: load([ends, *extra])


def measure(simulations: Sequence[Simulation]) -> list[float]:
    """The quotients X, P and E of the fermions: norms are the largest over the axes, xi lies along the first; and
    whether the shells are open. Collective."""
    simulation = simulations[0]
    problem, mixture = simulation.problem, simulation.mixture
    (a,) = (number for number, species in enumerate(problem.species) if isinstance(species, Fermions))
    orbitals = Look(mixture, simulation.state).orbital_set(a)
    along = np.eye(problem.grid.dimensions)[0]
    waves = [plane_wave_norm(mixture, orbitals, a, length * along) / np.sqrt(1.0 + length**2) for length in WAVES]
    norms = (position_norms(mixture, orbitals, a), momentum_norms(mixture, orbitals, a), waves)
    quotients = [max(values) / (problem.hbar * problem.orbitals[a]) for values in norms]
    return [*quotients, 1.0 if _is_open(simulation, a) else 0.0]


def _is_open(simulation: Simulation, a: int) -> bool:
    """Whether the orbitals of species `a` are known to close no shell. Of orbitals from a file nothing is known."""
    problem = simulation.problem
    species = problem.species[a]
    filling = filling_of(species.initial, problem.grid, problem.orbitals[a])
    if filling is not None:
        return not filling.closes_a_shell
    levels = (simulation.ground_state or {}).get("levels", {})
    return species.name in levels and levels[species.name]["gap"] == 0.0


def conclude(family: Family, numbers: Sequence[int], records: Mapping[str, Record]) -> Finding:
    """The verdict on what was measured at time zero and, where there is an evolution, at its end."""

    def value(column: str, row: int, variation: str, number: int) -> float:
        record = records[label(variation, number, family.variable)]
        return math.nan if record.lost else float(record.column(column)[row])

    timing = family.first.time
    ends = {0: ""} if timing is None else {0: "", -1: f" at t = {timing.final:g}"}
    budgets = [
        family.budget(f"{column}{when}", numbers, partial(value, column, row))
        for row, when in ends.items()
        for column in (X, P, E)
    ]
    given = family.problems[AS_GIVEN]
    finding = judge([given[number].hbar for number in numbers], budgets, first_loss(records))
    not_closed = [
        _with_neighbours(given[number], number)
        for number in numbers
        if records[label(AS_GIVEN, number, family.variable)].column(OPEN)[0]
    ]
    return replace(finding, notes=(_remark(not_closed),)) if not_closed else finding


def _with_neighbours(problem: Problem, number: int) -> str:
    """A number that closes no shell, with the nearest ones that do where they are known."""
    fermions = next(species for species in problem.species if isinstance(species, Fermions))
    filling = filling_of(fermions.initial, problem.grid, number)
    if filling is None:
        return f"{number}"
    return f"{number} ({' or '.join(f'{closed}' for closed in filling.closed if closed)} would)"


def _remark(not_closed: Sequence[str]) -> str:
    return (
        f"no shell is closed by M = {', '.join(not_closed)}: of the highest level only some states are filled, so that "
        "the quotients there depend on which ones, and scatter from M to M; how they grow is read from closed shells"
    )


def judge(hbars: Sequence[float], budgets: Sequence[Budget], lost: str = "") -> Finding:
    """The verdict on quotients that the claim bounds, over M.

    Any projection of rank M has ||[exp(i xi.x), omega]||_Tr <= 2 M, which divided by M hbar grows like M^(1/d). A
    quotient counts as bounded when the whole confidence interval of its exponent lies nearer to zero than to that, as
    growing when the whole interval lies nearer to it; else the numbers are too few or scatter too much to tell.

    hbars    of every M.
    budgets  of every quotient.
    lost     why a solution was lost, if one was.
    """
    numbers, quotients = budgets[0].places, tuple(budget.quantity for budget in budgets)
    columns, rows = ("M", "hbar", *quotients), zip(numbers, hbars, *(budget.values for budget in budgets), strict=True)
    shown = (CLAIM, columns, tuple(rows), quotients)
    if lost:
        return Finding(*shown, (), None, lost, tuple(budgets), ordinate="trace norm / bound")
    dimensions = round(-np.log(numbers[-1]) / np.log(hbars[-1]))
    limit, trouble = 0.5 / dimensions, unresolved(budgets)
    fits = tuple(
        Fit.of(budget.quantity, "M", numbers, budget.values, () if trouble else budget.errors) for budget in budgets
    )
    worst, holds = quickest(fits), None if trouble else bounded(fits, limit)
    reason = (
        f"for M = {numbers[0]:g} to {numbers[-1]:g} no quotient exceeds "
        f"{max(max(budget.values) for budget in budgets):.3g}; the quickest grows like M^{worst.exponent:.3f} (at most "
        f"{worst.interval[1]:.3f}), where M^{1 / dimensions:.3f} would hold for any projection; bounded is what stays "
        f"below M^{limit:.3f}" + ("; more and larger M would decide" if holds is None else "")
    )
    return Finding(*shown, fits, holds, trouble or reason, tuple(budgets), ordinate="trace norm / bound")


def shell_quotient(numbers: int, hbar: float, frequency: float) -> float:
    """||[x, omega]||_Tr / (M hbar) of closed shells of an isotropic oscillator of mass 1 in three dimensions, exactly.

    x leads out of the filled shells only from the highest one: 2 sqrt(hbar / (2 w)) sum over it of sqrt(n_x + 1).
    """
    filling = oscillator_filling((1.0, 1.0, 1.0), numbers)
    if not filling.closes_a_shell:
        raise ValueError(f"{numbers} orbitals do not close a shell")
    highest = max(map(sum, filling.numbers))
    total = sum(np.sqrt(n[0] + 1.0) for n in filling.numbers if sum(n) == highest)
    return float(2.0 * np.sqrt(0.5 * hbar / frequency) * total / (numbers * hbar))
