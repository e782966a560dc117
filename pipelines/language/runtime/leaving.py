"""What leaves a script: copies, groups, and how much a value stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.language.faults import BadType, Fault
from pipelines.language.limits import Limits
from pipelines.language.values import MISSING, Value, type_name
from pipelines.values import copy_value

__all__ = ["as_text", "by_each", "by_value", "joined", "own", "weighing"]

_CERTAINLY_LIGHT = 10_000


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
    large as if they all were different. It may have twice as many parts as an array, and twice as many characters as a
    text.
    """
    most_parts, most_characters = 2 * limits.array, 2 * limits.string

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
            if weight + len(pending) > _CERTAINLY_LIGHT:
                parts, characters = _weight_of(value)
                if parts > most_parts or characters > most_characters:
                    raise Fault(
                        f"the value would have {parts:,} parts and {characters:,} characters; "
                        f"{most_parts:,} and {most_characters:,} are the limits",
                        "it holds the same parts many times over",
                        "limit-exceeded",
                    )
                return value
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


def _weight_of(value: Value) -> tuple[int, int]:
    """How many parts a value has, and how many characters its texts, written out in full. Each of its records and
    arrays is looked at once, however often it is held.
    """
    known: dict[int, tuple[int, int]] = {}
    pending: list[Value] = [value]
    while pending:
        one = pending[-1]
        items = list(one.values()) if one.__class__ is dict else one
        new = [
            item
            for item in items
            if (item.__class__ is list or item.__class__ is dict) and id(item) not in known
        ]
        if new:
            pending += new
            continue
        pending.pop()
        parts, characters = 1, sum(map(len, one)) if one.__class__ is dict else 0
        for item in items:
            if item.__class__ is list or item.__class__ is dict:
                more = known[id(item)]
                parts += more[0]
                characters += more[1]
            else:
                parts += 1
                characters += len(item) if item.__class__ is str or item.__class__ is bytes else 0
        known[id(one)] = parts, characters
    return known[id(value)]


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
