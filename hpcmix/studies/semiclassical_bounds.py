"""Are the commutators of a trapped Fermi gas of the size M hbar? (Cardenas, Miller and Pavlovic (2.9), (2.11).)"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcmix.evolve.completion import completed_set
from hpcmix.initial.shells import filling_of, oscillator_filling
from hpcmix.observe.semiclassical import momentum_norms, plane_wave_norm, position_norms
from hpcmix.parallel.mpi import MPI
from hpcmix.problem.schema import Problem
from hpcmix.run.log import Log
from hpcmix.run.loop import stepper_of
from hpcmix.run.simulation import Simulation, build_simulation
from hpcmix.studies.claim import Claim, Finding, Fit
from hpcmix.studies.setting import Load, Setting, with_fixed_step

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
QUOTIENTS = "trace norm / bound"


def check(setting: Setting) -> tuple[Problem, Finding]:
    """The family of a file over numbers of fermions, in the macroscopic scaling. Collective."""
    wanted = tuple(setting.numbers) or NUMBERS

    def plan(load: Load) -> list[Problem]:
        first = with_fixed_step(load(()))
        sets = [one.name for one in first.species if one.kind == "fermions"]
        if first.scaling is None or first.scaling.kind != "bose-fermi-macro":
            raise first.complain(
                "scaling", 'this claim is about [scaling] kind = "bose-fermi-macro", where hbar = M^(-1/d)'
            )
        if len(sets) != 1:
            raise first.complain("species", f"this claim varies one species of fermions; here are {len(sets)}")
        if len(set(wanted)) < 3 or min(wanted) < 2:
            raise first.complain("", "a fit needs at least three different numbers of fermions, each 2 or more")
        return [load([f"species.{sets[0]}.orbitals={number}"]) for number in sorted(wanted)]

    problems = setting.on_root(plan)
    return problems[0], measure(problems, setting.evolving, setting.work.comm, setting.work.log)


def measure(problems: Sequence[Problem], evolving: bool, comm: MPI.Comm, log: Log) -> Finding:
    """Measure the norms for problems that differ in the number of fermions only. Collective.

    Each is made as its file says, measured at time zero and, where it has a [time] and `evolving` is set, after the
    evolution. Norms are the largest over the axes (xi along the first).
    """
    rows, evolved = [], evolving and problems[0].time is not None
    not_closed: list[str] = []
    for problem in problems:
        simulation = build_simulation(problem, comm, Log(speaks=False))
        orbitals = sum(problem.orbitals[a] for a in _sets(problem))
        row = [float(orbitals), problem.hbar, *_ratios(simulation)]
        not_closed += _open_shells(simulation)
        if evolved:
            stepper = stepper_of(simulation)
            while not simulation.is_finished:
                stepper.advance(simulation.state)
            stepper.settle(simulation.state)
            row += _ratios(simulation)
        simulation.free()
        rows.append(tuple(row))
        log.line(f"M = {orbitals}: " + ", ".join(f"{value:.4g}" for value in row[2:]))
    measured = [X, P, E]
    if evolved:
        measured += [f"{name} at t = {problems[0].time.final:g}" for name in (X, P, E)]
    columns = ("M", "hbar", *measured)
    return conclude(columns, rows, not_closed)


def conclude(columns: Sequence[str], rows: Sequence[tuple[float, ...]], not_closed: Sequence[str] = ()) -> Finding:
    """The verdict on measured rows: M, hbar, and quotients that the claim bounds.

    Any projection of rank M has ||[exp(i xi.x), omega]||_Tr <= 2 M, which divided by M hbar grows like M^(1/d). A
    quotient counts as bounded when the whole confidence interval of its exponent lies nearer to zero than to that, as
    growing when the whole interval lies nearer to it; else the numbers are too few or scatter too much to tell.
    not_closed  those M, in words, that close no shell.
    """
    numbers = [row[0] for row in rows]
    dimensions = round(-np.log(numbers[-1]) / np.log(rows[-1][1]))
    limit = 0.5 / dimensions
    fits = tuple(
        Fit.of(name, "M", numbers, [row[place] for row in rows]) for place, name in enumerate(columns[2:], start=2)
    )
    worst = max(fits, key=lambda fit: fit.interval[1])
    largest = {name: max(row[place] for row in rows) for place, name in enumerate(columns[2:], start=2)}
    holds = True if worst.interval[1] < limit else None
    if any(fit.interval[0] > limit for fit in fits):
        holds = False
    reason = (
        f"for M = {numbers[0]:g} to {numbers[-1]:g} no quotient exceeds {max(largest.values()):.3g}; the quickest "
        f"grows like M^{worst.exponent:.3f} (at most {worst.interval[1]:.3f}), where M^{1 / dimensions:.3f} would hold "
        f"for any projection; bounded is what stays below M^{limit:.3f}"
        + ("; more and larger M would decide" if holds is None else "")
    )
    notes = (_remark(not_closed),) if not_closed else ()
    return Finding(
        CLAIM, tuple(columns), tuple(rows), tuple(columns[2:]), fits, holds, reason, ordinate=QUOTIENTS, notes=notes
    )


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


def _sets(problem: Problem) -> list[int]:
    return [a for a, one in enumerate(problem.species) if one.kind == "fermions"]


def _remark(not_closed: Sequence[str]) -> str:
    return (
        f"no shell is closed by M = {', '.join(not_closed)}: of the highest level only some states are filled, so that "
        "the quotients there depend on which ones, and scatter from M to M; how they grow is read from closed shells"
    )


def _open_shells(simulation: Simulation) -> list[str]:
    """The number of orbitals of every set that closes no shell, with the nearest ones that do where they are known. Of
    orbitals from a file nothing is known."""
    problem, found = simulation.problem, []
    levels = (simulation.ground_state or {}).get("levels", {})
    for a in _sets(problem):
        one = problem.species[a]
        filling = filling_of(one.initial, problem.grid, problem.orbitals[a])
        if filling is not None and not filling.closes_a_shell:
            found.append(
                f"{problem.orbitals[a]} ({' or '.join(f'{number}' for number in filling.closed if number)} would)"
            )
        elif one.name in levels and levels[one.name]["gap"] == 0.0:
            found.append(f"{problem.orbitals[a]}")
    return found


def _ratios(simulation: Simulation) -> list[float]:
    """The quotients X, P and E of all fermions together: norms of several species add up."""
    problem, mixture, state = simulation.problem, simulation.mixture, simulation.state
    dimensions = problem.grid.dimensions
    units = np.eye(dimensions)
    position, momentum, waves = np.zeros(dimensions), np.zeros(dimensions), np.zeros(len(WAVES))
    for a in _sets(problem):
        orbitals = completed_set(mixture, state, a)
        position += position_norms(mixture, orbitals, a)
        momentum += momentum_norms(mixture, orbitals, a)
        waves += [
            plane_wave_norm(mixture, orbitals, a, length * units[0]) / np.sqrt(1.0 + length**2) for length in WAVES
        ]
    scale = problem.hbar * sum(problem.orbitals[a] for a in _sets(problem))
    return [float(np.max(norms)) / scale for norms in (position, momentum, waves)]
