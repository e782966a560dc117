"""What leaves an onramp by ``err``: bytes that could not be framed or decoded, as events that say why.

An error event is::

    {"error": "what was wrong", "kind": "frame" | "decode" | "stream", "component": "onramp:access",
     "origin": "tcp://127.0.0.1:51234",
     "frame": 17,            # which frame of its stream, from 1, where it is one
     "position": 4,          # the byte within the frame where the format broke, where the format tells
     "data": "the bytes",    # "data_base64" for what is not UTF-8
     "data_bytes": 1048577}  # how many there were, only where they were cut

Its raw bytes are the original ones, cut alike.
"""

from __future__ import annotations

import binascii
import codecs
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.batch import Batch
from ramps.errors import BadData

__all__ = ["MAX_DATA_BYTES", "Fault", "error_batch"]

MAX_DATA_BYTES = 64 << 10
"""How much of the original bytes an error event holds."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Bytes that are no event, and why. ``frame`` is the number of the frame in its stream, from 1."""

    kind: Literal["frame", "decode", "stream"]
    data: bytes
    error: BadData
    frame: int | None = None


def error_batch(
    faults: list[Fault],
    *,
    component: str,
    origin: str,
    ingest_ns: int,
    metas: list[dict[str, Any] | None] | None = None,
) -> Batch:
    """One error event for each fault, in order."""
    raws: list[bytes | None] = [fault.data[:MAX_DATA_BYTES] for fault in faults]
    return Batch(
        [_error_event(fault, component, origin) for fault in faults],
        ingest_ns=ingest_ns,
        metas=metas,
        raws=raws,
        raw_codec="binary",
        origin=origin,
        size=sum(len(raw or b"") for raw in raws),
    )


def _error_event(fault: Fault, component: str, origin: str) -> dict[str, Any]:
    event: dict[str, Any] = {
        "error": str(fault.error),
        "kind": fault.kind,
        "component": component,
        "origin": origin,
    }
    if fault.frame is not None:
        event["frame"] = fault.frame
    if fault.error.position is not None:
        event["position"] = fault.error.position
    data = fault.data[:MAX_DATA_BYTES]
    cut = len(data) < len(fault.data)
    try:
        # Where the data was cut, the last character may be incomplete.
        event["data"] = codecs.utf_8_decode(data, "strict", not cut)[0]
    except UnicodeDecodeError:
        event["data_base64"] = binascii.b2a_base64(data, newline=False).decode("ascii")
    if cut:
        event["data_bytes"] = len(fault.data)
    return event
