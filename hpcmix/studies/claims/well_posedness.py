"""Does the kinetic energy stay below what the conserved energy allows? (Anapolitanos, Hott and Hundertmark, Thm 1.1.)

Their proof (Appendix B) bounds the interactions from below by the kinetic energy K_a = N_a <T_a> of every species, with
Kato's inequality 1/|x| <= (pi/2) |k| for what attracts like 1/r:

    E >= sum_a K_a + U_min - B - sum_{a<=b} (pi/2) |lambda_ab| N_a N_b s_ab min(<|k|>_a, <|k|>_b)

with s_aa = 1/2, s_ab = 1; B collects the kernels that are bounded themselves. With <|k|>_a <= sqrt(2 m_a K_a / N_a) /
hbar that is C_1 = 1/2 of their (75), and with <|k|>_a <= K_a / (N_a hbar) for T = sqrt(m^2 + hbar^2 k^2) their (76),
whose C is finite under (SR).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.observe.look import Look
from hpcmix.observe.record import observe
from hpcmix.parallel.process.mpi import MPI
from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget
from hpcmix.studies.measuring.claim import Claim, Curve, Finding
from hpcmix.studies.measuring.setting import Load, Setting, Variants, clock_label, evolved, first_loss, until
from hpcmix.studies.tracks.track import Record, Track

CLAIM = Claim(
    "well-posedness",
    "the kinetic energy, and with it ||phi_t||_H1_A or ||phi_t||_H1/2, stays below its bound from the conserved energy",
    "Anapolitanos, Hott and Hundertmark, Theorem 1.1, (75), (76); Michelangeli and Olgiati, (A4)",
)

KINETIC, TOTAL, LOWEST, FIXED = "kinetic energy", "total energy", "lowest potential", "potentials fixed"
QUOTIENT = "sup_t kinetic energy / bound"
COLUMNS = ("t", KINETIC, TOTAL, "kinetic energy / bound")
ROWS = 10
"""Times of the table."""

ROUNDING = 1e-10
"""Relative error of energies that no variation shows: sums over a grid, and the drift of a run."""

KATO = 0.5 * math.pi
"""The constant of Kato's inequality."""


class NoBound(ValueError):
    """The energy bounds nothing; the text says why."""


def check(setting: Setting) -> tuple[Problem, Finding]:
    """Evolve and compare the kinetic energy with its bound; again for every entry of the error budget. Collective."""

    def plan(load: Load) -> Variants:
        evolved(load(()))
        return Variants.of(load)

    variants = setting.on_root(plan)
    first = variants.problems[AS_GIVEN]
    names = ("t", KINETIC, TOTAL, LOWEST, FIXED)
    tracks = [
        Track(name, (problem,), names, measure, optional=name != AS_GIVEN)
        for name, problem in variants.problems.items()
    ]
    records = setting.work.follow_all(tracks)
    return first, conclude(variants, records)


def measure(simulations: Sequence[Simulation]) -> list[float]:
    """Time; kinetic and total energy, rest masses included, whatever T is; the smallest that the potentials' energy can
    be; whether they are fixed. Collective."""
    simulation = simulations[0]
    mixture = simulation.mixture
    look = Look(mixture, simulation.state)
    record, instant = observe(look), look.instant
    rest, lowest = 0.0, np.zeros(len(mixture.species))
    for a, model in enumerate(mixture.species):
        # energies without the rest mass: the inequalities are about sqrt(m^2 + p^2) itself
        rest += model.particles * model.mass if simulation.problem.species[a].rest_mass == "subtracted" else 0.0
        value = model.external.value(instant)
        lowest[a] = 0.0 if value is None else instant.contraction**2 * float(np.min(value))
    mixture.communicators.world.Allreduce(MPI.IN_PLACE, lowest, op=MPI.MIN)
    floor = sum(species.particles * value for species, value in zip(mixture.species, lowest, strict=True))
    terms, fixed = record["energy"], 1.0 if mixture.conserves_energy_after(0.0) else 0.0
    return [record["time"], terms["kinetic"] + rest, terms["total"] + rest, floor, fixed]


# ---------------------------------------------------------------- the bound


@dataclass(frozen=True)
class Attraction:
    """What all interactions can lower the energy by.

    bounded   B, by the kernels that are bounded from below.
    coulomb   |lambda_ab| of what attracts like 1/r, prefactors included; symmetric.
    """

    bounded: float
    coulomb: np.ndarray


def attraction(problem: Problem) -> Attraction:
    """The lower bounds of all interactions. Raises :class:`NoBound` for one that the kinetic energy does not control,
    such as an attractive contact interaction in more than one dimension."""
    count = len(problem.species)
    particles = problem.integrals
    bounded, coulomb = 0.0, np.zeros((count, count))
    for entry in problem.interaction:
        a, b = problem.pair(entry.between)
        factor, attracted = problem.prefactors.kernel_factor(a, b), entry.attraction_at_all_times(problem)
        images = entry.kernel_boundary == "periodic" and attracted.inverse_distance > 0.0
        if attracted.more_singular or images or math.isinf(attracted.depth):
            raise NoBound(
                f"the energy of the {entry.kind} interaction of {entry.between[0]} and {entry.between[1]} is not "
                "bounded below by the kinetic energy, so that conservation bounds nothing"
            )
        if attracted.inverse_distance > 0.0 and not (
            problem.species[a].has_orbitals and problem.species[b].has_orbitals
        ):
            raise NoBound(
                f"the energy of the {entry.kind} interaction of {entry.between[0]} and {entry.between[1]} is not "
                "bounded below: points of a classical species may come as near to each other as they like, and no "
                "kinetic energy pays for it"
            )
        bounded += (0.5 if a == b else 1.0) * particles[a] * particles[b] * factor * attracted.depth
        coulomb[a, b] += factor * attracted.inverse_distance
        coulomb[b, a] = coulomb[a, b]
    for functional in problem.functional:
        if not functional.bounded_below(problem.grid.dimensions):
            raise NoBound(
                f"the energy of the {functional.kind} functional of {' and '.join(functional.species)} is not bounded "
                "below by the kinetic energy, so that conservation bounds nothing"
            )
    return Attraction(bounded, coulomb)


