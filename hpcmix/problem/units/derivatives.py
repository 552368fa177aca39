"""First and second derivatives of the arithmetic expressions of a problem file, by the chain rule along their trees.

Every part of a tree comes to its value and its partial derivatives in one walk, so that they cost about as much as the
value itself for every variable, or pair of variables, whatever the nesting. What is constant by pieces - `floor`,
`sign`, `heaviside`, comparisons - has derivatives that are zero, and `where`, `min`, `max`, `abs` those of the piece
that holds at the point.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hpcmix.problem.units.expressions import Expression, Number

ZERO, ONE = np.float64(0.0), np.float64(1.0)

Slope = Number | None
"""A partial derivative, of first or second order; None for zero."""


@dataclass(frozen=True)
class Jet:
    """A value with its partial derivatives in the variables asked for.

    slopes      f_i.
    curvatures  f_ij, row by row; no rows where nobody asks for second derivatives.
    """

    value: Number
    slopes: tuple[Slope, ...]
    curvatures: tuple[tuple[Slope, ...], ...] = ()

    @property
    def constant(self) -> bool:
        """Whether none of the variables is in it."""
        return all(slope is None for slope in self.slopes)

    def through(self, value: Number, first: Callable[[], Number], second: Callable[[], Number]) -> Jet:
        """A function g of it: its value, g' f_i and g'' f_i f_j + g' f_ij. The derivatives g' and g'' of the outer
        function are computed where they are needed."""
        if self.constant:
            return Jet(value, self.slopes, self.curvatures)
        outer = first()
        slopes = tuple(None if slope is None else outer * slope for slope in self.slopes)
        if not self.curvatures:
            return Jet(value, slopes)
        bend = second()
        return Jet(value, slopes, self._of_pairs(lambda a, b, c: _plus(_times(_both(a, b), bend), _times(c, outer))))

    def mixed(self, first: Jet, second: Jet, factor: Callable[[], Number]) -> Jet:
        """With what a function of two arguments g, h has in its second derivatives beside those of either: its mixed
        derivative times g_i h_j + g_j h_i."""
        if not self.curvatures or first.constant or second.constant:
            return self
        mixing, g, h = factor(), first.slopes, second.slopes
        curvatures = tuple(
            tuple(
                _plus(value, _times(_plus(_both(g[i], h[j]), _both(g[j], h[i])), mixing)) for j, value in enumerate(row)
            )
            for i, row in enumerate(self.curvatures)
        )
        return Jet(self.value, self.slopes, curvatures)

    def _of_pairs(self, function: Callable[[Slope, Slope, Slope], Slope]) -> tuple[tuple[Slope, ...], ...]:
        """A function of f_i, f_j and f_ij."""
        return tuple(
            tuple(function(a, b, c) for b, c in zip(self.slopes, row, strict=True))
            for a, row in zip(self.slopes, self.curvatures, strict=True)
        )


def derivatives(
    expression: Expression, variables: Sequence[str], **values: float | np.ndarray
) -> tuple[Number, list[Number]]:
    """The value of an expression in double precision, and its partial derivatives with respect to some variables,
    for numbers or arrays that broadcast together; derivatives that are zero everywhere are the number 0.

    Where an expression has no derivative - a square root at zero, a division by zero - the result is not finite; the
    caller judges. Raises ValueError if a variable that occurs is not given.
    """
    jet = expression.walk(_Jets(tuple(variables), order=1), **values)
    return _number(jet.value), [_number(slope) for slope in jet.slopes]


def second_derivatives(
    expression: Expression, variables: Sequence[str], **values: float | np.ndarray
) -> tuple[tuple[Number, ...], ...]:
    """The matrix of second derivatives of an expression in some variables; all else is as for :func:`derivatives`."""
    jet = expression.walk(_Jets(tuple(variables), order=2), **values)
    return tuple(tuple(_number(value) for value in row) for row in jet.curvatures)


def _number(slope: Slope) -> Number:
    return ZERO if slope is None else np.asarray(slope, dtype=np.float64)[()]


class _Jets:
    """What every node of a tree comes to (:meth:`Expression.walk`)."""

    def __init__(self, variables: tuple[str, ...], order: int) -> None:
        self._variables = variables
        self._none: tuple[Slope, ...] = (None,) * len(variables)
        self._flat = (self._none,) * len(variables) if order == 2 else ()

    def constant(self, value: np.float64) -> Jet:
        return Jet(value, self._none, self._flat)

    def variable(self, name: str, value: np.ndarray) -> Jet:
        return Jet(value, tuple(ONE if name == other else None for other in self._variables), self._flat)

    def operation(self, symbol: type[ast.AST], function: Callable[..., Any], parts: Sequence[Jet]) -> Jet:
        """Of an operator or a comparison."""
        return _OPERATIONS[symbol](function(*(part.value for part in parts)), *parts)

    def call(self, name: str, function: Callable[..., Any], parts: Sequence[Jet]) -> Jet:
        return _CALLS[name](function(*(part.value for part in parts)), *parts)

    def result(self, jet: Jet) -> Jet:
        return jet


# ---------------------------------------------------------------- operators


def _linear(value: Number, first: Jet, second: Jet, join: Callable[[Slope, Slope], Slope]) -> Jet:
    """Every derivative of both joined alike."""
    return Jet(
        value,
        tuple(join(a, b) for a, b in zip(first.slopes, second.slopes, strict=True)),
        tuple(
            tuple(join(a, b) for a, b in zip(*rows, strict=True))
            for rows in zip(first.curvatures, second.curvatures, strict=True)
        ),
    )


def _summed(value: Number, first: Jet, second: Jet, sign: Number = ONE) -> Jet:
    return _linear(value, first, second, lambda a, b: _plus(a, _times(b, sign)))


def _product(value: Number, first: Jet, second: Jet) -> Jet:
    """f g_i + f_i g, and f g_ij + f_ij g + f_i g_j + f_j g_i"""
    whole = _linear(value, first, second, lambda a, b: _plus(_times(a, second.value), _times(b, first.value)))
    return whole.mixed(first, second, lambda: ONE)


def _quotient(value: Number, first: Jet, second: Jet) -> Jet:
    """q = f / g: (f_i - q g_i) / g, and (f_ij - q g_ij - q_i g_j - q_j g_i) / g"""
    above = _linear(value, first, second, lambda a, b: _plus(a, _times(b, -value)))
    slopes = tuple(None if slope is None else slope / second.value for slope in above.slopes)
    above = above.mixed(Jet(value, slopes), second, lambda: -ONE)
    return Jet(
        value,
        slopes,
        tuple(tuple(None if bend is None else bend / second.value for bend in row) for row in above.curvatures),
    )


def _power(value: Number, base: Jet, exponent: Jet) -> Jet:
    """x^y: y x^(y-1) x_i + x^y log(x) y_i; the second for an exponent that varies alone, so that a constant power of
    what is negative has a slope."""
    x, y = base.value, exponent.value
    parts = base.through(value, lambda: _times_power(y, x, y - 1.0), lambda: _times_power(y * (y - 1.0), x, y - 2.0))
    if exponent.constant:
        return parts
    logarithm = np.log(x)
    varying = exponent.through(value, lambda: value * logarithm, lambda: value * np.square(logarithm))
    return _summed(value, parts, varying).mixed(base, exponent, lambda: np.power(x, y - 1.0) * (1.0 + y * logarithm))


def _times_power(factor: Number, base: Number, exponent: Number) -> Number:
    """factor base^exponent, zero where the factor is: x^1 has no curvature at x = 0 either."""
    if np.ndim(factor) == 0:
        return ZERO if factor == 0.0 else factor * np.power(base, exponent)
    return np.where(factor == 0.0, 0.0, factor * np.power(base, exponent))


# ---------------------------------------------------------------- functions


def _flat(value: Number, first: Jet, *others: Jet) -> Jet:
    none = (None,) * len(first.slopes)
    return Jet(value, none, (none,) * len(first.curvatures))


def _outer(
    first: Callable[[Number, Number], Number], second: Callable[[Number, Number], Number]
) -> Callable[[Number, Jet], Jet]:
    """A function of one argument by its derivatives, functions of the argument and of the value."""
    return lambda value, inner: inner.through(
        value, lambda: first(inner.value, value), lambda: second(inner.value, value)
    )


def _angle(value: Number, y: Jet, x: Jet) -> Jet:
    """atan2(y, x): (x y_i - y x_i) / r^2, r^2 = x^2 + y^2; twice by y -2 x y / r^4, by x its opposite, and mixed
    (y^2 - x^2) / r^4"""
    squares = np.square(x.value) + np.square(y.value)

    def bend() -> Number:
        return -2.0 * (x.value / squares) * (y.value / squares)

    of_y, of_x = y.through(value, lambda: x.value / squares, bend), x.through(value, lambda: y.value / squares, bend)
    return _summed(value, of_y, of_x, -ONE).mixed(
        y, x, lambda: np.square(y.value / squares) - np.square(x.value / squares)
    )


def _where(value: Number, condition: Jet, first: Jet, second: Jet) -> Jet:
    return _chosen(value, np.asarray(condition.value) != 0, first, second)


def _extreme(beats: Callable[..., Any]) -> Callable[..., Jet]:
    """The least or the greatest; of several that are equal the first."""

    def of(value: Number, *parts: Jet) -> Jet:
        best, *others = parts
        for part in others:
            better = beats(part.value, best.value)
            best = _chosen(np.where(better, part.value, best.value), better, part, best)
        return Jet(value, best.slopes, best.curvatures)

    return of


def _chosen(value: Number, condition: Any, first: Jet, second: Jet) -> Jet:
    def of_both(a: Slope, b: Slope) -> Slope:
        if a is None and b is None:
            return None
        return np.asarray(np.where(condition, ZERO if a is None else a, ZERO if b is None else b))

    return _linear(value, first, second, of_both)


# ---------------------------------------------------------------- slopes that may be zero


def _plus(first: Slope, second: Slope) -> Slope:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def _times(slope: Slope, factor: Number) -> Slope:
    return None if slope is None else slope * factor


def _both(first: Slope, second: Slope) -> Slope:
    return None if first is None or second is None else first * second


_OPERATIONS: dict[type[ast.AST], Callable[..., Jet]] = {
    ast.Add: _summed,
    ast.Sub: lambda value, a, b: _summed(value, a, b, -ONE),
    ast.Mult: _product,
    ast.Div: _quotient,
    ast.Pow: _power,
    ast.USub: lambda value, a: a.through(value, lambda: -ONE, lambda: ZERO),
    ast.UAdd: lambda value, a: a,
    ast.Lt: _flat,
    ast.LtE: _flat,
    ast.Gt: _flat,
    ast.GtE: _flat,
    ast.Eq: _flat,
    ast.NotEq: _flat,
}

_ARCTANGENT = _outer(lambda x, f: 1.0 / (1.0 + np.square(x)), lambda x, f: -2.0 * x / np.square(1.0 + np.square(x)))
_BELL = 2.0 / np.sqrt(np.pi)

_CALLS: dict[str, Callable[..., Jet]] = {
    "sin": _outer(lambda x, f: np.cos(x), lambda x, f: -f),
    "cos": _outer(lambda x, f: -np.sin(x), lambda x, f: -f),
    "tan": _outer(lambda x, f: 1.0 + np.square(f), lambda x, f: 2.0 * f * (1.0 + np.square(f))),
    "exp": _outer(lambda x, f: f, lambda x, f: f),
    "log": _outer(lambda x, f: 1.0 / x, lambda x, f: -1.0 / np.square(x)),
    "sqrt": _outer(lambda x, f: 0.5 / f, lambda x, f: -0.25 / (x * f)),
    "abs": _outer(lambda x, f: np.sign(x), lambda x, f: ZERO),
    "sinh": _outer(lambda x, f: np.cosh(x), lambda x, f: f),
    "cosh": _outer(lambda x, f: np.sinh(x), lambda x, f: f),
    "tanh": _outer(lambda x, f: 1.0 - np.square(f), lambda x, f: -2.0 * f * (1.0 - np.square(f))),
    "atan": _ARCTANGENT,
    "arctan": _ARCTANGENT,
    "atan2": _angle,
    "arctan2": _angle,
    "floor": _flat,
    "sign": _flat,
    "erf": _outer(lambda x, f: _BELL * np.exp(-np.square(x)), lambda x, f: -2.0 * x * _BELL * np.exp(-np.square(x))),
    "heaviside": _flat,
    "where": _where,
    "min": _extreme(np.less),
    "max": _extreme(np.greater),
}
"""Every function of an expression (tests/unit/test_marker_motion.py, test_second_derivatives.py)."""
