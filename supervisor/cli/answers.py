"""The shapes of what an engine answers, checked where they come in: what answers may be no engine of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, with_config
from typing_extensions import TypedDict

__all__ = ["EVENTS", "LOG_RECORDS", "OTHER_EVENTS", "LogRecord", "TappedEvent"]


def _iso(text: str) -> str:
    datetime.fromisoformat(text)
    return text


@with_config(extra="allow")
class LogRecord(TypedDict):
    """One record of the log, as `supervisor logs` needs it."""

    id: int
    time: Annotated[str, AfterValidator(_iso)]
    level: str
    component: str
    message: str
    fields: dict[str, Any]
    executor: int


@with_config(extra="allow")
class TappedEvent(TypedDict):
    """One event that passed, as `supervisor tap` needs it."""

    at_ns: Annotated[int, Field(ge=0, lt=2**63)]
    edge: str
    executor: int
    value: Any
    meta: Any


LOG_RECORDS: TypeAdapter[list[LogRecord]] = TypeAdapter(list[LogRecord])

EVENTS: dict[str, TypeAdapter[Any]] = {"log": TypeAdapter(LogRecord), "event": TypeAdapter(TappedEvent)}
"""The data of server-sent events by their names; those of all others are objects with anything in them."""

OTHER_EVENTS: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
