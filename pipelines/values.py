"""Values as decoded from JSON and the like: copies of them, and short keys that stand for them."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

from pipelines.errors import EventError

__all__ = ["copy_value", "key_of"]

_ATOMS = frozenset({str, int, float, bool, type(None), bytes})
_DIRECT_KEY_CHARACTERS = 64


def copy_value(value: Any) -> Any:
    """An independent copy, several times faster than ``copy.deepcopy`` for objects, arrays and plain values.

    Never raises: what cannot be copied (a function's own objects) is shared, however deeply anything is nested, also
    within itself.
    """
    try:
        return _copy(value)
    except RecursionError:
        return _copy_without_recursion(value)


def _copy(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return {key: item if type(item) in _ATOMS else _copy(item) for key, item in value.items()}
    if kind is list:
        return [item if type(item) in _ATOMS else _copy(item) for item in value]
    return _copy_foreign(value)


def _copy_foreign(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def _copy_without_recursion(value: Any) -> Any:
    root: list[Any] = [value]
    pending: list[tuple[Any, Any]] = [(root, 0)]
    # A user's function may have put an object into itself; each is copied once, as `copy.deepcopy` does.
    copies: dict[int, Any] = {}
    while pending:
        holder, place = pending.pop()
        item = holder[place]
        kind = type(item)
        if kind in _ATOMS:
            continue
        if id(item) in copies:
            holder[place] = copies[id(item)]
        elif kind is dict or kind is list:
            made = copies[id(item)] = holder[place] = kind(item)
            pending.extend((made, key) for key in (item if kind is dict else range(len(item))))
        else:
            holder[place] = copies[id(item)] = _copy_foreign(item)
    return root[0]


def key_of(value: Any) -> str | int | bytes | None:
    """A short hashable key: equal values have equal keys, whatever the order of an object's fields.

    Unlike Python's own equality it tells ``true``, ``1`` and ``1.0`` apart. Long texts, bytes, objects and arrays
    become a 128-bit BLAKE2b digest, so a key's memory does not depend on the event. Raises `EventError` for a value
    that has no JSON form, such as bytes within an object.
    """
    kind = type(value)
    if kind is int or value is None or (kind is str and len(value) <= _DIRECT_KEY_CHARACTERS):
        return value  # type: ignore[no-any-return]
    if kind is bytes:
        # Named, so that no text has the same digest.
        return hashlib.blake2b(value, digest_size=16, person=b"bytes").digest()
    try:
        text = json.dumps(value, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise EventError(f"the value cannot serve as a key: {error}") from None
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
