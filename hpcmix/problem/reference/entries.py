"""Every key of the problem file: what it takes, its default, what it does and an example.

Nothing is written here about any key. Annotations say what an entry takes (hpcmix/problem/reading/taken.py), fields
their defaults, docstrings the rest.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hpcmix.problem.mistakes.hints.annotations import models_of
from hpcmix.problem.reading.section import Section, StandIn
from hpcmix.problem.reading.taken import FILLED_IN, Taken, Value, Widened, listed
from hpcmix.problem.reference.docstrings import key_example, key_text, table_text
from hpcmix.problem.schema import Problem
from hpcmix.problem.units.expressions import Expression


@dataclass(frozen=True)
class Key:
    """One key of a table.

    name      as the file has it.
    taken     what it takes.
    required  whether the table must have it.
    default   what holds where it is left out, as TOML; None where nothing or something that the text says.
    text      what it does, a paragraph a line.
    models    the tables that it can hold.
    """

    name: str
    taken: Taken
    required: bool
    default: str | None
    text: str
    models: tuple[type[BaseModel], ...] = ()

    @property
    def example(self) -> str:
        """A line of a file."""
        return f"{self.name} = {self.taken.example}"


def keys_of(model: type[BaseModel]) -> list[Key]:
    """The keys of a table, in the order of its fields."""
    fields = model.model_fields.items()
    keys = [_key(model, name, field) for name, field in fields if not _is_refused(field)]
    stand_ins = model.stand_ins if issubclass(model, Section) else {}
    if stand_ins:
        keys = [replace(key, required=False) for key in keys]
    return [*keys, *(_standing_in(name, entry) for name, entry in stand_ins.items())]


def kind_of(model: type[BaseModel]) -> str:
    """The word in ``kind`` that chooses a table, or several; empty where it has none."""
    field = model.model_fields.get("kind")
    words = get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()
    return " | ".join(words)


def _is_refused(field: FieldInfo) -> bool:
    """Whether there is such a key for the sake of a sentence alone."""
    return field.annotation is type(None)


def _key(model: type[BaseModel], name: str, field: FieldInfo) -> Key:
    taken = _taken(field.annotation, field.metadata)
    demanded = any(isinstance(each, Widened) and each.demands for each in field.metadata)
    required = demanded or (field.is_required() and FILLED_IN not in field.metadata)
    # sections that are always there take defaults in all of their keys
    needed = not issubclass(model, Problem) or name in ("grid", "species")
    default = None if demanded else _default(field)
    example = key_example(model, name) or _example(taken, default)
    models = tuple(models_of(field.annotation))
    text = key_text(model, name)
    if name == "kind" and not text:
        text = table_text(model).split("\n")[0]
    return Key(field.alias or name, replace(taken, example=example), required and needed, default, text, models)


def _standing_in(name: str, entry: StandIn) -> Key:
    return Key(name, entry.taken, False, None, entry.text)


def _default(field: FieldInfo) -> str | None:
    """The default as a file would write it."""
    value = field.get_default(call_default_factory=True) if not field.is_required() else None
    if isinstance(value, BaseModel):
        return None
    if isinstance(value, float) and math.isinf(value):
        return None
    return None if value is None or value == "" else toml(value)


def toml(value: Any) -> str:
    """A value of a field as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def value_of(text: str) -> Any:
    """What a value written in TOML is."""
    return tomllib.loads(f"value = {text}")["value"]


def is_section(key: Key) -> bool:
    """Whether a key of the whole file is a section of it."""
    return bool(key.models) or key.taken.schema.get("type") == "object"


def _example(taken: Taken, default: str | None) -> str:
    """The first word that is not the default; else what such entries look like."""
    words = taken.schema.get("enum", ())
    others = [toml(word) for word in words if toml(word) != default]
    if taken.schema.get("type") == "boolean":
        return "false" if default == "true" else "true"
    return others[0] if others else taken.example or default or ""


# ---------------------------------------------------------------- annotations


def _taken(annotation: Any, metadata: Any = ()) -> Taken:
    """What an entry of a type takes."""
    taken = _bare(annotation)
    for each in metadata:
        if isinstance(each, Value) and each.taken is not None:
            taken = each.taken
        elif isinstance(each, Widened):
            taken = each.widens(taken)
    return taken


def _bare(annotation: Any) -> Taken:
    """The same of a type without what is annotated."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _taken(arguments[0], arguments[1:])
    if origin is Literal:
        words = " | ".join(map(toml, arguments))
        return Taken(words, {"enum": list(arguments)}, example=toml(arguments[0]))
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return listed(_taken(arguments[0]))
        return listed(_taken(arguments[0]), len(arguments), len(arguments))
    if arguments:  # a union
        return _any_of([_taken(each) for each in arguments if each is not type(None)])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Taken("table", {"oneOf": [{"model": annotation}]}, example=table_example(annotation))
    return _PLAIN.get(annotation, Taken("value"))


def _any_of(parts: list[Taken]) -> Taken:
    """Alternatives; tables of several kinds are one."""
    if len(parts) == 1:
        return parts[0]
    tables = [part for part in parts if "oneOf" in part.schema]
    if len(tables) == len(parts):
        alternatives = [each for part in parts for each in part.schema["oneOf"]]
        return Taken("table", {"oneOf": alternatives}, example=parts[0].example)
    words = "; or ".join(dict.fromkeys(part.words for part in parts))
    with_unit = next((part for part in parts if part.unit), parts[0])
    return replace(with_unit, words=words, schema={"anyOf": [part.schema for part in parts]}, example=parts[0].example)


_PLAIN: dict[Any, Taken] = {
    bool: Taken("true or false", {"type": "boolean"}),
    str: Taken("text", {"type": "string"}),
    int: Taken("whole number", {"type": "integer"}),
    float: Taken("number", {"type": "number"}),
    Expression: Taken("expression", {"type": ["string", "number"]}),
}


def table_example(model: type[BaseModel]) -> str:
    """A table with what it must have."""
    needed = [key for key in keys_of(model) if key.required or key.name == "kind"]
    kind = toml(kind_of(model).split(" | ")[0])
    entries = [f"{key.name} = {kind if key.name == 'kind' else key.taken.example}" for key in needed]
    return "{ " + ", ".join(entries) + " }" if entries else "{}"


# ---------------------------------------------------------------- all of them


@dataclass(frozen=True)
class Table:
    """A table of the file.

    path    keys from the top, a kind of table in angle brackets: ("species", "<condensate>", "potential", "<lattice>").
    model   what it is validated by.
    text    what it is, a paragraph a line.
    keys    what it holds.
    """

    path: tuple[str, ...]
    model: type[BaseModel]
    text: str
    keys: tuple[Key, ...]


def tables_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Table]:
    """A table and all tables within it, each before those within it."""
    keys = tuple(keys_of(model))
    yield Table(path, model, table_text(model), keys)
    for key in keys:
        for inner in key.models:
            several = len(key.models) > 1 and kind_of(inner)
            step = (key.name, f"<{kind_of(inner)}>") if several else (key.name,)
            yield from tables_of(inner, (*path, *step))
