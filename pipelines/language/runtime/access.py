"""Reading by keys that are known only while a script runs, and storing along a path.

What fails in here raises a plain `LookupError` or `TypeError`: `pipelines.language.runtime.diagnosis` walks the path
again, slowly, to say what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from pipelines.language.faults import BadType, Fault
from pipelines.language.limits import Limits
from pipelines.language.values import MISSING, Value, type_name

__all__ = [
    "assign", "assign_in_place", "entries", "index", "look_up", "look_up_range", "need_boolean", "snapshot", "unset",
    "within",
]  # fmt: skip


def index(container: Value, key: Value) -> Value:
    """``container[key]``: a record's field, or an array's element. Raises `LookupError` or `TypeError`."""
    kind = container.__class__
    if kind is dict and key.__class__ is str:
        return container[key]
    if kind is list and key.__class__ is int and key >= 0:
        return container[key]
    raise TypeError


def within(container: Value, start: Value, end: Value) -> Value:
    """``container[start:end]``, a new array. Raises `LookupError` or `TypeError` unless both ends are inside of it."""
    if container.__class__ is not list or start.__class__ is not int or end.__class__ is not int:
        raise TypeError
    if not 0 <= start <= end <= len(container):
        raise IndexError
    return container[start:end]


def look_up(container: Value, key: Value) -> Value:
    """``container[key]`` for ``present``: `MISSING` if it is not there.

    Raises `TypeError` or `LookupError` for a key that no array can have.
    """
    kind = container.__class__
    if kind is dict:
        return container.get(key, MISSING) if key.__class__ is str else MISSING
    if kind is not list:
        return MISSING
    if key.__class__ is not int:
        raise TypeError
    if key < 0:
        raise IndexError
    return container[key] if key < len(container) else MISSING


def look_up_range(container: Value, start: Value, end: Value) -> Value:
    """``container[start:end]`` for ``present``: `MISSING` if it reaches beyond the end of the array."""
    if container.__class__ is not list:
        return MISSING
    if start.__class__ is not int or end.__class__ is not int:
        raise TypeError
    if not 0 <= start <= end:
        raise IndexError
    return container[start:end] if end <= len(container) else MISSING


def unset() -> NoReturn:
    """Read a local variable that has no value."""
    raise UnboundLocalError


def assign(container: Value, keys: Sequence[Value], value: Value) -> None:
    """Store ``value`` along ``keys``: ``container`` itself changes, the records inside of it are replaced by copies.

    Records that are not there are made. Nothing has changed if this raises `TypeError`.
    """
    _need_keys(container, keys)
    copies: list[dict[str, Any]] = []
    inner: Value = container
    for key in keys[:-1]:
        inner = inner.get(key, MISSING)
        inner = {} if inner is MISSING else inner
        if inner.__class__ is not dict:
            raise TypeError
        copies.append(inner.copy())
    copies = [container, *copies]
    copies[-1][keys[-1]] = value
    for place in range(len(copies) - 1, 0, -1):
        copies[place - 1][keys[place - 1]] = copies[place]


def assign_in_place(container: Value, keys: Sequence[Value], value: Value) -> None:
    """Store ``value`` along ``keys`` as `assign` does, but into the inner records themselves."""
    _need_keys(container, keys)
    place = 0
    while place < len(keys) - 1:
        inner = container.get(keys[place], MISSING)
        if inner is MISSING:
            break
        if inner.__class__ is not dict:
            raise TypeError
        container = inner
        place += 1
    for key in reversed(keys[place + 1 :]):
        value = {key: value}
    container[keys[place]] = value


def _need_keys(container: Value, keys: Sequence[Value]) -> None:
    if container.__class__ is not dict:
        raise TypeError
    for key in keys:
        if key.__class__ is not str:
            raise TypeError


def entries(limits: Limits, target: Value) -> Iterable[tuple[Value, Value]]:
    """What ``for`` goes through: keys and values of a record, indices and elements of an array, nothing otherwise."""
    kind = target.__class__
    if kind is dict:
        pairs: Iterable[tuple[Value, Value]] = target.items()
    elif kind is list:
        pairs = enumerate(target)
    else:
        return ()
    if len(target) > limits.array:
        raise Fault(f"`for` goes through at most {limits.array} elements", code="limit-exceeded")
    return pairs


def snapshot(limits: Limits, target: Value) -> Iterable[tuple[Value, Value]]:
    """`entries` of a container that the loop's body may change."""
    return list(entries(limits, target))


def need_boolean(value: Value) -> NoReturn:
    """Refuse a condition that is no boolean."""
    raise BadType(f"a condition is a boolean, not {type_name(value)}", "compare it with something")
