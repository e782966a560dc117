"""What holds the results of functions within `Limits`."""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits

__all__ = ["bound_array", "bound_record", "bound_string", "check_array", "check_string"]


def check_string(length: int, limits: Limits) -> None:
    """Raise a `Fault` if a string of this length would be too long."""
    if length > limits.string:
        raise Fault(f"the result would be longer than {limits.string} characters", "work on less", "limit")


def check_array(length: int, limits: Limits) -> None:
    """Raise a `Fault` if an array of this length would be too long."""
    if length > limits.array:
        raise Fault(f"the result would have more than {limits.array} elements", "work on less", "limit")


def bound_string(value: str, limits: Limits) -> str:
    """The string, if it is not too long. For what can grow by a fixed factor only."""
    check_string(len(value), limits)
    return value


def bound_array(value: list[Any], limits: Limits) -> list[Any]:
    """The array, if it is not too long. For what can grow by a fixed factor only."""
    check_array(len(value), limits)
    return value


def bound_record(value: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """The record, if it does not have too many fields."""
    if len(value) > limits.record:
        raise Fault(f"the result would have more than {limits.record} fields", "work on less", "limit")
    return value
