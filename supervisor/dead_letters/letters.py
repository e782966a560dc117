"""From what a deployment gives up to letters: what is known of each event, as it will be of use to a person."""

from __future__ import annotations

import json
from typing import Any

from pipelines.batch import Batch
from supervisor.dead_letters.store import Letter

__all__ = ["letters_of"]


def letters_of(batch: Batch, component: str, flow: str, reason: str, error: str, now_ns: int) -> list[Letter]:
    """One letter for each event of a batch. ``error`` is why, where the events do not say it themselves."""
    raws = batch.raws or [None] * len(batch.values)
    return [
        Letter(
            time_ns=now_ns,
            flow=flow,
            component=component,
            reason=reason,
            error=_error(value) or error,
            origin=batch.origin,
            original=_original(value, raw),
            details=_text(value),
        )
        for value, raw in zip(batch.values, raws, strict=True)
    ]


def _error(value: Any) -> str:
    if not isinstance(value, dict) or not isinstance(value.get("error"), str):
        return ""
    return str(value["error"]).encode(errors="backslashreplace").decode()


def _original(value: Any, raw: bytes | None) -> bytes:
    """The bytes that it came as; of an error event of ours, what that is about."""
    if raw is not None:
        return raw
    if isinstance(value, dict) and _error(value) and isinstance(value.get("component"), str):
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
