"""Whether a problem file still describes the run that a checkpoint belongs to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hpcmix.problem.files.load import parse_problem
from hpcmix.problem.mistakes.errors import ProblemError
from hpcmix.problem.schema import Problem
from hpcmix.problem.words.show import resolved_dict
from hpcmix.running.resuming import marker_changes, pair_changes, vector_changes

_FREE = (
    "title", "output", "parallel", "ground_state", "excitations", "time.final", "time.check_step", "time.step.initial",
    *vector_changes.FREE, *pair_changes.FREE,
)  # fmt: skip
"""What may change: words, files, ranks, how far to evolve, what is measured, and how a ground state and a first step
were found that are there already."""

_DRESSED = re.compile(r"coupling\.\d+\.dressed")
"""Says which ground state was to be found, too."""

_SHAPE = ("grid.points", "parallel.precision")
"""What the arrays of a checkpoint depend on, besides the names and numbers of orbitals of the species."""

_NOT_OF_GROUND_STATE = (
    "title", "time", "output", "parallel", "ground_state", "loss", "fluctuations", "excitations",
)  # fmt: skip
_AFTER_OR_BEFORE = re.compile(r"species\.[^.]*\.initial\.(momentum|noise|modes|start|seed)(\.|$)")
"""What is done to a ground state when it has been found, and where its search begins."""


@dataclass(frozen=True)
class Comparison:
    """What a problem says of the physics that a checkpoint's problem does not, a line for each difference.

    misfits  differences that rule going on out: the checkpoint's arrays or its time have no place in the problem.
    others   those that may be accepted.
    """

    misfits: tuple[str, ...]
    others: tuple[str, ...]


def compare(stored: str, problem: Problem) -> Comparison:
    """`problem` beside the resolved file `stored` in a checkpoint."""
    before, now = _tables(stored), resolved_dict(problem)
    misfits, said = [], set()
    for key in _SHAPE:
        old, new = _flat(before).get(key), _flat(now).get(key)
        if old != new:
            misfits.append(f"{key}: {old!r} in the checkpoint, {new!r} now: its fields do not fit")
            said.add(key)
    old, new = ({table["name"]: _orbitals(table) for table in tables["species"]} for tables in (before, now))
    if list(old.items()) != list(new.items()):
        misfits.append(
            f"species and their orbitals: {list(old.items())} in the checkpoint, {list(new.items())} now: "
            "its fields do not fit"
        )
        said |= {f"species.{name}" for name in old.keys() ^ new.keys()}
        said |= {f"species.{name}.orbitals" for name in old}
    if problem.time is not None and problem.time.adaptive is None and isinstance(before["time"]["step"], dict):
        misfits.append("time.step: adaptive in the checkpoint, whose time is no multiple of the fixed step now")
        said.add("time.step")
    of_both = _flat(before), _flat(now)
    for key, misfit in (
        *vector_changes.vector_misfits(*of_both),
        *pair_changes.pair_misfits(*of_both),
        *marker_changes.marker_misfits(*of_both),
    ):
        misfits.append(misfit)
        said.add(key)
    return Comparison(tuple(misfits), tuple(_differences(_physics(before), _physics(now), said)))


def _orbitals(species: Mapping[str, Any]) -> int:
    """Of a species of a file: none where it has markers."""
    return 0 if "markers" in species else species.get("orbitals", 1)


def asked_step(stored: str) -> float | None:
    """The fixed step that a stored file asks for, None where its steps are adaptive."""
    step = tomllib.loads(stored).get("time", {}).get("step")
    return None if step is None or isinstance(step, dict) else float(step)


def ground_state_differences(stored: str, problem: Problem) -> list[str]:
    """What `problem` says of its ground state that the resolved file `stored` does not, a line for each difference.
    How a search begins and how far it goes is no part of it, nor what becomes of the state afterwards."""
    before, now = (_of_ground_state(tables) for tables in (_tables(stored), resolved_dict(problem)))
    return list(_differences(before, now, set(), "where it was sought"))


def _of_ground_state(tables: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in _flat(tables).items()
        if key in _SHAPE
        or key.startswith("ground_state.kernel_factors")
        or not (key.startswith(_NOT_OF_GROUND_STATE) or _AFTER_OR_BEFORE.match(key))
    }


def _differences(
    before: dict[str, Any], now: dict[str, Any], said: set[str], place: str = "in the checkpoint"
) -> Iterator[str]:
    """A line for every entry that differs, but those of `said` and what is in them."""
    for key in sorted({*before, *now}):
        if before.get(key) != now.get(key) and not any(f"{key}.".startswith(f"{other}.") for other in said):
            yield f"{key}: {_shown(before, key)} {place}, {_shown(now, key)} now"


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
        if (key == "parallel.precision" or not (key in _FREE or key.startswith(free) or _DRESSED.fullmatch(key)))
        and value != []  # a list without entries says what its absence does
    }


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested tables as one, with dotted keys; species and interactions under their names, lists of numbers whole."""
    if isinstance(value, dict) and value:
        entries = list(value.items())
    elif isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
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