def kinetic_bound(problem: Problem, energy: float, lowest: float) -> float:
    """The largest kinetic energy at a total energy, where the potentials' energy is at least `lowest`. Raises
    :class:`NoBound`."""
    if problem.rotation is not None or problem.exchanges:
        raise NoBound("rotation, Rabi coupling and spins are not part of the energies that the proof bounds")
    strongest = attraction(problem)
    available = energy - lowest + strongest.bounded
    if not np.any(strongest.coulomb):
        return available
    if problem.grid.dimensions != 3:
        raise NoBound("the inequality for 1/r is one of three dimensions")
    weights = np.array(problem.integrals)
    kinds = {species.kinetic for species, row in zip(problem.species, strongest.coulomb, strict=True) if np.any(row)}
    if kinds == {"nonrelativistic"}:
        masses = np.array([species.mass for species in problem.species])
        return nonrelativistic_bound(available, strongest.coulomb, weights, masses, problem.hbar)
    if kinds == {"semirelativistic"}:
        return semirelativistic_bound(available, strongest.coulomb, weights, problem.hbar)
    raise NoBound("species that attract each other like 1/r have kinetic energies of different kinds")


def nonrelativistic_bound(
    available: float, coulomb: np.ndarray, particles: np.ndarray, masses: np.ndarray, hbar: float
) -> float:
    """From sum_a (K_a - D_a sqrt(K_a)) <= available with D_a = 1/2 sum_b (pi/2) |lambda_ab| N_a N_b sqrt(2 m_a / N_a) /
    hbar, and K - D sqrt(K) >= K/2 - D^2/2. With a vector potential too: the diamagnetic inequality."""
    pairs = 0.5 * KATO * np.abs(coulomb) * np.outer(particles, particles)
    slopes = np.sum(pairs, axis=1) * np.sqrt(2.0 * masses / particles) / hbar
    return 2.0 * available + float(np.sum(slopes**2))


def semirelativistic_bound(available: float, coulomb: np.ndarray, particles: np.ndarray, hbar: float) -> float:
    """available / mu, mu the lowest eigenvalue of the form of (77) in a_a = sqrt(K_a),

        sum_a K_a - (pi/4) sum_ab |lambda_ab| sqrt(N_a N_b) a_a a_b / hbar

    which is positive exactly under (SR). Raises :class:`NoBound` where it is not."""
    form = np.eye(len(particles)) - 0.5 * KATO * np.abs(coulomb) * np.sqrt(np.outer(particles, particles)) / hbar
    lowest = float(np.linalg.eigvalsh(form)[0])
    if lowest <= 0.0:
        raise NoBound("condition (SR) does not hold: the attraction is too strong for this many particles")
    return available / lowest


# ---------------------------------------------------------------- the verdict


def conclude(variants: Variants, records: Mapping[str, Record]) -> Finding:
    """The verdict: the largest quotient of the kinetic energy and its bound is at most one, but for its error."""
    given, problem = records[AS_GIVEN], variants.problems[AS_GIVEN]
    trouble = first_loss(records)
    if not given.column(FIXED)[0]:
        trouble = "a potential changes in time, so that the energy is not conserved and bounds nothing"
    try:
        quotients = {
            name: _quotients(variants.problems[name], record) for name, record in records.items() if not record.lost
        }
    except NoBound as unbounded:
        trouble = trouble or str(unbounded)
    if trouble:
        unknown = np.full(len(given.rows), np.nan)
        return Finding(CLAIM, COLUMNS, _table(given, unknown), (), (), None, trouble)
    times, values = given.column("t"), quotients[AS_GIVEN]
    largest = {name: [float(np.max(of_all))] for name, of_all in quotients.items()}
    place = [float(times[np.argmax(values)])]
    budget = Budget.of(QUOTIENT, "t", place, largest, variants.described, variants.impossible)
    value, error = budget.values[0], max(budget.errors[0], ROUNDING)
    # all energy may become kinetic in the end: the bound is then reached, and passed by errors only
    holds = None if budget.unresolved else value <= 1.0 + error
    reason = budget.unresolved or (
        f"for {until(problem)} the kinetic energy is at most {value:.4g} of its bound, with a numerical error of "
        f"{error:.1g}"
    )
    return Finding(
        CLAIM,
        COLUMNS,
        _table(given, values),
        (),
        (),
        holds,
        reason,
        (budget,),
        (
            Curve(COLUMNS[-1], given.column("clock"), values),
            Curve("bound", given.column("clock"), np.ones(len(values)), reference=True),
        ),
        clock_label(problem),
        curve_ordinate=COLUMNS[-1],
        measured="the sum of all species' kinetic energies and its bound from the energy of the first record",
    )


def _quotients(problem: Problem, record: Record) -> np.ndarray:
    bound = kinetic_bound(problem, record.column(TOTAL)[0], float(np.min(record.column(LOWEST))))
    return record.column(KINETIC) / bound


def _table(record: Record, quotients: np.ndarray) -> tuple[tuple[float, ...], ...]:
    chosen = np.unique(np.linspace(0, len(record.rows) - 1, ROWS).round().astype(int))
    columns = (record.column("t"), record.column(KINETIC), record.column(TOTAL), quotients)
    return tuple(tuple(float(column[row]) for column in columns) for row in chosen)
