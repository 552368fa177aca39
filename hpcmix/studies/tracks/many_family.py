"""N bodies at several numbers of particles: their problems, tracks, error budgets and exact inequalities.

What is varied is what the numbers depend on in given modes: the evolution's tolerance, how many particles may be
outside, the grid and the box that the modes live on, how exactly a ground state is sought. The modes themselves are the
model: fewer of them are measured too, and shown beside the errors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hpcmix.evolve.many_body.mode_field import ModeField
from hpcmix.evolve.many_body.system import ModeSystem
from hpcmix.model.many_body.modes.overlaps import overlaps
from hpcmix.observe.look import Look
from hpcmix.observe.reduced.distances.inequalities import ROUNDING, Violation, fermion_violations, violations
from hpcmix.observe.reduced.measurement import BOUND, Columns
from hpcmix.problem.schema import Problem
from hpcmix.running.simulation import Simulation
from hpcmix.studies.measuring.budget import (
    AS_GIVEN,
    SHRINKING,
    Budget,
    Variation,
    of_grid_and_box,
    of_solver,
    varied_problems,
)
from hpcmix.studies.measuring.claim import Curve
from hpcmix.studies.measuring.setting import DIVISION, Load
from hpcmix.studies.tracks.many_track import ManyBodyTrack
from hpcmix.studies.tracks.track import Record, Track

FEWER_MODES = "fewer modes"
"""The variation that does not count."""
LOOSER = 100.0
"""By this factor the tolerance of the evolution is loosened."""
FEWER_OUTSIDE = 2
"""So many particles less may be outside."""
EDGE = 1e-3
"""Weight at the edge of the picture of excitations above which too few were allowed."""
ON_THE_GRID = "mean field on the grid"
"""Label of the track that evolves it, and the name of its column."""

Particles = tuple[int, ...]


@dataclass(frozen=True)
class ManyFamily:
    """The problems of all particle numbers, for every variation by its name.

    variable    what the first column is called.
    numbers     its values, ascending.
    particles   of every species, for each of them.
    impossible  why some variation could not be made.
    described   all variations.
    """

    variable: str
    numbers: tuple[int, ...]
    particles: tuple[Particles, ...]
    problems: Mapping[str, tuple[Problem, ...]]
    impossible: Mapping[str, str]
    described: tuple[Variation, ...]

    @classmethod
    def of(
        cls,
        load: Load,
        variable: str,
        numbers: Sequence[int],
        particles: Sequence[Particles],
        at_number: Callable[[int], Sequence[str]],
    ) -> ManyFamily:
        """The problems of `numbers`; `at_number` gives the ``--set`` entries of one by its place. For the root."""
        first = load([*DIVISION, *at_number(0)])
        given, impossible, described = varied_problems(
            first, lambda extra: load([*DIVISION, *at_number(0), *extra]), many_variations(first)
        )
        if first.bodies.excitations == 1:
            impossible["excitations"] = "one particle outside cannot become fewer"
        problems = {
            variation.name: tuple(
                load([*DIVISION, *at_number(place), *variation.overrides]) for place in range(len(numbers))
            )
            for variation in described
            if variation.name in given
        }
        return cls(variable, tuple(numbers), tuple(particles), problems, impossible, described)

    @property
    def first(self) -> Problem:
        """A problem as it is given: that of the fewest particles."""
        return self.problems[AS_GIVEN][0]

    @property
    def has_limit(self) -> bool:
        """Whether Bogoliubov's equation is one of all species."""
        return all(species.statistics != "fermions" for species in self.first.species)

    def tracks(self) -> list[ManyBodyTrack | Track]:
        """One for every number and variation, and the mean field on the grid."""
        return [*self.body_tracks(), grid_track(self.problems[AS_GIVEN][-1])]

    def body_tracks(self, also: Sequence[str] = (), limit_of_all: bool = False) -> list[ManyBodyTrack]:
        """One for every number and variation. `also`: what is measured beside the usual; `limit_of_all`: Bogoliubov's
        equation is solved beside every variation, and not only beside what is as given."""
        tracks = []
        for name, of_all in self.problems.items():
            for number, problem in zip(self.numbers, of_all, strict=True):
                limit = self.has_limit and (limit_of_all or name == AS_GIVEN)
                columns = Columns.of(problem, limit)
                names = (*columns.names, *columns.beside, *also)
                tracks.append(ManyBodyTrack(self.label(name, number), problem, names, name != AS_GIVEN, limit))
        return tracks

    def label(self, variation: str, number: int) -> str:
        """The name of a track."""
        return f"{variation}, {self.variable} = {number}"

    def record(self, records: Mapping[str, Record], number: int, variation: str = AS_GIVEN) -> Record:
        """That of a number and a variation."""
        return records[self.label(variation, number)]

    def last(self, records: Mapping[str, Record], column: str, variation: str = AS_GIVEN) -> list[float]:
        """A column's values at the last record, for every number; not finite where the solution was lost."""
        return [_last(self.record(records, number, variation), column) for number in self.numbers]

    def budget(self, records: Mapping[str, Record], column: str, quantity: str = "") -> Budget:
        """The error budget of a column at the last record."""
        of_all = {name: self.last(records, column, name) for name in self.problems}
        impossible = {name: why for name, why in self.impossible.items() if name != FEWER_MODES}
        places = list(map(float, self.numbers))
        return Budget.of(
            quantity or column, self.variable, places, of_all, self.described, impossible, aside=(FEWER_MODES,)
        )

    def curves(self, records: Mapping[str, Record], columns: Sequence[str]) -> tuple[Curve, ...]:
        """All records of some columns, for every number."""
        tracks = []
        for number in self.numbers:
            record = self.record(records, number)
            tracks += [
                Curve(f"{column}, {self.variable} = {number}", record.column("clock"), record.column(column))
                for column in columns
            ]
        return tuple(tracks)


