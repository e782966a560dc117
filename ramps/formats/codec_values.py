"""What codecs ask of values before they write them: depth, keys, types, and words for what is wrong.

`is_plain` is the fast question, asked of many values at once; `find_fault` is the slow answer, for one value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

from ramps.errors import EncodeError

__all__ = ["INTEGER_MAX", "INTEGER_MIN", "find_fault", "holds_nan", "is_plain", "require_record"]

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**64 - 1

_SCALARS = frozenset({str, int, float, bool, type(None)})
_TYPES = {False: _SCALARS | {dict, list}, True: _SCALARS | {dict, list, bytes}}
_LEAVES = {False: _SCALARS, True: _SCALARS | {bytes}}
_surrogate = re.compile("[\ud800-\udfff]")
# A list that holds itself twice doubles at every level; the slow answer finds its depth without the breadth.
_LEVEL_MAX = 1_000_000


def is_plain(values: Iterable[Any], max_depth: int, *, with_bytes: bool = False) -> bool:
    """Whether all values are made of exactly the types of events, with keys of text, no deeper than ``max_depth``.

    Says nothing about the size of integers, or about NaN. Walks level by level over all values at once, because the
    cost of a step in Python is then paid per level and not per value. A cycle ends at the depth limit.
    """
    allowed, leaves = _TYPES[with_bytes], _LEAVES[with_bytes]
    level = list(values)
    for _ in range(max_depth + 1):
        types = list(map(type, level))
        found = set(types)
        if found <= leaves:
            return True
        if not found <= allowed:
            return False
        dicts = _of_type(dict, level, types, found)
        lists = _of_type(list, level, types, found)
        try:
            # Joining is the quickest way to ask whether all are text.
            "".join(chain.from_iterable(dicts))
        except TypeError:
            return False
        if sum(map(len, lists)) + sum(map(len, dicts)) > _LEVEL_MAX:
            return False
        level = list(chain.from_iterable(lists))
        level.extend(chain.from_iterable(map(dict.values, dicts)))
    return False


def _of_type(wanted: type, level: list[Any], types: list[type], found: set[type]) -> list[Any]:
    if wanted not in found:
        return []
    if len(found) == 1:
        return level
    # There are few of them: jumping from one to the next is quicker than looking at each value.
    chosen: list[Any] = []
    index = -1
    try:
        while True:
            index = types.index(wanted, index + 1)
            chosen.append(level[index])
    except ValueError:
        return chosen


def find_fault(value: Any, max_depth: int, *, with_bytes: bool = False, with_nan: bool = False) -> str | None:
    """What keeps a format from carrying this value, with the path to it; ``None`` if nothing does.

    Beyond the exact types of events, ``tuple`` counts as a list, and subclasses of ``str``, ``int``, ``list`` and
    ``dict`` as what they extend.
    """
    stack: list[tuple[Any, tuple[str | int, ...]]] = [(value, ())]
    while stack:
        item, path = stack.pop()
        if isinstance(item, dict):
            bad_type = next((type(key) for key in item if type(key) is not str), None)
            if bad_type is not None:
                return f"a key is of type {bad_type.__name__}, not str{_at(path)}; convert it to text first"
            if any(map(_holds_surrogate, item)):
                return f"a key holds half of a surrogate pair{_at(path)}, which UTF-8 cannot carry"
            stack.extend((child, (*path, key)) for key, child in item.items())
        elif isinstance(item, list) or type(item) is tuple:
            stack.extend((child, (*path, index)) for index, child in enumerate(item))
        else:
            fault = _scalar_fault(item, with_bytes=with_bytes, with_nan=with_nan)
            if fault is not None:
                return fault + _at(path)
            continue
        if len(path) >= max_depth:
            return f"the value is nested deeper than {max_depth} levels"
    return None


def _scalar_fault(item: Any, *, with_bytes: bool, with_nan: bool) -> str | None:
    if item is None or isinstance(item, bool):
        return None
    if isinstance(item, int):
        if INTEGER_MIN <= item <= INTEGER_MAX:
            return None
        return "an integer does not fit into 64 bits"
    if type(item) is float:
        return None if with_nan or math.isfinite(item) else f"{item} is not a number that can be written"
    if isinstance(item, str):
        return (
            "a text holds half of a surrogate pair, which UTF-8 cannot carry"
            if _holds_surrogate(item)
            else None
        )
    if isinstance(item, bytes):
        if with_bytes:
            return None
        return "bytes cannot be written; convert them to text first (UTF-8, base64), or use another codec"
    return f"a value of type {type(item).__name__} cannot be written"


def _holds_surrogate(text: str) -> bool:
    return not text.isascii() and _surrogate.search(text) is not None


def holds_nan(values: Iterable[Any]) -> bool:
    """Whether there is a NaN or an infinity anywhere in values that are not cyclic."""
    level = list(values)
    while level:
        found = set(map(type, level))
        if float in found and not all(math.isfinite(item) for item in level if type(item) is float):
            return True
        if found <= _SCALARS:
            return False
        dicts = [item.values() for item in level if isinstance(item, dict)]
        level = list(chain.from_iterable([item for item in level if isinstance(item, (list, tuple))]))
        level.extend(chain.from_iterable(dicts))
    return False


def _at(path: tuple[str | int, ...]) -> str:
    if not path:
        return ""
    return " at " + "".join(f"[{step}]" if isinstance(step, int) else f".{step[:40]}" for step in path[:16])


def require_record(
    value: Any, codec: str, required: frozenset[str], optional: frozenset[str]
) -> dict[str, Any]:
    """The value, if it is a ``dict`` with these keys and no others. Raises `EncodeError` that names what is wrong.

    A key that the format has no place for is an error, because leaving it out would lose data without a word.
    """
    if not isinstance(value, dict):
        raise EncodeError(f"{codec} writes records, not values of type {type(value).__name__}")
    missing = required - value.keys()
    if missing:
        raise EncodeError(f"{codec} needs {', '.join(sorted(missing))}: missing from the event")
    unknown = [str(key)[:40] for key in value if key not in required and key not in optional]
    if unknown:
        known = ", ".join(sorted(required | optional))
        raise EncodeError(f"{codec} has no place for {', '.join(unknown[:8])}; it knows {known}")
    return value
