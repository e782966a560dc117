"""Events as bytes to keep, and back: values exactly as they were, whatever codec they came from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import msgpack

from pipelines.errors import EventError

__all__ = ["PackedEvents", "pack_events", "unpack_events"]

_INTEGER, _TUPLE = 1, 2
# Each level takes tens of kilobytes of the stack.
_MOST_TUPLES = 16
_PLAIN: tuple[type[Any], ...] = (dict, list, str, float, bytes)
# Half of a pair may come of an escape in JSON, or of a path.
_SURROGATES = "surrogatepass"


class PackedEvents(NamedTuple):
    """Events side by side, as in a `pipelines.batch.Batch`."""

    values: list[Any]
    metas: list[dict[str, Any] | None] | None
    origin: str


def pack_events(events: PackedEvents) -> bytes:
    """MessagePack, with extensions for integers beyond 64 bits and for tuples. Raises `EventError` for what is no plain
    value: an object of a function's own, and what is nested deeper than a thousand levels.
    """
    try:
        return _packed(list(events))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EventError(f"the event cannot be stored: {error}") from None


def unpack_events(data: bytes) -> PackedEvents:
    """What `pack_events` was given. Raises ``ValueError`` for other bytes."""
    try:
        values, metas, origin = _unpacked(data)
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise ValueError(f"these are no events: {error}") from None
    if not isinstance(values, list) or not isinstance(origin, str) or not _fits(metas, values):
        raise ValueError("these are no events")
    return PackedEvents(values, metas, origin)


def _fits(metas: Any, values: Sequence[Any]) -> bool:
    return metas is None or (isinstance(metas, list) and len(metas) == len(values))


def _packed(value: object, level: int = 0) -> bytes:
    return bytes(
        msgpack.packb(
            value, default=partial(_pack_other, level), strict_types=True, unicode_errors=_SURROGATES
        )
    )


def _unpacked(data: bytes, level: int = 0) -> Any:
    return msgpack.unpackb(
        data, ext_hook=partial(_unpack_other, level), strict_map_key=False, unicode_errors=_SURROGATES
    )


def _pack_other(level: int, value: Any) -> Any:
    """What stands for a value that is of none of the plain types exactly, or an integer of more than 64 bits."""
    # It is asked once for each; what it answers must have a form in MessagePack.
    if isinstance(value, int):
        return msgpack.ExtType(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if isinstance(value, tuple):
        # Not a list: it may be the key of an object.
        if level == _MOST_TUPLES:
            raise ValueError(f"tuples are nested deeper than {_MOST_TUPLES} levels")
        return msgpack.ExtType(_TUPLE, _packed(list(value), level + 1))
    for plain in _PLAIN:
        if isinstance(value, plain):
            return plain(value)
    raise TypeError(f"it holds a value of type {type(value).__name__}")


def _unpack_other(level: int, code: int, data: bytes) -> Any:
    if code == _INTEGER:
        return int.from_bytes(data, "big", signed=True)
    if code == _TUPLE and level < _MOST_TUPLES:
        return tuple(_unpacked(data, level + 1))
    raise ValueError(f"there is no extension {code}")
