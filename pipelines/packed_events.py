"""Events as bytes to keep, and back: values exactly as they were, whatever codec they came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgpack

from pipelines.errors import EventError

__all__ = ["PackedEvents", "pack_events", "unpack_events"]

_INTEGER = 1
# Half of a pair may come of an escape in JSON, or of a path.
_SURROGATES = "surrogatepass"


class PackedEvents(NamedTuple):
    """Events side by side, as in a `pipelines.batch.Batch`."""

    values: list[Any]
    metas: list[dict[str, Any] | None] | None
    origin: str


def pack_events(events: PackedEvents) -> bytes:
    """MessagePack, with an extension for integers beyond 64 bits. A tuple becomes a list. Raises `EventError` for what
    is no plain value: an object of a function's own, and what is nested deeper than 500 levels.
    """
    try:
        return bytes(msgpack.packb(events, default=_pack_other, unicode_errors=_SURROGATES))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EventError(f"the event cannot be stored: {error}") from None


def unpack_events(data: bytes) -> PackedEvents:
    """What `pack_events` was given. Raises ``ValueError`` for other bytes."""
    try:
        values, metas, origin = msgpack.unpackb(
            data, ext_hook=_unpack_other, strict_map_key=False, unicode_errors=_SURROGATES
        )
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise ValueError(f"these are no events: {error}") from None
    if not isinstance(values, list) or not isinstance(origin, str) or not _fits(metas, values):
        raise ValueError("these are no events")
    return PackedEvents(values, metas, origin)


def _fits(metas: Any, values: Sequence[Any]) -> bool:
    return metas is None or (isinstance(metas, list) and len(metas) == len(values))


def _pack_other(value: object) -> msgpack.ExtType:
    # Also asked for integers that MessagePack has no form for.
    if isinstance(value, int):
        return msgpack.ExtType(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    raise TypeError(f"it holds a value of type {type(value).__name__}")


def _unpack_other(code: int, data: bytes) -> int:
    if code != _INTEGER:
        raise ValueError(f"there is no extension {code}")
    return int.from_bytes(data, "big", signed=True)
