"""Arithmetic, comparison and logic: the common cases in place, the others by `runtime.operations`.

What is done in place gives exactly what the operation would: two integers whose result stays within the signed ones,
two booleans, comparison with a literal of a kind for which Python's own agrees.
"""

from __future__ import annotations

import ast
from math import isfinite
from typing import Any, Final

from pipelines.language import tree
from pipelines.language.codegen.writer import Writer, expression_of

__all__ = ["HELPERS", "compare", "is_boolean"]

HELPERS: Final = {
    "==": "equal", "!=": "unequal", "<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal",
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder", "&": "bits_and", "|": "bits_or",
    "^": "bits_xor", "<<": "shift_left", ">>": "shift_right", ">>>": "shift_right_unsigned", "and": "both",
    "or": "either", "xor": "differ",
}  # fmt: skip
"""The names by which generated code calls `runtime.operations.BINARY`."""

_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_EXACT: Final = 2**53
"""Python compares larger integers with floats exactly; the language makes floats of them."""

_BOUND: Final = str(2**63)
_SUM = f"R if (L := LEFT).__class__ is int and -{_BOUND} < (R := L OP RIGHT) < {_BOUND} else HELPER(L, RIGHT)"
_SUMS = (
    "R if (L := LEFT).__class__ is (M := RIGHT).__class__ is int "
    f"and -{_BOUND} < (R := L OP M) < {_BOUND} and L < {_BOUND} > M else HELPER(L, M)"
)
_COMPARED = "L OP RIGHT if (L := LEFT).__class__ is KIND else HELPER(L, RIGHT)"
_COMPARED_INTEGERS = "L OP M if (L := LEFT).__class__ is (M := RIGHT).__class__ is int else HELPER(L, M)"


def is_boolean(node: tree.Expression) -> bool:
    """Whether the value is surely a boolean."""
    if isinstance(node, tree.Literal):
        return node.value.__class__ is bool
    if isinstance(node, tree.Unary):
        return node.operator == "not"
    if isinstance(node, tree.Binary):
        return node.operator in (*_COMPARISONS, "and", "or", "xor")
    if isinstance(node, tree.Call) and node.function is not None:
        return node.function.result == "boolean"
    return isinstance(node, tree.Present)


@expression_of(tree.Unary)
def _unary(writer: Writer, node: tree.Unary) -> ast.expr:
    operand = writer.expression(node.operand)
    if node.operator == "not" and is_boolean(node.operand):
        return writer.make("not VALUE", VALUE=operand)
    helper = {"-": "negate", "+": "plus", "not": "negation", "!": "complement"}[node.operator]
    # What is told about an operand that does not fit is told about the operand.
    with writer.placed(node if isinstance(node.operand, tree.Literal) else node.operand):
        return writer.make("HELPER(VALUE)", HELPER=helper, VALUE=operand)


@expression_of(tree.Binary)
def _binary(writer: Writer, node: tree.Binary) -> ast.expr:
    left, right = writer.expressions([node.left, node.right])
    if node.operator in _COMPARISONS:
        return compare(writer, node.operator, left, right)
    if node.operator in ("and", "or", "xor") and is_boolean(node.left) and is_boolean(node.right):
        symbol = {"and": "&", "or": "|", "xor": "^"}[node.operator]
        return writer.make(f"LEFT {symbol} RIGHT", LEFT=left, RIGHT=right)
    if node.operator in ("+", "-", "*"):
        return _arithmetic(writer, node.operator, left, right)
    return writer.make("HELPER(LEFT, RIGHT)", HELPER=HELPERS[node.operator], LEFT=left, RIGHT=right)


def _value(node: ast.expr) -> Any:
    """The literal that an expression is; something that no literal is, if it is none."""
    return node.value if isinstance(node, ast.Constant) else ...


def _arithmetic(writer: Writer, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
    parts: dict[str, Any] = {
        "HELPER": HELPERS[operator], "LEFT": left, "RIGHT": right,
        "L": writer.temporary(), "M": writer.temporary(), "R": writer.temporary(),
    }  # fmt: skip
    known = _value(right)
    if known.__class__ is int and 0 <= known < 2**63:
        return writer.make(_SUM.replace("OP", operator), **parts)
    if known is not ... or _value(left).__class__ not in (int, type(...)):
        return writer.make("HELPER(LEFT, RIGHT)", HELPER=HELPERS[operator], LEFT=left, RIGHT=right)
    return writer.make(_SUMS.replace("OP", operator), **parts)


def compare(writer: Writer, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
    """``left operator right`` for a comparison."""
    parts: dict[str, Any] = {
        "HELPER": HELPERS[operator], "LEFT": left, "RIGHT": right, "L": writer.temporary(), "M": writer.temporary()
    }  # fmt: skip
    known = _value(right)
    if known is ... and _value(left) is not ... and operator in ("==", "!="):
        parts |= {"LEFT": right, "RIGHT": left}
        known = _value(left)
    kind = known.__class__
    if operator in ("==", "!=") and (known is None or kind is bool):
        return writer.make(f"LEFT {'is' if operator == '==' else 'is not'} RIGHT", **parts)
    if kind is str or kind is int or (kind is float and isfinite(known) and operator not in ("==", "!=")):
        if kind is int and operator in ("==", "!=") and 1 < abs(known) < _EXACT:
            return writer.make(f"LEFT {operator} RIGHT", **parts)
        text = _COMPARED.replace("OP", operator).replace("KIND", kind.__name__)
        return writer.make(text, **parts)
    if operator in ("==", "!=") or kind is not type(...):
        return writer.make("HELPER(LEFT, RIGHT)", **parts)
    return writer.make(_COMPARED_INTEGERS.replace("OP", operator), **parts)
