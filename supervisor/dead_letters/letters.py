"""From what a deployment gives up to letters: what is known of each event, as it will be of use to a person."""

from __future__ import annotations

import base64
import json
from typing import Any

from pipelines.batch import Batch
from supervisor.dead_letters.store import Letter

__all__ = ["letters_of"]


def letters_of(batch: Batch, component: str, flow: str, reason: str, error: str, now_ns: int) -> list[Letter]:
    """One letter for each event of a batch. ``error`` is what made it one, where the events do not say it themselves."""
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
    return str(value["error"]) if isinstance(value, dict) and isinstance(value.get("error"), str) else ""


def _original(value: Any, raw: bytes | None) -> bytes:
    """The bytes that it came as; of an error event, what that is about."""
    if isinstance(value, dict) and "error" in value:
        if "event" in value:
            return _text(value["event"]).encode()
        if isinstance(value.get("data_base64"), str):
            return base64.b64decode(value["data_base64"])
        if isinstance(value.get("data"), str):
            return str(value["data"]).encode()
    return raw if raw is not None else _text(value).encode()


def _text(value: Any) -> str:
    try:
        # A surrogate has no place in the file.
        return json.dumps(value, ensure_ascii=True, default=repr)
    except (ValueError, TypeError, RecursionError):
        return json.dumps(repr(value)[:65_536])
