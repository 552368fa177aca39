"""The JSON schema of problem files (draft 7), for editors: made of the keys and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from hpcmix.problem.reference.docstrings import table_text
from hpcmix.problem.reference.entries import Key, keys_of, kind_of, tables_of, value_of
from hpcmix.problem.schema import Problem

DRAFT = "http://json-schema.org/draft-07/schema#"


def json_schema() -> dict[str, Any]:
    """The schema: every table with its keys, words that can be chosen, bounds of numbers, descriptions, defaults and
    examples. What depends on other entries - how many values a list has, which keys exclude each other, whether a unit
    is of the right dimension - is left to ``hpcmix show``."""
    models = dict.fromkeys(table.model for table in tables_of(Problem))
    definitions = {model.__name__: _table(model) for model in models if model is not Problem}
    return {
        "$schema": DRAFT,
        "title": "Problem file of hpcmix",
        **_table(Problem),
        "definitions": definitions,
    }


def _table(model: type[BaseModel]) -> dict[str, Any]:
    keys = keys_of(model)
    required = [key.name for key in keys if key.required]
    title = kind_of(model)
    return {
        **({"title": title} if title else {}),
        "description": table_text(model),
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {key.name: _entry(key) for key in keys},
    }


def _entry(key: Key) -> dict[str, Any]:
    """The schema of one key."""
    described = f"{key.text}\n\n{key.taken.words}{f' ({key.taken.unit})' if key.taken.unit else ''}"
    entry = {"description": described, **_resolved(key.taken.schema)}
    if key.default is not None:
        entry["default"] = value_of(key.default)
    if key.taken.example:
        entry["examples"] = [value_of(key.taken.example)]
    return entry


def _resolved(schema: Any) -> Any:
    """A part of a schema in which tables are named by their definitions."""
    if isinstance(schema, Mapping):
        if "model" in schema:
            return {"$ref": f"#/definitions/{schema['model'].__name__}"}
        return {key: _resolved(part) for key, part in schema.items()}
    return [_resolved(part) for part in schema] if isinstance(schema, list | tuple) else schema
