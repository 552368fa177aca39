"""Mutations of problem files: every case is made from a seed and its number alone."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.system.mutations.toml_text import toml

NUMBERS = (
    0, -1, 1, 2, 3, 7, 2**31, 2**63, 10**30, -(10**30), 0.0, -0.0, 0.5, -1.5, 5e-324, 1e-300, 1e-60, 1e-20, 1e-9, 1e-3,
    1e3, 1e9, 1e20, 1e60, 1.7e308, -1e9, -1e60, float("inf"), float("-inf"), float("nan"),
)  # fmt: skip
WORDS = (
    "", " ", "x", "каппа", "名前", "naïve", "🦀", "a" * 300, "a/b", "a\tb", '"', "auto", "infinity", "1 um", "2 h",
    "87Rb", "5 nK", "1/x", "sqrt(x)", "x**400", "0", "exp(1e9*x)", "t", "true", "None", "free", "file", "scattering",
    "table", "up", "contact", "\u0000", "\u202e", "1e400", "-3 Hz", "9" * 80,
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    True, False, [], {}, [[]], [{}], [1, 2, 3], [0.5], ["a", "b"], {"kind": "harmonic"}, {"kind": "table"},
    {"kind": "file", "path": "case.toml"}, {"kind": "ground-state", "start": "gaussian"}, {"every": 1}, {"x": 1},
    {"tolerance": 1e-8}, {"kind": "expanding", "rate": 1.0}, {"kind": "gaussian", "width": 1.0, "height": 1.0},
)  # fmt: skip


def mutated(seed: int, number: int, tables_of: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """Description and text of case `number`: a card with one to three mutations."""
    dice = random.Random(f"{seed}/{number}")
    name = dice.choice(sorted(tables_of))
    tables = copy.deepcopy(tables_of[name])
    done = [_mutate(tables, dice) for _ in range(dice.choice((1, 1, 1, 2, 3)))]
    text = toml(tables)
    if dice.random() < 0.06:
        text, what = _torn(text, dice)
        done.append(what)
    return f"{name}: {'; '.join(done)}", text


def _places(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all entries below a node."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from _places(value, (*path, key))


def _mutate(tables: dict[str, Any], dice: random.Random) -> str:
    places = list(_places(tables))
    if not places:
        tables["title"] = 3
        return "empty"
    path = dice.choice(places)
    holder: Any = tables
    for key in path[:-1]:
        holder = holder[key]
    key, old = path[-1], holder[path[-1]]
    where = ".".join(map(str, path))
    kind = dice.choice(("delete", "type", "number", "number", "number", "number", "word", "double", "swap", "add"))
    if kind == "delete":
        del holder[key]
        return f"delete {where}"
    if kind == "double" and isinstance(holder, list):
        holder.append(copy.deepcopy(old))
        return f"double {where}"
    if kind == "double" and isinstance(old, dict):
        holder[key] = [old, copy.deepcopy(old)]
        return f"double {where}"
    if kind == "swap":
        other = dice.choice(places)
        value: Any = tables
        for part in other:
            value = value[part]
        holder[key] = copy.deepcopy(value)
        return f"{where} <- {'.'.join(map(str, other))}"
    if kind == "add" and isinstance(old, dict):
        word = dice.choice((*WORDS, "kind", "title", "centre", "factor", "momentum", "seed", "step", "strength"))
        old[word] = copy.deepcopy(dice.choice((*NUMBERS, *WORDS, *OTHERS)))
        return f"add {where}.{word} = {old[word]!r}"
    if kind == "number" or (kind in ("double", "add") and dice.random() < 0.5):
        numeric = [one for one in places if _is_number(_at(tables, one))]
        if numeric:
            path = dice.choice(numeric)
            holder, key = _at(tables, path[:-1]), path[-1]
        old = holder[key]
        value = dice.choice(NUMBERS)
        if _is_number(old) and dice.random() < 0.35:
            value = old * dice.choice((-1, 0.1, 0.5, 2, 3, 10, 1e3, 1e6, 1e-6, 1e12, 1e-12))
            value = round(value) if isinstance(old, int) and dice.random() < 0.7 else value
        holder[key] = value
        return f"{'.'.join(map(str, path))} = {value!r}"
    holder[key] = copy.deepcopy(dice.choice(OTHERS if kind == "type" else WORDS))
    return f"{where} = {holder[key]!r}"


def _at(tables: Any, path: tuple) -> Any:
    for key in path:
        tables = tables[key]
    return tables


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _torn(text: str, dice: random.Random) -> tuple[str, str]:
    """A text with a line or a character less or more."""
    lines = text.split("\n")
    row = dice.randrange(len(lines))
    what = dice.choice(("lose a line", "double a line", "lose a character", "gain a character"))
    if what == "lose a line":
        del lines[row]
    elif what == "double a line":
        lines.insert(row, lines[row])
    elif lines[row]:
        column = dice.randrange(len(lines[row]))
        gained = dice.choice('"[]{}=.#\\é\x07') if what == "gain a character" else ""
        lines[row] = lines[row][:column] + gained + lines[row][column + (not gained) :]
    return "\n".join(lines), f"{what} at {row + 1}"
