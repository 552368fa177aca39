"""``--set key=value``: entries of a problem file given on the command line."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Sequence
from typing import Any

from hpcmix.problem.errors import Complaint, closest
from hpcmix.problem.source import KeyPath


def apply_overrides(
    tables: dict[str, Any], overrides: Sequence[str]
) -> tuple[dict[str, Any], dict[KeyPath, str], list[Complaint]]:
    """A copy of the tables with the overrides in place, the option text of each path they set, and complaints.

    Keys are dotted, with list indices from zero, and species also by name. The value is TOML; text that is no TOML
    value stands for itself.
    """
    tables = copy.deepcopy(tables)
    options: dict[KeyPath, str] = {}
    complaints: list[Complaint] = []
    for override in overrides:
        option = f"--set {override}"
        key, separator, text = override.partition("=")
        parts = [part.strip() for part in key.split(".")]
        if not separator or not all(parts):
            complaints.append(Complaint(option, None, "", "must have the form key=value, such as time.step=1e-3"))
            continue
        try:
            path = _set(tables, parts, _value(text.strip()))
        except _NoSuchPlace as error:
            complaints.append(Complaint(option, None, key.strip(), error.message, error.suggestion))
        else:
            options[path] = option
    return tables, options, complaints


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


def _set(tables: dict[str, Any], parts: list[str], value: Any) -> KeyPath:
    """Put the value in place and return its path. Tables that are missing on the way are made."""
    node: Any = tables
    path: list[str | int] = []
    for position, part in enumerate(parts):
        if isinstance(node, dict) and part.isdecimal() and part not in node:
            # a single table where a list may stand: its index zero is the table itself
            if int(part) != 0 or position == len(parts) - 1 or not path:
                raise _NoSuchPlace(f"{'.'.join(parts[:position])} is a single table, not a list")
            continue
        key = _index(node, part, parts[:position]) if isinstance(node, list) else part
        if not isinstance(node, (dict, list)):
            raise _NoSuchPlace(f"{'.'.join(parts[:position])} is no table, so it has no entry {part}")
        path.append(key)
        if position == len(parts) - 1:
            node[key] = value
        else:
            node = node.setdefault(key, {}) if isinstance(node, dict) else node[key]
    return tuple(path)


def _index(entries: list, part: str, above: list[str]) -> int:
    """The index that a part of a key means in a list: a number, or a species' name."""
    if part.isdecimal():
        if int(part) < len(entries):
            return int(part)
        raise _NoSuchPlace(f"there is no entry {part}; {'.'.join(above)} has {len(entries)}, counted from 0")
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)] if above == ["species"] else []
    if part in names:
        return next(i for i, entry in enumerate(entries) if isinstance(entry, dict) and entry.get("name") == part)
    names = [name for name in names if isinstance(name, str)]
    if names:
        raise _NoSuchPlace(f'there is no species "{part}" (species: {", ".join(names)})', closest(part, names))
    raise _NoSuchPlace(f'{".".join(above)} is a list; "{part}" should be an index, counted from 0')
