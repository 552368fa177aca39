"""The head of a state in a file and in a digest, entry by entry, each under its own name.

A number is an attribute of its own; what has entries itself is a line of JSON. An entry that has its default value is
left out, but for those that the first files had: so an entry that is added later leaves the files without it readable,
and the digests of states that do not use it are what they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeGuard, get_args, get_type_hints

from hpcmix.io.documents.plain_json import line_of
from hpcmix.state.progress import Progress

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_ALWAYS = ("step", "step_size", "pending_kick")
"""Entries that every file has."""


def _kinds() -> dict[str, type]:
    """Name of an entry -> its type where it has a value."""
    hints = get_type_hints(Progress)
    return {
        entry.name: next((kind for kind in get_args(hints[entry.name]) if kind is not NoneType), hints[entry.name])
        for entry in fields(Progress)
    }


_KINDS = _kinds()


def attributes_of(progress: Progress) -> dict[str, Any]:
    """What a file says of it."""
    return {name: line_of(asdict(value)) if _has_entries(value) else value for name, value in _stored(progress).items()}


def texts_of(progress: Progress) -> dict[str, str]:
    """Texts that are equal exactly where every bit of it is equal."""
    return {name: _exact(value) for name, value in _stored(progress).items()}


def progress_of(attributes: Mapping[str, Any]) -> Progress:
    """What a file of any version tells. Raises KeyError with the name of an entry that it must have."""
    return Progress(
        **{
            name: _read(kind, attributes[name])
            for name, kind in _KINDS.items()
            if name in _ALWAYS or name in attributes
        }
    )


def _stored(progress: Progress) -> dict[str, Any]:
    values = {entry.name: (getattr(progress, entry.name), entry.default) for entry in fields(Progress)}
    return {
        name: value if _has_entries(value) else _KINDS[name](value)
        for name, (value, default) in values.items()
        if name in _ALWAYS or value != default
    }


def _has_entries(value: Any) -> TypeGuard[DataclassInstance]:
    """Whether an entry has entries itself."""
    return is_dataclass(value) and not isinstance(value, type)


def _exact(value: Any) -> str:
    if _has_entries(value):
        return line_of(asdict(value))  # shortest texts of floats: equal exactly for equal bits
    return value.hex() if isinstance(value, float) else str(value)


def _read(kind: type, value: Any) -> Any:
    return kind(**json.loads(value)) if is_dataclass(kind) else kind(value)
