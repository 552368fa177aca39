"""``[sweep]``: the same problem with other values of some of its entries, many runs of one file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Tag, model_validator

from hpcmix.problem.reading.section import TABLE, VALUE, Section, value_or_table, wrong
from hpcmix.problem.reading.taken import Taken, Value, Widened, instead
from hpcmix.problem.reading.values import counted, described, integer, is_number, sequence

MOST_POINTS = 100_000
"""A directory holds a run for every point."""

_QUANTITY = re.compile(
    r"\s*(?P<factor>2(?:\.0*)?\s*[*·×]?\s*(?:pi|π)\s*[*·×]?)?\s*"
    r"(?P<number>[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>[^\d\s.].*?)\s*"
)
"""A number before a unit, and the 2 pi of an angular frequency before both."""

Command = Literal["run", "ground", "excitations"]
Direction = Literal["forward", "backward"]


def _bound(value: object) -> int | float | str:
    """An end of a range: a number, or a number with a unit as text."""
    if isinstance(value, (int, float)) and is_number(value):
        if not math.isfinite(value):
            raise wrong(f"must be finite, not {described(value)}")
        return value
    if isinstance(value, str) and _QUANTITY.fullmatch(value):
        return value
    raise wrong(f'must be a number, or one with a unit such as "50 Hz", not {described(value)}')


_BOUND = Value(_bound, taken=Taken("number, or number with a unit", {"type": ["number", "string"], "pattern": r"\d"}))


class Range(Section):
    """Values from one number to another, both among them, in equal steps or by equal factors."""

    first: Annotated[int | float | str, _BOUND] = Field(alias="from")
    """The first value, a number or text with a unit.
    Example: ``"50 Hz"``."""
    last: Annotated[int | float | str, _BOUND] = Field(alias="to")
    """The last value, in the unit of the first.
    Example: ``"100 Hz"``."""
    number: Annotated[int, integer(at_least=2)]
    """How many values, both ends among them.
    Example: ``11``."""
    spacing: Literal["linear", "logarithmic"] = "linear"
    """"linear": equal steps; "logarithmic": equal factors."""

    @model_validator(mode="after")
    def _ends_belong_together(self) -> Self:
        if self.number > MOST_POINTS:
            raise wrong(f"is more than a sweep can have, {MOST_POINTS}", key="number")
        if self._frame(self.first) != self._frame(self.last):
            message = f"{described(self.last)} must have the unit of {described(self.first)}, written alike"
            raise wrong(message, key="to")
        start, end = self._ends
        if start == end:
            raise wrong("is where the range begins: a single value is given as a list", key="to")
        if self.spacing == "logarithmic" and not start * end > 0:
            raise wrong(
                "needs two ends of one sign, neither of them zero: factors lead from one to the other", key="spacing"
            )
        return self

    @staticmethod
    def _frame(bound: int | float | str) -> tuple[str, str]:
        """What stands before and behind the number."""
        match = _QUANTITY.fullmatch(bound) if isinstance(bound, str) else None
        return ("", "") if match is None else ("2 pi " if match["factor"] else "", f" {match['unit']}")

    @property
    def _ends(self) -> tuple[Fraction, Fraction]:
        """The two numbers, as they are written."""

        def number(bound: int | float | str) -> Fraction:
            match = _QUANTITY.fullmatch(bound) if isinstance(bound, str) else None
            return Fraction(repr(bound) if match is None else match["number"].replace("_", ""))

        return number(self.first), number(self.last)

    @property
    def values(self) -> tuple[int | float | str, ...]:
        """All values: ``a + (b - a) i / (n - 1)``, rounded once from the decimal numbers of the file, so that a step
        from 0.9 to 1.0 ends at 0.95 half way; or ``a (b / a)^(i / (n - 1))`` to fifteen digits. Whole numbers between
        whole ends stay whole numbers of TOML."""
        start, end = self._ends
        last = self.number - 1
        if self.spacing == "linear":
            numbers = [float(start + (end - start) * place / last) for place in range(self.number)]
        else:
            ratio = _logarithm(end / start)
            inner = [float(f"{float(start) * math.exp(ratio * place / last):.15g}") for place in range(1, last)]
            numbers = [float(start), *inner, float(end)]
        before, behind = self._frame(self.first)
        if behind:
            return tuple(f"{before}{_shortest(number)}{behind}" for number in numbers)
        counting = isinstance(self.first, int) and isinstance(self.last, int)
        return tuple(int(number) if counting and number.is_integer() else number for number in numbers)


def _logarithm(quotient: Fraction) -> float:
    """Of a positive number, one beyond the range of floats too."""
    try:
        return math.log(quotient)
    except (OverflowError, ValueError):
        return math.log(quotient.numerator) - math.log(quotient.denominator)


def _shortest(number: float) -> str:
    """The number as text, whole ones without a point."""
    return repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


_OF_RANGES = {field.alias or name for name, field in Range.model_fields.items()}

Values = Annotated[
    Annotated[tuple[Any, ...], sequence(), Tag(VALUE)] | Annotated[Range, Tag(TABLE)], value_or_table(Range)
]
"""What a key takes in turn."""


def _whole_keys(value: Any) -> Any:
    """Keys as ``--set`` has them: dotted keys without quotes, which TOML reads as tables in tables, put together
    again."""
    return dict(_flattened(value, "")) if isinstance(value, dict) else value


def _flattened(table: Mapping[str, Any], above: str) -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = []
    for key, value in table.items():
        whole = f"{above}.{key}" if above else key
        if isinstance(value, dict) and not _is_range(value):
            entries += _flattened(value, whole)
        else:
            entries.append((whole, value))
    return entries


def _is_range(table: Mapping[str, Any]) -> bool:
    """Whether a table is a range, and no way to a key whose last part is called like an entry of ranges."""
    return any(key in _OF_RANGES and not isinstance(value, (dict, list)) for key, value in table.items())


_KEYS = Taken(
    "table of keys, each with a list of values or a range",
    {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "anyOf": [
                {"type": "array", "minItems": 1},
                {"model": Range},
                {"$ref": "#/definitions/Sweep/properties/keys"},
            ]
        },
    },
)
"""Dotted keys without quotes are tables in tables."""


class Sweep(Section):
    """Which entries take which values in turn, and what is computed with each (``hpcmix sweep``). Every point is the
    run of the file with these values given by ``--set``."""

    keys: Annotated[dict[str, Values], Widened(_whole_keys, widens=instead(_KEYS))]
    """Keys as ``--set`` has them, each with a list of values or a range. The last one varies fastest.
    Example: ``{ interaction.2.strength = { from = 0.8, to = 1.0, number = 21 } }``."""
    combine: Literal["product", "zip"] = "product"
    """"product": every value of one key with every value of the others. "zip": first values together, second ones
    together, and so on."""
    order: Literal["independent", "continued"] = "independent"
    """"independent": every ground state is sought from its own first guess. "continued": it is sought from the state of
    the point before, along the last key."""
    directions: Annotated[tuple[Direction, ...], sequence()] | None = None
    """The ways along which states are continued, one after the other. The way back begins with the state at the end of
    the way there. Left out: there and back.
    Example: ``["forward"]``."""
    command: Command | None = None
    """What is computed at every point: the command "run", "ground" or "excitations". Left out: "run" where there is a
    [time], else "ground"; of states that are continued "ground"."""

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    @property
    def values(self) -> dict[str, tuple[Any, ...]]:
        """The values that every key takes, in order."""
        return {key: entry.values if isinstance(entry, Range) else entry for key, entry in self.keys.items()}

    @property
    def continued(self) -> bool:
        """Whether states are sought from those of neighbours."""
        return self.order == "continued"

    @property
    def ways(self) -> tuple[Direction, ...]:
        """The directions in which states are continued."""
        return self.directions or ("forward", "backward")

    def completed(self, evolves: bool) -> Sweep:
        """With the command that it has unless one is given. `evolves`: whether there is a [time]."""
        command: Command = "run" if evolves and not self.continued else "ground"
        return self if self.command else self.model_copy(update={"command": command})

    @model_validator(mode="after")
    def _some_points(self) -> Self:
        if not self.keys:
            raise wrong('names no key; give some, such as "species.0.particles" = [100, 200]', key="keys")
        lengths = {key: len(values) for key, values in self.values.items()}
        for key, length in lengths.items():
            self._require_key(key)
            if length == 0:
                raise wrong(f"{key} has no value", key="keys")
            values = [json.dumps(value, default=str) for value in self.values[key]]
            if len(set(values)) < length:
                twice = next(value for value in values if values.count(value) > 1)
                raise wrong(f"{key} has the value {twice} twice", key="keys")
        if self.combine == "zip" and len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key} {length}" for key, length in lengths.items())
            raise wrong(
                f'"zip" takes one value of every key at a time, and there are different numbers: {counts}',
                key="combine",
            )
        points = max(lengths.values()) if self.combine == "zip" else math.prod(lengths.values())
        if points > MOST_POINTS:
            raise wrong(f"make {counted(points, 'point')}, more than the {MOST_POINTS} of a sweep", key="keys")
        return self

    def _require_key(self, key: str) -> None:
        """Refuse what the sweep sets itself, and what is no part of a run."""
        if key == "output.directory":
            raise wrong("output.directory is the sweep's: every point has a directory in it", key="keys")
        if key.split(".")[0] in ("sweep", "title", "units"):
            raise wrong(f"{key} is the same for all points of a sweep", key="keys")
        if self.continued and ".initial.start" in key:
            raise wrong(f'{key} is what order = "continued" sets; leave one of them out', key="keys")

    @model_validator(mode="after")
    def _order_fits(self) -> Self:
        if not self.continued:
            if self.directions is not None:
                raise wrong('are for order = "continued"; here every point is computed by itself', key="directions")
            return self
        if self.directions is not None and len(set(self.directions)) not in (1, 2):
            raise wrong("must name a direction", key="directions")
        if len(self.ways) != len(set(self.ways)):
            raise wrong("names a direction twice", key="directions")
        if self.command == "run":
            message = '"run" begins at time zero; states that are continued are those of "ground" and "excitations"'
            raise wrong(message, key="command")
        return self


def measured(text: str) -> tuple[float, str] | None:
    """The number and the unit of a value such as "2 pi 50 Hz", as it is written; None of other text."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    return float(match["number"].replace("_", "")), f"2 pi {match['unit']}" if match["factor"] else match["unit"]
