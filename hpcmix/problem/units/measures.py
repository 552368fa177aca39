"""The physical dimension of an expression that names quantities with units, part by part.

Plain numbers are pure numbers here: an expression in which a unit stands says its other numbers with units too.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hpcmix.problem.units.dimensions import DIMENSIONLESS, MASS, Dimension, Power
from hpcmix.problem.units.expressions import Expression, failure
from hpcmix.problem.units.functions import FUNCTIONS
from hpcmix.problem.units.units import Constant

_LARGEST_DENOMINATOR = 1000
"""Of the powers that a dimension can be taken to."""


@dataclass(frozen=True)
class Measure:
    """What is known of a part.

    dimension  None of zero, which is every quantity's.
    hertz      the power of hertz in it, each of which stands for 2 pi radians.
    has_pi     whether it is a product with pi in it.
    """

    dimension: Dimension | None = DIMENSIONLESS
    hertz: Power = 0
    has_pi: bool = False


PURE = Measure()


def measure(
    expression: Expression,
    variables: Mapping[str, Dimension],
    names: Mapping[str, Constant],
    quantities: Mapping[int, Constant],
) -> Measure:
    """That of a whole expression.

    variables   the dimensions of its variables.
    names       what its other names stand for.
    quantities  what the numbers stand for that were written with units, by their columns, from zero.

    Raises :class:`~hpcmix.problem.units.expressions.ExpressionError` where a sum or a comparison is of different
    dimensions, where a function takes pure numbers and is given none, and where a factor 2 pi stands beside hertz, in
    which it is contained.
    """
    return _Walk(variables, names, quantities).of(expression.tree)


class _Walk:
    def __init__(
        self, variables: Mapping[str, Dimension], names: Mapping[str, Constant], quantities: Mapping[int, Constant]
    ) -> None:
        self.variables, self.names, self.quantities = variables, names, quantities

    def of(self, node: ast.expr) -> Measure:
        match node:
            case ast.Constant():
                return self._number(node)
            case ast.Name(id=name):
                if name in self.variables:
                    return Measure(self.variables[name])
                return _of_constant(self.names[name]) if name in self.names else Measure(has_pi=name == "pi")
            case ast.UnaryOp(operand=operand):
                return self.of(operand)
            case ast.BinOp(left=left, op=symbol, right=right):
                return _OPERATIONS[type(symbol)](self, node, left, right)
            case ast.Compare(left=left, comparators=[right]):
                self._common(node, [self.of(left), self.of(right)], "compared")
                return PURE
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(node, name, [self.of(argument) for argument in arguments])
        raise TypeError(f"{type(node).__name__} has passed the check and has no dimension")

    def _number(self, node: ast.Constant) -> Measure:
        constant = self.quantities.get(node.col_offset)
        if constant is not None:
            return _of_constant(constant)
        return Measure(None) if node.value == 0 else PURE

    def _common(self, node: ast.expr, parts: Sequence[Measure], done: str) -> Measure:
        """That of parts which must have the same dimension: of energies and frequencies that of the energies."""
        common: Dimension | None = None
        for part in parts:
            given = part.dimension
            if common is None or (given is not None and given != common and given.accepts(common)):
                common = given
            elif given is not None and not common.accepts(given):
                raise failure(node, f"{common.described()} and {given.described()} cannot be {done}")
        return Measure(common, max((part.hertz for part in parts), key=lambda power: abs(float(power)), default=0))

    def sum(self, node: ast.BinOp, left: ast.expr, right: ast.expr) -> Measure:
        done = "added" if isinstance(node.op, ast.Add) else "subtracted"
        return self._common(node, [self.of(left), self.of(right)], done)

    def product(self, node: ast.BinOp, left: ast.expr, right: ast.expr) -> Measure:
        first, second = self.of(left), self.of(right)
        whole = Measure(
            None if first.dimension is None or second.dimension is None else first.dimension + second.dimension,
            first.hertz + second.hertz,
            first.has_pi or second.has_pi,
        )
        if whole.has_pi and whole.hertz > 0:
            raise failure(
                node,
                "a frequency in hertz is an angular frequency here, 50 Hz are 2 pi 50 rad/s; leave the factor pi out, "
                'or write "/ s"',
            )
        return whole

    def quotient(self, node: ast.BinOp, left: ast.expr, right: ast.expr) -> Measure:
        first, second = self.of(left), self.of(right)
        if first.dimension is None:
            return first
        divisor = DIMENSIONLESS if second.dimension is None else second.dimension
        return Measure(first.dimension - divisor, first.hertz - second.hertz, first.has_pi)

    def power(self, node: ast.BinOp, left: ast.expr, right: ast.expr) -> Measure:
        base, exponent = self.of(left), self.of(right)
        if exponent.dimension not in (None, DIMENSIONLESS):
            raise failure(right, f"an exponent is a pure number, but this is {exponent.dimension.described()}")
        if base.dimension in (None, DIMENSIONLESS):
            return base
        number = self._value(right)
        if number is None:
            raise failure(node, f"a power of {base.dimension.described()} needs a number as its exponent")
        return Measure(base.dimension * number, base.hertz * number, base.has_pi)

    def _value(self, node: ast.expr) -> Fraction | int | None:
        """The number that an exponent is, None where it depends on a variable."""
        exponent = Expression(ast.unparse(node), (*self.variables, *self.names))
        if not exponent.variables_used <= self.names.keys():
            return None
        number = float(exponent.evaluate(**{name: self.names[name].value for name in exponent.variables_used}))
        fraction = Fraction(number).limit_denominator(_LARGEST_DENOMINATOR)
        return int(fraction) if fraction.denominator == 1 else fraction

    def _call(self, node: ast.Call, name: str, parts: Sequence[Measure]) -> Measure:
        match FUNCTIONS[name].rule:
            case "kept":
                return self._common(node, parts, "compared")
            case "chosen":
                return self._common(node, parts[1:], "alternatives")
            case "quotient":
                self._common(node, parts, "the two sides of an angle")
                return PURE
            case "any":
                return PURE
            case "root":
                (part,) = parts
                return part if part.dimension is None else Measure(part.dimension * Fraction(1, 2))
        for part in parts:
            if part.dimension not in (None, DIMENSIONLESS):
                raise failure(node, f"{name} takes a pure number, but this is {part.dimension.described()}")
        return PURE


_OPERATIONS: dict[type[ast.operator], Callable[..., Measure]] = {
    ast.Add: _Walk.sum,
    ast.Sub: _Walk.sum,
    ast.Mult: _Walk.product,
    ast.Div: _Walk.quotient,
    ast.Pow: _Walk.power,
}


def _of_constant(constant: Constant) -> Measure:
    return Measure(DIMENSIONLESS if constant.dimension is None else constant.dimension, constant.hertz)


def missing_factor(wanted: Dimension, given: Dimension) -> str:
    """What may have been forgotten in an expression that has another dimension than is wanted; the end of a
    sentence."""
    return "; is the factor mass missing?" if wanted == given + MASS else ""