def _last(record: Record, column: str) -> float:
    return math.nan if record.lost or not record.rows else float(record.column(column)[-1])


# ---------------------------------------------------------------- what is varied


def many_variations(problem: Problem) -> list[Variation]:
    """The problem as it is, and every choice varied once."""
    tolerance = problem.bodies.tolerance
    looser = min(LOOSER * tolerance, 0.1)
    tracks = [
        Variation(AS_GIVEN),
        Variation("tolerance", f"{tolerance:.1g} to {looser:.1g}", (f"many_body.tolerance={looser!r}",)),
        *_fewer_outside(problem),
        *_grid_and_box(problem),
        *of_solver(problem),
    ]
    fewer = [
        (index, *changed) for index, entry in enumerate(problem.bodies.modes) if (changed := entry.fewer(SHRINKING))
    ]
    if fewer:
        words = "; ".join(words for _, words, _ in fewer)
        overrides = tuple(f"many_body.modes.{index}.{override}" for index, _, override in fewer)
        # what fewer modes miss of the initial state is part of what is to be seen
        tracks.append(Variation(FEWER_MODES, words, (*overrides, "many_body.lost=0.5")))
    return tracks


def _fewer_outside(problem: Problem) -> Iterator[Variation]:
    asked = problem.bodies.excitations
    if asked is None:
        return
    if isinstance(asked, Mapping):
        fewer = {name: max(1, number - FEWER_OUTSIDE) for name, number in asked.items()}
        table = ", ".join(f'"{name}" = {number}' for name, number in fewer.items())
        words = ", ".join(f"{number} to {fewer[name]} of {name}" for name, number in asked.items())
        yield Variation("excitations", words, (f"many_body.excitations={{{table}}}",))
        return
    number = max(1, asked - FEWER_OUTSIDE)
    yield Variation("excitations", f"at most {asked} to at most {number}", (f"many_body.excitations={number}",))


def _grid_and_box(problem: Problem) -> list[Variation]:
    """Plane waves belong to their box, and one mode for every point to its grid: another one is another model."""
    entries = problem.bodies.modes
    if any(entry.every_point for entry in entries):
        return []
    grid, box = of_grid_and_box(problem)
    return [grid] if any(entry.of_the_box for entry in entries) else [grid, box]


# ---------------------------------------------------------------- exact inequalities


def broken(family: ManyFamily, records: Mapping[str, Record]) -> str:
    """The first inequality that some record does not keep, in words; empty where all are kept."""
    for number, particles in zip(family.numbers, family.particles, strict=True):
        record = family.record(records, number)
        columns = Columns.of(family.first)
        for row in record.rows:
            values = dict(zip(record.names, row, strict=True))
            for sentence in broken_by(family.first, columns, values, particles):
                return f"at {family.variable} = {number} and t = {row[0]:.4g} on the clock, {sentence}"
    return ""


