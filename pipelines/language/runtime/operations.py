"""The operators of the language: what each does with values of each kind, and what it refuses.

Integers are those of 64 bits: two numbers of at least 0 work as unsigned ones, two up to `INTEGER_MAX` as signed ones,
both with wrap-around; any other pair of numbers, as soon as a float or a negative with a large unsigned one is among
them, works in floats. A boolean is never a number. The generated code does the common cases itself and calls these for
the rest, so these are exact, not quick.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.runtime.equality import comparable_bytes, equal
from pipelines.language.values import INTEGER_MAX, INTEGER_MIN, UNSIGNED_MAX, Value, type_name

__all__ = ["BINARY", "UNARY", "binary_operators", "concatenate", "equal", "negate", "undefined_binary"]

Operator = Callable[[Value, Value], Value]

_COUNT_MASK: Final = 0xFFFF_FFFF
"""A shift's count is cut to 32 bits before it is looked at."""


def undefined_binary(operator: str, left: Value, right: Value) -> Fault:
    """The fault for two operands that an operator does not take."""
    first, second = type_name(left), type_name(right)
    hint = ""
    if operator == "+" and "string" in (first, second):
        hint = "put values into a text with an interpolated string"
    elif operator in ("and", "or", "xor"):
        hint = "both sides must be booleans"
    return Fault(f"`{operator}` is not defined for {first} and {second}", hint, "undefined-operation")


def _undefined_unary(operator: str, operand: Value) -> Fault:
    hint = "it takes a boolean" if operator == "not" else ""
    return Fault(f"`{operator}` is not defined for {type_name(operand)}", hint, "undefined-operation")


def _signed(number: int) -> int:
    """The low 64 bits, as a signed number."""
    number &= UNSIGNED_MAX
    return number if number <= INTEGER_MAX else number - UNSIGNED_MAX - 1


def _are_numbers(left: Value, right: Value) -> bool:
    return (left.__class__ is int or left.__class__ is float) and (
        right.__class__ is int or right.__class__ is float
    )


def _are_unsigned(left: Value, right: Value) -> bool:
    return left.__class__ is int and right.__class__ is int and left >= 0 and right >= 0


def _are_signed(left: Value, right: Value) -> bool:
    return left.__class__ is int and right.__class__ is int and left <= INTEGER_MAX and right <= INTEGER_MAX


# Arithmetic


def concatenate(limit: int, left: str, right: str) -> str:
    """``left`` and ``right`` as one text of at most ``limit`` characters. Raises `Fault` for a longer one."""
    if len(left) + len(right) > limit:
        raise Fault(
            f"the text would have more than {limit} characters",
            "the limit belongs to the deployment",
            "limit-exceeded",
        )
    return left + right


def _add(limit: int, left: Value, right: Value) -> Value:
    if left.__class__ is str and right.__class__ is str:
        return concatenate(limit, left, right)
    if _are_unsigned(left, right):
        return (left + right) & UNSIGNED_MAX
    if _are_signed(left, right):
        return _signed(left + right)
    if _are_numbers(left, right):
        return float(left) + float(right)
    raise undefined_binary("+", left, right)


def _subtract(left: Value, right: Value) -> Value:
    if _are_unsigned(left, right):
        if right - left > INTEGER_MAX:
            raise Fault(
                f"`{left} - {right}` is below the smallest integer",
                "make one of the numbers a float",
                "undefined-operation",
            )
        return left - right
    if _are_signed(left, right):
        return _signed(left - right)
    if _are_numbers(left, right):
        return float(left) - float(right)
    raise undefined_binary("-", left, right)


def _multiply(left: Value, right: Value) -> Value:
    if _are_unsigned(left, right):
        return (left * right) & UNSIGNED_MAX
    if _are_signed(left, right):
        return _signed(left * right)
    if _are_numbers(left, right):
        return float(left) * float(right)
    raise undefined_binary("*", left, right)


def _divide(left: Value, right: Value) -> Value:
    if not _are_numbers(left, right):
        raise undefined_binary("/", left, right)
    # `float / int` rounds once where the language rounds each operand first.
    dividend, divisor = float(left), float(right)
    if divisor:
        return dividend / divisor
    if not dividend or dividend != dividend:
        return float("nan")
    negative = (dividend < 0) is not (str(divisor)[0] == "-")
    return float("-inf") if negative else float("inf")


