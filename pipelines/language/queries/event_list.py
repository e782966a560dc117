"""`EventList`: events joined into one as ``generic::batch`` joins them, and taken apart again."""

from __future__ import annotations

from typing import Any

from pipelines.batch import Batch
from pipelines.emit import Emit
from pipelines.operators.batch import Batch as BatchOperator

__all__ = ["EventList", "events_of"]


class EventList(BatchOperator):
    """``generic::batch``: as our own ``batch``, but each event is there with its metadata and its time.

    Never an empty list, and a timeout is looked at with ticks as well as with events.
    """

    def hold(self, value: Any, meta: dict[str, Any] | None, batch: Batch) -> tuple[Emit, ...]:
        """Take one more; the list, if that makes it full or it has waited long enough."""
        event = {
            "data": {"value": value, "meta": meta or {}},
            "ingest_ns": batch.ingest_ns,
            "kind": None,
            "is_batch": False,
        }
        return super().hold(event, meta, batch)


_FIELDS = {"data", "ingest_ns", "kind", "is_batch"}
_PARTS = {"value", "meta"}


def events_of(value: Any) -> list[tuple[Any, dict[str, Any]]] | None:
    """The values and metadata of what `EventList` joined; ``None`` for any other value."""
    if type(value) is not list or not value or not all(map(_is_event, value)):
        return None
    return [(event["data"]["value"], event["data"]["meta"]) for event in value]


def _is_event(item: Any) -> bool:
    if type(item) is not dict or item.keys() != _FIELDS:
        return False
    data = item["data"]
    return type(data) is dict and data.keys() == _PARTS and type(data["meta"]) is dict
