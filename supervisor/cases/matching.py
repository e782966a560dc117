"""Compares what was expected with what came. Pure: no clock, no files, no actors."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.language.runtime.json_text import encode

__all__ = ["Difference", "compare_events", "differences", "show"]

_SHOWN_CHARACTERS = 300
_SHOWN_DIFFERENCES = 8
_PLAIN_KEY = re.compile(r"\w+")

_TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "bytes": lambda value: isinstance(value, bytes),
    "list": lambda value: isinstance(value, list),
    "table": lambda value: isinstance(value, dict),
}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as expected: a line that says what, and lines below it that show it."""

    what: str
    details: tuple[str, ...] = field(default=())


def show(value: Any) -> str:
    """A value on one line, as JSON where it has such a form, cut where it is long."""
    try:
        text = encode(value)
    except Exception:
        text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def differences(expected: Any, got: Any, *, exact: bool, path: str = "") -> Iterator[str]:
    """Each place in which a value is not as expected, in words. None: it matches.

    A table in ``expected`` matches one that has more, unless ``exact``. Where a table is expected and something else
    came, it holds conditions: ``{ contains = "text" }`` (see `_CONDITIONS`).
    """
    if isinstance(expected, dict) and isinstance(got, dict) and not _is_condition(expected, "is"):
        yield from _differences_of_tables(expected, got, exact, path)
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield f"{path or 'the event'}: expected {len(expected)} elements, got {len(got)}: {show(got)}"
            return
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(one, other, exact=exact, path=f"{path}[{index}]")
    elif isinstance(expected, dict) and expected and expected.keys() <= _CONDITIONS.keys():
        for name, wanted in expected.items():
            if not _CONDITIONS[name](wanted, got):
                yield f"{path or 'the event'}: expected {name} = {show(wanted)}, got {show(got)}"
    elif not _equal(expected, got):
        yield f"{path or 'the event'}: expected {show(expected)}, got {show(got)}"


def _differences_of_tables(
    expected: dict[str, Any], got: dict[str, Any], exact: bool, path: str
) -> Iterator[str]:
    for key, value in expected.items():
        inner = f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{show(key)}]"
        if _is_condition(value, "is") and value["is"] == "absent":
            if key in got:
                yield f"{inner}: expected to be absent, got {show(got[key])}"
        elif key not in got:
            yield f"{inner}: missing, expected {show(value)}"
        else:
            yield from differences(value, got[key], exact=exact, path=inner)
    if exact:
        for key in [key for key in got if key not in expected]:
            yield f"{path}.{key}: not expected, got {show(got[key])}"


def _is_condition(value: Any, name: str) -> bool:
    return isinstance(value, dict) and value.keys() == {name} and isinstance(value[name], str)


def _equal(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) != isinstance(got, bool):
        # In Python, true is 1.
        return False
    if isinstance(expected, bytes) != isinstance(got, bytes):
        return isinstance(got, bytes) and isinstance(expected, str) and expected.encode() == got
    try:
        return bool(expected == got)
    except Exception:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _contains(wanted: Any, got: Any) -> bool:
    if isinstance(got, str):
        return isinstance(wanted, str) and wanted in got
    return isinstance(got, list) and any(not list(differences(wanted, item, exact=False)) for item in got)


def _matches(wanted: Any, got: Any) -> bool:
    try:
        return isinstance(got, str) and isinstance(wanted, str) and re.search(wanted, got) is not None
    except re.error:
        return False


_CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "contains": _contains,
    "matches": _matches,
    "is": lambda wanted, got: wanted in _TYPES and _TYPES[wanted](got),
    "near": lambda wanted, got: (
        _is_number(wanted) and _is_number(got) and math.isclose(wanted, got, rel_tol=1e-6, abs_tol=1e-9)
    ),
    "at_least": lambda wanted, got: _is_number(wanted) and _is_number(got) and got >= wanted,
    "at_most": lambda wanted, got: _is_number(wanted) and _is_number(got) and got <= wanted,
}


def compare_events(
    expected: list[Any], got: list[Any], *, exact: bool, any_order: bool, others: bool
) -> list[Difference]:
    """What is missing, what is too much, and what is different in those that stand in for each other."""
    if not any_order and not others:
        return _compare_in_order(expected, got, exact)
    matches = [
        [index for index, value in enumerate(got) if not any(differences(wanted, value, exact=exact))]
        for wanted in expected
    ]
    assigned = _assign(matches) if any_order else _assign_in_order(matches)
    found: list[Difference] = []
    for wanted, index in zip(expected, assigned, strict=True):
        if index is None:
            found.append(Difference(f"missing: {show(wanted)}", _nearest(wanted, got, exact)))
    if not others:
        used = set(assigned)
        found += [
            Difference(f"too much: {show(value)}") for index, value in enumerate(got) if index not in used
        ]
    return found


def _compare_in_order(expected: list[Any], got: list[Any], exact: bool) -> list[Difference]:
    found: list[Difference] = []
    count = max(len(expected), len(got))
    for index in range(count):
        if index >= len(got):
            found.append(Difference(f"missing: {show(expected[index])}"))
        elif index >= len(expected):
            found.append(Difference(f"too much: {show(got[index])}"))
        else:
            wrong = tuple(differences(expected[index], got[index], exact=exact))
            if wrong:
                found.append(
                    Difference(f"event {index + 1} of {len(got)}: {show(got[index])}", _limited(wrong))
                )
    return found


def _nearest(wanted: Any, got: list[Any], exact: bool) -> tuple[str, ...]:
    """How the event that is most like it differs from it."""
    if not got:
        return ()
    closest = min(got, key=lambda value: sum(1 for _ in differences(wanted, value, exact=exact)))
    return (f"most like it is {show(closest)}", *_limited(tuple(differences(wanted, closest, exact=exact))))


def _limited(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - _SHOWN_DIFFERENCES
    return lines if more <= 0 else (*lines[:_SHOWN_DIFFERENCES], f"… and {more} more")


def _assign_in_order(matches: list[list[int]]) -> list[int | None]:
    """The first that fits, behind the one before."""
    assigned: list[int | None] = []
    behind = -1
    for candidates in matches:
        index = next((index for index in candidates if index > behind), None)
        behind = behind if index is None else index
        assigned.append(index)
    return assigned


def _assign(matches: list[list[int]]) -> list[int | None]:
    """As many as possible get one each: a loose expectation leaves the event that a strict one needs.

    Augmenting paths; see any text on bipartite matching (Hopcroft and Karp, 1973, have a faster way).
    """
    owner: dict[int, int] = {}

    def find(wanted: int) -> bool:
        # Breadth first, with the way back in `came_from`: a recursion could be as deep as there are events.
        came_from: dict[int, int] = {}
        pending = [wanted]
        while pending:
            who = pending.pop(0)
            for index in matches[who]:
                if index in came_from:
                    continue
                came_from[index] = who
                if index not in owner:
                    _take(index, came_from, wanted)
                    return True
                pending.append(owner[index])
        return False

    def _take(index: int, came_from: dict[int, int], wanted: int) -> None:
        while True:
            who = came_from[index]
            before = next((place for place, holder in owner.items() if holder == who), None)
            owner[index] = who
            if who == wanted or before is None:
                return
            del owner[before]
            index = before

    for wanted in range(len(matches)):
        find(wanted)
    places = {who: index for index, who in owner.items()}
    return [places.get(wanted) for wanted in range(len(matches))]
