"""Words that belong to the problem file's language but that this version has no model for: the one table of them.

Who adds a model deletes its word here.
"""

from __future__ import annotations

_VALUES: dict[str, set[str]] = {}

_KEYS: dict[str, str] = {}


def unavailable_value(place: str, word: object, available: list[str]) -> str | None:
    """The sentence about a value that is known but not available, or None. ``place`` is the dotted key without
    indices."""
    if isinstance(word, str) and word in _VALUES.get(place, ()):
        return (
            f'"{word}" is not available in this version (available {place.rpartition(".")[2]}: {", ".join(available)})'
        )
    return None


def unavailable_key(place: str) -> str | None:
    """The sentence about a key or section that is known but not available, or None."""
    return _KEYS.get(place)
