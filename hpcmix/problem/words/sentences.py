"""Validation of one table by its pydantic model, with every error turned into a sentence about an entry of the file."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from hpcmix.problem.mistakes.errors import Complaint, closest
from hpcmix.problem.mistakes.hints.annotations import kinds_of, literals_of, models_of
from hpcmix.problem.mistakes.hints.keys import place_of
from hpcmix.problem.reading.availability import unavailable_key, unavailable_value
from hpcmix.problem.reading.section import TABLE, VALUE, Context, Section
from hpcmix.problem.reading.source import KeyPath, Source
from hpcmix.problem.reading.values import described
from hpcmix.problem.schema import Problem


def validated(kind: Any, value: Any, path: KeyPath, context: Context, source: Source) -> tuple[Any, list[Complaint]]:
    """The table at ``path`` as an object of type ``kind`` (a model or a union of models), or None with the complaints
    about it."""
    try:
        return _adapter(kind).validate_python(value, context=context), []
    except ValidationError as error:
        complaints = [_complaint(entry, kind, path, source) for entry in error.errors(include_url=False)]
        return None, list(dict.fromkeys(complaints))


@lru_cache(maxsize=32)
def _adapter(kind: Any) -> TypeAdapter:
    return TypeAdapter(kind)


def _complaint(error: ErrorDetails, kind: Any, path: KeyPath, source: Source) -> Complaint:
    place = _Place(kind, path)
    for part in error["loc"]:
        place.enter(part)
    message, key, suggestion = _sentence(error, place)
    return source.complaint(place.path if key is None else (*place.path, *key.split(".")), message, suggestion)


class _Place:
    """Follows an error's location through the models, so that its keys and the models they belong to are known:
    `owner` has the last key, and `siblings` are what the owner could have been by its ``kind``.

    Pydantic puts the ``kind`` of a table into the location as well; the file has no such step.
    """

    def __init__(self, kind: Any, path: KeyPath) -> None:
        self.path = path
        self.annotation = kind
        self.models = models_of(kind)
        self.owner: type[BaseModel] | None = None
        self.siblings: dict[str, type[BaseModel]] = {}
        self._kinds: dict[str, type[BaseModel]] = {}

    def enter(self, part: str | int) -> None:
        if isinstance(part, int):
            self.path = (*self.path, part)
            return
        if part in (VALUE, TABLE):
            return  # which of the two an entry is; the file has no such step
        if len(self.models) > 1:
            self._kinds = kinds_of(self.models)
            self.models = [model for model in self.models if part in kinds_of([model])]
            return
        self.path = (*self.path, part)
        if get_origin(self.annotation) is dict:  # a key that the file chooses: what is behind it is known
            self.annotation = get_args(self.annotation)[1]
            return
        self.owner, self.models = (self.models[0] if self.models else None), []
        self.siblings, self._kinds = self._kinds, {}
        for name, field in (self.owner.model_fields if self.owner else {}).items():
            if part == (field.alias or name):
                self.annotation = field.annotation
                self.models = models_of(field.annotation)

    @property
    def name(self) -> str:
        """The dotted key without indices."""
        return ".".join(part for part in self.path if isinstance(part, str))

    @property
    def keys(self) -> list[str]:
        """The keys of the table that the place's entry stands in."""
        return _keys(self.owner) if self.owner else []


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _sentence(error: ErrorDetails, place: _Place) -> tuple[str, str | None, str | None]:
    """Message, key below the place, suggestion."""
    value = error["input"]
    match error["type"]:
        case "problem":
            details = error["ctx"]
            return details["message"], details["key"], details["suggestion"]
        case "missing":
            return "is required", None, None
        case "extra_forbidden":
            message, suggestion = _unknown_key(place)
            return message, None, suggestion
        case "literal_error":
            word = value.get("kind") if isinstance(value, dict) else value
            name = place.name.removesuffix("s") if isinstance(place.path[-1], int) else place.name
            message, suggestion = _unknown_value(name, word, literals_of(place.annotation))
            return message, None, suggestion
        case "union_tag_invalid":
            message, suggestion = _unknown_value(f"{place.name}.kind", value["kind"], list(kinds_of(place.models)))
            return message, "kind", suggestion
        case "union_tag_not_found":
            kinds = kinds_of(place.models)
            fitting = [kind for kind, model in kinds.items() if value and set(value) <= set(_keys(model))]
            suggestion = fitting[0] if len(fitting) == 1 else None
            return f"is required (available: {', '.join(kinds)})", "kind", suggestion
        case "model_type" | "model_attributes_type":
            word = next(iter(kinds_of(place.models)), None)
            example = "" if word is None else f', such as {{ kind = "{word}" }}'
            return f"must be a table{example}, not {described(value)}", None, None
        case "dict_type":
            return f"must be a table, not {described(value)}", None, None
        case "tuple_type":
            return f"must be a list, not {described(value)}", None, None
        case "string_type":
            return f"must be text in quotes, not {described(value)}", None, None
        case "bool_type":
            return f"must be true or false, not {described(value)}", None, None
        case _:
            return error["msg"], None, None


def _unknown_key(place: _Place) -> tuple[str, str | None]:
    """The sentence about a key that does not exist, and a suggestion."""
    sentence = unavailable_key(place.name)
    if sentence:
        return sentence, None
    key, known = place.name.rpartition(".")[2], place.keys
    if place.owner is not None and issubclass(place.owner, Section) and key in place.owner.foreign_keys:
        return place.owner.foreign_keys[key], None
    elsewhere = place_of(key, Problem, place.siblings)
    suggestion = None if elsewhere else closest(key, known)
    if suggestion:
        return "unknown key", suggestion
    return f"unknown key (known here: {', '.join(known)}){'; ' if elsewhere else ''}{elsewhere}", None


_MEANT = {("species.kinetic", "relativistic"): "semirelativistic"}
"""Words whose meaning is nearer to another word than their spelling: here "nonrelativistic" is spelt more alike."""


_ELSEWHERE = {("species.initial.kind", "thomas-fermi"): '"thomas-fermi" is "ground-state" for a classical species'}
"""Words that are known in like tables and have another name where they are none of those available."""


def _unknown_value(name: str, word: Any, available: list[str]) -> tuple[str, str | None]:
    """The sentence about a word that is none of those available, and a suggestion."""
    listing = f" (available: {', '.join(available)})"
    if not isinstance(word, str):
        return f"must be text in quotes, not {described(word)}{listing}", None
    sentence = unavailable_value(name, word, available)
    if sentence:
        return sentence, None
    if (name, word) in _ELSEWHERE:
        return _ELSEWHERE[name, word], None
    suggestion = _MEANT.get((name, word.lower())) or closest(word, available)
    return f"unknown {name.rpartition('.')[2]} {described(word)}{'' if suggestion else listing}", suggestion
