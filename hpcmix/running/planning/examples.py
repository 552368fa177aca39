"""What the example cards are: a line for each, with size and time. Needs no MPI."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcmix.problem.files.cards import cards
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.schema import Problem
from hpcmix.running.planning.many_body.plan import plan_bodies
from hpcmix.running.planning.plan import make_plan

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0

_HEAD = ("name", "grid", "time", "title")


@dataclass(frozen=True)
class Example:
    """A card, in words.

    name     for ``hpcmix run NAME`` and ``hpcmix new NAME FILE``.
    title    in one line.
    size     the grid and how many species.
    seconds  of its evolution on one core of this machine, ground state and output not counted; None where it has no
             evolution, or steps that its error chooses.
    command  that it is for: run, or excitations.
    """

    name: str
    title: str
    size: str
    seconds: float | None
    command: str

    @classmethod
    def of(cls, name: str, card: Path) -> Example:
        """Read a card."""
        problem = load_problem(name)
        return cls(name, problem.title, _size(problem), _seconds(problem), command_of(card.parent))


def examples(words: Sequence[str] = ()) -> list[Example]:
    """All cards whose name or title has every one of the words, in capitals or not."""
    asked = [word.casefold() for word in words]
    return [
        Example.of(name, card)
        for name, card in cards().items()
        if all(word in f"{name} {_title(card)}".casefold() for word in asked)
    ]


def _title(card: Path) -> str:
    """What the file calls itself."""
    return str(tomllib.loads(card.read_text(encoding="utf-8")).get("title", ""))


def lines_of(shown: Sequence[Example]) -> list[str]:
    """A table: name, size, time and title."""
    names = max(len(name) for name in (_HEAD[0], *(example.name for example in shown)))
    sizes = max(len(size) for size in (_HEAD[1], *(example.size for example in shown)))
    lines = [f"{_HEAD[0]:<{names}}  {_HEAD[1]:<{sizes}}  {_HEAD[2]:>6}  {_HEAD[3]}"]
    for example in shown:
        time = "-" if example.seconds is None else rough(example.seconds)
        asks = "" if example.command == "run" else f" (hpcmix {example.command})"
        lines.append(f"{example.name:<{names}}  {example.size:<{sizes}}  {time:>6}  {example.title}{asks}")
    return lines


def rough(seconds: float) -> str:
    """A duration in one number and its unit."""
    for unit, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1.0 else "< 1 s"


def _size(problem: Problem) -> str:
    points = problem.grid.points
    grid = f"{points[0]}^{len(points)}" if len(set(points)) == 1 and len(points) > 1 else "x".join(map(str, points))
    return f"{grid}, {len(problem.species)} species"


def _seconds(problem: Problem) -> float | None:
    """How long the evolution takes on one core."""
    if problem.time is None or problem.time.adaptive is not None:
        return None
    if problem.many_body is not None:
        return plan_bodies(problem, 1).seconds
    plan = make_plan(problem, 1)
    return None if plan.seconds_per_step is None or plan.steps is None else plan.seconds_per_step * plan.steps


def command_of(folder: Path) -> str:
    """The command that a card is for, as what comes with it says."""
    try:
        expected = tomllib.loads((folder / "expected.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "run"
    return str(expected.get("command", "run"))
