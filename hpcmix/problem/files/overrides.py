"""``--set key=value``: entries of a problem file given on the command line."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Sequence
from typing import Any

from hpcmix.problem.mistakes.errors import Complaint, closest
from hpcmix.problem.mistakes.hints.annotations import arrays_of
from hpcmix.problem.reading.source import KeyPath
from hpcmix.problem.schema import Problem

ARRAYS = arrays_of(Problem)
"""Arrays of tables, by their keys without indices: an option that speaks of their entry 0 may begin them."""

NUMBERS_OR_TABLES: dict[tuple[str, ...], str | None] = {("time", "step"): None, ("species", "markers"): "number"}
"""What is a number or a table, and the key of the table that the number stands for: an option that speaks of the
table's keys keeps it there. None: it replaces the number."""


def apply_overrides(
    tables: dict[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], dict[KeyPath, str], list[Complaint]]:
    """A copy of the tables with the overrides in place, the option text of each path they set, and complaints.

    Keys are dotted, with list indices from zero, and species also by name. The value is TOML; text that is no TOML
    value stands for itself. Tables and arrays of tables that are missing on the way are begun. A species that an option
    makes classical becomes the limit of what the file says (:func:`_take_limits`).
    """
    tables = copy.deepcopy(tables)
    options: dict[KeyPath, str] = {}
    complaints: list[Complaint] = []
    begun: set[KeyPath] = set()
    for override in overrides:
        option = f"--set {override}"
        key, separator, text = override.partition("=")
        parts = [part.strip() for part in key.split(".")]
        if not separator or not all(parts):
            complaints.append(Complaint(option, None, "", "must have the form key=value, such as time.step=1e-3"))
            continue
        try:
            setting = _Setting(tables, parts, begun)
            setting.put(_value(text.strip()))
        except _NoSuchPlace as error:
            complaints.append(Complaint(option, None, key.strip(), error.message, error.suggestion))
        else:
            options[setting.path] = option
    _take_limits(tables, options)
    return tables, options, complaints


def _take_limits(tables: dict[str, Any], options: dict[KeyPath, str]) -> None:
    """Of a species of the file that an option makes classical, the number of its orbitals becomes that of its
    particles: there is no option that takes a key away. What else has no limit, a vector potential or noise, is
    refused as it is in a file."""
    for path, option in list(options.items()):
        match path:
            case ("species", int(index), "kind") if tables["species"][index].get("kind") == "classical":
                table = tables["species"][index]
                if "orbitals" in table:
                    number = table.pop("orbitals")
                    if "particles" not in table:
                        table["particles"] = number
                        options[*path[:2], "particles"] = options.pop((*path[:2], "orbitals"), option)


class _NoSuchPlace(Exception):
    def __init__(self, message: str, suggestion: str | None = None) -> None:
        self.message, self.suggestion = message, suggestion
        super().__init__(message)


def _value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}\n")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


class _Setting:
    """The way to an entry: `path` and the table or list that holds it, `node`. What is missing on the way is made once
    the whole way is known to exist.

    begun  arrays of tables that options began, which may therefore grow.
    """

    def __init__(self, tables: dict[str, Any], parts: list[str], begun: set[KeyPath]) -> None:
        self.parts = parts
        self.path: KeyPath = ()
        self._begun = begun
        self._changes: list[tuple[Any, Any, Any]] = []
        node: Any = tables
        for position, part in enumerate(parts):
            node = self._step(node, position, part)

    def put(self, value: Any) -> None:
        """Set the entry."""
        container, key, _ = self._changes.pop()
        for place, name, made in (*self._changes, (container, key, value)):
            if isinstance(place, list) and name == len(place):
                place.append(made)
            else:
                place[name] = made

    def _step(self, node: Any, position: int, part: str) -> Any:
        """What stands at the next part of the key; for the last one it is only noted where it is."""
        last = position == len(self.parts) - 1
        above = ".".join(self.parts[:position])
        in_keys_of_sweep = self.path[:2] == ("sweep", "keys")  # there an index is a part of a key's text
        if isinstance(node, dict) and part.isdecimal() and part not in node and not in_keys_of_sweep:
            # a single table where a list may stand: its index zero is the table itself
            if not node and last:
                raise _NoSuchPlace(f"is not there to be changed; give the whole list, {above}=[...]")
            if int(part) != 0 or last or not self.path:
                raise _NoSuchPlace(f"{above} is a single table, not a list")
            return node
        if not isinstance(node, (dict, list)):
            if part.isdecimal():
                raise _NoSuchPlace(f"{above} is a single value, not a list; give the whole list, {above}=[...]")
            raise _NoSuchPlace(f"{above} is no table, so it has no entry {part}")
        key: str | int
        there: Any
        if isinstance(node, list):
            key = index = self._index(node, part, position)
            there = node[index] if index < len(node) else None
        else:
            key, there = part, node.get(part)
        self.path = (*self.path, key)
        if last:
            self._changes.append((node, key, None))
            return None
        names = tuple(part for part in self.path if isinstance(part, str))
        if there is None or (names in NUMBERS_OR_TABLES and not isinstance(there, (dict, list))):
            kept = NUMBERS_OR_TABLES.get(names) if there is not None else None
            array = names in ARRAYS and isinstance(key, str) and self.parts[position + 1].isdecimal()
            there = {kept: there} if kept is not None else [] if array else {}
            if isinstance(there, list):
                self._begun.add(self.path)
            self._changes.append((node, key, there))
        return there

    def _index(self, entries: list, part: str, position: int) -> int:
        """The index that a part of a key means in a list: a number, or a species' name."""
        above = self.parts[:position]
        if part.isdecimal():
            if int(part) < len(entries) or (int(part) == len(entries) and self.path in self._begun):
                return int(part)
            raise _NoSuchPlace(f"there is no entry {part}; {'.'.join(above)} has {len(entries)}, counted from 0")
        tables = [entry if isinstance(entry, dict) else {} for entry in entries]
        given = [entry.get("name") for entry in tables] if above == ["species"] else []
        if part in given:
            return given.index(part)
        names = [name for name in given if isinstance(name, str)]
        if names:
            raise _NoSuchPlace(f'there is no species "{part}" (species: {", ".join(names)})', closest(part, names))
        place = ".".join([*above, "0", *self.parts[position:]])
        raise _NoSuchPlace(f'{".".join(above)} is a list; "{part}" should be an index, counted from 0, as in {place}')
