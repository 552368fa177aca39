"""Arithmetic expressions of a problem file, such as "0.5*x**2 + where(t > 1, sin(y), 0)".

Python's grammar is used to read them and nothing of Python to compute them: the syntax tree is checked against a short
list of what is allowed and then walked here. Nothing is compiled or executed.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from hpcmix.problem.mistakes.errors import closest
from hpcmix.problem.units.functions import CONSTANTS, FUNCTIONS, OPERATORS, Number

__all__ = ["Expression", "ExpressionError", "Number", "Reader", "failure"]


class ExpressionError(ValueError):
    """An expression that cannot be understood; the message is a sentence that names the column.

    sentence  without the column.
    column    from one; None where there is none.
    """

    def __init__(self, sentence: str, column: int | None = None) -> None:
        self.sentence, self.column = sentence, column
        super().__init__(sentence if column is None else f"column {column}: {sentence}")


Part = TypeVar("Part")
Result = TypeVar("Result", covariant=True)


class Reader(Protocol[Part, Result]):
    """What the parts of an expression are made into; `function` computes the value of a part from those it is made
    of."""

    def constant(self, value: np.float64) -> Part:
        """A number."""

    def variable(self, name: str, value: np.ndarray) -> Part:
        """A variable."""

    def operation(self, symbol: type[ast.AST], function: Callable[..., Any], parts: Sequence[Part]) -> Part:
        """An operator or a comparison."""

    def call(self, name: str, function: Callable[..., Any], parts: Sequence[Part]) -> Part:
        """A function by its name."""

    def result(self, part: Part) -> Result:
        """Of the whole."""


_LONGEST_TEXT = 2000
_DEEPEST_NESTING = 100


class Expression:
    """An expression in the variables it was made for; two are equal when their texts are.

    Raises ExpressionError, with the column, for anything that is not arithmetic in the ``variables``.
    """

    __slots__ = ("_tree", "text", "variables", "variables_used")

    corners: tuple[float, ...] = ()
    """Times at which it is known to jump or bend: of an expression none."""
    last_change = math.inf
    """The time after which it is constant, as far as it is known."""
    extremes = (-math.inf, math.inf)
    """Between which its values are, as far as it is known."""

    def __init__(self, text: str, variables: Sequence[str]) -> None:
        self.text = text
        self.variables = tuple(variables)
        self._tree = _parse(text)
        self.variables_used: frozenset[str] = frozenset(_Checker(self.variables).check(self._tree))
        """The variables that occur."""

    @property
    def tree(self) -> ast.expr:
        """The checked tree; its columns count the characters of the text, from zero."""
        return self._tree

    def evaluate(self, **values: float | np.ndarray) -> np.ndarray | np.float64:
        """The value in double precision, for numbers or arrays that broadcast together.

        An expression without arrays gives a number. Comparisons count 1 or 0. Where the expression has no value (a
        division by zero) the result is not finite; the caller judges. Raises ValueError if a variable that occurs is
        not given.
        """
        return self.walk(_VALUES, **values)

    def walk(self, reader: Reader[Any, Result], **values: float | np.ndarray) -> Result:
        """What a reader makes of the expression for values of its variables, part by part from the innermost outwards.
        Raises as :meth:`evaluate`."""
        missing = sorted(self.variables_used - set(values))
        if missing:
            raise ValueError(f'the expression "{self.text}" needs a value for {", ".join(missing)}')
        variables = {name: np.asarray(values[name], dtype=np.float64) for name in self.variables_used}
        with np.errstate(all="ignore"):
            return reader.result(_read(self._tree, variables, reader))

    def jumps_or_bends(self, variable: str) -> bool:
        """Whether something that a variable is in may jump or bend: a comparison, or a function that is not smooth."""
        for node in ast.walk(self._tree):
            rough = isinstance(node, ast.Call) and not FUNCTIONS[called(node)].smooth
            breaking = rough or isinstance(node, ast.Compare)
            if breaking and any(isinstance(part, ast.Name) and part.id == variable for part in ast.walk(node)):
                return True
        return False

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, Expression) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[type[Expression], tuple[str, tuple[str, ...]]]:
        return Expression, (self.text, self.variables)

    def __repr__(self) -> str:
        return f"Expression({self.text!r}, {self.variables!r})"


def _parse(text: str) -> ast.expr:
    if len(text) > _LONGEST_TEXT:
        raise ExpressionError(f"the expression is too long: {len(text)} characters, at most {_LONGEST_TEXT}")
    if not text.strip():
        raise ExpressionError("the expression is empty")
    joined = text.replace("\n", " ").strip()
    shift = len(text) - len(text.lstrip())
    try:
        with warnings.catch_warnings():
            # the grammar warns about slips such as "1if", which are refused below anyway
            warnings.simplefilter("ignore")
            tree = ast.parse(joined, mode="eval").body
    except SyntaxError as error:
        column = (error.offset or 1) + shift
        raise ExpressionError(f'"{_excerpt(text)}" is no arithmetic expression', column) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("the expression is nested too deeply or holds forbidden characters") from None
    _refuse_depth(tree)
    for node in ast.walk(tree):
        if hasattr(node, "col_offset"):
            # ast counts bytes; a message counts characters
            node.col_offset = len(joined.encode()[: node.col_offset].decode(errors="ignore")) + shift
    return tree


def _refuse_depth(tree: ast.expr) -> None:
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        depth += 1
        if depth > _DEEPEST_NESTING:
            raise ExpressionError(f"the expression is nested too deeply (at most {_DEEPEST_NESTING} levels)")
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def _excerpt(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def failure(node: ast.expr, message: str) -> ExpressionError:
    """The error about a part of an expression; raise it."""
    return ExpressionError(message, node.col_offset + 1)


class _Checker:
    """Walks a tree once and refuses what is not on the list."""

    def __init__(self, variables: tuple[str, ...]) -> None:
        self.variables = variables

    def check(self, node: ast.expr) -> set[str]:
        """The variables used below the node. A part without variables must have a finite value."""
        used = self._visit(node)
        if not used and not isinstance(node, ast.Name):
            with np.errstate(all="ignore"):
                if not np.isfinite(_read(node, {}, _VALUES)):
                    raise failure(node, "this part is a constant without a finite value")
        return used

    def _visit(self, node: ast.expr) -> set[str]:
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
                raise failure(node, f"{_excerpt(repr(node.value))} is not a number")
            return set()
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, (ast.BinOp, ast.UnaryOp)):
            if type(node.op) not in OPERATORS:
                raise failure(node, self._operator_message(node.op))
            return self._all([node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand])
        if isinstance(node, ast.Compare):
            if len(node.ops) > 1:
                raise failure(node, "comparisons cannot be chained; multiply two of them, as in (0 < x)*(x < 1)")
            if type(node.ops[0]) not in OPERATORS:
                raise failure(node, "only the comparisons < <= > >= == != are known")
            return self._all([node.left, *node.comparators])
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.BoolOp, ast.IfExp)):
            raise failure(node, "and, or, if are not known; use where(condition, a, b), and * in place of and")
        raise failure(node, "this is not arithmetic; allowed are numbers, + - * / **, comparisons and functions")

    def _all(self, nodes: list[ast.expr]) -> set[str]:
        return set().union(*(self.check(node) for node in nodes))

    @staticmethod
    def _operator_message(symbol: ast.AST) -> str:
        if isinstance(symbol, ast.BitXor):
            return "powers are written **, not ^"
        if isinstance(symbol, (ast.Mod, ast.FloorDiv)):
            return "% and // are not known; use floor"
        return "this operator is not known; allowed are + - * / **"

    def _name(self, node: ast.Name) -> set[str]:
        if node.id in self.variables:
            return {node.id}
        if node.id in CONSTANTS:
            return set()
        if node.id in FUNCTIONS:
            raise failure(node, f'the function "{node.id}" needs its arguments in parentheses')
        if node.id in ("x", "y", "z", "px", "py", "pz", "t"):
            known = ", ".join(self.variables) or "none"
            raise failure(node, f'"{node.id}" does not exist here (variables: {known})')
        suggestion = closest(node.id, [*self.variables, *CONSTANTS, *FUNCTIONS])
        known = f" (variables: {', '.join(self.variables) or 'none'})"
        hint = f'; did you mean "{suggestion}"?' if suggestion else known
        raise failure(node, f'unknown name "{_excerpt(node.id)}"{hint}')

    def _call(self, node: ast.Call) -> set[str]:
        if not isinstance(node.func, ast.Name):
            raise failure(node, "only functions by name can be called; a product needs its *")
        name = node.func.id
        if name not in FUNCTIONS:
            if name in self.variables or name in CONSTANTS:
                raise failure(node, f'"{name}" is no function; a product needs its *')
            suggestion = closest(name, FUNCTIONS)
            hint = f'; did you mean "{suggestion}"?' if suggestion else ""
            raise failure(node, f'unknown function "{_excerpt(name)}"{hint} (functions: {", ".join(FUNCTIONS)})')
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise failure(node, f"{name} takes plain arguments only")
        fewest, most = FUNCTIONS[name].fewest, FUNCTIONS[name].most
        if len(node.args) < fewest or (most is not None and len(node.args) > most):
            needed = f"{fewest}" if most == fewest else f"at least {fewest}"
            raise failure(node, f"{name} needs {needed} argument{'' if needed == '1' else 's'}, not {len(node.args)}")
        return self._all(node.args)


def _read(node: ast.expr, variables: Mapping[str, np.ndarray], reader: Reader[Part, Any]) -> Part:
    """What a checked tree comes to for a reader."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        try:
            return reader.constant(np.float64(node.value))
        except OverflowError:
            return reader.constant(np.float64(np.inf))
    if isinstance(node, ast.Name):
        if node.id in variables:
            return reader.variable(node.id, variables[node.id])
        return reader.constant(CONSTANTS[node.id])
    if isinstance(node, ast.Call):
        name = called(node)
        return reader.call(name, FUNCTIONS[name].compute, [_read(part, variables, reader) for part in node.args])
    if isinstance(node, ast.BinOp):
        return _operation(type(node.op), [node.left, node.right], variables, reader)
    if isinstance(node, ast.UnaryOp):
        return _operation(type(node.op), [node.operand], variables, reader)
    if isinstance(node, ast.Compare):
        return _operation(type(node.ops[0]), [node.left, node.comparators[0]], variables, reader)
    raise TypeError(f"{type(node).__name__} has passed the check and has no value")


def _operation(
    symbol: type[ast.AST], parts: Sequence[ast.expr], variables: Mapping[str, np.ndarray], reader: Reader[Part, Any]
) -> Part:
    return reader.operation(symbol, OPERATORS[symbol], [_read(part, variables, reader) for part in parts])


class _Values:
    """Reads a tree for its value."""

    def constant(self, value: np.float64) -> Number:
        return value

    def variable(self, name: str, value: np.ndarray) -> Number:
        return value

    def operation(self, symbol: type[ast.AST], function: Callable[..., Any], parts: Sequence[Number]) -> Number:
        return function(*parts)

    def call(self, name: str, function: Callable[..., Any], parts: Sequence[Number]) -> Number:
        return function(*parts)

    def result(self, part: Number) -> Number:
        return np.asarray(part, dtype=np.float64)[()]


_VALUES = _Values()


def called(node: ast.Call) -> str:
    """The name of the function that a checked tree calls."""
    if not isinstance(node.func, ast.Name):
        raise TypeError(f"a call of {type(node.func).__name__} has passed the check")
    return node.func.id