def _remainder(left: Value, right: Value) -> Value:
    if not (_are_unsigned(left, right) or _are_signed(left, right)):
        raise undefined_binary("%", left, right)
    if right == 0:
        raise Fault("there is no remainder of a division by 0", "test the divisor before", "division-by-zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


# Bits


def _bitwise(operator: str, operate: Operator, left: Value, right: Value) -> Value:
    both_booleans = left.__class__ is bool and right.__class__ is bool
    if both_booleans or _are_unsigned(left, right) or _are_signed(left, right):
        return operate(left, right)
    raise undefined_binary(operator, left, right)


def _shift(operator: str, left: Value, right: Value) -> Value:
    unsigned = _are_unsigned(left, right)
    if not (unsigned or _are_signed(left, right)):
        raise undefined_binary(operator, left, right)
    count = right & _COUNT_MASK
    if count >= 64:
        raise Fault(
            f"`{operator}` cannot shift by {right} bits",
            "an integer has 64 bits: shift by 0 to 63",
            "bad-shift",
        )
    if operator == ">>":
        return left >> count
    if operator == "<<":
        return (left << count) & UNSIGNED_MAX if unsigned else _signed(left << count)
    shifted = (left & UNSIGNED_MAX) >> count
    return shifted if unsigned else _signed(shifted)


# Logic


def _logical(operator: str, operate: Operator, left: Value, right: Value) -> Value:
    if left.__class__ is bool and right.__class__ is bool:
        return operate(left, right)
    raise undefined_binary(operator, left, right)


# Comparison


def _order(operator: str, operate: Operator, left: Value, right: Value) -> bool:
    if left.__class__ is right.__class__ and left.__class__ in (int, float, str):
        return bool(operate(left, right))
    if _are_numbers(left, right):
        return bool(operate(float(left), float(right)))
    first, second = comparable_bytes(left), comparable_bytes(right)
    if first is None or second is None:
        raise undefined_binary(operator, left, right)
    return bool(operate(first, second))


def _unequal(left: Value, right: Value) -> bool:
    return not equal(left, right)


_ORDERS: dict[str, Operator] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_BITS: dict[str, Operator] = {
    "and": lambda left, right: left & right,
    "or": lambda left, right: left | right,
    "xor": lambda left, right: left ^ right,
}


def binary_operators(limits: Limits) -> dict[str, Operator]:
    """All operators of two operands by the way they are written, with ``limits`` for what they make."""
    operators: dict[str, Operator] = {
        "==": equal,
        "!=": _unequal,
        "+": partial(_add, limits.string),
        "-": _subtract,
        "*": _multiply,
        "/": _divide,
        "%": _remainder,
        "&": partial(_bitwise, "&", _BITS["and"]),
        "|": partial(_bitwise, "|", _BITS["or"]),
        "^": partial(_bitwise, "^", _BITS["xor"]),
    }
    operators.update((name, partial(_order, name, operate)) for name, operate in _ORDERS.items())
    operators.update((name, partial(_shift, name)) for name in ("<<", ">>", ">>>"))
    operators.update((name, partial(_logical, name, operate)) for name, operate in _BITS.items())
    return operators


BINARY: Final[dict[str, Operator]] = binary_operators(Limits())
"""Operators of two operands, within the default limits. Each raises `Fault` for operands that it does not take."""


def negate(operand: Value) -> Value:
    """``-operand``: a float, or an integer that is signed. Raises `Fault` for all else."""
    if operand.__class__ is float:
        return -operand
    if operand.__class__ is int and INTEGER_MIN <= -operand <= INTEGER_MAX:
        return -operand
    if operand.__class__ is int:
        raise Fault(
            f"`-` of {operand} is no integer of 64 bits",
            "make it a float",
            "undefined-operation",
        )
    raise _undefined_unary("-", operand)


def _plus(operand: Value) -> Value:
    if operand.__class__ is int or operand.__class__ is float:
        return operand
    raise _undefined_unary("+", operand)


def _not(operand: Value) -> Value:
    if operand.__class__ is bool:
        return not operand
    raise _undefined_unary("not", operand)


def _complement(operand: Value) -> Value:
    if operand.__class__ is bool:
        return not operand
    if operand.__class__ is int:
        return UNSIGNED_MAX - operand if operand >= 0 else ~operand
    raise _undefined_unary("!", operand)


UNARY: Final[dict[str, Callable[[Value], Value]]] = {
    "-": negate,
    "+": _plus,
    "not": _not,
    "!": _complement,
}
"""Operators of one operand. Each raises `Fault` for an operand that it does not take."""
