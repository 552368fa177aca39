"""The error budget of a study: what a measured number changes by when the discretisation does.

Every choice that the numbers depend on and the physics do not is varied once, the others as the file has them: the step
is halved, the grid is made coarser and the box smaller by a fifth, the ground state is sought less exactly; markers of
classical species are halved, and their windows made narrower. Towards coarser and smaller the change is that of a worse
discretisation, hence above the error of the file's own, and costs less than a finer one; a step is halved because a
longer one might resonate with the grid. The sum of the changes stands for the numerical error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.sections.species.classical import LOOSEST_TOLERANCE

RESOLVED = 0.1
"""The part of an effect below which its numerical error counts as well below it."""

SHRINKING = 0.8
"""By this factor grid and box are made coarser and smaller."""

LOOSENING = 10.0
"""By this factor the ground state's tolerance is loosened."""

FEWEST_POINTS = 6
"""Along an axis of a grid that is still worth comparing with; below, grid and box are made finer and larger instead."""

LOOSER_WINDOW = 100.0
"""By this factor the tolerance of markers is loosened: one window narrower."""

WINDOW = "window"
"""Name of the variation that does it."""

AS_GIVEN = "as given"
"""Name of the variation that varies nothing."""


@dataclass(frozen=True)
class Variation:
    """One way to vary a problem.

    name       of the choice that is varied.
    words      from what to what.
    overrides  ``--set`` entries that do it.
    """

    name: str
    words: str = ""
    overrides: tuple[str, ...] = ()


def variations(problem: Problem) -> tuple[Variation, ...]:
    """The problem as it is, and every choice varied once."""
    of_markers = (*of_window(problem), *_of_sample(problem))
    return (Variation(AS_GIVEN), *_steps(problem), *of_grid_and_box(problem), *of_solver(problem), *of_markers)


def _steps(problem: Problem) -> list[Variation]:
    if problem.time is None:
        return []
    step, observables = problem.time.step_size, problem.output.observables
    overrides = [f"time.step={0.5 * step!r}"]
    if observables.every is not None:  # records at the same times
        overrides.append(f"output.observables.every={2 * observables.every}")
    return [Variation("time step", f"{step:.4g} halved", tuple(overrides))]


def of_grid_and_box(problem: Problem) -> list[Variation]:
    """Fewer points in the same box, and a smaller box with the same spacing."""
    grid = problem.grid
    fewer = [_other_points(n) for n in grid.points]
    smaller = [n * spacing for n, spacing in zip(fewer, grid.spacings, strict=True)]
    points, lengths = f"grid.points={fewer}", f"grid.lengths={smaller}"
    return [
        Variation("grid", f"{_by(grid.points)} to {_by(fewer)} points", (points,)),
        Variation("box", f"{_by(grid.lengths)} to {_by(smaller)}", (points, lengths)),
    ]


def _other_points(points: int) -> int:
    """An even number of points, a fifth less or, where few would be left, a quarter more."""
    fewer = 2 * round(0.5 * SHRINKING * points)
    return fewer if fewer >= FEWEST_POINTS else 2 * round(0.5 * points / SHRINKING)


def of_solver(problem: Problem) -> list[Variation]:
    """The ground state sought less exactly, where there is one."""
    if not any(species.initial.is_ground_state for species in problem.species):
        return []
    tolerance, _ = problem.ground_state.limits
    looser = f"ground_state.tolerance={LOOSENING * tolerance!r}"
    return [Variation("solver tolerance", f"{tolerance:.1g} to {LOOSENING * tolerance:.1g}", (looser,))]


def of_window(problem: Problem) -> list[Variation]:
    """The tolerance of the markers' windows loosened, where there are markers whose window then is a narrower one."""
    overrides, words = [], []
    for species in problem.classical_species.values():
        tolerance, looser = species.markers.tolerance, min(LOOSER_WINDOW * species.markers.tolerance, LOOSEST_TOLERANCE)
        if looser > tolerance:
            overrides.append(f"species.{species.name}.markers.tolerance={looser!r}")
            words.append(f"{tolerance:.1g} to {looser:.1g}")
    return [Variation(WINDOW, ", ".join(dict.fromkeys(words)), tuple(overrides))] if overrides else []


def _of_sample(problem: Problem) -> list[Variation]:
    """Half the markers of every classical species that is sampled: a file has those that it has."""
    overrides, words = [], []
    for species in problem.classical_species.values():
        number = species.markers.number
        if species.initial.sampled and number >= 4:
            overrides.append(f"species.{species.name}.markers.number={number // 2}")
            words.append(f"{number} to {number // 2}")
    return [Variation("markers", ", ".join(dict.fromkeys(words)), tuple(overrides))] if overrides else []


def _by(values: Sequence[float]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)


