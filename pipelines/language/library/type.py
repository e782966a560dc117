"""``type``: what a value is."""

from __future__ import annotations

from typing import Any

from pipelines.language.library.function import function
from pipelines.language.values import INTEGER_MAX, type_name


@function("type::as_string(value: any) -> string", folds=True, example=("type::as_string([])", '"array"'))
def as_string(value: Any) -> str:
    """The name of a value's type: `null bool integer float string array record binary`."""
    name = type_name(value)
    return "bool" if name == "boolean" else name


@function("type::is_null(value: any) -> boolean", folds=True, example=("type::is_null(null)", "true"))
def is_null(value: Any) -> bool:
    """Whether a value is null."""
    return value is None


@function("type::is_bool(value: any) -> boolean", folds=True, example=("type::is_bool(false)", "true"))
def is_bool(value: Any) -> bool:
    """Whether a value is true or false."""
    return value.__class__ is bool


@function("type::is_integer(value: any) -> boolean", folds=True, example=("type::is_integer(1.0)", "false"))
def is_integer(value: Any) -> bool:
    """Whether a value is an integer that is not greater than 9223372036854775807."""
    return value.__class__ is int and value <= INTEGER_MAX


@function("type::is_float(value: any) -> boolean", folds=True, example=("type::is_float(1.0)", "true"))
def is_float(value: Any) -> bool:
    """Whether a value is a float."""
    return value.__class__ is float


@function("type::is_number(value: any) -> boolean", folds=True, example=("type::is_number(1)", "true"))
def is_number(value: Any) -> bool:
    """Whether a value is an integer or a float."""
    return value.__class__ is int or value.__class__ is float


@function("type::is_string(value: any) -> boolean", folds=True, example=('type::is_string("")', "true"))
def is_string(value: Any) -> bool:
    """Whether a value is a string."""
    return value.__class__ is str


@function("type::is_array(value: any) -> boolean", folds=True, example=("type::is_array([])", "true"))
def is_array(value: Any) -> bool:
    """Whether a value is an array."""
    return value.__class__ is list


@function("type::is_record(value: any) -> boolean", folds=True, example=("type::is_record({})", "true"))
def is_record(value: Any) -> bool:
    """Whether a value is a record."""
    return value.__class__ is dict


@function(
    "type::is_binary(value: any) -> boolean",
    folds=True,
    dialect="0.11",
    example=("type::is_binary(<< 1 >>)", "true"),
)
def is_binary(value: Any) -> bool:
    """Whether a value is a binary."""
    return value.__class__ is bytes
