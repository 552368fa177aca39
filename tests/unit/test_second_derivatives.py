"""Second derivatives of expressions against differences of their first derivatives."""

import numpy as np
import pytest

from hpcmix.problem.units.derivatives import _CALLS, _OPERATIONS, derivatives, second_derivatives
from hpcmix.problem.units.expressions import Expression
from hpcmix.problem.units.functions import FUNCTIONS

CASES = [
    "x**2.5*y", "x**y", "2**x*y", "x/y", "(x + y)**3/(1 + x)", "-x*y + +y", "sin(x*y) - cos(x)*tan(y)", "exp(-x*y)",
    "log(x + y**2)", "sqrt(x*y)", "abs(x - 2*y)*y", "sinh(x)*cosh(y)", "tanh(x*y)", "atan(x*y)", "arctan(x/y)",
    "atan2(x, y)", "arctan2(y, x)", "floor(x)*y**2", "sign(x - y)*x*y", "erf(x*y)", "heaviside(x)*y**3",
    "where(x > y, x**2*y, y**3)", "min(x*y, x**2, 3)", "max(x*y, y**3)", "(x < y)*x**2*y + (x >= y)*y",
    "x**2 - (x <= y)", "(x == y) + (x != y)*x*y", "3",
]  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_they_are_derivatives_of_the_first(text):
    """At points away from where pieces meet; differences of fourth order over 1e-3."""
    expression = Expression(text, ("x", "y"))
    place = {"x": np.array([0.83, 1.7]), "y": np.array([1.31, 0.57])}
    rows, h = second_derivatives(expression, ("x", "y"), **place), 1e-3
    for j, name in enumerate("xy"):

        def slopes(n, name=name):
            return derivatives(expression, ("x", "y"), **{**place, name: place[name] + n * h})[1]

        values = {n: [np.broadcast_to(slope, 2) for slope in slopes(n)] for n in (-2, -1, 1, 2)}
        for i in (0, 1):
            exact = (8.0 * (values[1][i] - values[-1][i]) - values[2][i] + values[-2][i]) / (12.0 * h)
            np.testing.assert_allclose(np.broadcast_to(rows[i][j], 2), exact, rtol=1e-8, atol=1e-9)


def test_every_function_and_operator_has_them():
    text = " ".join(CASES)
    assert set(_CALLS) == set(FUNCTIONS) and all(name + "(" in text for name in _CALLS)
    assert len(_OPERATIONS) == 13


def test_what_is_straight_has_no_curvature_at_zero():
    """x^1 and x^2, whose second derivatives by the rule of powers would be 0/0 there."""
    for text, expected in (("x**1", 0.0), ("x**2", 2.0)):
        rows = second_derivatives(Expression(text, ("x",)), ("x",), x=np.zeros(1))
        assert float(np.broadcast_to(rows[0][0], 1)[0]) == expected
