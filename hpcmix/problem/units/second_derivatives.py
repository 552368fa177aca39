"""Second derivatives of the arithmetic expressions of a problem file, by the chain rule along their syntax trees.

As in :mod:`hpcmix.problem.units.derivatives`, one order higher: what is constant by pieces has derivatives that are
zero, and `where`, `min`, `max`, `abs` those of the piece that holds at the point.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.problem.units.expressions import Expression, Number

ZERO = np.float64(0.0)


@dataclass(frozen=True)
class Curve:
    """A value with its gradient and its matrix of second derivatives in the variables asked for."""

    value: Number
    slopes: tuple[Number, ...]
    curvatures: tuple[tuple[Number, ...], ...]

    @property
    def constant(self) -> bool:
        """Whether no variable is in it."""
        return all(np.ndim(slope) == 0 and slope == 0.0 for slope in self.slopes)

    def through(self, value: Number, first: Number, second: Number) -> Curve:
        """f of it: f, f' and f'' at its value."""
        n = range(len(self.slopes))
        if self.constant:
            return Curve(value, self.slopes, self.curvatures)
        return Curve(
            value,
            tuple(first * slope for slope in self.slopes),
            tuple(
                tuple(second * self.slopes[i] * self.slopes[j] + first * self.curvatures[i][j] for j in n) for i in n
            ),
        )


def second_derivatives(
    expression: Expression, variables: Sequence[str], **values: float | np.ndarray
) -> tuple[tuple[Number, ...], ...]:
    """The matrix of second derivatives of an expression in some variables, in double precision, for numbers or arrays
    that broadcast together. Where there is none - a square root at zero - the result is not finite; the caller judges.
    Raises ValueError if a variable that occurs is not given."""
    return expression.walk(_Curves(tuple(variables)), **values)


class _Curves:
    """What every node of a tree comes to (:meth:`Expression.walk`)."""

    def __init__(self, variables: tuple[str, ...]) -> None:
        self._variables = variables
        self._flat = (ZERO,) * len(variables), ((ZERO,) * len(variables),) * len(variables)

    def constant(self, value: np.float64) -> Curve:
        return Curve(value, *self._flat)

    def variable(self, name: str, value: np.ndarray) -> Curve:
        return Curve(value, tuple(np.float64(name == other) for other in self._variables), self._flat[1])

    def operation(self, symbol: type[ast.AST], function: Callable[..., Any], parts: Sequence[Curve]) -> Curve:
        """Of an operator or a comparison."""
        return _OPERATIONS[symbol](function(*(part.value for part in parts)), *parts)

    def call(self, name: str, function: Callable[..., Any], parts: Sequence[Curve]) -> Curve:
        return _CALLS[name](function(*(part.value for part in parts)), *parts)

    def result(self, curve: Curve) -> tuple[tuple[Number, ...], ...]:
        return tuple(tuple(np.asarray(value, dtype=np.float64)[()] for value in row) for row in curve.curvatures)


def _combined(value: Number, first: Curve, second: Curve, sign: float) -> Curve:
    """first + sign second"""
    return Curve(
        value,
        tuple(a + sign * b for a, b in zip(first.slopes, second.slopes, strict=True)),
        tuple(
            tuple(a + sign * b for a, b in zip(*rows, strict=True))
            for rows in zip(first.curvatures, second.curvatures, strict=True)
        ),
    )


def _product(value: Number, first: Curve, second: Curve) -> Curve:
    n = range(len(first.slopes))
    x, y = first.value, second.value
    return Curve(
        value,
        tuple(first.slopes[i] * y + x * second.slopes[i] for i in n),
        tuple(
            tuple(
                first.curvatures[i][j] * y
                + first.slopes[i] * second.slopes[j]
                + first.slopes[j] * second.slopes[i]
                + x * second.curvatures[i][j]
                for j in n
            )
            for i in n
        ),
    )


def _quotient(value: Number, first: Curve, second: Curve) -> Curve:
    if second.constant:
        return first.through(value, np.float64(1.0) / second.value, ZERO)
    inverse = 1.0 / second.value
    return _product(value, first, second.through(inverse, -(inverse**2), 2.0 * inverse**3))


def _power(value: Number, base: Curve, exponent: Curve) -> Curve:
    """x^y; with an exponent that varies exp(y log x)."""
    x, y = base.value, exponent.value
    if exponent.constant:
        return base.through(value, _times_power(y, x, y - 1.0), _times_power(y * (y - 1.0), x, y - 2.0))
    logarithm = base.through(np.log(x), 1.0 / x, -1.0 / np.square(x))
    return _product(y * logarithm.value, exponent, logarithm).through(value, value, value)


def _times_power(factor: Number, base: Number, exponent: Number) -> Number:
    """factor base^exponent, zero where the factor is: x^1 has no curvature at x = 0 either."""
    return np.asarray(np.where(factor == 0.0, 0.0, factor * np.power(base, exponent)))


