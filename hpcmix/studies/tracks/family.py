"""Families of problems over N: those of a file with scattering interactions at several N, and their tracks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.scattering import ScatteringInteraction
from hpcmix.problem.sections.species.species import Condensate
from hpcmix.studies.measuring.budget import AS_GIVEN, Budget, Variation, varied_problems
from hpcmix.studies.measuring.scattering_pairs import pairs_of
from hpcmix.studies.measuring.setting import DIVISION, Load, Setting, evolved, plain_motion, three_dimensional
from hpcmix.studies.tracks.track import Measure, Record, Track

NUMBERS = (16, 64, 256, 1024, 4096)
"""Where a claim is about constants that do not depend on N, a factor of four from one to the next."""


@dataclass(frozen=True)
class Family:
    """The problems of all N, for every variation by its name.

    impossible  why some variation could not be made.
    described   all variations.
    variable    what N is called.
    """

    problems: Mapping[str, Mapping[int, Problem]]
    impossible: Mapping[str, str]
    described: tuple[Variation, ...]
    variable: str = "N"

    @classmethod
    def of(
        cls,
        first: Problem,
        load: Load,
        numbers: Sequence[int],
        at_number: Callable[[int], Sequence[str]],
        variable: str = "N",
    ) -> Family:
        """The problems of `numbers` and their variations, which are those of `first`; `at_number` gives the ``--set``
        entries of a number. For the root."""
        given, impossible, described = varied_problems(first, lambda extra: load([*DIVISION, *extra]))
        problems = {
            variation.name: {number: load([*DIVISION, *at_number(number), *variation.overrides]) for number in numbers}
            for variation in described
            if variation.name in given
        }
        return cls(problems, impossible, described, variable)

    @property
    def first(self) -> Problem:
        """A problem as it is given."""
        return next(iter(self.problems[AS_GIVEN].values()))

    def budget(self, quantity: str, numbers: Sequence[int], value: Callable[[str, int], float]) -> Budget:
        """The error budget of a number of every N; `value` gives it for a variation and an N."""
        of_all = {name: [value(name, number) for number in numbers] for name in self.problems}
        places = list(map(float, numbers))
        return Budget.of(quantity, self.variable, places, of_all, self.described, self.impossible)


def chosen_numbers(setting: Setting) -> list[int]:
    """The N of a family, in order."""
    return sorted(set(setting.numbers or NUMBERS))


def load_family(setting: Setting, numbers: Sequence[int]) -> Family:
    """The family of the setting's file, which must evolve in three dimensions and interact by scattering potentials
    alone. Collective."""
    return setting.on_root(partial(_load_family, numbers=numbers))


def _load_family(load: Load, numbers: Sequence[int]) -> Family:
    first = three_dimensional(evolved(load(())))
    only_scattering(first)
    if len(numbers) < 3:
        raise first.complain("", "a fit needs at least three different particle numbers")
    return Family.of(first, load, numbers, partial(at_number, first))


def only_scattering(problem: Problem) -> None:
    """Raise :class:`~hpcmix.problem.mistakes.errors.ProblemError` where an interaction is no repulsive scattering
    potential."""
    pairs_of(plain_motion(problem))
    for index, species in enumerate(problem.species):
        if not isinstance(species, Condensate):
            raise problem.complain(f"species.{index}.kind", "this claim is about condensates")
    for index, entry in enumerate(problem.interaction):
        if not isinstance(entry, ScatteringInteraction):
            raise problem.complain(
                f"interaction.{index}.kind", 'every interaction must be of kind = "scattering" for this claim'
            )


def at_number(problem: Problem, number: int) -> list[str]:
    """The ``--set`` entries that make the problem the modified system of N particles."""
    everywhere = range(len(problem.interaction))
    return [f"interaction.{index}.particles={number}" for index in everywhere] + [
        f"interaction.{index}.limit=false" for index in everywhere
    ]


def family_tracks(family: Family, names: tuple[str, ...], measure: Callable[[Problem], Measure]) -> list[Track]:
    """One track for every N and variation; `measure` is made for its problem."""
    return [
        Track(label(name, number, family.variable), (problem,), names, measure(problem), optional=name != AS_GIVEN)
        for name, of_all in family.problems.items()
        for number, problem in of_all.items()
    ]


def label(variation: str, number: int, variable: str = "N") -> str:
    """The name of a family's track."""
    return f"{variation}, {variable} = {number}"


def largest(records: Mapping[str, Record], column: str) -> Callable[[str, int], float]:
    """The largest value of a column along the track of a variation and an N; not finite where the solution was lost."""

    def value(variation: str, number: int) -> float:
        record = records[label(variation, number)]
        return float("nan") if record.lost else float(np.max(record.column(column)))

    return value
