"""Expressions as people write them, with units and names, made into plain ones in code units.

``0.5*mass*(2 pi 50 Hz)**2*x**2`` names the mass of its species and a quantity; ``a*n`` a parameter of the file. A
number and the units behind it are one factor, by the grammar of quantities, up to the next ``*``; a slash belongs to
them where a unit follows it. ``^`` is a power, as ``**`` is; behind a unit it is the unit's: "2 um^4.5" is twice
um^4.5.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.units.dimensions import Dimension
from hpcmix.problem.units.expressions import Expression, ExpressionError
from hpcmix.problem.units.functions import CONSTANTS, FUNCTIONS
from hpcmix.problem.units.measures import Measure, measure, missing_factor
from hpcmix.problem.units.quantities import EXPONENT
from hpcmix.problem.units.units import Constant, UnitError, Units

_NUMBER = re.compile(r"0[xXoObB][0-9A-Fa-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?")
_NAME = re.compile(r"[^\W\d]\w*|[°Å]")
_POWER = re.compile(rf"\s*(?:\^|\*\*)\s*(?:{EXPONENT})(?![\w.])|[²³]")
_POWER_BEHIND = re.compile(r"\s*(?:\^|\*\*)")
_SPACE = re.compile(r"\s*")
_GRAMMAR = {"if", "else", "and", "or", "not", "in", "is", "for", "lambda", "None", "True", "False"}
"""Words of Python's grammar, which are refused in an expression and are no units."""

UNITS = (
    "m", "cm", "mm", "um", "nm", "a0", "s", "ms", "us", "ns", "kg", "u", "m_e", "K", "mK", "uK", "nK", "Hz", "kHz",
    "MHz", "J", "eV", "meV", "rad", "deg", "G", "mG", "mu_B", "mu_0", "hbar", "k_B", "kB",
)  # fmt: skip
"""Those that are met in problems of quantum gases."""

VARIABLES = ("x", "y", "z", "px", "py", "pz", "t", "mass")

RESERVED = frozenset({*UNITS, *VARIABLES, *FUNCTIONS, *CONSTANTS, *_GRAMMAR, "auto", "all", "infinity"})
"""Names that no parameter can have: they mean something in every expression, or where a number stands."""


@dataclass(frozen=True)
class Scope:
    """What an expression can name.

    variables  with their dimensions.
    names      parameters of the file, and ``mass`` of a species.
    units      of the file.
    """

    variables: Mapping[str, Dimension] = field(default_factory=dict)
    names: Mapping[str, Constant] = field(default_factory=dict)
    units: Units = field(default_factory=Units)


@dataclass(frozen=True)
class Written:
    """An expression that was read.

    expression  in code units, every name but its variables replaced by its number.
    measure     its dimension; None where nothing in it has a unit: then it is in code units, whatever it is used for.
    """

    expression: Expression
    measure: Measure | None

    def must_be(self, wanted: Dimension, text: str) -> None:
        """Raises :class:`ExpressionError` if it has a dimension, and another one than is wanted."""
        given = None if self.measure is None else self.measure.dimension
        if given is not None and not wanted.accepts(given):
            hint = missing_factor(wanted, given)
            raise ExpressionError(f'must be {wanted.described()}, but "{text}" is {given.described()}{hint}')


def read(text: str, scope: Scope) -> Written:
    """The expression that a text is. Raises :class:`ExpressionError`, with columns of the text."""
    source = _Source(text, scope)
    try:
        with_names = Expression(source.with_names, (*scope.variables, *scope.names))
    except ExpressionError as error:
        raise source.located(error) from None
    names = [name for name in with_names.variables_used if name not in scope.variables]
    dimension = None
    if source.quantities or any(scope.names[name].dimension is not None for name in names if name != "mass"):
        try:
            dimension = measure(with_names, scope.variables, scope.names, source.quantities)
        except ExpressionError as error:
            raise source.located(error) from None
    if not names:
        return Written(Expression(source.with_names, tuple(scope.variables)), dimension)
    return Written(Expression(source.with_numbers, tuple(scope.variables)), dimension)


def names_in(text: str, names: Collection[str]) -> bool:
    """Whether any of the names stands in a text."""
    return any(match[0] in names for match in _NAME.finditer(text))


