"""What a scaling study measures: every way to use every number of ranks that was asked for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from hpcmix.model.ranks import division_request
from hpcmix.parallel.sharing.division import divide
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.reading.values import counted
from hpcmix.problem.schema import Problem
from hpcmix.studies.scaling.weak import grown


@dataclass(frozen=True)
class Configuration:
    """One way to run the problem.

    groups, pencil_grid   None: the program's choice.
    points, lengths       of the grid; lengths None: the problem file's.
    """

    ranks: int
    threads: int
    groups: int | None
    pencil_grid: tuple[int, int] | None
    points: tuple[int, ...]
    lengths: tuple[float, ...] | None = None

    @property
    def cores(self) -> int:
        """Ranks times threads."""
        return self.ranks * self.threads

    @property
    def key(self) -> str:
        """A name that tells configurations apart, fit for a file."""
        pencils = "auto" if self.pencil_grid is None else "x".join(map(str, self.pencil_grid))
        grid = "x".join(map(str, self.points))
        return f"ranks-{self.ranks}_threads-{self.threads}_groups-{self.groups or 'auto'}_pencils-{pencils}_grid-{grid}"

    @property
    def label(self) -> str:
        """The same for people, the program's choices left out."""
        parts = [counted(self.ranks, "rank")]
        parts += [f"{self.threads} threads each"] if self.threads > 1 else []
        parts += [counted(self.groups, "group")] if self.groups is not None else []
        parts += ["x".join(map(str, self.pencil_grid)) + " pencils"] if self.pencil_grid is not None else []
        parts += ["x".join(map(str, self.points)) + " points"] if self.lengths is not None else []
        return ", ".join(parts)

    @property
    def overrides(self) -> list[str]:
        """The ``--set`` entries that make it."""
        entries = []
        if self.groups is not None:
            entries.append(f"parallel.orbital_groups={self.groups}")
        if self.pencil_grid is not None:
            entries.append(f"parallel.pencil_grid=[{self.pencil_grid[0]}, {self.pencil_grid[1]}]")
        if self.lengths is not None:
            entries.append(f"grid.points={list(self.points)}")
            entries.append(f"grid.lengths={list(self.lengths)}")
        return entries

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, entries: dict[str, Any]) -> Configuration:
        """The inverse of :meth:`as_dict`."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in entries.items()
        }
        return cls(**fields)


@dataclass(frozen=True)
class Asked:
    """The lists of the command line. None in `groups` and `pencil_grids` is the program's choice.

    grow   indices of the axes along which a weak study's grid grows; empty: a strong study.
    """

    ranks: tuple[int, ...]
    threads: tuple[int, ...] = (1,)
    groups: tuple[int | None, ...] = (None,)
    pencil_grids: tuple[tuple[int, int] | None, ...] = (None,)
    grow: tuple[int, ...] = ()

    @property
    def weak(self) -> bool:
        """Whether the grid grows with the ranks."""
        return bool(self.grow)


def configurations(
    problem: Problem, file: str, overrides: Sequence[str], asked: Asked
) -> tuple[list[Configuration], list[str]]:
    """All of them, and a sentence for every combination that is left out because it cannot be.

    A single rank is divided in one way only. Raises :class:`ProblemError` when nothing is left.
    """
    chosen: dict[str, Configuration] = {}
    left_out: list[str] = []
    for ranks in sorted(set(asked.ranks)):
        single = ranks == 1
        for groups in (None,) if single else dict.fromkeys(asked.groups):
            for pencil_grid in (None,) if single else dict.fromkeys(asked.pencil_grids):
                for threads in sorted(set(asked.threads)):
                    try:
                        configuration = _configuration(problem, asked, ranks, threads, groups, pencil_grid)
                        _require_fit(problem, file, overrides, configuration)
                    except (ProblemError, ValueError) as error:
                        words = Configuration(ranks, threads, groups, pencil_grid, problem.grid.points).label
                        left_out.append(f"{words}: {error}")
                    else:
                        chosen[configuration.key] = configuration
    if not chosen:
        raise ProblemError.of("--ranks", "no configuration is left to measure\n" + "\n".join(left_out))
    return list(chosen.values()), left_out


def _configuration(
    problem: Problem, asked: Asked, ranks: int, threads: int, groups: int | None, pencil_grid: tuple[int, int] | None
) -> Configuration:
    points, lengths = problem.grid.points, None
    if asked.weak:
        points = grown(points, Fraction(ranks, min(asked.ranks)), asked.grow)
        lengths = tuple(
            length if new == old else length * new / old
            for length, new, old in zip(problem.grid.lengths, points, problem.grid.points, strict=True)
        )
    return Configuration(ranks, threads, groups, pencil_grid, points, lengths)


def _require_fit(problem: Problem, file: str, overrides: Sequence[str], configuration: Configuration) -> None:
    """Raise ProblemError where the problem does not allow the grid, or the grid has no room for the ranks."""
    if configuration.overrides:
        problem = load_problem(file, [*overrides, *configuration.overrides])
    division_of(problem, configuration.points, configuration.ranks, None)


def division_of(
    problem: Problem, points: tuple[int, ...], ranks: int, ranks_per_node: int | None
) -> tuple[int, tuple[int, int]]:
    """Orbital groups and pencil grid that the program takes for so many ranks. Raises :class:`ProblemError`."""
    division = divide(replace(division_request(problem), points=points), ranks, ranks_per_node)
    return division.groups, division.decomposition.pencil_grid


def points_of(configuration: Configuration) -> int:
    """Number of grid points."""
    return math.prod(configuration.points)
