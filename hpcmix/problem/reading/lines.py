"""The line of every entry of a TOML file, which no TOML reader tells.

The text is known to be valid TOML when it comes here (``tomllib`` has read it), so this only has to find where keys
and values begin.
"""

from __future__ import annotations

import re
import tomllib

_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{1,2}(?!"))?', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{1,2}(?!'))?", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)


def index_lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Line (from one) at which each key, table and list entry begins, by its path. ``text`` is valid TOML with plain
    newlines."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.lines: dict[tuple[str | int, ...], int] = {}
        self.array_lengths: dict[tuple[str | int, ...], int] = {}
        self.counted_to, self.line = 0, 1

    def scan(self) -> dict[tuple[str | int, ...], int]:
        table: tuple[str | int, ...] = ()
        self.skip(_BLANK_LINES)
        while self.position < len(self.text):
            if self.text[self.position] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK_LINES)
        return self.lines

    def skip(self, pattern: re.Pattern) -> str:
        """Go behind what a pattern matches, if nothing else the empty text."""
        match = pattern.match(self.text, self.position)
        if match is None:
            return ""
        self.position = match.end()
        return match[0]

    def mark(self, path: tuple[str | int, ...], *, again: bool = False) -> None:
        """Remember the present line for the path; the first mention counts unless ``again``."""
        self.line += self.text.count("\n", self.counted_to, self.position)
        self.counted_to = self.position
        if again or path not in self.lines:
            self.lines[path] = self.line

    def header(self) -> tuple[str | int, ...]:
        many = self.text.startswith("[[", self.position)
        start = self.position
        self.position += 2 if many else 1
        keys = self.key()
        self.position += 2 if many else 1
        end, self.position = self.position, start
        path: tuple[str | int, ...] = ()
        for number, key in enumerate(keys):
            path += (key,)
            last = number == len(keys) - 1
            if last and many:
                self.mark(path)
                self.array_lengths[path] = self.array_lengths.get(path, 0) + 1
                path += (self.array_lengths[path] - 1,)
            elif path in self.array_lengths:
                path += (self.array_lengths[path] - 1,)
            # a table that was only implied by a subtable above is at its own header once that appears
            self.mark(path, again=last)
        self.position = end
        return path

    def key(self) -> list[str]:
        """A dotted key; the position ends behind it and its blanks."""
        parts = []
        while True:
            self.skip(_BLANK)
            if self.text[self.position] in "\"'":
                parts.append(tomllib.loads(f"key = {self.string()}")["key"])
            else:
                parts.append(self.skip(_BARE_KEY))
            self.skip(_BLANK)
            if self.text[self.position] != ".":
                return parts
            self.position += 1

    def pair(self, table: tuple[str | int, ...]) -> None:
        self.mark(table)
        start = self.position
        keys = self.key()
        end, self.position = self.position, start
        for length in range(1, len(keys) + 1):
            self.mark(table + tuple(keys[:length]))
        self.position = end + 1
        self.skip(_BLANK)
        self.value(table + tuple(keys))

    def value(self, path: tuple[str | int, ...]) -> None:
        first = self.text[self.position]
        if first == "[":
            self.position += 1
            index = 0
            while self.next_item("]"):
                self.mark((*path, index))
                self.value((*path, index))
                index += 1
        elif first == "{":
            self.position += 1
            while self.next_item("}"):
                self.pair(path)
        elif first in "\"'":
            self.string()
        else:
            self.skip(_BARE_VALUE)

    def next_item(self, close: str) -> bool:
        """Go to the next item of a list or inline table, or behind its end."""
        self.skip(_BLANK_LINES)
        if self.text[self.position] == ",":
            self.position += 1
            self.skip(_BLANK_LINES)
        if self.text[self.position] == close:
            self.position += 1
            return False
        return True

    def string(self) -> str:
        for pattern in _STRINGS:
            if pattern.match(self.text, self.position):
                return self.skip(pattern)
        raise ValueError(f"no TOML string at character {self.position}")
