"""The types of single values in a problem file: numbers, quantities, one value per axis, expressions, paths.

Each is a function that returns pydantic metadata, so that a field reads ``width: Annotated[float, quantity(LENGTH,
above=0)]``. Numbers must be finite; true and false are no numbers; text is a number only as a quantity with a unit,
which becomes code units here, or where it names parameters of the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import ValidationInfo

from hpcmix.problem.reading.names import named_number, suggested_name
from hpcmix.problem.reading.section import Context, context_of, wrong
from hpcmix.problem.reading.taken import (
    Taken,
    Value,
    Widened,
    of_expression,
    of_integer,
    of_number,
    of_quantity,
    of_text,
    per_axis_of,
)
from hpcmix.problem.units.dimensions import DIMENSIONLESS, LENGTH, MOMENTUM, TIME, Dimension
from hpcmix.problem.units.expressions import Expression, ExpressionError
from hpcmix.problem.units.named import Scope, read
from hpcmix.problem.units.units import UnitError

AXES = ("x", "y", "z")


LARGEST, SMALLEST = 1e60, 1e-60
"""Between these every number of a file lies in size, so that products of five, such as m omega^2 x^2 / 2, are floats.
Problems in SI units or cgs as code units stay far inside: hbar = 1 makes frequencies of 1e36 there, not more."""


def is_number(value: Any) -> bool:
    """Whether a TOML value is an integer or a float."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number_in_range(
    value: Any, above: float | None = None, at_least: float | None = None, *, written: str | None = None
) -> float:
    """A float within its bounds and of a size that can be computed with; the lower limit of sizes is for what has a
    lower bound: a coordinate may be as good as zero. Raises the validation error that says which bound.

    written  how the file has the number, where it has a unit there.
    """
    shown = described(value if written is None else written)
    if not is_number(value):
        raise wrong(f"must be a number, not {described(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise wrong(f"must be finite, not {shown}")
    if above is not None and not number > above:
        raise wrong(f"must be {'positive' if above == 0 else f'greater than {above:g}'}, not {shown}")
    if at_least is not None and not number >= at_least:
        raise wrong(f"must {'not be negative' if at_least == 0 else f'be at least {at_least:g}'}, but is {shown}")
    if abs(number) > LARGEST:
        raise wrong(f"{shown} is too large to compute with: in code units at most {LARGEST:g}")
    if (above is not None or at_least is not None) and 0.0 < abs(number) < SMALLEST:
        zero = "" if above is not None else "zero or "
        raise wrong(f"{shown} is too small to compute with: in code units {zero}at least {SMALLEST:g}")
    return number


def described(value: Any) -> str:
    """A TOML value as a sentence quotes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value if len(value) <= 40 else value[:37] + "..."}"'
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return str(value)[:40]


def real(*, above: float | None = None, at_least: float | None = None) -> Value:
    """A pure number, without unit."""

    def check(value: Any, info: ValidationInfo) -> float:
        return number_in_range(pure_number(value, info), above, at_least)

    return Value(check, taken=of_number(above, at_least, example="0.5" if above in (None, 0) else f"{above + 1:g}"))


def pure_number(value: Any, info: ValidationInfo) -> Any:
    """A value of the file; of text that names parameters the pure number that it comes to, an integer where it is
    whole. Raises the validation error that says what is wrong with such a text."""
    if not isinstance(value, str):
        return value
    context = context_of(info)
    number = named_number(value, context, DIMENSIONLESS)
    if number is not None:
        return int(number) if number == math.floor(number) else number
    if suggestion := suggested_name(value, context):
        raise wrong(f"must be a number, or a parameter's name, not {described(value)}", suggestion=suggestion)
    return value


def whole_number(value: Any, at_least: int | None = None) -> int:
    """An integer within its bound. A float is refused even when its value is whole, as a sign that something else was
    meant. Raises the validation error that says so."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(f"must be a whole number, not {described(value)}")
    if at_least is not None and value < at_least:
        raise wrong(f"must be at least {at_least}, but is {described(value)}")
    if abs(value) >= 2**63:
        raise wrong(f"is too large a number: {described(value)}")
    return value


def integer(*, at_least: int | None = None) -> Value:
    """The type of a :func:`whole_number`."""

    def check(value: Any, info: ValidationInfo) -> int:
        return whole_number(pure_number(value, info), at_least)

    return Value(check, taken=of_integer(at_least))


def text(value: Any) -> str:
    """The type of an entry that is text in quotes."""
    if not isinstance(value, str):
        raise wrong(f"must be text in quotes, not {described(value)}")
    return value


def is_writable(text: str) -> bool:
    """Whether files can hold a text: no character of code zero, no half of a surrogate pair, which Python can make."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def quantity(
    dimension: Dimension | Callable[[int], Dimension], *, above: float | None = None, at_least: float | None = None
) -> Value:
    """A number in code units, or text with a unit that is converted to code units.

    ``dimension`` may be a function of the number of dimensions of the grid.
    """

    def check(value: Any, info: ValidationInfo) -> float:
        return quantity_in(value, context_of(info), dimension, above=above, at_least=at_least)

    return Value(check, taken=of_quantity(dimension, above, at_least))


def quantity_in(
    value: Any,
    context: Context,
    dimension: Dimension | Callable[[int], Dimension],
    *,
    above: float | None = None,
    at_least: float | None = None,
) -> float:
    """The value of a :func:`quantity` in code units."""
    if not isinstance(value, str):
        return number_in_range(value, above, at_least)
    if callable(dimension):
        if context.dimensions is None:
            return 1.0  # the file is refused for another reason; nothing sees this number
        dimension = dimension(context.dimensions)
    if context.units is None:
        return 1.0  # as above
    named = named_number(value, context, dimension)
    if named is not None:
        return number_in_range(named, above, at_least)
    try:
        converted = context.units.convert(value, dimension)
    except UnitError as error:
        raise wrong(str(error), suggestion=suggested_name(value, context)) from None
    number_in_range(converted, above, at_least, written=value)
    return converted


def angle() -> Value:
    """An angle in radians; with [units] also text such as "90 deg"."""
    return quantity(DIMENSIONLESS)


def per_axis() -> Widened:
    """One value for all axes, or a list of one value per axis."""

    def spread(value: Any, info: ValidationInfo) -> Any:
        dimensions = context_of(info).dimensions
        if not isinstance(value, (list, tuple)):
            return (value,) * (dimensions or 1)
        if dimensions is not None and len(value) != dimensions:
            raise wrong(
                f"needs {counted(dimensions, 'value')}, one per axis (or a single one for all), but has {len(value)}"
            )
        return tuple(value)

    return Widened(spread, widens=per_axis_of)


def counted(number: int, noun: str) -> str:
    """ "1 value", "3 values"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def sequence() -> Widened:
    """A list; TOML's lists become tuples, so that the object is immutable."""

    def check(value: Any) -> tuple:
        if not isinstance(value, (list, tuple)):
            raise wrong(f"must be a list, not {described(value)}")
        return tuple(value)

    return Widened(check)


def expression(
    *,
    position: bool = True,
    momentum: bool = False,
    time: bool = False,
    dimension: Dimension | None = None,
) -> Value:
    """An arithmetic expression in the coordinates of the grid (``position``), the momenta px, py, pz along its axes
    (``momentum``) and the time t (``time``), or a number. Code units, unless a unit stands in it: then it must have the
    ``dimension``, if one is given."""

    def check(value: Any, info: ValidationInfo) -> Expression:
        if isinstance(value, Expression):
            return value
        axes = AXES[: context_of(info).dimensions]
        variables = dict.fromkeys(axes, LENGTH) if position else {}
        if momentum:
            variables |= {f"p{axis}": MOMENTUM for axis in axes}
        if time:
            variables |= {"t": TIME}
        return expression_in(value, context_of(info), variables, dimension)

    known = (position, "x, y, z"), (momentum, "px, py, pz"), (time, "t")
    return Value(check, taken=of_expression(", ".join(names for given, names in known if given)))


def expression_in(
    value: Any, context: Context, variables: Mapping[str, Dimension], dimension: Dimension | None
) -> Expression:
    """The expression in some variables, of these dimensions, that text or a number is. Raises the validation error that
    says what is wrong with it."""
    text = repr(number_in_range(value)) if is_number(value) else value
    if not isinstance(text, str):
        raise wrong(f"must be an expression in quotes, not {described(value)}")
    if context.units is None:
        return Expression("1", tuple(variables))  # the file is refused for another reason; nothing sees it
    try:
        written = read(text, Scope(variables, context.names, context.units))
        if dimension is not None:
            written.must_be(dimension, text)
    except ExpressionError as error:
        raise wrong(str(error)) from None
    return written.expression


def two_names(value: Any) -> tuple[str, str]:
    """The type of `between`."""
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(isinstance(name, str) for name in value):
        raise wrong(f'must be a list of two species names, such as ["up", "down"], not {described(value)}')
    first, second = value
    return first, second


def species_names(value: Any) -> tuple[str, ...]:
    """Names of species, one or a list, which may name a species repeatedly."""
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise wrong(f'must be a list of species names, such as ["up", "down"], not {described(value)}')
    return tuple(names)


def different_species(value: Any) -> tuple[str, ...]:
    """Names of species, one or a list, each once."""
    names = species_names(value)
    if len(set(names)) < len(names):
        raise wrong("names a species twice")
    return names


def existing_path(value: Any, info: ValidationInfo) -> str:
    """Path of a file that exists, relative to the folder of the problem file; becomes absolute."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise wrong(f"must be the path of a file in quotes, not {described(value)}")
    path = (context_of(info).folder / value).resolve()
    if not path.exists():
        raise wrong(f"there is no file {path}")
    if not path.is_file():
        raise wrong(f"{path} is not a file")
    return str(path)


def existing_file() -> Value:
    """The type of an entry that is an :func:`existing_path`."""
    return Value(existing_path, taken=of_text(words="path of a file, relative to that of the problem"))


PAIR = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}
NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}

PairOfNames = Annotated[
    tuple[str, str], Value(two_names, taken=Taken("two names of species", PAIR, example='["up", "down"]'))
]
SpeciesNames = Annotated[
    tuple[str, ...],
    Value(different_species, taken=Taken("name of a species, or a list of them", NAMES, example='["up", "down"]')),
]
"""Each once."""
Text = Annotated[str, Value(text, taken=of_text())]
