"""Finding what somebody asks about: ``potential.lattice``, ``time.step``, ``seed``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hpcmix.problem.files.cards import cards
from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reference.entries import Key, Table, tables_of
from hpcmix.problem.schema import Problem

_BRACKETS = re.compile(r"[\[\]<>\"' ]")


_UNSAID = ("condensate", "ground-state", "relative")
"""Kinds of tables that name none."""


@dataclass(frozen=True)
class Answer:
    """A table, or one of its keys, with all places where it stands alike.

    places  dotted, kinds of tables among them: "species.condensate.potential.lattice".
    key     None where it is the table that was asked about.
    """

    places: tuple[str, ...]
    table: Table
    key: Key | None


def places() -> Iterator[tuple[str, Table, Key | None]]:
    """All tables and keys with their places."""
    for table in tables_of(Problem):
        path = [part.strip("<>") for part in table.path]
        if path:
            yield ".".join(path), table, None
        for key in table.keys:
            yield ".".join([*path, key.name]), table, key


def answers(question: str) -> list[Answer]:
    """What a question is about: the parts of a place in their order, the last of them at its end; others may be left
    out. Of a key and the table that it holds, and of places that differ in nothing else, one."""
    asked = [part for part in _BRACKETS.sub("", question).split(".") if part and not part.isdecimal()]
    alike: dict[tuple[object, ...], list[tuple[str, Table, Key | None]]] = {}
    for place, table, key in places():
        if not asked or not _fits(asked, place.split(".")):
            continue
        identity = (table.model,) if key is None else (key.name, key.text, key.taken.words, key.default, key.required)
        alike.setdefault(identity, []).append((place, table, key))
    return [Answer(tuple(place for place, *_ in each), *each[0][1:]) for each in alike.values()]


def mentions(word: str) -> list[Answer]:
    """The keys and tables in whose text a word stands, or in whose examples."""
    alike: dict[str, Answer] = {}
    for place, table, key in places():
        text = table.text if key is None else f"{key.text} {key.taken.words} {key.example}"
        if key is not None and key.name == "kind" and key.text in table.text:
            continue  # says what its table says
        if word.lower() in text.lower():
            alike.setdefault(text, Answer((place,), table, key))
    return list(alike.values())


def examples_with(answer: Answer) -> list[str]:
    """The example cards in which a key or a table stands, by name."""
    asked = [place.split(".") for place in answer.places]
    return [name for name, tables in _card_tables().items() if any(_stands_in(tables, parts) for parts in asked)]


@cache
def _card_tables() -> dict[str, dict[str, Any]]:
    return {name: tomllib.loads(path.read_text(encoding="utf-8")) for name, path in cards().items()}


def _stands_in(node: Any, parts: Sequence[str]) -> bool:
    """Whether a file has an entry at a place. A table without a kind has the one that is taken for granted."""
    if isinstance(node, list):
        return any(_stands_in(entry, parts) for entry in node)
    if not parts:
        return True
    if not isinstance(node, dict):
        return False
    first, rest = parts[0], parts[1:]
    if first in node and _stands_in(node[first], rest):
        return True
    return node.get("kind", first if first in _UNSAID else None) == first and _stands_in(node, rest)


def suggestion(question: str) -> str | None:
    """What may have been meant by a question that is about nothing."""
    known = [place.split(".") for place, *_ in places()]
    last = question.rpartition(".")[2]
    word = closest(last, dict.fromkeys(parts[-1] for parts in known))
    if word is None:
        return None
    whole = f"{question.rpartition('.')[0]}.{word}".strip(".")
    return whole if answers(whole) else word


def endings(beginning: str) -> list[str]:
    """The questions that begin so, each a part longer at most: "potential.la" becomes "potential.lattice"."""
    above, _, begun = beginning.rpartition(".")
    asked = [part for part in above.split(".") if part]
    found = set()
    for place, *_ in places():
        *before, last = place.split(".")
        for word in last.split("|"):
            if word.startswith(begun) and (not asked or _fits(asked, before)):
                found.add(".".join([*asked, word]))
    return sorted(found)


def _fits(asked: Sequence[str], place: Sequence[str]) -> bool:
    """Whether the parts stand in a place in their order, the last at its end."""
    if not place or asked[-1] != place[-1]:
        return False
    rest = iter(place[:-1])
    return all(any(part == each for each in rest) for part in asked[:-1])
