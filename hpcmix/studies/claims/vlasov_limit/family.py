"""The problems of the claim: a file at several numbers of fermions, its classical twin, and every variation of both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpcmix.problem.mistakes.errors import Complaint, ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.interactions.bounded import BoundedInteraction
from hpcmix.problem.sections.scaling import BoseFermiMacro
from hpcmix.studies.measuring.budget import AS_GIVEN, Variation, varied_problems
from hpcmix.studies.measuring.setting import DIVISION, Load, evolved, plain_motion

NUMBERS: Mapping[int, tuple[int, ...]] = {1: (10, 20, 40, 80), 2: (3, 6, 10, 15, 21, 28), 3: (4, 10, 20, 35, 56)}
"""Of fermions, by the dimensions, where the command names none: closed shells of an isotropic trap."""

FEWEST = 3
"""Numbers of fermions that a fit with an interval needs."""

HALF, SEED, FINER = "markers", "seed", "sup search"
"""Variations of what the problem files do not say: half of the markers, another sample, a finer start grid."""

MOST_RECORDS = 10
"""Intervals between records at most: a record costs more than many steps."""

FARTHEST = 3.6
"""In one dimension the supremum of closed shells lies at |zeta| of about this times hbar^(-2/3)."""

MARKERS_PER_WAVE = 100.0
"""So many markers times |zeta|^2 resolve the waves of f^ there, in one dimension. Measured at M = 160: with 2^20
markers, 93 of them, half of the markers and another sample change the distance by 3 % of itself, with 2^19 by 16 %."""

FEWEST_MARKERS: Mapping[int, int] = {1: 2**17, 2: 2**20, 3: 2**20}
"""By the dimensions. In three, 2^18 markers leave 5e-5 of f^ at |zeta| = 3, where the distance at M = 120 is 2e-3."""


@dataclass(frozen=True)
class Plan:
    """What is to be computed.

    numbers     M, ascending.
    problems    by variation: the classical twin, then the quantum problem of every M.
    samples     twins with other markers, by the name of what is varied.
    impossible  why some variation could not be made; described: all variations.
    fermions, bosons  the places of the species.
    """

    numbers: tuple[int, ...]
    problems: Mapping[str, tuple[Problem, ...]]
    samples: Mapping[str, Problem]
    impossible: Mapping[str, str]
    described: tuple[Variation, ...]
    fermions: int
    bosons: int

    @property
    def twin(self) -> Problem:
        """The classical problem as it is given."""
        return self.problems[AS_GIVEN][0]

    @property
    def quantum(self) -> tuple[Problem, ...]:
        """The quantum problems as they are given."""
        return self.problems[AS_GIVEN][1:]


def planned(load: Load, wanted: Sequence[int], markers: int | None) -> Plan:
    """The problems of a file, for the root. Raises :class:`~hpcmix.problem.mistakes.errors.ProblemError` for a file or
    numbers that the claim is not about."""
    first = plain_motion(evolved(load(())))
    fermions, bosons = _pair_of(first)
    _require_smooth(first, bosons)
    numbers = tuple(sorted(wanted or NUMBERS[first.grid.dimensions]))
    _require_numbers(wanted)
    load = _measured_seldom(first, load)
    name, largest = first.species[fermions].name, numbers[-1]
    count = markers or default_markers(first.grid.dimensions, largest)

    def quantum(number: int, extra: Sequence[str] = ()) -> Problem:
        return load([*DIVISION, f"species.{name}.orbitals={number}", *extra])

    def twin(count: int, seed: int, extra: Sequence[str] = ()) -> Problem:
        return load([*DIVISION, f"species.{name}.orbitals={largest}", *extra, *as_limit(name, count, seed)])

    given, impossible, described = varied_problems(quantum(largest), lambda extra: quantum(largest, extra))
    problems: dict[str, tuple[Problem, ...]] = {}
    for variation in described:
        if variation.name in given:
            try:
                extra = variation.overrides
                problems[variation.name] = (twin(count, 0, extra), *(quantum(number, extra) for number in numbers))
            except ProblemError as error:
                if variation.name == AS_GIVEN:
                    raise
                impossible[variation.name] = str(error).splitlines()[0]
    samples = {HALF: twin(count // 2, 0), SEED: twin(count, 1)}
    sampling = (
        Variation(HALF, f"{count} to {count // 2}"),
        Variation(SEED, "another sample of as many"),
        Variation(FINER, "a finer start grid"),
    )
    return Plan(numbers, problems, samples, impossible, (*described, *sampling), fermions, bosons)


def as_limit(name: str, markers: int, seed: int) -> list[str]:
    """The ``--set`` entries that make of a species of fermions its classical limit."""
    return [f'species.{name}.kind="classical"', f"species.{name}.markers={{number={markers}, seed={seed}}}"]


def default_markers(dimensions: int, fermions: int) -> int:
    """A power of two of markers whose sampling error does not decide the verdict up to so many fermions."""
    needed = FEWEST_MARKERS[dimensions]
    if dimensions == 1:
        needed = max(needed, round(MARKERS_PER_WAVE * (FARTHEST * fermions ** (2.0 / 3.0)) ** 2))
    return int(2 ** math.ceil(math.log2(needed)))


def _measured_seldom(problem: Problem, load: Load) -> Load:
    """What loads the problems to be measured: with a few of the file's records, and without output that one of the two
    kinds of species does not have."""
    timing = problem.timing
    every = problem.output.observables.every
    if every is None:
        every = max(1, round((problem.output.observables.interval or timing.final) / timing.step_size))
    every = max(every, -(-timing.steps // MOST_RECORDS))
    seldom = f"output.observables={{every={every}}}"
    return lambda extra: load([seldom, 'output.snapshots={fields=["density"]}', *extra])


# ---------------------------------------------------------------- what the claim is about


def _pair_of(problem: Problem) -> tuple[int, int]:
    """The places of the fermions and of the bosons."""
    if problem.scaling is None or not isinstance(problem.scaling.rule, BoseFermiMacro):
        raise problem.complain(
            "scaling", 'this claim is about [scaling] kind = "bose-fermi-macro", where hbar = M^(-1/d)'
        )
    statistics = [species.statistics for species in problem.species]
    if "classical" in statistics:
        name = problem.species[statistics.index("classical")].name
        raise problem.complain(
            f"species.{name}.kind", 'this claim makes the classical twin of a file itself: use kind = "fermions"'
        )
    if sorted(statistics) != ["bosons", "fermions"]:
        raise problem.complain(
            "species",
            f"this claim is about one species of fermions and one of bosons; here are {statistics.count('fermions')} "
            f"and {statistics.count('bosons')}",
        )
    if problem.grid.frame.map.expanding:
        raise problem.complain("grid.frame", 'this claim compares states of the laboratory; use frame = "fixed"')
    return statistics.index("fermions"), statistics.index("bosons")


def _require_smooth(problem: Problem, bosons: int) -> None:
    """Everything that is not the same system (2.22) at every M, or not the theorem's."""
    complaints: list[ProblemError] = []
    for index, entry in enumerate(problem.interaction):
        if not isinstance(entry, BoundedInteraction):
            message = 'the theorem needs a finite integral of <k>^2 |V^(k)|, a smooth kernel: use kind = "gaussian"'
            complaints.append(problem.complain(f"interaction.{index}.kind", message))
        if entry.between[0] == entry.between[1]:
            message = (
                "in the system (2.22) fermions and bosons act on each other only: the scaling leaves no force "
                "within a species that is the same for every M"
            )
            complaints.append(problem.complain(f"interaction.{index}.between", message))
    if not problem.interaction:
        complaints.append(problem.complain("interaction", "this claim needs an interaction between the two species"))
    for index, potential in enumerate(problem.species[bosons].potential):
        if not potential.proportional_to_mass:
            message = "acts on bosons of mass hbar differently for every M; only a harmonic potential does not"
            complaints.append(problem.complain(f"species.{bosons}.potential.{index}", message))
    if any(problem.species[bosons].wave_functions.momentum):
        message = "is hbar k, another wave for every M; leave it out"
        complaints.append(problem.complain(f"species.{bosons}.initial.momentum", message))
    if problem.parallel.precision != "double":
        message = "must be double: differences of 1e-6 and less are compared"
        complaints.append(problem.complain("parallel.precision", message))
    if complaints:
        raise ProblemError([complaint for error in complaints for complaint in error.complaints])


def _require_numbers(numbers: Sequence[int]) -> None:
    complaints = []
    for number in sorted({number for number in numbers if list(numbers).count(number) > 1}):
        complaints.append(Complaint("--numbers", None, "", f"names {number} more than once"))
    for number in sorted({number for number in numbers if number < 2}):
        complaints.append(Complaint("--numbers", None, "", f"{number} is too small: use numbers of 2 and more"))
    if numbers and len(set(numbers)) < FEWEST:
        message = f"needs at least {FEWEST} different numbers of fermions to see a rate"
        complaints.append(Complaint("--numbers", None, "", message))
    if complaints:
        raise ProblemError(complaints)