class _Source:
    """A text, scanned: quantities replaced by their numbers (``with_names``), names as well (``with_numbers``).

    quantities  what the numbers stand for that had units, by their columns in ``with_names``.
    """

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope = text, scope
        self.known = {*scope.variables, *scope.names, *FUNCTIONS, *CONSTANTS}
        self.with_names = self.with_numbers = ""
        self.quantities: dict[int, Constant] = {}
        self._origins: list[int] = []
        position = 0
        while position < len(text):
            position = self._token(position)

    def located(self, error: ExpressionError) -> ExpressionError:
        """An error about ``with_names``, with the column of the text."""
        if error.column is None or not self._origins:
            return error
        return ExpressionError(error.sentence, self._origins[min(error.column - 1, len(self._origins) - 1)] + 1)

    def _put(self, content: str, origin: int, replaced: str | None = None) -> None:
        self.with_names += content
        self.with_numbers += content if replaced is None else replaced
        self._origins += [origin] * len(content)

    def _token(self, position: int) -> int:
        """Read one token; where the next begins."""
        if number := _NUMBER.match(self.text, position):
            end = self._quantity_end(number.end())
            if end == number.end():
                for offset, character in enumerate(number[0]):
                    self._put(character, position + offset)
                return end
            self._refuse_power_of_whole(position, end)
            self._quantity(position, end)
            return end
        if name := _NAME.match(self.text, position):
            self._refuse_bare_unit(name[0], position, name.end())
            constant = self.scope.names.get(name[0]) if name[0] not in self.scope.variables else None
            replaced = None if constant is None else _as_number(constant.value)
            self._put(name[0], position, replaced)
            return name.end()
        character = self.text[position]
        self._put("**" if character == "^" else character, position)
        return position + 1

    def _quantity(self, begin: int, end: int) -> None:
        """Put the number that a quantity is, in code units."""
        text = self.text[begin:end]
        try:
            constant = self.scope.units.constant(text)
        except UnitError as error:
            raise ExpressionError(str(error), begin + 1) from None
        if constant.dimension is not None:
            self.quantities[len(self.with_names)] = constant
        self._put(repr(float(constant.value)), begin)

    def _quantity_end(self, end: int) -> int:
        """Where the units end that follow a number."""
        begins, pi_stands = True, False
        while True:
            space = _SPACE.match(self.text, end)
            position = end if space is None else space.end()
            slash = self.text.startswith("/", position)
            if slash:
                space = _SPACE.match(self.text, position + 1)
                position = position + 1 if space is None else space.end()
            name = _NAME.match(self.text, position)
            if name is None:
                number = _NUMBER.match(self.text, position)
                if number is None or not pi_stands or slash:
                    return end
                end, pi_stands = number.end(), False  # "2 pi 50 Hz"
                continue
            if name[0] in ("pi", "π") and begins and not slash:
                end, begins, pi_stands = name.end(), False, True
                continue
            if name[0] in _GRAMMAR or (slash and name[0] in self.known):
                return end
            if slash and self.text.startswith("(", name.end()):
                return end  # a function, unknown maybe
            if name[0] in self.known or self.text.startswith("(", name.end()):
                raise ExpressionError(f'a product needs its *, before "{name[0]}"', position + 1)
            self._refuse_misspelt(name[0], position)
            power = _POWER.match(self.text, name.end())
            end, begins, pi_stands = (power or name).end(), False, False

    def _refuse_power_of_whole(self, begin: int, end: int) -> None:
        """A power behind a quantity that is no power of its last unit: it may be meant for the unit or for the whole,
        and the numbers differ."""
        if _POWER_BEHIND.match(self.text, end):
            message = f'say in brackets what the power is of: "({self.text[begin:end]})^n" or "2 um^(9/2)"'
            raise ExpressionError(message, end + 1)

    def _refuse_bare_unit(self, name: str, begin: int, end: int) -> None:
        """A unit without its number."""
        if name in self.known or name in _GRAMMAR or self.text.startswith("(", end) or closest(name, self.known):
            return
        try:
            self.scope.units.constant(f"1 {name}")
        except UnitError:
            return  # unknown altogether: the expression says so
        raise ExpressionError(f'a unit stands behind its number, as in "1 {name}"', begin + 1)

    def _refuse_misspelt(self, name: str, position: int) -> None:
        """A name that is neither known nor a unit, where it is one letter from a known one."""
        try:
            self.scope.units.constant(f"1 {name}")
        except UnitError as error:
            if str(error).startswith("unknown unit"):
                suggestion = closest(name, self.scope.names)
                if suggestion:
                    message = f'unknown unit "{name}"; did you mean "{suggestion}"?'
                    raise ExpressionError(message, position + 1) from None


def _as_number(value: float) -> str:
    """A number as an expression writes it; in brackets where it has a sign."""
    return repr(float(value)) if value >= 0 else f"({float(value)!r})"