def varied_problems(
    problem: Problem, load: Callable[[Sequence[str]], Problem], described: Sequence[Variation] | None = None
) -> tuple[dict[str, Problem], dict[str, str], tuple[Variation, ...]]:
    """The problem of every variation by its name, why a variation cannot be made, and the variations.

    load       the problem with some ``--set`` entries more. An error in what is as given is raised.
    described  the variations; the usual ones unless given.
    """
    problems, impossible = {}, {}
    all_of_them = variations(problem) if described is None else tuple(described)
    for variation in all_of_them:
        try:
            problems[variation.name] = load(variation.overrides)
        except ProblemError as error:
            if variation.name == AS_GIVEN:
                raise
            impossible[variation.name] = str(error).splitlines()[0]
    return problems, impossible, all_of_them


@dataclass(frozen=True)
class Budget:
    """The numerical errors of one measured column.

    quantity, variable  the column and what it is measured over.
    places, values      the variable and the measured number of every row.
    changes             by what was varied, the change of every row; not finite where the varied one has no number.
    remarks             what was varied how, and what could not be.
    aside               changes that belong to the model and not to its solution: shown, and not counted as errors.
    """

    quantity: str
    variable: str
    places: tuple[float, ...]
    values: tuple[float, ...]
    changes: Mapping[str, tuple[float, ...]]
    remarks: tuple[str, ...] = ()
    aside: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        quantity: str,
        variable: str,
        places: Sequence[float],
        numbers: Mapping[str, Sequence[float]],
        described: Sequence[Variation] = (),
        impossible: Mapping[str, str] | None = None,
        aside: Sequence[str] = (),
    ) -> Budget:
        """From the column as it comes out :data:`AS_GIVEN` and with every variation; `aside`: those that are not
        counted."""
        values = tuple(map(float, numbers[AS_GIVEN]))
        changes: dict[str, tuple[float, ...]] = {}
        for name, varied in numbers.items():
            if name != AS_GIVEN:
                pairs = zip(varied, values, strict=True)
                changes[name] = tuple(_distance(other, value) for other, value in pairs)
        for name in impossible or {}:
            changes[name] = (math.inf,) * len(values)
        remarks = [
            f"{variation.name}: {variation.words}"
            for variation in described
            if variation.name in numbers and variation.words
        ]
        remarks += [f"{name} could not be varied: {reason}" for name, reason in (impossible or {}).items()]
        apart = {name: changes.pop(name) for name in aside if name in changes}
        return cls(quantity, variable, tuple(places), values, changes, tuple(remarks), apart)

    @property
    def errors(self) -> tuple[float, ...]:
        """The sum of all changes, for every row."""
        return tuple(sum(change[row] for change in self.changes.values()) for row in range(len(self.values)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names for a table of the budget."""
        return (self.variable, "value", *self.changes, "sum", "sum / value", *self.aside)

    @property
    def rows(self) -> list[tuple[float, ...]]:
        """The table."""
        table = []
        for row, (place, value, error) in enumerate(zip(self.places, self.values, self.errors, strict=True)):
            changes = (change[row] for change in self.changes.values())
            apart = (change[row] for change in self.aside.values())
            table.append((place, value, *changes, error, _quotient(error, value), *apart))
        return table

    @property
    def worst(self) -> int:
        """The row whose error is the largest part of its value."""
        return max(range(len(self.values)), key=lambda row: _quotient(self.errors[row], self.values[row]))

    @property
    def summary(self) -> str:
        """The worst row in words."""
        row = self.worst
        value, error = self.values[row], self.errors[row]
        cause = max(self.changes, key=lambda name: self.changes[name][row])
        return (
            f"{self.quantity} at {self.variable} = {self.places[row]:g}: {error:.2g} beside a value of {value:.2g}, "
            f"most of it from the {cause}"
        )

    @property
    def unresolved(self) -> str:
        """The summary, if the error is not well below the value; else empty."""
        row = self.worst
        return self.summary if not _quotient(self.errors[row], self.values[row]) <= RESOLVED else ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "quantity": self.quantity,
            "variable": self.variable,
            "places": list(self.places),
            "values": list(self.values),
            "changes": {name: list(change) for name, change in self.changes.items()},
            "errors": list(self.errors),
            "remarks": list(self.remarks),
            **({"aside": {name: list(change) for name, change in self.aside.items()}} if self.aside else {}),
        }

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Budget:
        """What :meth:`as_dict` was made of. Raises KeyError."""
        changes, aside = (
            {name: numbers_of(change) for name, change in entries.get(key, {}).items()} for key in ("changes", "aside")
        )
        return cls(
            entries["quantity"],
            entries["variable"],
            numbers_of(entries["places"]),
            numbers_of(entries["values"]),
            changes,
            tuple(entries["remarks"]),
            aside,
        )


def numbers_of(entries: Sequence[float | None]) -> tuple[float, ...]:
    """The numbers of a list of JSON, which has null where there is none: not finite."""
    return tuple(math.nan if entry is None else float(entry) for entry in entries)


def _distance(other: float, value: float) -> float:
    distance = abs(float(other) - value)
    return math.inf if math.isnan(distance) else distance


def _quotient(error: float, value: float) -> float:
    if not math.isfinite(value):
        return math.inf
    if error == 0.0:
        return 0.0
    return error / abs(value) if value else math.inf
