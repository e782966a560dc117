"""`to_float`: the numbers that aggregates take."""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import BadType, Fault
from pipelines.language.values import type_name

__all__ = ["is_number", "to_float"]


def is_number(value: Any) -> bool:
    """Whether it is an integer or a float; a boolean is neither."""
    return value.__class__ is float or value.__class__ is int


def to_float(name: str, value: Any) -> float:
    """A number as a float. Raises `BadType` for anything else; ``name`` is the aggregate's, for the message."""
    if value.__class__ is float:
        return value
    if value.__class__ is not int:
        raise BadType(f"aggr::stats::{name}: expected a number, but got a value of type {type_name(value)}")
    try:
        return float(value)
    except OverflowError:
        raise Fault(f"aggr::stats::{name}: the integer is too large") from None
