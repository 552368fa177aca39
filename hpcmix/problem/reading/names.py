"""What stands in a problem file for a number: text that names parameters of the file, ``"2*a"``."""

from __future__ import annotations

from collections.abc import Mapping

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.reading.section import Context, wrong
from hpcmix.problem.units.dimensions import Dimension
from hpcmix.problem.units.expressions import ExpressionError
from hpcmix.problem.units.named import Scope, names_in, read
from hpcmix.problem.units.units import Constant, Units


def constant_of(text: str, names: Mapping[str, Constant], units: Units) -> Constant:
    """What a text without variables comes to. Raises
    :class:`~hpcmix.problem.units.expressions.ExpressionError`."""
    if text.strip() in names:
        return names[text.strip()]
    written = read(text, Scope({}, names, units))
    value = float(written.expression.evaluate())
    if written.measure is None:
        return Constant(value)
    return Constant(value, written.measure.dimension, written.measure.hertz)


def named_constant(text: str, context: Context) -> Constant | None:
    """What a text comes to that names parameters, or the mass of its species; None of a text that names none. Raises
    the validation error that says what is wrong with it."""
    if not names_in(text, context.names):
        return None
    if context.units is None:
        return Constant(1.0)  # the file is refused for another reason; nothing sees this number
    try:
        return constant_of(text, context.names, context.units)
    except ExpressionError as error:
        raise wrong(str(error)) from None


def named_number(text: str, context: Context, dimension: Dimension) -> float | None:
    """The same as a number of code units, of which a dimension is wanted."""
    constant = named_constant(text, context)
    if constant is None:
        return None
    given = constant.dimension
    if given is not None and not dimension.accepts(given):
        raise wrong(f'must be {dimension.described()}, but "{text}" is {given.described()}')
    return constant.value


def suggested_name(text: str, context: Context) -> str | None:
    """The parameter that a text which is no number may be a misspelling of."""
    return closest(text.strip(), context.parameters)
