"""Where a key belongs that stands in a table which does not know it."""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel

from hpcmix.problem.mistakes.hints.annotations import arrays_of, models_of


def place_of(key: str, problem: type[BaseModel], siblings: dict[str, type[BaseModel]]) -> str:
    """A sentence's end about the place of a key that is known elsewhere; empty where it is known nowhere.

    siblings  what the table could have been, by the word of its ``kind``.
    """
    kinds = [kind for kind, model in siblings.items() if key in _keys(model)]
    if kinds:
        return f"it belongs to kind = {' or '.join(_quoted(kinds))}"
    if key in problem.model_fields:
        if not models_of(problem.model_fields[key].annotation):
            return f"{key} stands at the top of the file, before the first [section]"
        return f"it is a section of its own, {_heading(key, problem)}"
    places = _places(problem).get(key, ())
    return f"it belongs to {' or '.join(places)}" if 0 < len(places) <= 4 else ""


def _quoted(words: list[str]) -> list[str]:
    return [f'"{word}"' for word in words]


def _heading(section: str, problem: type[BaseModel]) -> str:
    return f"[[{section}]]" if (section,) in arrays_of(problem) else f"[{section}]"


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


@lru_cache(maxsize=1)
def _places(problem: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """For every key the tables that know it: sections first, else the tables within them."""
    depths: dict[str, dict[int, list[str]]] = {}

    def visit(model: type[BaseModel], place: str, depth: int) -> None:
        for name, field in model.model_fields.items():
            key = field.alias or name
            places = depths.setdefault(key, {}).setdefault(depth, [])
            if place not in places:
                places.append(place)
            for inner in models_of(field.annotation):
                visit(inner, f"{key} of {place}" if depth == 1 else place, depth + 1)

    for name, field in problem.model_fields.items():
        for model in models_of(field.annotation):
            visit(model, _heading(name, problem), 1)
    return {key: tuple(by_depth[min(by_depth)]) for key, by_depth in depths.items() if key != "kind"}
