"""Where every entry of a problem came from: a line of the file or a ``--set`` option."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hpcmix.problem.mistakes.errors import Complaint

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the top of the file to an entry: ("species", 0, "potential", 1, "frequency")."""


@dataclass(frozen=True)
class Source:
    """The file's name, the line of each path, the option that set a path, and the tables as they were read."""

    file: str = "problem"
    lines: dict[KeyPath, int] = field(default_factory=dict)
    options: dict[KeyPath, str] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)

    def complaint(self, path: KeyPath, message: str, suggestion: str | None = None) -> Complaint:
        """A complaint about the entry at ``path``; an entry that is not there is placed at the nearest table around
        it."""
        written = tuple(self._written(path))
        file, line = self._origin(written)
        return Complaint(file, line, self._key(written), message, suggestion)

    def path_of(self, key: str) -> KeyPath:
        """The path of a dotted key in which species stand by name or by index."""
        path: list[str | int] = []
        for part in key.split("."):
            if path == ["species"]:
                names = [entry.get("name") for entry in self._list("species")]
                path.append(names.index(part) if part in names else int(part) if part.isdecimal() else part)
            else:
                path.append(int(part) if part.isdecimal() else part)
        return tuple(path)

    def _list(self, key: str) -> list[dict]:
        entries = self.tables.get(key)
        return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []

    def _written(self, path: KeyPath) -> Iterator[str | int]:
        """The path as the file spells it: without indices into what stands there as a single table or a single
        number."""
        node: Any = self.tables
        for part in path:
            if isinstance(part, int) and not isinstance(node, list):
                continue
            yield part
            try:
                node = node[part]
            except (KeyError, IndexError, TypeError):
                node = None

    def _origin(self, path: KeyPath) -> tuple[str, int | None]:
        prefixes = [path[:length] for length in range(len(path), 0, -1)]
        for prefix in prefixes:
            if prefix in self.options:
                return self.options[prefix], None
        for prefix in prefixes:
            if prefix in self.lines:
                return self.file, self.lines[prefix]
            # it does not stand in the file: an option may have begun the table that now lacks something
            for option, text in self.options.items():
                if option[: len(prefix)] == prefix:
                    return text, None
        return self.file, None

    def _key(self, path: KeyPath) -> str:
        parts = [str(part) for part in path]
        if len(path) >= 2 and path[0] == "species" and isinstance(path[1], int):
            table = self.tables["species"][path[1]]
            name = table.get("name") if isinstance(table, dict) else None
            names = [entry.get("name") for entry in self._list("species")]
            if isinstance(name, str) and name and names.count(name) == 1:
                parts[1] = name
        return ".".join(parts)
