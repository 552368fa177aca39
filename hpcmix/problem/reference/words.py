"""Tables and keys of the problem file in words, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from hpcmix.problem.mistakes.hints.annotations import arrays_of
from hpcmix.problem.reference.entries import Key, is_section, keys_of, kind_of
from hpcmix.problem.reference.lookup import Answer, examples_with
from hpcmix.problem.schema import Problem
from hpcmix.problem.units.functions import CONSTANTS, FUNCTIONS
from hpcmix.problem.units.named import UNITS

WIDTH = 100
SEVERAL = 6
"""More answers than this are listed by their places alone."""
MOST_EXAMPLES = 4
MOST_MENTIONED = 12
MOST_NAMED = 3
"""More parts of places that differ are a star."""


def overview() -> str:
    """The sections of a file, each with its first sentence."""
    lines = ["Sections of a problem file (hpcmix help SECTION, SECTION.KEY or any part of it):", ""]
    arrays = arrays_of(Problem)
    for key in keys_of(Problem):
        heading = f"[[{key.name}]]" if (key.name,) in arrays else f"[{key.name}]" if is_section(key) else key.name
        lines.append(f"  {heading:18s}{_first_sentence(key.text)}")
    return "\n".join([*lines, "", "hpcmix help expressions lists the functions, constants and units of expressions."])


def expressions() -> str:
    """The language of expressions."""
    functions = [f"  {f'{name}({function.arguments})':26s}{function.words}" for name, function in FUNCTIONS.items()]
    return "\n".join(
        [
            "An expression has numbers, + - * / ** (or ^), comparisons (which count 1 or 0), brackets, and",
            "  variables   x, y, z, the time t, momenta px, py, pz, where they have a meaning",
            "  mass        of the species whose expression it is",
            f"  constants   {', '.join(CONSTANTS)}",
            "  parameters  names of [parameters]",
            f"  units       behind a number, 9.81 m/s^2: {', '.join(UNITS)}, ...",
            "  functions:",
            *functions,
            "",
            "Hertz are cycles per second: 50 Hz is 2 pi 50 rad/s. With a unit in it an expression is checked for its",
            "dimension, and its plain numbers are pure numbers; without, all its numbers are code units.",
        ]
    )


def in_words(found: list[Answer]) -> str:
    """Some answers; many of them by their places."""
    if len(found) > SEVERAL:
        lines = [f"{_shared(answer.places)}\n      {_first_sentence(_text(answer))}" for answer in found]
        return "\n".join([f"{len(found)} keys have this name; ask for one of them:", "", *lines])
    texts = []
    for place, answer in enumerate(found):
        seen = list(_seen_in(answer))
        again = place + 1 < len(found) and seen == list(_seen_in(found[place + 1]))
        texts.append("\n".join([*_answer(answer), *([] if again else seen)]))
    return "\n\n".join(texts)


def mentioned(found: list[Answer]) -> str:
    """Where a word stands that is no key."""
    lines = [f"{answer.places[0]}\n      {_first_sentence(_text(answer))}" for answer in found[:MOST_MENTIONED]]
    more = [f"and {len(found) - MOST_MENTIONED} more"] if len(found) > MOST_MENTIONED else []
    return "\n".join(["It stands in the text of", "", *lines, *more])


def _text(answer: Answer) -> str:
    return answer.table.text if answer.key is None else answer.key.text


def _answer(answer: Answer) -> Iterator[str]:
    is_table_of_key = answer.key is None and not kind_of(answer.table.model)
    yield _shared(answer.places) + (" = { ... }" if is_table_of_key else "")
    if answer.key is not None:
        yield from _key(answer.key)
        yield from _tables(answer.key)
        return
    yield from _wrapped(answer.table.text, "  ")
    for key in answer.table.keys:
        yield ""
        yield f"  {key.name}"
        yield from _key(key, "      ")


def _seen_in(answer: Answer) -> Iterator[str]:
    """Some of the examples that have it."""
    examples = examples_with(answer)
    if examples:
        more = f" and {len(examples) - MOST_EXAMPLES} more" if len(examples) > MOST_EXAMPLES else ""
        yield f"  In the examples {', '.join(examples[:MOST_EXAMPLES])}{more} (hpcmix new NAME FILE)"


def _shared(places: tuple[str, ...]) -> str:
    """Places that differ in some parts, as one line: species.condensate|fermions.mass, of many initial.*.noise."""
    lines = []
    split = [place.split(".") for place in places]
    for length in dict.fromkeys(map(len, split)):
        of_length = [parts for parts in split if len(parts) == length]
        columns = [list(dict.fromkeys(column)) for column in zip(*of_length, strict=True)]
        lines.append(".".join("|".join(column) if len(column) <= MOST_NAMED else "*" for column in columns))
    return "\n".join(lines)


def _key(key: Key, indent: str = "  ") -> Iterator[str]:
    unit = f" ({key.taken.unit}; or {key.taken.bare})" if key.taken.unit else ""
    use = "required" if key.required else "optional" if key.default is None else f"default {key.default}"
    yield from _wrapped(f"{key.taken.words}{unit}; {use}", indent)
    yield from _wrapped(key.text, indent)
    if key.taken.example:
        yield f"{indent}Example: {key.example}"


def _tables(key: Key) -> Iterator[str]:
    kinds = [model for model in key.models if kind_of(model)]
    if len(kinds) > 1:
        yield f"  Kinds: {', '.join(kind_of(model) for model in kinds)} (hpcmix help {key.name}.KIND)"
    for model in key.models if len(kinds) <= 1 else ():
        yield f"  Keys of its table: {', '.join(each.name for each in keys_of(model))}"


def _wrapped(text: str, indent: str) -> Iterator[str]:
    for paragraph in text.replace("``", "").split("\n"):
        if paragraph.startswith("    "):
            yield f"{indent}{paragraph}"
        else:
            yield from textwrap.wrap(paragraph, WIDTH, initial_indent=indent, subsequent_indent=indent)


def _first_sentence(text: str) -> str:
    first = text.replace("``", "").split("\n")[0]
    return first.split(". ")[0].rstrip(".:") + "."