def _flat(value: Number, first: Curve, *others: Curve) -> Curve:
    n = len(first.slopes)
    return Curve(value, (ZERO,) * n, ((ZERO,) * n,) * n)


def _outer(first: Callable[..., Number], second: Callable[..., Number]) -> Callable[[Number, Curve], Curve]:
    """A function of one argument by its derivatives, functions of the argument and of the value."""
    return lambda value, inner: inner.through(value, first(inner.value, value), second(inner.value, value))


def _angle(value: Number, y: Curve, x: Curve) -> Curve:
    """atan2(y, x): like atan(y/x), whose derivatives they are, where x is not zero; and -atan(x/y) where it is."""
    wide = np.abs(x.value) >= np.abs(y.value)
    arctangent = _outer(lambda q, f: 1.0 / (1.0 + q * q), lambda q, f: -2.0 * q / np.square(1.0 + q * q))
    by_x = arctangent(value, _quotient(y.value / x.value, y, x))
    by_y = arctangent(value, _quotient(x.value / y.value, x, y))
    return _chosen(value, wide, by_x, _combined(value, _flat(value, y), by_y, -1.0))


def _where(value: Number, condition: Curve, first: Curve, second: Curve) -> Curve:
    return _chosen(value, np.asarray(condition.value) != 0, first, second)


def _extreme(beats: Callable[..., Any]) -> Callable[..., Curve]:
    """The least or the greatest; of several that are equal the first."""

    def of(value: Number, *parts: Curve) -> Curve:
        best, *others = parts
        for part in others:
            better = beats(part.value, best.value)
            best = _chosen(np.where(better, part.value, best.value), better, part, best)
        return Curve(value, best.slopes, best.curvatures)

    return of


def _chosen(value: Number, condition: Any, first: Curve, second: Curve) -> Curve:
    def of_one(a: Number, b: Number) -> Number:
        return np.asarray(np.where(condition, a, b))

    return Curve(
        value,
        tuple(of_one(a, b) for a, b in zip(first.slopes, second.slopes, strict=True)),
        tuple(
            tuple(of_one(a, b) for a, b in zip(*rows, strict=True))
            for rows in zip(first.curvatures, second.curvatures, strict=True)
        ),
    )


_OPERATIONS: dict[type[ast.AST], Callable[..., Curve]] = {
    ast.Add: lambda value, a, b: _combined(value, a, b, 1.0),
    ast.Sub: lambda value, a, b: _combined(value, a, b, -1.0),
    ast.Mult: _product,
    ast.Div: _quotient,
    ast.Pow: _power,
    ast.USub: lambda value, a: a.through(value, np.float64(-1.0), ZERO),
    ast.UAdd: lambda value, a: a,
    ast.Lt: _flat,
    ast.LtE: _flat,
    ast.Gt: _flat,
    ast.GtE: _flat,
    ast.Eq: _flat,
    ast.NotEq: _flat,
}

_ARCTANGENT = _outer(lambda x, f: 1.0 / (1.0 + x * x), lambda x, f: -2.0 * x / np.square(1.0 + x * x))

_BELL = 2.0 / np.sqrt(np.pi)

_CALLS: dict[str, Callable[..., Curve]] = {
    "sin": _outer(lambda x, f: np.cos(x), lambda x, f: -f),
    "cos": _outer(lambda x, f: -np.sin(x), lambda x, f: -f),
    "tan": _outer(lambda x, f: 1.0 + f * f, lambda x, f: 2.0 * f * (1.0 + f * f)),
    "exp": _outer(lambda x, f: f, lambda x, f: f),
    "log": _outer(lambda x, f: 1.0 / x, lambda x, f: -1.0 / np.square(x)),
    "sqrt": _outer(lambda x, f: 0.5 / f, lambda x, f: -0.25 / (x * f)),
    "abs": _outer(lambda x, f: np.sign(x), lambda x, f: ZERO),
    "sinh": _outer(lambda x, f: np.cosh(x), lambda x, f: f),
    "cosh": _outer(lambda x, f: np.sinh(x), lambda x, f: f),
    "tanh": _outer(lambda x, f: 1.0 - f * f, lambda x, f: -2.0 * f * (1.0 - f * f)),
    "atan": _ARCTANGENT,
    "arctan": _ARCTANGENT,
    "atan2": _angle,
    "arctan2": _angle,
    "floor": _flat,
    "sign": _flat,
    "erf": _outer(lambda x, f: _BELL * np.exp(-x * x), lambda x, f: -2.0 * x * _BELL * np.exp(-x * x)),
    "heaviside": _flat,
    "where": _where,
    "min": _extreme(np.less),
    "max": _extreme(np.greater),
}
"""Every function of an expression (tests/unit/test_second_derivatives.py)."""
