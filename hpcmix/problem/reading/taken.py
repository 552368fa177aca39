"""What an entry of a problem file takes, said once for its validation, for editors and for people.

The types of :mod:`hpcmix.problem.reading.values` are validators that know it (:class:`Value`, :class:`Widened`); a
reader of annotations (hpcmix/problem/reference) asks them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BeforeValidator, PlainValidator

from hpcmix.problem.units.dimensions import (
    ACTION,
    DIMENSIONLESS,
    ENERGY,
    FREQUENCY,
    INVERSE_LENGTH,
    LENGTH,
    MASS,
    MASS_RATE,
    MOMENTUM,
    TIME,
    Dimension,
)

Schema = Mapping[str, Any]
"""A part of a JSON schema."""

LIST_OF = "list of: "

NAMED = r"[A-Za-z_µμΩÅ°ℏħπ]"
"""A pattern of texts that can stand for a number: they name a unit or a parameter."""

_EXAMPLES: dict[Dimension, tuple[str, str]] = {
    LENGTH: ("um, nm, a0", "5 um"),
    MASS: ("u, kg", "86.909 u"),
    TIME: ("ms, us, s", "2 ms"),
    FREQUENCY: ("Hz, kHz, rad/s", "50 Hz"),
    ENERGY: ("nK, kHz, J", "100 nK"),
    MOMENTUM: ("hbar / um", "2 hbar / um"),
    INVERSE_LENGTH: ("/ um", "0.5 / um"),
    ACTION: ("hbar", "3.14 hbar"),
    MASS_RATE: ("u Hz", "4345 u Hz"),
    LENGTH * 2: ("um^2", "0.136 um^2"),
    LENGTH * -3: ("/ um^3", "100 / um^3"),
    DIMENSIONLESS: ("rad, deg", "90 deg"),
}
"""The units in which people give a quantity, and an example."""


@dataclass(frozen=True, eq=False)
class Taken:
    """What an entry takes.

    words    for people: "length", "whole number, at least 1".
    schema   for editors.
    unit     the units that it may have; empty where it has none.
    bare     what a number without unit counts.
    example  a value, as TOML writes it; empty where there is none that fits all such entries.
    """

    words: str
    schema: Schema = field(default_factory=dict)
    unit: str = ""
    example: str = ""
    bare: str = "code units"


@dataclass(frozen=True)
class Value(PlainValidator):
    """A validator that knows what it takes."""

    taken: Taken | None = None


@dataclass(frozen=True)
class Widened(BeforeValidator):
    """A validator that takes more than the one behind it, or less."""

    widens: Callable[[Taken], Taken] = lambda inner: inner
    demands: bool = False
    """Whether the entry must be given, whatever the default of its field."""


FILLED_IN = "filled in"
"""Marks a field without default that a table need not give: something else in it says what it is."""


def instead(taken: Taken) -> Callable[[Taken], Taken]:
    """What a validator widens that takes something else altogether."""
    return lambda inner: taken


def limited(fewest: int, most: int, words: str = "") -> Callable[[Taken], Taken]:
    """A list of so many entries."""
    return lambda inner: replace(
        inner, words=words or inner.words, schema={**inner.schema, "minItems": fewest, "maxItems": most}
    )


def one_or_many(inner: Taken) -> Taken:
    """An entry of a list by itself, or the list."""
    return replace(inner, words=f"table, or {inner.words}", schema={"anyOf": [inner.schema["items"], inner.schema]})


def bounded(above: float | None, at_least: float | None, at_most: float | None = None) -> tuple[str, dict[str, Any]]:
    """Bounds of a number in words and in a schema."""
    words, schema = "", dict[str, Any]()
    if above is not None:
        words, schema = ", positive" if above == 0 else f", above {above:g}", {"exclusiveMinimum": above}
    if at_least is not None:
        words, schema = ", not negative" if at_least == 0 else f", at least {at_least:g}", {"minimum": at_least}
    if at_most is not None:
        words, schema = f"{words}, at most {at_most:g}", schema | {"maximum": at_most}
    return words, schema


def of_number(
    above: float | None = None, at_least: float | None = None, at_most: float | None = None, example: str = ""
) -> Taken:
    """A pure number, or the name of one."""
    words, limits = bounded(above, at_least, at_most)
    return Taken(f"number{words}", {"type": ["number", "string"], "pattern": NAMED, **limits}, example=example)


def of_integer(at_least: int | None = None, example: str = "") -> Taken:
    """A whole number, or the name of one."""
    words, limits = bounded(None, at_least)
    taken = {"type": ["integer", "string"], "pattern": NAMED, **limits}
    return Taken(f"whole number{words}", taken, example=example or str(max(1, at_least or 1)))


def of_text(example: str = "", words: str = "text") -> Taken:
    """Text in quotes."""
    return Taken(words, {"type": "string"}, example=example)


def of_quantity(
    dimension: Dimension | Callable[[int], Dimension], above: float | None = None, at_least: float | None = None
) -> Taken:
    """A number of code units, or text with a unit, or with names."""
    limits_in_words, limits = bounded(above, at_least)
    in_space = dimension if isinstance(dimension, Dimension) else dimension(3)
    described = in_space.described().removeprefix("a quantity of dimension ").removeprefix("a ").removeprefix("an ")
    if not isinstance(dimension, Dimension):
        described = described.replace("length^3", "length^d").replace("length^-3", "length^-d")
    if in_space == DIMENSIONLESS:
        described = "angle"
    bare = "radians" if in_space == DIMENSIONLESS else "code units"
    unit, example = _EXAMPLES.get(in_space) or _composed(in_space)
    schema = {"type": ["number", "string"], "pattern": NAMED, **limits}
    return Taken(f"{described}{limits_in_words}", schema, unit, f'"{example}"', bare)


def _composed(dimension: Dimension) -> tuple[str, str]:
    """Units and an example of a quantity that has no usual ones: an energy or a rate times a power of lengths."""
    base = ENERGY if dimension.mass else FREQUENCY if dimension.time else DIMENSIONLESS
    lengths = (dimension - base).length
    unit = {ENERGY: "nK", FREQUENCY: "/ s", DIMENSIONLESS: ""}[base]
    number = {ENERGY: "0.5", FREQUENCY: "0.1", DIMENSIONLESS: "1"}[base]
    powers = f"um^{lengths}" if lengths > 1 else "um" if lengths == 1 else ""
    ordered = f"{powers} {unit}" if base == FREQUENCY else f"{unit} {powers}"
    return ordered.strip(), f"{number} {ordered.strip()}"


def of_expression(variables: str) -> Taken:
    """An expression, or a number."""
    schema = {"type": ["string", "number"], "minLength": 1}
    return Taken(f"expression in {variables}" if variables else "expression", schema)


def listed(inner: Taken, fewest: int = 0, most: int | None = None, words: str = "") -> Taken:
    """A list of such entries."""
    limits = {"minItems": fewest} if fewest else {}
    limits |= {} if most is None else {"maxItems": most}
    return replace(
        inner,
        words=words or f"{LIST_OF}{inner.words}",
        schema={"type": "array", "items": inner.schema, **limits},
        example=f"[{inner.example}]" if inner.example else "",
    )


def one_or_list(inner: Taken, fewest: int = 1, most: int | None = None, words: str = "") -> Taken:
    """Such an entry, or a list of them."""
    whole = listed(inner, fewest, most)
    alternatives = {"anyOf": [inner.schema, whole.schema]}
    return replace(inner, words=words or f"{inner.words}; or a list of them", schema=alternatives)


def or_word(inner: Taken, *words: str) -> Taken:
    """Such an entry, or one of some words."""
    quoted = ", ".join(f'"{word}"' for word in words)
    schema = {"anyOf": [{"enum": list(words)}, inner.schema]}
    return replace(inner, words=f"{quoted} or {inner.words}", schema=schema)


def per_axis_of(inner: Taken) -> Taken:
    """One for all axes, or a list of one per axis, of which `inner` is the list."""
    words = f"{inner.words.removeprefix(LIST_OF)}; one for all axes, or a list of one per axis"
    entry = replace(inner, schema=inner.schema["items"], example=inner.example.strip("[]"))
    return one_or_list(entry, 1, 3, words)
