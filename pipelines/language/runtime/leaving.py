"""What leaves a script: copies, groups, and how much a value stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.language.faults import BadType, Fault
from pipelines.language.limits import Limits
from pipelines.language.values import MISSING, Value, type_name
from pipelines.values import copy_value

__all__ = ["as_text", "by_each", "by_value", "joined", "own", "weighing"]


def own(value: Value) -> Value:
    """A record that is nobody else's: a copy of its outermost level. Anything else as it is."""
    return value.copy() if value.__class__ is dict else value


def as_text(value: Value) -> Value:
    """The text that a binary is equal to; `MISSING` if there is none."""
    if value.__class__ is not bytes:
        return MISSING
    try:
        return value.decode()
    except UnicodeDecodeError:
        return MISSING


def joined(lists: list[list[Value]]) -> list[Value]:
    """One list of all."""
    return [item for one in lists for item in one]


def weighing(limits: Limits) -> dict[str, Callable[..., Any]]:
    """Helpers that refuse a value that stands for more than the limits allow: ``light``, ``bounded``, ``copy``.

    A value may hold the same record many times, each of which again holds another one many times: as text, it is as
    large as if they all were different. A value's weight is the number of its parts plus the characters of its texts.
    """
    most = 2 * limits.string

    def light(value: Value) -> Value:
        pending = [value]
        weight = 0
        while pending:
            one = pending.pop()
            weight += 1
            kind = one.__class__
            if kind is str or kind is bytes:
                weight += len(one)
            elif kind is list:
                pending += one
            elif kind is dict:
                pending += one.values()
                weight += sum(map(len, one))
            if weight + len(pending) > most:
                hint = "it holds the same parts many times over"
                raise Fault(f"the value would be larger than {most} characters", hint, "limit-exceeded")
        return value

    def bounded(value: Value, meta: Value) -> Value:
        light(meta)
        return light(value)

    def copy(value: Value) -> Value:
        if value.__class__ is not dict and value.__class__ is not list:
            return value
        return copy_value(light(value))

    def leaving(value: Value) -> Value:
        try:
            return light(value)
        except Fault:
            return None

    return {"light": light, "bounded": bounded, "copy": copy, "leaving": leaving}


# Groups


def by_value(groups: list[list[Value]], value: Value) -> list[list[Value]]:
    """``group by value``, after what else it is grouped by."""
    return [[*group, value] for group in groups] if groups else [[value]]


def by_each(groups: list[list[Value]], values: Value, limits: Limits) -> list[list[Value]]:
    """``group by each(values)``: every group so far with every element."""
    if values.__class__ is not list:
        raise BadType(f"`each` needs an array, not {type_name(values)}")
    if len(groups or [[]]) * len(values) > limits.groups:
        raise Fault(f"the event would belong to more than {limits.groups} groups", code="limit-exceeded")
    return [[*group, value] for group in groups or [[]] for value in values]
