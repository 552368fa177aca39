"""The functions, constants and operators of the expressions of a problem file."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np

Number = np.float64 | np.ndarray
"""What an expression or a part of it comes to."""

Rule = Literal["pure", "root", "kept", "chosen", "quotient", "any"]
"""What a function does to the dimensions of its arguments: it takes pure numbers and gives one; takes the root; keeps
the dimension that all have in common; keeps that of all but the first; gives a pure number of arguments of one
dimension; or of any."""


@dataclass(frozen=True)
class Function:
    """One function of the language.

    compute   its value, of numbers or arrays.
    arguments as they are written.
    words     what it is.
    fewest, most  arguments; None: any number.
    rule      for dimensions.
    smooth    whether it has all derivatives.
    """

    compute: Callable[..., Any]
    arguments: str
    words: str
    fewest: int = 1
    most: int | None = 1
    rule: Rule = "pure"
    smooth: bool = True


def _erf(x: Number) -> Any:
    from scipy.special import erf  # only who uses it waits for scipy

    return erf(x)


FUNCTIONS: dict[str, Function] = {
    "sin": Function(np.sin, "x", "sine, of radians"),
    "cos": Function(np.cos, "x", "cosine, of radians"),
    "tan": Function(np.tan, "x", "tangent, of radians"),
    "exp": Function(np.exp, "x", "e to the power x"),
    "log": Function(np.log, "x", "natural logarithm"),
    "sqrt": Function(np.sqrt, "x", "square root", rule="root"),
    "abs": Function(np.abs, "x", "absolute value", rule="kept", smooth=False),
    "sinh": Function(np.sinh, "x", "hyperbolic sine"),
    "cosh": Function(np.cosh, "x", "hyperbolic cosine"),
    "tanh": Function(np.tanh, "x", "hyperbolic tangent"),
    "atan": Function(np.arctan, "x", "arc tangent, between -pi/2 and pi/2"),
    "arctan": Function(np.arctan, "x", "the same as atan"),
    "atan2": Function(np.arctan2, "y, x", "angle of the point (x, y), between -pi and pi", 2, 2, "quotient"),
    "arctan2": Function(np.arctan2, "y, x", "the same as atan2", 2, 2, "quotient"),
    "floor": Function(np.floor, "x", "the largest whole number that is not greater", smooth=False),
    "sign": Function(np.sign, "x", "-1, 0 or 1", rule="any", smooth=False),
    "erf": Function(_erf, "x", "error function, 2/sqrt(pi) times the integral of exp(-s^2) from 0 to x"),
    "heaviside": Function(
        lambda x: np.heaviside(x, 0.5), "x", "0 below zero, 1 above, 1/2 at zero", rule="any", smooth=False
    ),
    "where": Function(
        lambda condition, a, b: np.where(np.asarray(condition) != 0, a, b),
        "condition, a, b",
        "a where the condition holds (is not 0), b elsewhere",
        3,
        3,
        "chosen",
        smooth=False,
    ),
    "min": Function(
        lambda *values: reduce(np.minimum, values), "a, b, ...", "the least of two or more", 2, None, "kept", False
    ),
    "max": Function(
        lambda *values: reduce(np.maximum, values), "a, b, ...", "the greatest of two or more", 2, None, "kept", False
    ),
}
"""By their names."""

CONSTANTS: dict[str, np.float64] = {"pi": np.float64(np.pi), "e": np.float64(np.e)}
"""By their names: those that have no unit. Others stand behind a number, as units do: "1 hbar"."""


def _counted(comparison: Callable[[Number, Number], Any]) -> Callable[[Number, Number], Number]:
    """A comparison that counts 1 or 0."""
    return lambda left, right: np.asarray(comparison(left, right), dtype=np.float64)[()]


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Lt: _counted(operator.lt),
    ast.LtE: _counted(operator.le),
    ast.Gt: _counted(operator.gt),
    ast.GtE: _counted(operator.ge),
    ast.Eq: _counted(operator.eq),
    ast.NotEq: _counted(operator.ne),
}
"""By the class of Python's grammar."""
