"""Derivatives of the arithmetic expressions of a problem file, by the chain rule along their syntax trees.

Every part of a tree comes to its value and its partial derivatives in one walk, so that they cost about as much as the
value itself for every variable, whatever the nesting. What is constant by pieces - `floor`, `sign`, `heaviside`,
comparisons - has the derivative zero, and `where`, `min`, `max`, `abs` that of the piece that holds at the point.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.problem.units.expressions import Expression, Number

ONE = np.float64(1.0)

Slope = Number | None
"""A partial derivative; None for zero."""


@dataclass(frozen=True)
class Jet:
    """A value with its partial derivatives, one for each variable asked for."""

    value: Number
    slopes: tuple[Slope, ...]

    @property
    def constant(self) -> bool:
        """Whether none of the variables is in it."""
        return all(slope is None for slope in self.slopes)

    def through(self, value: Number, factor: Callable[[], Number]) -> Jet:
        """A function of it: its value, and the derivative of the outer function, which is computed where needed."""
        if self.constant:
            return Jet(value, self.slopes)
        outer = factor()
        return Jet(value, tuple(None if slope is None else outer * slope for slope in self.slopes))


def derivatives(
    expression: Expression, variables: Sequence[str], **values: float | np.ndarray
) -> tuple[Number, list[Number]]:
    """The value of an expression in double precision, and its partial derivatives with respect to some variables,
    for numbers or arrays that broadcast together; derivatives that are zero everywhere are the number 0.

    Where an expression has no derivative - a square root at zero, a division by zero - the result is not finite; the
    caller judges. Raises ValueError if a variable that occurs is not given.
    """
    return expression.walk(_Jets(tuple(variables)), **values)


class _Jets:
    """What every node of a tree comes to (:meth:`Expression.walk`)."""

    def __init__(self, variables: tuple[str, ...]) -> None:
        self._variables = variables
        self._none: tuple[Slope, ...] = (None,) * len(variables)

    def constant(self, value: np.float64) -> Jet:
        return Jet(value, self._none)

    def variable(self, name: str, value: np.ndarray) -> Jet:
        return Jet(value, tuple(ONE if name == other else None for other in self._variables))

    def operation(self, symbol: type[ast.AST], function: Callable[..., Any], parts: Sequence[Jet]) -> Jet:
        """Of an operator or a comparison."""
        return _OPERATIONS[symbol](function(*(part.value for part in parts)), *parts)

    def call(self, name: str, function: Callable[..., Any], parts: Sequence[Jet]) -> Jet:
        return _CALLS[name](function(*(part.value for part in parts)), *parts)

    def result(self, jet: Jet) -> tuple[Number, list[Number]]:
        zero = np.float64(0.0)
        slopes = [zero if slope is None else np.asarray(slope, dtype=np.float64)[()] for slope in jet.slopes]
        return np.asarray(jet.value, dtype=np.float64)[()], slopes


def _summed(value: Number, first: Jet, second: Jet, sign: Number = ONE) -> Jet:
    return Jet(value, tuple(_plus(a, _times(b, sign)) for a, b in zip(first.slopes, second.slopes, strict=True)))


def _product(value: Number, first: Jet, second: Jet) -> Jet:
    pairs = zip(first.slopes, second.slopes, strict=True)
    return Jet(value, tuple(_plus(_times(a, second.value), _times(b, first.value)) for a, b in pairs))


def _quotient(value: Number, first: Jet, second: Jet) -> Jet:
    """(a - value b) / second"""
    pairs = zip(first.slopes, second.slopes, strict=True)
    above = (_plus(a, _times(b, -value)) for a, b in pairs)
    return Jet(value, tuple(None if slope is None else slope / second.value for slope in above))


def _power(value: Number, base: Jet, exponent: Jet) -> Jet:
    """x^y: y x^(y-1) x' + x^y log(x) y'; the second for an exponent that varies alone, so that a constant power of what
    is negative has a slope."""
    x, y = base.value, exponent.value
    parts = base.through(value, lambda: y * np.power(x, y - 1.0))
    if exponent.constant:
        return parts
    return _summed(value, parts, exponent.through(value, lambda: value * np.log(x)))


def _flat(value: Number, first: Jet, *others: Jet) -> Jet:
    return Jet(value, (None,) * len(first.slopes))


def _outer(factor: Callable[[Number, Number], Number]) -> Callable[[Number, Jet], Jet]:
    """A function of one argument by its derivative, a function of the argument and of the value."""
    return lambda value, inner: inner.through(value, lambda: factor(inner.value, value))


def _angle(value: Number, y: Jet, x: Jet) -> Jet:
    """atan2(y, x): (x y' - y x') / (x^2 + y^2)"""
    squares = np.square(x.value) + np.square(y.value)
    return _summed(
        value, y.through(value, lambda: x.value / squares), x.through(value, lambda: y.value / squares), -ONE
    )


def _where(value: Number, condition: Jet, first: Jet, second: Jet) -> Jet:
    return _chosen(value, np.asarray(condition.value) != 0, first, second)


def _least(value: Number, *parts: Jet) -> Jet:
    """Of several that are equal the first."""
    return _nearest_to(value, np.less, parts)


def _greatest(value: Number, *parts: Jet) -> Jet:
    return _nearest_to(value, np.greater, parts)


def _nearest_to(value: Number, beats: Callable[..., Any], parts: Sequence[Jet]) -> Jet:
    best, *others = parts
    for part in others:
        better = beats(part.value, best.value)
        best = _chosen(np.where(better, part.value, best.value), better, part, best)
    return Jet(value, best.slopes)


def _chosen(value: Number, condition: Any, first: Jet, second: Jet) -> Jet:
    def of_one(a: Slope, b: Slope) -> Slope:
        if a is None and b is None:
            return None
        zero = np.float64(0.0)
        return np.asarray(np.where(condition, zero if a is None else a, zero if b is None else b))

    return Jet(value, tuple(of_one(a, b) for a, b in zip(first.slopes, second.slopes, strict=True)))


def _plus(first: Slope, second: Slope) -> Slope:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _times(slope: Slope, factor: Number) -> Slope:
    return None if slope is None else slope * factor


_OPERATIONS: dict[type[ast.AST], Callable[..., Jet]] = {
    ast.Add: _summed,
    ast.Sub: lambda value, a, b: _summed(value, a, b, -ONE),
    ast.Mult: _product,
    ast.Div: _quotient,
    ast.Pow: _power,
    ast.USub: lambda value, a: a.through(value, lambda: -ONE),
    ast.UAdd: lambda value, a: a,
    ast.Lt: _flat,
    ast.LtE: _flat,
    ast.Gt: _flat,
    ast.GtE: _flat,
    ast.Eq: _flat,
    ast.NotEq: _flat,
}

_CALLS: dict[str, Callable[..., Jet]] = {
    "sin": _outer(lambda x, f: np.cos(x)),
    "cos": _outer(lambda x, f: -np.sin(x)),
    "tan": _outer(lambda x, f: 1.0 + np.square(f)),
    "exp": _outer(lambda x, f: f),
    "log": _outer(lambda x, f: 1.0 / x),
    "sqrt": _outer(lambda x, f: 0.5 / f),
    "abs": _outer(lambda x, f: np.sign(x)),
    "sinh": _outer(lambda x, f: np.cosh(x)),
    "cosh": _outer(lambda x, f: np.sinh(x)),
    "tanh": _outer(lambda x, f: 1.0 - np.square(f)),
    "atan": _outer(lambda x, f: 1.0 / (1.0 + np.square(x))),
    "arctan": _outer(lambda x, f: 1.0 / (1.0 + np.square(x))),
    "atan2": _angle,
    "arctan2": _angle,
    "floor": _flat,
    "sign": _flat,
    "erf": _outer(lambda x, f: (2.0 / np.sqrt(np.pi)) * np.exp(-np.square(x))),
    "heaviside": _flat,
    "where": _where,
    "min": _least,
    "max": _greatest,
}
"""Every function of an expression (tests/unit/test_marker_motion.py)."""
