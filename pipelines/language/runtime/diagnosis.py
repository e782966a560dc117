"""Why a path failed: walks it again after generated code could not follow it, and finds the first wrong step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipelines.language.closest import closest, subtraction_hint
from pipelines.language.source import Span
from pipelines.language.values import MISSING, Value, type_name

__all__ = ["Finding", "Step", "explain_assignment", "explain_presence", "explain_reading"]


class Step(NamedTuple):
    """One segment with its keys as they were: one, or the two ends of a range. ``spans`` are the keys' own places.

    A key that was not evaluated before the failure is `MISSING`.
    """

    span: Span
    keys: tuple[Value, ...]
    spans: tuple[Span, ...]


class Finding(NamedTuple):
    """What is wrong, and where."""

    message: str
    span: Span
    hint: str
    code: str


def _suggestion(wrong: str, known: Iterable[str]) -> str:
    if wrong == "nil":
        return "did you mean `null`?"
    if subtraction := subtraction_hint(wrong):
        return subtraction
    name = closest(wrong, known)
    return f"did you mean `{name}`?" if name is not None else ""


def _bad_type(expected: str, value: Value, span: Span) -> Finding:
    return Finding(f"this needs {expected}, not {type_name(value)}", span, "", "bad-type")


def _unset(scope: str, name: str, span: Span) -> Finding:
    hint = _suggestion(name, ("event", "true", "false", "null"))
    return Finding(f"the {scope} variable `{name}` has no value", span, hint, "unset-variable")


def _no_number(key: Value, span: Span, length: int) -> Finding | None:
    if key.__class__ is not int:
        return _bad_type("an integer", key, span)
    if key < 0:
        message = f"the index {key} is negative, and the array has the indices 0 to {length - 1}"
        return Finding(message, span, "indices are counted from 0", "bad-index")
    return None


def _bad_index(container: list[Value], key: Value, span: Span) -> Finding | None:
    length = len(container)
    if finding := _no_number(key, span, length):
        return finding
    if key >= length:
        message = f"the index {key} is beyond the end of an array of {length}"
        return Finding(message, span, "test it with `present`", "bad-index")
    return None


def _bad_range(container: Value, step: Step) -> Finding | None:
    if container.__class__ is not list:
        return _bad_type("an array", container, step.span)
    for key, span in zip(step.keys, step.spans, strict=True):
        if finding := _no_number(key, span, len(container)):
            return finding
    start, end = step.keys
    if end < start:
        return Finding(f"the range {start}:{end} ends before it starts", step.span, "", "bad-range")
    if end > len(container):
        message = f"the range {start}:{end} reaches beyond the end of an array of {len(container)}"
        return Finding(message, step.span, "test it with `present`", "bad-index")
    return None


def _bad_key(container: Value, key: Value, step: Step, scope: str) -> Finding | None:
    kind = container.__class__
    if kind is list and key.__class__ is not str:
        return _bad_index(container, key, step.span)
    if kind is dict and key.__class__ is str:
        if key in container:
            return None
        hint = _suggestion(key, container) or "test it with `present`"
        return Finding(f"there is no key `{key}` in this {scope} record", step.span, hint, "missing-key")
    if kind is dict:
        # A literal index asks for an array; a computed one could as well have been a key.
        if key.__class__ is int and not step.spans:
            return _bad_type("an array", container, step.span)
        return _bad_type("a string", key, step.span)
    if kind is list and step.spans:
        return _bad_type("an integer", key, step.span)
    return _bad_type("an array" if key.__class__ is int else "a record", container, step.span)


def explain_reading(root: Value, steps: Sequence[Step], span: Span, scope: str, name: str) -> Finding | None:
    """Why the path from ``root`` (`MISSING`: unset) cannot be read; ``None`` if nothing is wrong with it."""
    if root is MISSING:
        return _unset(scope, name, span)
    current = root
    for step in steps:
        if MISSING in step.keys:
            return None
        if len(step.keys) == 2:
            if finding := _bad_range(current, step):
                return finding
            current = current[step.keys[0] : step.keys[1]]
        else:
            if finding := _bad_key(current, step.keys[0], step, scope):
                return finding
            current = current[step.keys[0]]
    return None


def explain_presence(root: Value, steps: Sequence[Step]) -> Finding | None:
    """Why ``present`` failed, which it does only for keys that could never be right."""
    current = root
    for step in steps:
        if current.__class__ is not list and (current.__class__ is not dict or len(step.keys) == 2):
            return None
        finding = (
            _bad_range(current, step) if len(step.keys) == 2 else _bad_key(current, step.keys[0], step, "")
        )
        if finding:
            return finding
        current = current[step.keys[0] : step.keys[1]] if len(step.keys) == 2 else current[step.keys[0]]
    return None


def explain_assignment(
    root: Value, steps: Sequence[Step], span: Span, scope: str, name: str
) -> Finding | None:
    """Why ``let`` cannot store along the path; ``None`` if nothing is wrong with it."""
    if root is MISSING:
        return _unset(scope, name, span)
    current = root
    for step in steps:
        if len(step.keys) == 2 or (step.keys[0].__class__ is int and not step.spans):
            message = "an array's elements cannot be assigned"
            return Finding(message, step.span, "make a new array", "assign-to-array")
        if current.__class__ is not dict:
            return _bad_type("a record", current, step.span)
        if step.keys[0].__class__ is not str:
            return _bad_type("a string", step.keys[0], step.span)
        current = current.get(step.keys[0], {})
    return None