def broken_by(
    problem: Problem, columns: Columns, values: Mapping[str, float], particles: Particles
) -> Iterator[Violation]:
    """The inequalities that the numbers of one record do not keep."""
    alphas = {_order(name): values[name] for name in columns.names if name.startswith("alpha(")}
    distances = {_order(name): values[name] for name in columns.names if name.startswith("R(")}
    bosons = [order for order in alphas if not any(order[a] for a in columns.fermions)]
    rounding = max(ROUNDING, 10.0 * problem.bodies.tolerance)
    # of superpositions of particle numbers every order has a normalisation of its own
    together = [bosons] if problem.bodies.state == "factorised" else [[order] for order in bosons]
    for orders in together:
        yield from violations(
            {order: alphas[order] for order in orders},
            {order: distances[order] for order in orders if order in distances},
            rounding,
        )
    for a in columns.fermions:
        extremes = np.array([values[f"least_{a + 1}"], values[f"largest_{a + 1}"]])
        yield from fermion_violations(extremes / particles[a], particles[a], rounding)
    if BOUND in columns.beside:
        distance = sum(alphas[order] for order in alphas if sum(order) == 1)
        if distance > values[BOUND] + rounding:
            yield Violation("the theorem with its constant: alpha(1,0) + alpha(0,1)", distance, values[BOUND])


def _order(name: str) -> tuple[int, ...]:
    return tuple(map(int, name[name.index("(") + 1 : -1].split(",")))


def beyond_the_edge(family: ManyFamily, records: Mapping[str, Record]) -> str:
    """A sentence where too few particles were allowed outside; empty where there was room."""
    for number in family.numbers:
        for a, species in enumerate(family.first.species):
            weight = _last(family.record(records, number), f"edge_{a + 1}")
            if weight > EDGE:
                allowed = family.first.bodies.outside(species.name, 2**62)
                return (
                    f"at {family.variable} = {number} the weight of states with {allowed} particles of "
                    f'"{species.name}" outside is {weight:.2g} at the end: excitations = {allowed} is too few'
                )
    return ""


# ---------------------------------------------------------------- the mean field of the modes, and that of the grid


def grid_track(problem: Problem) -> Track:
    """The mean field on the file's grid, and how far that of the modes is from it: 1 - sum |<phi|phi'>|^2 / M, the
    largest over the species."""
    comparison = _GridComparison(problem)
    return Track(ON_THE_GRID, (problem,), (ON_THE_GRID,), comparison.measure, comparison.prepare, optional=True)


class _GridComparison:
    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._field: ModeField | None = None

    def prepare(self, simulations: Sequence[Simulation]) -> None:
        """The same initial orbitals, in the modes."""
        simulation = simulations[0]
        look = Look(simulation.mixture, simulation.state)
        orbitals = [look.orbital_set(a) for a in range(len(self._problem.species))]
        model, own = ModeSystem.in_modes(self._problem, simulation.mixture, orbitals)
        breaks = self._problem.timing.switching_times
        self._modes = model.modes
        self._field = ModeField(model.in_time(), own, [orbitals.shape[1] for orbitals in own], 0.0, breaks)

    def measure(self, simulations: Sequence[Simulation]) -> list[float]:
        """The distance at the simulation's time; not known where it goes on from a checkpoint."""
        simulation = simulations[0]
        if self._field is None:
            return [math.nan]
        mixture, look = simulation.mixture, Look(simulation.mixture, simulation.state)
        distances = []
        for a, own in enumerate(self._field.orbitals(simulation.state.time)):
            there = overlaps(mixture, self._modes[a], look.orbital_set(a))
            distances.append(1.0 - float(np.linalg.norm(own.conj().T @ there) ** 2) / own.shape[1])
        return [max(distances)]


# ---------------------------------------------------------------- extrapolation


def extrapolated(numbers: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """What values tend to as N grows, by Richardson's polynomial in 1/N through the largest three N, and how much that
    differs from the line through the largest two."""
    x = 1.0 / np.asarray(numbers[-3:], dtype=float)
    y = np.asarray(values[-3:], dtype=float)
    parabola = float(np.polynomial.polynomial.polyfit(x / x[0], y, len(x) - 1)[0])
    line = float(np.polynomial.polynomial.polyfit(x[-2:] / x[0], y[-2:], 1)[0])
    return parabola, abs(parabola - line)


def checked_many_body(problem: Problem) -> Problem:
    """The problem, if it has ``[many_body]``. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    if problem.many_body is None:
        raise problem.complain(
            "many_body", "this claim is about N bodies beside their mean field: it needs [many_body] with modes"
        )
    if problem.bodies.measure.sobolev and problem.grid.frame.map.expanding:
        raise problem.complain(
            "many_body.measure.sobolev",
            "the laboratory's kinetic energy does not act on finitely many modes of an expanding frame; leave it out",
        )
    return problem
