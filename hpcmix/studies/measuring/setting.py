"""What a claim is measured on: a problem file, particle numbers, and the ranks that work on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hpcmix.parallel.process.together import together
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.studies.measuring.budget import Variation, varied_problems
from hpcmix.studies.tracks.track import Record
from hpcmix.studies.work import Work

Load = Callable[[Sequence[str]], Problem]
Plan = TypeVar("Plan")

DIVISION = ("parallel.orbital_groups=1", 'parallel.pencil_grid="auto"')
"""The tracks of a study share out the ranks, so that the file's own division has no meaning for them."""


@dataclass(frozen=True)
class Setting:
    """What the command line says.

    file, overrides  the problem file and its ``--set`` entries.
    numbers          particle numbers of a family; empty: the claim's own.
    evolving         False: measure at time zero only, where the claim has something to say there.
    bosons           numbers of bosons of a family that varies these beside a fixed number of fermions.
    markers          of the classical twin of a problem; None: as many as the claim needs.
    around_flow      whether the claim takes the fluctuations that the file asks for; else its problems are without.
    """

    file: str
    overrides: Sequence[str]
    numbers: Sequence[int]
    evolving: bool
    work: Work
    bosons: Sequence[int] = ()
    around_flow: bool = False
    markers: int | None = None

    def on_root(self, plan: Callable[[Load], Plan]) -> Plan:
        """What `plan` makes of problems that it loads with some ``--set`` entries more; it runs on the root, and its
        errors are everybody's. Collective."""
        made = None
        with together(self.work.comm):
            if self.work.comm.rank == 0:
                made = plan(self._load)
        return self.work.comm.bcast(made)

    def _load(self, extra: Sequence[str]) -> Problem:
        problem = load_problem(self.file, [*self.overrides, *extra])
        if problem.loss:
            raise problem.complain("loss.0", "claims are about equations that keep their particles; leave it out")
        return problem if self.around_flow else problem.without_fluctuations()

    def say(self, text: str = "") -> None:
        """A line of the log."""
        self.work.log.line(text)


@dataclass(frozen=True)
class Variants:
    """A problem and its variations, by their names (studies/measuring/budget.py).

    impossible  why some variation could not be made.
    described   all variations.
    """

    problems: Mapping[str, Problem]
    impossible: Mapping[str, str]
    described: tuple[Variation, ...]

    @classmethod
    def of(cls, load: Load) -> Variants:
        """Every choice of the discretisation varied once. For the root."""
        return cls(*varied_problems(load(()), lambda extra: load([*DIVISION, *extra])))


def evolved(problem: Problem) -> Problem:
    """The problem, if it says for how long to evolve. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    if problem.time is None:
        raise problem.complain("time", "this claim is about the evolution: it needs a [time] with final and step")
    return with_fixed_step(problem)


def with_fixed_step(problem: Problem) -> Problem:
    """The problem, unless its step is adapted. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    if problem.time is not None and problem.time.adaptive is not None:
        raise problem.complain("time.step", "must be a number: a study varies the step, and compares at equal times")
    return problem


def three_dimensional(problem: Problem) -> Problem:
    """The problem, if it has three dimensions. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    if problem.grid.dimensions != 3:
        raise problem.complain("grid.points", "this claim is about three dimensions")
    return problem


def plain_motion(problem: Problem) -> Problem:
    """The problem, if its kinetic energies are -hbar^2 Laplacian / 2m and nothing turns species into each other. Raises
    :class:`~hpcmix.problem.mistakes.errors.ProblemError`."""
    for index, species in enumerate(problem.species):
        if species.kinetic != "nonrelativistic" or species.vector_potential is not None:
            raise problem.complain(f"species.{index}", "this claim is about the kinetic energy -hbar^2 Laplacian / 2m")
    if problem.rotation is not None or problem.exchanges:
        raise problem.complain(
            "species", "this claim is about species without rotation and without Rabi coupling or spin"
        )
    return problem


def clock_label(problem: Problem) -> str:
    """What the axis of time is called: the clock of the problem's frame."""
    frame = problem.timing.frame
    return f"s = arctan(w t)/w, w = {frame.rate:.4g}" if frame.expanding else "t"


def until(problem: Problem) -> str:
    """The times of the evolution in words."""
    final = problem.timing.final
    return "all t >= 0" if math.isinf(final) else f"t <= {final:g}"


def first_loss(records: Mapping[str, Record]) -> str:
    """A sentence about a track whose solution was lost; empty where there is none."""
    for label, record in records.items():
        if record.lost:
            return f"{label}: {record.lost}"
    return ""
