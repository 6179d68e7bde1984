"""Evaluates the formulas in Cura's definitions and profiles, and nothing else Python could do.

They are Python expressions over settings ("line_width * 2 if spiralize else 0"). CuraEngine takes
only plain values: Cura's front end evaluates them, and so does the farm. Parsed, never executed:
an expression may hold what stands in the tables here, and cannot grow without bounds.
"""

from __future__ import annotations

import ast
import functools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol

MAX_CHARS = 8000  # the longest of Cura's own has 1,483, a whole end code
MAX_POWER = 64
MAX_ITEMS = 1000  # of a list that a formula makes

_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, group: item in group,
    ast.NotIn: lambda item, group: item not in group,
    ast.Is: operator.eq,
    ast.IsNot: operator.ne,
}
_MATH = ("ceil", "floor", "sqrt", "tan", "atan", "sin", "cos", "degrees", "radians", "log", "pi")
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (abs, all, any, bool, float, int, len, max, min, round, str, sum)
}
_PLAIN = (bool, int, float, str)


class FormulaError(ValueError):
    """A formula that the farm does not evaluate, or that has no value here."""


class Scope(Protocol):
    """Where a formula's names come from."""

    def value(self, key: str) -> Any:
        """A setting's value. Raises FormulaError when there is none."""

    def call(self, name: str, arguments: list[Any]) -> Any:
        """A function of Cura's own, "extruderValue". Raises FormulaError for an unknown one."""


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """Raises FormulaError for what is no expression."""
    if len(text) > MAX_CHARS:
        raise FormulaError("it is too long")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise FormulaError("it is not an expression") from error


def evaluate(text: str, scope: Scope) -> Any:
    """The value of a formula. Raises FormulaError, and nothing else."""
    try:
        return _bounded(_Evaluation(scope).of(parse(text)))
    except FormulaError:
        raise
    except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
        raise FormulaError(f"it has no value: {error}") from error


class _Evaluation:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def of(self, node: ast.expr) -> Any:
        handler = self._HANDLERS.get(type(node))
        if handler is None:
            raise FormulaError(f"{type(node).__name__} is not part of Cura's formulas")
        return handler(self, node)

    def _constant(self, node: ast.Constant) -> Any:
        if not isinstance(node.value, _PLAIN):
            raise FormulaError("it holds a value of an unknown kind")
        return _bounded(node.value)

    def _name(self, node: ast.Name) -> Any:
        return self._scope.value(node.id)

    def _list(self, node: ast.List | ast.Tuple) -> Any:
        return [self.of(item) for item in node.elts]

    def _binary(self, node: ast.BinOp) -> Any:
        operation = _BINARY.get(type(node.op))
        if operation is None:
            raise FormulaError(f"{type(node.op).__name__} is not part of Cura's formulas")
        left, right = self.of(node.left), self.of(node.right)
        _require_small(node.op, left, right)
        return _bounded(operation(left, right))

    def _unary(self, node: ast.UnaryOp) -> Any:
        operation = _UNARY.get(type(node.op))
        if operation is None:
            raise FormulaError(f"{type(node.op).__name__} is not part of Cura's formulas")
        return operation(self.of(node.operand))

    def _logic(self, node: ast.BoolOp) -> Any:
        wanted = isinstance(node.op, ast.Or)
        value: Any = not wanted
        for item in node.values:
            value = self.of(item)
            if bool(value) is wanted:
                break
        return value

    def _compare(self, node: ast.Compare) -> Any:
        left = self.of(node.left)
        for sign, item in zip(node.ops, node.comparators, strict=True):
            right = self.of(item)
            if not _COMPARE[type(sign)](left, right):
                return False
            left = right
        return True

    def _choice(self, node: ast.IfExp) -> Any:
        return self.of(node.body if self.of(node.test) else node.orelse)

    def _item(self, node: ast.Subscript) -> Any:
        group, index = self.of(node.value), self.of(node.slice)
        if not isinstance(group, (list, str)) or not isinstance(index, int):
            raise FormulaError("it takes an item of something that is no list")
        if not -len(group) <= index < len(group):
            raise FormulaError("it takes an item that the list does not have")
        return group[index]

    def _attribute(self, node: ast.Attribute) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "math" and node.attr == "pi":
            return math.pi
        raise FormulaError("it reaches into something that is no setting")

    def _call(self, node: ast.Call) -> Any:
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            raise FormulaError("it calls a function in an unknown way")
        if isinstance(node.func, ast.Name) and node.func.id == "map":
            return self._map(node)
        arguments = [self.of(item) for item in node.args]
        if isinstance(node.func, ast.Attribute):
            return _math(node.func)(*arguments)
        if not isinstance(node.func, ast.Name):
            raise FormulaError("it calls something that is no function")
        function = _FUNCTIONS.get(node.func.id)
        if function is None:
            return self._scope.call(node.func.id, arguments)
        return function(*arguments)

    def _map(self, node: ast.Call) -> Any:
        """``map(abs, …)``: a known function of one argument over a list."""
        if len(node.args) != 2 or not isinstance(node.args[0], ast.Name):
            raise FormulaError("it calls a function in an unknown way")
        function = _FUNCTIONS.get(node.args[0].id)
        if function is None:
            raise FormulaError(f"{node.args[0].id} is not part of Cura's formulas")
        return [function(item) for item in self.of(node.args[1])]

    _HANDLERS: Mapping[type[ast.expr], Callable[[Any, Any], Any]] = {
        ast.Constant: _constant,
        ast.Name: _name,
        ast.List: _list,
        ast.Tuple: _list,
        ast.BinOp: _binary,
        ast.UnaryOp: _unary,
        ast.BoolOp: _logic,
        ast.Compare: _compare,
        ast.IfExp: _choice,
        ast.Subscript: _item,
        ast.Attribute: _attribute,
        ast.Call: _call,
    }


def _math(node: ast.Attribute) -> Callable[..., Any]:
    if not (isinstance(node.value, ast.Name) and node.value.id == "math" and node.attr in _MATH):
        raise FormulaError("it calls something that is no function")
    function: Callable[..., Any] = getattr(math, node.attr)
    return function


def _require_small(sign: ast.operator, left: Any, right: Any) -> None:
    """Nothing may be built whose size the formula's length does not bound."""
    if isinstance(sign, ast.Pow) and not (
        isinstance(right, (int, float)) and abs(right) <= MAX_POWER
    ):
        raise FormulaError("it raises to a power out of all bounds")
    numbers = isinstance(left, (bool, int, float)) and isinstance(right, (bool, int, float))
    if isinstance(sign, (ast.Mult, ast.Mod)) and not numbers:
        raise FormulaError("it multiplies what is no number")


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > 10**18:
        raise FormulaError("it gives a number out of all bounds")
    if isinstance(value, float) and not math.isfinite(value):
        raise FormulaError("it gives no number")
    most = MAX_ITEMS if isinstance(value, list) else MAX_CHARS
    if isinstance(value, (str, list)) and len(value) > most:
        raise FormulaError("it gives a value out of all bounds")
    return value
