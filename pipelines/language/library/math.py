"""``math``: functions of numbers."""

from __future__ import annotations

import math

from pipelines.language.library.function import function
from pipelines.language.values import INTEGER_MIN, UNSIGNED_MAX

Number = int | float


def _whole(number: float) -> int:
    """A float without fraction as an integer, as Rust casts it: nearest bound where it does not fit, 0 for NaN."""
    if number != number:
        return 0
    if number <= INTEGER_MIN:
        return INTEGER_MIN
    return UNSIGNED_MAX if number >= UNSIGNED_MAX else int(number)


@function("math::floor(number: number) -> integer", folds=True, example=("math::floor(-1.5)", "-2"))
def floor(number: Number) -> int:
    """The greatest integer that is not greater than the number."""
    if number.__class__ is int:
        return number
    return math.floor(number) if abs(number) < 2**53 else _whole(number)


@function("math::ceil(number: number) -> integer", folds=True, example=("math::ceil(1.2)", "2"))
def ceil(number: Number) -> int:
    """The least integer that is not less than the number."""
    if number.__class__ is int:
        return number
    return math.ceil(number) if abs(number) < 2**53 else _whole(number)


@function("math::trunc(number: number) -> integer", folds=True, example=("math::trunc(-1.9)", "-1"))
def trunc(number: Number) -> int:
    """The number without its fraction."""
    return number if number.__class__ is int else _whole(number)


@function("math::round(number: number) -> integer", folds=True, example=("math::round(2.5)", "3"))
def round_number(number: Number) -> int:
    """The nearest integer; from a half away from zero."""
    if number.__class__ is int:
        return number
    whole = _whole(number)
    if abs(number) < 2**53 and abs(number - whole) >= 0.5:
        return whole + (1 if number > 0 else -1)
    return whole


@function("math::max(left: number, right: number) -> number", folds=True, example=("math::max(1, 2)", "2"))
def greatest(left: Number, right: Number) -> Number:
    """The greater of two numbers: an integer if both are, else a float."""
    if left.__class__ is int and right.__class__ is int:
        return left if left >= right else right
    left, right = float(left), float(right)
    return left if left >= right else right


@function(
    "math::min(left: number, right: number) -> number", folds=True, example=("math::min(1, 2.5)", "1.0")
)
def least(left: Number, right: Number) -> Number:
    """The smaller of two numbers: an integer if both are, else a float."""
    if left.__class__ is int and right.__class__ is int:
        return left if left <= right else right
    left, right = float(left), float(right)
    return left if left <= right else right
