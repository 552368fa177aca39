"""The end of a file that grows line by line, without reading all of it."""

from __future__ import annotations

from pathlib import Path

_TAIL_BYTES = 1 << 16
"""A record of many species and modes has some thousands."""


def tail(path: Path) -> bytes:
    """The last 64 KiB; nothing of a file that is not there."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return file.read()
    except OSError:
        return b""


def last_line(path: Path) -> str:
    """The last line that says something."""
    lines = tail(path).decode("utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "")
