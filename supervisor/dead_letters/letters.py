"""From what a deployment gives up to letters: what is known of each event, as it will be of use to a person."""

from __future__ import annotations

import json
from typing import Any

from pipelines.batch import Batch
from supervisor.dead_letters.store import Letter

__all__ = ["letters_of"]

# What an SQLite integer can hold; the numbers may be a user's.
_MOST = (1 << 63) - 1


def letters_of(
    batch: Batch, component: str, flow: str, reason: str, error: str, now_ns: int, attempts: int = 1
) -> list[Letter]:
    """One letter for each event of a batch. ``error`` is why, and ``attempts`` how often it was tried, where the events
    do not say it themselves.
    """
    raws = batch.raws or [None] * len(batch.values)
    letters = []
    for value, raw in zip(batch.values, raws, strict=True):
        ours = _is_error_event(value)
        letters.append(
            Letter(
                time_ns=now_ns,
                flow=flow,
                component=component,
                reason=_storable(reason),
                error=_storable(_error(value) or error),
                origin=_storable(batch.origin),
                original=_original(value, raw),
                details=_text(value),
                attempts=_number(value, "attempts", attempts) if ours else attempts,
                first_ns=_number(value, "first_attempt_ns", batch.ingest_ns) if ours else batch.ingest_ns,
            )
        )
    return letters


def _error(value: Any) -> str:
    if not isinstance(value, dict) or not isinstance(value.get("error"), str):
        return ""
    return str(value["error"])


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which have no place in the file."""
    return text.encode(errors="backslashreplace").decode()


def _is_error_event(value: Any) -> bool:
    return isinstance(value, dict) and bool(_error(value)) and isinstance(value.get("component"), str)


def _number(value: dict[str, Any], key: str, default: int) -> int:
    number = value.get(key)
    return number if type(number) is int and 0 <= number <= _MOST else default


def _original(value: Any, raw: bytes | None) -> bytes:
    """The bytes that it came as; of an error event of ours, what that is about."""
    if raw is not None:
        return raw
    if _is_error_event(value):
        if "event" in value:
            return _text(value["event"]).encode()
        if isinstance(value.get("data"), str):
            return str(value["data"]).encode(errors="backslashreplace")
    return _text(value).encode()


def _text(value: Any) -> str:
    try:
        # A surrogate has no place in the file.
        return json.dumps(value, ensure_ascii=True, default=repr)
    except (ValueError, TypeError, RecursionError):
        return json.dumps(repr(value)[:65_536])
