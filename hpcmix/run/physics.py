"""Whether a problem file still describes the run that a checkpoint belongs to."""

from __future__ import annotations

import tomllib
from typing import Any

from hpcmix.problem.errors import ProblemError
from hpcmix.problem.load import parse_problem
from hpcmix.problem.schema import Problem
from hpcmix.problem.show import resolved_dict

_FREE = ("title", "output", "parallel", "ground_state", "time.final", "time.check_step", "time.step.initial")
"""What may change: words, files, ranks, how far to evolve, and how a ground state and a first step were found that are
there already."""

_SHAPE = ("grid.points", "parallel.precision")
"""What the arrays of a checkpoint depend on, besides the names and numbers of orbitals of the species."""


def differences(stored: str, problem: Problem) -> list[str]:
    """What `problem` says of the physics that the resolved file `stored` in a checkpoint does not, a line for each."""
    before, now = _physics(_tables(stored)), _physics(resolved_dict(problem))
    return [
        f"{key}: {_shown(before, key)} in the checkpoint, {_shown(now, key)} now"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
    ]


def misfits(stored: str, problem: Problem) -> list[str]:
    """The differences with which the arrays of a checkpoint do not fit the problem at all."""
    before, now = _tables(stored), resolved_dict(problem)
    lines = []
    for key in _SHAPE:
        old, new = _flat(before).get(key), _flat(now).get(key)
        if old != new:
            lines.append(f"{key}: {old} in the checkpoint, {new} now")
    old, new = ([(one["name"], one.get("orbitals", 1)) for one in tables["species"]] for tables in (before, now))
    if old != new:
        lines.append(f"species and their orbitals: {old} in the checkpoint, {new} now")
    if problem.time is not None and problem.time.adaptive is None and isinstance(before["time"]["step"], dict):
        lines.append("time.step: adaptive in the checkpoint, whose time is no multiple of the fixed step now")
    return lines


def _tables(stored: str) -> dict[str, Any]:
    """The stored file with the defaults of this version filled in, or as it is where this version cannot read it (a
    file that it names is gone, say)."""
    try:
        return resolved_dict(parse_problem(stored))
    except ProblemError:
        return tomllib.loads(stored)


def _physics(tables: dict[str, Any]) -> dict[str, Any]:
    flat = _flat(tables)
    free = tuple(f"{key}." for key in _FREE)
    return {
        key: value
        for key, value in flat.items()
        if key == "parallel.precision" or not (key in _FREE or key.startswith(free))
    }


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested tables as one, with dotted keys; species and interactions under their names, lists of numbers whole."""
    if isinstance(value, dict) and value:
        entries = list(value.items())
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        entries = [(_name(entry, number), entry) for number, entry in enumerate(value)]
    else:
        return {key: value}
    result: dict[str, Any] = {}
    for name, entry in entries:
        result |= _flat(entry, f"{key}.{name}" if key else name)
    return result


def _name(entry: dict[str, Any], number: int) -> str:
    return str(entry.get("name", number))


def _shown(tables: dict[str, Any], key: str) -> str:
    return repr(tables[key]) if key in tables else "absent"
