"""``[parameters]``: numbers with names, for expressions and in place of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from hpcmix.problem.mistakes.hints.units import isotope_hint
from hpcmix.problem.reading.names import constant_of
from hpcmix.problem.reading.taken import Taken
from hpcmix.problem.reading.values import described, is_number, number_in_range
from hpcmix.problem.units.expressions import ExpressionError
from hpcmix.problem.units.named import RESERVED, names_in
from hpcmix.problem.units.units import Constant, Units

_SPELLING = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Parameters(dict[str, Any]):
    """The names with what stands for them in the file: numbers, quantities, expressions of other parameters. Not to be
    changed, so that a problem can be a key."""

    def __hash__(self) -> int:  # type: ignore[override]  # dict has none, for it may change
        return hash(tuple(sorted(self)))


PARAMETERS = Taken(
    "table of numbers and texts",
    {
        "type": "object",
        "propertyNames": {"pattern": f"^{_SPELLING.pattern}$"},
        "additionalProperties": {"type": ["number", "string"], "minLength": 1},
    },
)


class ParameterError(Exception):
    """A parameter that has no value: its name and the sentence for the user."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


def misnamed(name: str) -> str | None:
    """The sentence about a name that no parameter can have; None of others."""
    if not _SPELLING.fullmatch(name):
        return "is no name for a parameter: it is of letters, digits and _, and begins with a letter"
    if name in RESERVED:
        return f'means something else in expressions already; choose another name, such as "{name}_1"'
    return None


def constants_of(parameters: Mapping[str, Any], units: Units) -> tuple[dict[str, Constant], list[ParameterError]]:
    """The parameters in code units, whatever their order, and what is wrong with some; these are plain numbers 1, so
    that who names them is not blamed."""
    resolution = _Resolution(parameters, units)
    errors = []
    for name in parameters:
        message = misnamed(name)
        if message is not None:
            errors.append(ParameterError(name, message))
            continue
        try:
            resolution.constant(name)
        except ParameterError as error:
            if error.name == name:  # of others it is said with them
                errors.append(error)
    named = [name for name in parameters if misnamed(name) is None]
    return {name: resolution.constants.get(name, Constant(1.0)) for name in named}, errors


class _Resolution:
    def __init__(self, parameters: Mapping[str, Any], units: Units) -> None:
        self.parameters, self.units = parameters, units
        self.constants: dict[str, Constant] = {}
        self._pending: list[str] = []

    def constant(self, name: str) -> Constant:
        """What a name stands for. Raises :class:`ParameterError`."""
        if misnamed(name) is not None:
            return Constant(1.0)  # has a complaint of its own
        if name not in self.constants:
            if name in self._pending:
                circle = " -> ".join((*self._pending[self._pending.index(name) :], name))
                raise ParameterError(name, f"is defined by itself: {circle}")
            self._pending.append(name)
            try:
                self.constants[name] = self._made(name, self.parameters[name])
            finally:
                self._pending.pop()
        return self.constants[name]

    def _made(self, name: str, value: Any) -> Constant:
        if is_number(value):
            try:
                number_in_range(value)
            except PydanticCustomError as error:
                raise ParameterError(name, error.message()) from None
            return Constant(value)
        if not isinstance(value, str):
            message = f'must be a number, or text such as "95 a0" or "2*a", not {described(value)}'
            raise ParameterError(name, message)
        if names_in(value, (name,)) and (isotope := isotope_hint(value)):
            raise ParameterError(name, f'"{value}" is the name of an isotope and no number{isotope}')
        named = [other for other in self.parameters if names_in(value, (other,)) and not misnamed(other)]
        others = {other: self.constant(other) for other in named}
        try:
            return constant_of(value, others, self.units)
        except ExpressionError as error:
            raise ParameterError(name, str(error)) from None
