"""What the annotation of a field says about the tables and words that it takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation can hold, in its order."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_of(argument)]


def kinds_of(models: list[type[BaseModel]]) -> dict[str, type[BaseModel]]:
    """The models by what their ``kind`` says."""
    return {
        word: model
        for model in models
        if "kind" in model.model_fields
        for word in get_args(model.model_fields["kind"].annotation)
    }


def arrays_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The keys, without indices, of all arrays of tables in a model and in the tables within it."""
    arrays = set()
    for name, field in model.model_fields.items():
        here, models = (*path, field.alias or name), models_of(field.annotation)
        if models and get_origin(field.annotation) is tuple and _holds_tables_alone(get_args(field.annotation)[0]):
            arrays.add(here)
        for inner in models:
            arrays |= arrays_of(inner, here)
    return arrays


def _holds_tables_alone(annotation: Any) -> bool:
    """Whether an annotation takes no values beside tables."""
    if get_origin(annotation) is Annotated:
        return _holds_tables_alone(get_args(annotation)[0])
    if isinstance(annotation, type):
        return issubclass(annotation, BaseModel)
    return all(map(_holds_tables_alone, get_args(annotation)))


def literals_of(annotation: Any) -> list[str]:
    """The words of the Literal inside an annotation."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for argument in get_args(annotation) for word in literals_of(argument)]
